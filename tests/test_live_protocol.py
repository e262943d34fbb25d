"""The protocol: every message survives the wire, nothing but messages comes through, and no frame loses a match."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from botgame.lms.replay.format import Replay
from botgame.lms.replay.live_recording import RecordedMatch, make_replays
from botgame.lms.replay.resimulate import resimulate
from botgame.server import protocol
from botgame.server.protocol import MAX_MESSAGE, Create, MalformedError, decode_client, decode_server, encode
from botgame.server.rooms import lobby
from botgame.server.rooms.room import MatchRoom
from live_table import Table, duel

CLIENT = protocol.ClientMessage.__args__
SERVER = protocol.ServerMessage.__args__
RELAXED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values that a type of msgspec allows, within its bounds."""
    if isinstance(kind, inspect.IntType):
        low = -(2**53) if kind.ge is None else kind.ge
        high = kind.le if kind.le is not None else kind.lt - 1 if kind.lt is not None else 2**53
        return st.integers(low, high)
    if isinstance(kind, inspect.FloatType):
        return st.floats(kind.ge, kind.le, allow_nan=False, allow_infinity=False)
    if isinstance(kind, inspect.StrType):
        return st.text(st.characters(exclude_categories=["Cs"]), max_size=min(kind.max_length or 8, 12))
    if isinstance(kind, inspect.ListType):
        low = kind.min_length or 0
        return st.lists(values_of(kind.item_type), min_size=low, max_size=max(low, 2))
    if isinstance(kind, inspect.TupleType):
        return st.tuples(*map(values_of, kind.item_types))
    if isinstance(kind, inspect.DictType):
        return st.dictionaries(values_of(kind.key_type), values_of(kind.value_type), max_size=2)
    if isinstance(kind, inspect.UnionType):
        return st.one_of(*map(values_of, kind.types))
    if isinstance(kind, inspect.StructType):
        return st.builds(kind.cls, **{field.name: values_of(field.type) for field in kind.fields})
    if isinstance(kind, inspect.LiteralType):
        return st.sampled_from(kind.values)
    simple = {inspect.BoolType: st.booleans(), inspect.NoneType: st.none(), inspect.BytesType: st.binary(max_size=9)}
    return simple.get(type(kind), st.integers(0, 9))  # what is free JSON may be a number


def messages(kinds: Sequence[type]) -> st.SearchStrategy[Any]:
    return st.one_of(*(values_of(inspect.type_info(kind)) for kind in kinds))


words = st.sampled_from(
    ["r1-secret0", "r2-secret0", "good", "bad", "any", "idle", "lms_re", "pyromancer", "secret1", "x" * 40, ""]
)
numbers = st.one_of(st.integers(-2, 40), st.integers(), st.floats(), st.booleans())
values = st.one_of(numbers, words, st.none(), st.lists(st.one_of(numbers, words), max_size=7))
tags = st.sampled_from([kind.__struct_config__.tag for kind in CLIENT] + ["state", "nothing"])
names = st.sampled_from(sorted({name for kind in CLIENT for name in kind.__struct_fields__}))
loose = st.builds(lambda tag, rest: json.dumps({"type": tag, **rest}), tags, st.dictionaries(names, values, max_size=5))
noise = st.one_of(st.binary(max_size=40), st.text(max_size=40), st.just(b"[" * 4000), st.just("x" * 4200))
proper = messages([kind for kind in CLIENT if kind is not protocol.Hello]).map(encode)
frames = st.one_of(loose, noise, proper, proper.map(lambda text: text[:-1]))


@given(messages(CLIENT))
@RELAXED
def test_what_a_client_says_survives_the_wire(message: protocol.ClientMessage) -> None:
    assert decode_client(encode(message)) == message


@given(messages(SERVER))
@RELAXED
def test_what_the_server_says_survives_the_wire(message: protocol.ServerMessage) -> None:
    assert decode_server(encode(message)) == message


@given(frames)
@RELAXED
def test_nothing_but_messages_comes_through(frame: str | bytes) -> None:
    try:
        said = decode_client(frame)
    except MalformedError as problem:
        said = str(problem)
    assert type(said) in CLIENT or (len(said) <= 200 and "\n" not in said)


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"input","seq":-1}',
        '{"type":"input","seq":1,"move":9}',
        '{"type":"input","seq":1,"verb":6}',
        '{"type":"input","seq":1,"aim":32}',
        '{"type":"input","seq":1.5}',
        '{"type":"input"}',
        '{"type":"act","tick":1,"action":[0,0,0,0,0]}',
        '{"type":"create","seats":17}',
        '{"type":"create","duration":1e999}',
        '{"type":"create","seed":-1}',
        '{"type":"join","room":"' + "r" * 33 + '"}',
        '{"type":"mark","seat":0,"verdict":"fine"}',
        '{"type":"state","tick":1}',
        '{"seq":1}',
        "[" * MAX_MESSAGE,
        " " * (MAX_MESSAGE + 1),
        "",
        "null",
    ],
)
def test_numbers_out_of_range_and_wrong_shapes_are_refused(frame: str) -> None:
    with pytest.raises(MalformedError):
        decode_client(frame)


def test_unknown_fields_are_ignored_so_newer_clients_can_talk_to_us() -> None:
    message = decode_client('{"type":"input","seq":3,"move":2,"pressure":0.5}')
    assert message == protocol.Input(seq=3, move=2)


def test_every_message_is_in_the_document() -> None:
    text = (Path(__file__).parent.parent / "docs" / "protocol.md").read_text(encoding="utf-8")
    for kind in (*CLIENT, *SERVER):
        assert f"`{kind.__struct_config__.tag}`" in text, kind
    for code in (*protocol.FATAL, *protocol.REFUSED):
        assert f"`{code}`" in text, code


@given(st.lists(st.tuples(st.integers(1, 4), frames, st.integers(0, 3)), min_size=10, max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_clients_send_the_match_goes_on(script: list[tuple[int, str | bytes, int]]) -> None:
    """Four clients, one of them in a duel that a fifth watches, send anything; every room with people keeps ticking."""
    table = Table()
    room = duel(table)
    table.connect(2, 3, 4, 5)
    table.say(5, protocol.Join(room=room.name, spectate=True))
    for client, frame, ticks in script:
        answers = table.say(client, frame)
        assert all(type(answer) in SERVER for answer in answers)
        before = [(other, other.match.tick) for other in table.lobby.rooms.values() if other.state == "running"]
        table.tick(ticks)
        for other, tick in before:
            assert other.match.tick == tick + ticks or (other.state == "over" and not other.members)
    assert room.state == "running"
    assert room.match.tick > 0 or all(ticks == 0 for _, _, ticks in script)


def test_a_match_that_was_fuzzed_still_ends_and_plays_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many frames of every sort into one match, then its replay."""
    monkeypatch.setattr(lobby, "MAX_MALFORMED", 10**9)  # the limit has its own test
    rng = random.Random(5)
    table = Table()
    room = duel(table, bot="lms_re", duration=20)
    table.connect(2)
    table.say(2, protocol.Join(room=room.name, spectate=True))
    sent = 0
    while room.state == "running":
        for _ in range(8):
            table.say(rng.choice((1, 2)), _scrap(rng))
            sent += 1
        table.tick()
    assert sent > 1000
    assert _faults(room) == [None]


def _scrap(rng) -> str | bytes:
    kinds = ("input", "act", "mark", "take", "release", "follow", "ping", "ready", "nothing")
    made = {"type": rng.choice(kinds)}
    for field in ("seq", "move", "verb", "aim", "tick", "seat", "verdict", "action", "t"):
        if rng.random() < 0.8:
            made[field] = rng.choice(
                (0, 1, 2, 3, rng.randrange(9), rng.randrange(2000), -1, "good", [0] * 6, None, 0.5)
            )
    text = json.dumps(made)
    return text if rng.random() < 0.9 else rng.choice((text[: rng.randrange(len(text))], rng.randbytes(20)))


def _faults(room: MatchRoom) -> list[str | None]:
    assert room.match.recording is not None
    matches = [RecordedMatch(room.match.recording, room.match.outcome(), room.policies, [None] * 2)]
    (replay,) = make_replays(matches)
    assert isinstance(replay, Replay)
    return [finished.fault for finished in resimulate([replay])]


def test_a_create_message_is_checked_before_anything_is_made() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"type": "create", "bots": ["x" * 300]}, Create)
