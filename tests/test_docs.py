"""Documents keep their word: every command parses against the real CLI, every script parses, no forbidden words."""

import importlib
import itertools
import re
import shlex
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell

from botgame.__main__ import COMMANDS
from botgame.server.run_match import main as run_match

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
POWERSHELL = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
MODULE = re.compile(r"^\s*(?:python -m )?(botgame[\w.]*)(?= |$)(.*)", re.MULTILINE)


def blocks(path: Path, languages: tuple[str, ...]) -> list[str]:
    """Fenced code blocks of a document in the given languages."""
    fence = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
    return [body for language, body in fence.findall(path.read_text(encoding="utf-8")) if language in languages]


def commands() -> list[tuple[str, str, list[str]]]:
    """(document, module, arguments) of every documented `python -m botgame...` command."""
    found = []
    for path in DOCUMENTS:
        for block in blocks(path, ("powershell", "bash")):
            text = re.sub(r"[`\\]\n\s*", " ", block)
            text = re.sub(r"\(1000 \+ \$i\)|\$\(\(1000 \+ i\)\)", "1001", text)
            for module, rest in MODULE.findall(text):
                words = shlex.split(re.split(r"[;|#]| && ", rest)[0])
                found.append((path.name, module, words))
    return found


def parse(module: str, words: list[str]) -> None:
    if module == "botgame":
        module, words = COMMANDS[words[0]][0], words[1:]
    if module == "botgame.replay":
        module = "botgame.replay"
    importlib.import_module(module).build_parser().parse_args(words)


@pytest.mark.parametrize(("document", "module", "words"), commands(), ids=lambda value: str(value)[:60])
def test_every_documented_command_parses(document: str, module: str, words: list[str]) -> None:
    parse(module, words)


def test_the_documents_hold_commands() -> None:
    modules = {module for _, module, _ in commands()}
    assert {
        "botgame.server.run_match",
        "botgame.training.alphastar_imitation",
        "botgame.training.alphastar_rl",
        "botgame.training.alphastar_league",
        "botgame.training.report_league",
        "botgame.training.evaluate",
    } <= modules


def syntax_errors(source: bytes) -> list[str]:
    found, todo = [], [POWERSHELL.parse(source).root_node]
    while todo:
        node = todo.pop()
        if node.type == "ERROR" or node.is_missing:
            found.append(f"line {node.start_point[0] + 1}: {node.type}")
        todo += node.children
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "scripts").glob("*.ps1")), ids=lambda p: p.name)
def test_powershell_scripts_parse(path: Path) -> None:
    source = path.read_bytes()
    assert syntax_errors(source) == []
    assert b"&&" not in source, "Windows PowerShell 5.1 has no &&"
    source.decode("ascii")  # 5.1 reads a script without a byte-order mark in the local code page


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_documented_powershell_parses(path: Path) -> None:
    for block in blocks(path, ("powershell",)):
        assert syntax_errors(block.encode()) == []


def test_the_syntax_check_can_fail() -> None:
    assert syntax_errors(b"if ($x { Write-Host 1")


def without_code(path: Path) -> str:
    """A document without its fenced blocks and its spans of code."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(path: Path) -> set[str]:
    """What `#...` may name in a document: its headings, where the repository and the site agree on the name."""
    headings = re.findall(
        r"^#+ (.*)$", re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL), re.M
    )
    plain = [re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings]
    return {re.sub(r"\s", "-", text) for text in plain} & {re.sub(r"[-\s]+", "-", text) for text in plain}


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "CHANGELOG.md"], ids=lambda p: p.name)
def test_links_inside_the_repository_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(path)):
        if not re.match(r"[a-z]+:", target):
            name, _, anchor = target.partition("#")
            page = (path.parent / name).resolve() if name else path
            assert page.exists(), target
            assert not anchor or anchor in anchors(page), target


def test_an_anchor_is_a_heading() -> None:
    assert "5-train-a-league" in anchors(ROOT / "docs" / "runbook.md")
    assert "nothing-of-the-kind" not in anchors(ROOT / "docs" / "runbook.md")


EXECUTED = {"api.md": "test_doc_blocks", "replays.md": "test_doc_blocks", "your_learner.md": "test_doc_blocks"}
EXECUTED |= {"minari.md": "test_doc_blocks", "bots.md": "test_doc_blocks", "your_game.md": "test_your_game"}
"""Documents with Python, and the test that executes it or compares it with the file that it is from."""


def test_all_python_in_documents_is_executed() -> None:
    found = {path.name for path in DOCUMENTS if blocks(path, ("python",))}
    assert found == set(EXECUTED)
    for document, test in EXECUTED.items():
        assert document in (ROOT / "tests" / f"{test}.py").read_text(encoding="utf-8")


# What README's commands may name beside files of the repository: what an earlier command of README leaves.
QUICKSTART = {"quickstart/pi_sup.pt", "quickstart/pi_rl.pt", "quickstart/league/main.pt"}


def test_every_file_of_the_readme_is_there_by_then() -> None:
    there = set(QUICKSTART)
    for document, _, words in commands():
        if document == "README.md":
            given = dict(itertools.pairwise(words))
            made = [value for flag, value in given.items() if flag in ("--output", "--output-dir", "--data-dir")]
            recorded = "--record_replay" in words
            for word in [name for each in words for name in each.split(",")]:
                if "/" in word and word not in made:
                    folder = word.rpartition("/")[0]
                    assert word in there or folder in there or (ROOT / word).exists(), word
            there |= set(made) | ({"data/processed"} if recorded else set())


# What commands leave without being told where: the recorded matches, the bootstrap's start, the live server's lines.
DEFAULTS = {"data/processed", "artifacts/alphastar/pi_sup.pt", "reports/live", "reports/feedback_training"}
RESULTS = ("--output", "-o", "--output-dir", "--data-dir", "--json", "--svg", "--web")


def test_every_file_in_a_documented_command_is_there_or_made_by_another() -> None:
    made = QUICKSTART | DEFAULTS
    for _, _, words in commands():
        made |= {value for flag, value in itertools.pairwise(words) if flag in RESULTS}
    for document, module, words in commands():
        datasets = {value for flag, value in itertools.pairwise(words) if flag == "--dataset"}
        names = {re.sub(r"(@.*|=[\d.]+)$", "", name) for each in words for name in each.split(",")}  # style or share
        for word in names - datasets:
            if "://" in word or not ("/" in word or word.endswith((".pt", ".onnx", ".json", ".lmsr"))):
                continue
            beside = any(word.startswith((f"{result}/", result.removesuffix(".pt") + ".")) for result in made)
            assert word in made or beside or (ROOT / word).exists(), f"{document}: {module} {word}"


def test_the_replay_that_documents_name_is_the_first_of_the_runbook(tmp_path: Path) -> None:
    words = ["--num_scripted_bots", "2", "--episode_duration", "120", "--record_replay", "--seed", "1001"]
    assert run_match([*words, "--data-dir", str(tmp_path)]) == 0
    texts = [path.read_text(encoding="utf-8") for path in DOCUMENTS]
    named = {name for text in texts for name in re.findall(r"duel_s1001_\w+\.lmsr", text)}
    assert named == {path.name for path in tmp_path.iterdir()}


def test_the_quickstart_leaves_what_the_readme_names() -> None:
    from botgame.quickstart import steps

    words = [word for _, _, words in steps(Path("quickstart"), 1.0, 0, 1, "small") for word in words]
    for path in QUICKSTART:
        assert path in words or str(Path(path).parent) in words


def test_the_bootstrap_script_parses_its_own_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    import runpy

    script = runpy.run_path(str(ROOT / "scripts" / "bootstrap_repo.py"))
    for words in ([], ["quickstart"], ["test", "--torch", "cpu"], ["--dev", "--no-starter"]):
        monkeypatch.setattr("sys.argv", ["bootstrap_repo.py", *words])
        assert script["parse_arguments"]().then == (words[0] if words[:1] in (["quickstart"], ["test"]) else None)
