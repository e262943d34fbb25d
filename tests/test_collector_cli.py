"""The collector's flags: what contradicts itself is refused by name; addresses in every usual spelling."""

import pytest

from botgame.errors import UserError
from botgame.live.backends import GREEDY, Backend
from botgame.live.collecting import check, entries
from botgame.live.collector import build_parser, main
from botgame.live.pictures import Pictures
from botgame.live.socket_play import page_address, socket_address
from botgame.server import protocol


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--channel chrome", "--channel needs --play-game"),
        ("--headless", "--headless needs --play-game"),
        ("--gif-sec 3", "--gif-sec needs --play-game"),
        ("--bot-alphastar-stochastic", "needs --bot-decision-backend alphastar"),
        ("--bot_alphastar_checkpoint a.pt", "needs --bot-decision-backend alphastar"),
        ("--bot-decision-backend alphastar --bot-alphastar-temperature 0.5", "needs --bot-alphastar-stochastic"),
        ("--server ws://h --data-dir d", "--data-dir needs a local server"),
        ("--room r", "give --server"),
        ("--server ws://h --room r --matches 2", "no --matches"),
        ("--server ws://h --room r --seed 4", "--seed needs new rooms"),
        ("--episode-duration 3", "expected 10 to 600"),
        ("--opponents ,", "0 bots"),
        ("--server ftp://h", "is no server address"),
        ("--bot-decision-backend alphastar --bot-alphastar-checkpoint a.txt", "must be a .pt"),
        ("--bot-decision-backend alphastar --bot-alphastar-checkpoint a.pt~0.2", "is a weaker version of a bot"),
        ("--bot-decision-backend alphastar --bot-alphastar-checkpoint a.pt@level-4", "is a weaker version of a bot"),
    ],
)
def test_flags_that_would_have_no_effect_are_refused(tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_missing_checkpoint_and_a_missing_server_are_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["--bot-decision-backend", "alphastar", "--bot-alphastar-checkpoint", "no.pt"]) == 1
    assert "no.pt" in capsys.readouterr().err
    assert main(["--server", "127.0.0.1:9", "--bot-run-max-sec", "1"]) == 1
    assert "no match server at ws://127.0.0.1:9/ws" in capsys.readouterr().err


@pytest.mark.parametrize(
    "given", ["localhost:8765", "http://localhost:8765", "ws://localhost:8765/ws", "http://localhost:8765/"]
)
def test_addresses(given):
    assert socket_address(given) == "ws://localhost:8765/ws"
    assert page_address(given) == "http://localhost:8765/"


@pytest.mark.parametrize(
    "given", ["localhost:99999", "localhost:port", "http://[::1", "ftp://localhost", "http://", ":80"]
)
def test_what_is_no_address_is_named(given, capsys):
    assert main(["--server", given]) == 2
    assert f"{given} is no server address" in capsys.readouterr().err


def test_a_name_that_no_host_can_have_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["--server", "play..example:80"]) == 1
    assert "no match server at ws://play..example:80/ws" in capsys.readouterr().err


def test_secure_addresses_stay_secure():
    assert socket_address("https://play.example/x") == "wss://play.example/x"
    assert page_address("wss://play.example/ws") == "https://play.example/"


def test_entries_follow_the_flags():
    words = "--matches 3 --opponents kiter,rusher --school cryomancer --episode-duration 30 --seed 4"
    made = list(entries(build_parser().parse_args(words.split())))
    assert [(order.seats, order.bots, order.school, order.duration, order.observe) for order in made] == [
        (3, ["kiter", "rusher"], "cryomancer", 30.0, True)
    ] * 3
    assert len({order.seed for order in made}) == 3
    args = build_parser().parse_args(["--server", "ws://h", "--room", "blue"])
    check(args)
    (joined,) = entries(args)
    assert (joined.room, joined.observe, type(joined)) == ("blue", True, protocol.Join)


def test_trained_bots_are_greedy_unless_told_otherwise(tmp_path, monkeypatch):
    class Trained:
        temperature = 0.5

    monkeypatch.setattr("botgame.live.backends.load_policy", lambda _game, _name: Trained())
    assert Backend("alphastar", "x.onnx").load().temperature == GREEDY
    assert Backend("alphastar", "x.onnx", stochastic=True).load().temperature == 0.5
    assert Backend("alphastar", "x.onnx", stochastic=True, temperature=0.9).load().temperature == 0.9


def test_pictures_are_kept_as_asked(tmp_path):
    from io import BytesIO

    from PIL import Image

    def jpeg(shade):
        out = BytesIO()
        Image.new("RGB", (1280, 720), (shade, 40, 90)).save(out, "JPEG")
        return out.getvalue()

    pictures = Pictures(tmp_path, every=1.0, gif_seconds=2.0)
    pictures.take(jpeg(0), 4.0)  # before any match
    pictures.begin(5.0)
    for quarter in range(20):
        pictures.take(jpeg(10 * quarter), 5.0 + quarter / 4)
    path = pictures.end()
    stills = sorted(each.name for each in (tmp_path / "pictures").glob("*.jpg"))
    assert stills == [f"match001_{second:05.1f}s.jpg" for second in range(5)]
    with Image.open(path) as film:
        assert (film.size, film.n_frames, film.info["duration"]) == ((640, 360), 9, 250)
    assert pictures.end() is None


def test_a_gif_without_pillow_is_refused_at_once(tmp_path, monkeypatch):
    import builtins

    real = builtins.__import__

    def fail(name, *args, **kwargs):
        if name == "PIL":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(UserError, match="needs Pillow"):
        Pictures(tmp_path, None, 3.0)


@pytest.mark.parametrize("flag", ["--data-dir", "--bot-feedback-dir", "--reports-live-dir", "--executable-path"])
def test_an_empty_path_is_none(flag, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([flag, ""])
    assert f"{flag}: expected a path, got ''" in capsys.readouterr().err
