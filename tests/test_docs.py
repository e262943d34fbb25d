"""Documents keep their word: every command parses against the real CLI, every script parses, no forbidden words."""

import importlib
import re
import shlex
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell

from botgame.__main__ import COMMANDS

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


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_inside_the_repository_exist(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_the_bootstrap_script_parses_its_own_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    import runpy

    script = runpy.run_path(str(ROOT / "scripts" / "bootstrap_repo.py"))
    for words in ([], ["quickstart"], ["test", "--torch", "cpu"], ["--dev", "--no-starter"]):
        monkeypatch.setattr("sys.argv", ["bootstrap_repo.py", *words])
        assert script["parse_arguments"]().then == (words[0] if words[:1] in (["quickstart"], ["test"]) else None)
