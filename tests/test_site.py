"""The documents as a site: all pages are in it, its links lead somewhere, and it loads nothing from elsewhere."""

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from test_docs import ROOT

SCRIPT = ROOT / "scripts" / "build_site.py"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built in a copy of what it is made from."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("docs", "scripts", "src", "examples", "benchmarks", "tests"):  # documents name files of all of these
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "CHANGELOG.md", "LICENSE", "zensical.toml"):
        shutil.copy(ROOT / name, folder)
    done = subprocess.run(
        [sys.executable, folder / "scripts" / "build_site.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "build" / "site"


def pages(nav) -> list[str]:
    """All pages of a navigation, in order."""
    if isinstance(nav, str):
        return [nav]
    return [page for part in (nav.values() if isinstance(nav, dict) else nav) for page in pages(part)]


def test_every_document_is_in_the_navigation_once() -> None:
    nav = pages(tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"])
    assert sorted(nav) == sorted(runpy.run_path(str(SCRIPT))["pages"]().values())


def test_links_lead_somewhere_and_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    names: dict[Path, set[str]] = {}

    def ids(page: Path) -> set[str]:
        return names.setdefault(page, set(re.findall(r'\bid="?([^"\s>]+)', page.read_text(encoding="utf-8"))))

    for page in site.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        for source in re.findall(r'<(?:script|img|link)[^>]*?(?:src|href)="([^"]+)"', text):
            assert not re.match(r"(https?:)?//", source) or 'rel="canonical"' in text, source
        for target in re.findall(r'<a [^>]*?href="([^"]+)"', text):
            if page.name == "404.html" or re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            other = (page.parent / name).resolve() if name else page
            assert other.exists(), f"{page.name}: {target}"
            assert not anchor or other.suffix != ".html" or anchor in ids(other), f"{page.name}: {target}"


def test_text_stays_as_written(site: Path) -> None:
    for page in site.glob("*.html"):
        changed = re.findall(r"&(?:frac\d+|copy|reg|trade|plusmn|[lr]arr|#8\d\d\d);", page.read_text(encoding="utf-8"))
        assert not changed, f"{page.name}: {changed}"


def test_without_zensical_the_script_names_the_command(monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "zensical", None)
    assert runpy.run_path(str(SCRIPT))["main"]() == 1
    assert 'pip install -e ".[docs]"' in capsys.readouterr().err


def test_a_link_to_a_source_file_becomes_its_name_and_code_stays() -> None:
    for_site = runpy.run_path(str(SCRIPT))["for_site"]
    assert for_site("README.md", "See [a game](src/botgame/game.py).") == "See a game (`src/botgame/game.py`)."
    assert for_site("README.md", "[x](docs/api.md#names)") == "[x](api.md#names)"
    assert for_site("docs/api.md", "[x](../README.md)") == "[x](index.md)"
    fenced = "```\n[x](nowhere.md)\n```"
    assert for_site("docs/api.md", fenced) == fenced
    with pytest.raises(ValueError, match=r"docs/api\.md: nowhere\.md leads nowhere"):
        for_site("docs/api.md", "[x](nowhere.md)")
