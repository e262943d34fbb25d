"""The collector's conversation with a server, without sockets: whom it plays with, what it sends and what it writes."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import live_messages as live
from botgame.errors import UserError
from botgame.feedback import MatchRecord, SeatRecord, name_replays, read_manifests, read_streams
from botgame.live.arrays import ROWS, decode
from botgame.live.backends import Backend, PolicyRunner
from botgame.live.journal import Appender, Journal, free_run
from botgame.live.seat import SeatPlayer
from botgame.live.session import Session, rules_of
from botgame.lms.game import lms
from botgame.lms.rules import Rules
from botgame.lms.spec import ARENA_SPEC
from botgame.policies import load_policy
from botgame.server import protocol


@pytest.fixture
def player(tmp_path):
    with Journal(tmp_path / "live", tmp_path / "feedback", "run") as journal:
        yield SeatPlayer(
            Backend("lms_re"), PolicyRunner(load_policy(lms(), "lms_re"), clock=iter(range(10_000)).__next__), journal
        )


def session(player, matches=1, token=""):
    return Session(live.entries(matches), player, token, "ws://here")


def test_a_match_from_hello_to_the_next(player, tmp_path):
    talk = session(player, matches=2, token="t")
    assert talk.open() == [protocol.Hello(1, "lms-arena", "t")]
    assert live.every(talk, live.welcome()) == [protocol.Create(bots=["kiter"], observe=True, seed=0)]
    assert live.every(talk, live.room("waiting"), live.room("waiting")) == [protocol.Ready()]
    assert live.every(talk, live.room(), live.state(1)) == []
    (act,) = live.every(talk, live.observation(tick=4))
    assert (act.tick, len(act.action)) == (4, 6)
    expected, _ = load_policy(lms(), "lms_re").act(
        decode(live.observation(tick=4)),
        load_policy(lms(), "lms_re").initial_memory(1),
        np.array([2**64 - 5], np.uint64),
    )
    assert act.action == expected[0].tolist()
    assert live.every(talk, live.observation(tick=9, seat=1)) == []  # not our seat
    answer = live.every(talk, live.result())
    assert answer == [protocol.Leave(), protocol.Create(bots=["kiter"], observe=True, seed=1)]
    live.every(talk, live.room("waiting", "red"), live.room(name="red"), live.result((2, 1), "other.replay"))
    assert talk.done
    totals = player.totals
    assert (totals.matches, totals.won, totals.lost, totals.decisions, totals.late) == (2, 1, 1, 1, 1)
    manifests = read_manifests(tmp_path / "live")
    streams = name_replays(read_streams(tmp_path / "feedback"), manifests)
    first, second = (entry.value for entry in manifests.entries)
    assert [(seat.policy, seat.backend, seat.result, seat.place) for seat in first.seats] == [
        ("lms_re", "lms_re", 1.0, 1),
        ("kiter", "kiter", -1.0, 2),
    ]
    assert (first.match, first.replay, first.ticks, second.match) == ("run/0001", "duel_5.replay", 900, "run/0002")
    assert first.seed == 5
    (decision,) = (entry.value for entry in streams.entries)
    assert (decision.replay, decision.tick, decision.action) == ("duel_5.replay", 4, act.action)
    assert (decision.controller, decision.backend, decision.milliseconds) == ("bot", "lms_re", 1000.0)


def test_lines_are_on_disk_before_the_match_ends(player, tmp_path):
    talk = session(player)
    talk.open()
    live.every(talk, live.welcome(), live.room("waiting"), live.room(), *(live.observation(tick) for tick in (0, 4, 8)))
    manifests = read_manifests(tmp_path / "live")  # the journal is still open, as after a kill
    streams = read_streams(tmp_path / "feedback")
    assert [entry.value.tick for entry in streams.entries] == [0, 4, 8]
    named = name_replays(streams, manifests)
    assert not named.entries
    assert "3 lines" in named.problems[0]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (live.welcome(game="chess"), "game 'chess'"),
        (live.welcome(protocol=2), "protocol 2"),
        (live.welcome(spec="0" * 16), "observation spec 0000"),
        (live.state(1), "answers hello with state"),
        (protocol.Error("token", "the token is wrong"), "the token is wrong"),
    ],
)
def test_other_servers_are_refused(player, message, expected):
    talk = session(player)
    talk.open()
    with pytest.raises(UserError, match=expected) as caught:
        talk.receive(protocol.encode(message))
    assert "ws://here" in str(caught.value)


@pytest.mark.parametrize("frame", ["", "hi", "{}", '{"type":"nonsense"}', "[" * 10_000, b"\xff\xfe"])
def test_what_is_no_message_is_refused(player, frame):
    talk = session(player)
    talk.open()
    with pytest.raises(UserError, match="sent an unknown message"):
        talk.receive(frame)


def test_a_lost_connection_comes_back_to_its_seat(player):
    talk = session(player, matches=2)
    talk.open()
    assert not talk.can_return
    live.every(talk, live.welcome(), live.room("waiting"), live.room(), live.observation(4))
    assert talk.can_return
    memory = player.runner.memory.copy()
    assert talk.open() == [protocol.Hello(1, "lms-arena", "")]
    assert live.every(talk, live.welcome()) == [protocol.Join("blue", observe=True, seat_token="secret")]
    live.every(talk, live.room())
    np.testing.assert_array_equal(player.runner.memory, memory)  # the same match: nothing is forgotten
    assert live.every(talk, live.result())[1] == protocol.Create(bots=["kiter"], observe=True, seed=1)
    assert not talk.can_return


def test_a_match_that_was_broken_off_has_no_result(player, tmp_path):
    talk = session(player)
    talk.open()
    live.every(talk, live.welcome(), live.room(), live.result((0, 0), "", broken_off=True))
    (entry,) = read_manifests(tmp_path / "live").entries
    assert [(seat.place, seat.result) for seat in entry.value.seats] == [(None, None)] * 2
    assert (player.totals.broken_off, player.totals.won) == (1, 0)


def test_people_are_told_apart_from_bots(player, tmp_path):
    met = live.room()
    met.seats[1] = protocol.SeatLine(1, "Ann", "pyromancer", "human")
    talk = session(player)
    talk.open()
    live.every(talk, live.welcome(), met, live.result())
    (entry,) = read_manifests(tmp_path / "live").entries
    assert (entry.value.seats[1].policy, entry.value.seats[1].backend) == ("Ann", "human")


def test_arrays_arrive_as_they_were_sent():
    arrays = decode(live.observation())
    spec_heads = sum(head.size for head in ARENA_SPEC.heads)
    assert {name: (str(a.dtype), a.shape) for name, a in arrays.items()} == {
        name: (dtype, (1, *shape)) for name, (dtype, shape) in ROWS.items()
    }
    assert arrays["legal"].shape == (1, spec_heads)
    assert arrays["legal"].any()
    again = decode(live.observation(scalars=live.array(arrays["scalars"])))  # with the leading axis too
    np.testing.assert_array_equal(again["scalars"], arrays["scalars"])


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (None, "lacks `scalars`"),
        (protocol.Array("float64", [114], b""), "float64"),
        (protocol.Array("float32", [2**40, 2**40], b""), "expected float32"),
        (protocol.Array("float32", list(ROWS["scalars"][1]), b"AAA"), "3 bytes"),
    ],
)
def test_arrays_that_do_not_fit_are_named(bad, expected):
    with pytest.raises(protocol.MalformedError, match=expected):
        decode(live.observation(scalars=bad))


def test_half_a_line_of_a_killed_writer_is_closed(tmp_path):
    path = tmp_path / "run" / "manifest.jsonl"
    first = Appender(path)
    first.append(MatchRecord("a", "r", [SeatRecord("x")] * 2))
    first.close()
    path.write_bytes(path.read_bytes() + b'{"match":"cut')
    second = Appender(path)
    second.append(MatchRecord("b", "r", [SeatRecord("x")] * 2))
    second.close()
    lines = read_manifests(tmp_path)
    assert [entry.value.match for entry in lines.entries] == ["a", "b"]
    assert len(lines.problems) == 1


def test_runs_never_share_a_folder(tmp_path):
    (tmp_path / "b" / "now").mkdir(parents=True)
    (tmp_path / "a" / "now-2").mkdir(parents=True)
    with ThreadPoolExecutor(8) as together:
        names = list(together.map(lambda _: free_run(tmp_path / "a", tmp_path / "b", "now"), range(8)))
    assert sorted(names) == sorted(f"now-{number}" for number in range(3, 11))


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "live").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        Journal(tmp_path / "live", tmp_path / "feedback", "run")


def test_a_policy_of_other_rules_is_warned_of_once(player):
    told = []
    player.warn = told.append
    for rules, warnings in ((None, 0), ({}, 0), (Rules().to_dict(), 0), ({**Rules().to_dict(), "heal": 1.0}, 1)):
        player.runner.policy.rules = rules
        talk = session(player)
        talk.open()
        live.every(talk, live.welcome(), live.room())
        talk.open()
        live.every(talk, live.welcome(), live.result())
        assert len(told) == warnings
    assert "lms_re was trained under other rule numbers" in told[0]


def test_the_rules_of_a_server_come_with_its_abilities():
    assert rules_of(live.welcome(), "here") == Rules()
    with pytest.raises(UserError, match=r"here has rules .*colour"):
        rules_of(live.welcome(rules={"mage_speed": 4.0, "colour": 3}), "here")
