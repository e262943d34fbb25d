"""Build the documents as a site with Zensical, from README.md, CHANGELOG.md and docs/, into build/site.

    pip install -e ".[docs]"
    python scripts/build_site.py                                       # then open build/site/index.html
    python scripts/build_site.py && python -m http.server 8001 --bind 127.0.0.1 -d build/site    # with the search

The Markdown is written for a repository, where README links to docs/x.md and documents link to source files. On the
site README is the first page, and a link to a file that is not a page becomes its name. Exit code 1 when a link leads
nowhere.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "build" / "docs"
SITE = ROOT / "build" / "site"
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)


def pages() -> dict[str, str]:
    """Where each document of the repository is on the site: path in the repository -> page."""
    return {
        "README.md": "index.md",
        "CHANGELOG.md": "CHANGELOG.md",
        **{f"docs/{path.name}": path.name for path in sorted((ROOT / "docs").glob("*.md"))},
    }


def for_site(document: str, text: str) -> str:
    """The text of a document (its path in the repository) with links as the site has them. Code stays as it is."""
    parts = FENCE.split(text)
    return "".join(
        part if part.startswith("```") else LINK.sub(lambda found: _link(document, found), part) for part in parts
    )


def _link(document: str, found: re.Match[str]) -> str:
    """One link or picture of a document, as the site has it. Raises ValueError where it leads nowhere."""
    picture, label, target = found.groups()
    if re.match(r"[a-z]+:|#", target):
        return found[0]
    path, _, anchor = target.partition("#")
    place = _normal(PurePosixPath(document).parent / path)
    if not (ROOT / place).exists():
        raise ValueError(f"{document}: {target} leads nowhere")
    page = place.removeprefix("docs/") if picture else pages().get(place)
    if page is None:
        return label if label.startswith("`") else f"{label} (`{place}`)"
    return f"{picture}[{label}]({page}{'#' + anchor if anchor else ''})"


def _normal(path: PurePosixPath) -> str:
    """A relative path without `..`."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def write_source() -> None:
    """Put the pages and pictures of the site into build/docs. Raises ValueError for a link that leads nowhere."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    shutil.copytree(ROOT / "docs" / "images", SOURCE / "images")
    for document, page in pages().items():
        text = (ROOT / document).read_text(encoding="utf-8")
        (SOURCE / page).write_text(for_site(document, text), encoding="utf-8", newline="\n")


def main() -> int:
    """Write the source, build and say how to open the site; returns Zensical's exit code."""
    if importlib.util.find_spec("zensical") is None:
        print('error: the site needs Zensical; run: python -m pip install -e ".[docs]"', file=sys.stderr)
        return 1
    try:
        write_source()
    except ValueError as error:
        print(f"error: {error}; correct the link", file=sys.stderr)
        return 1
    shutil.rmtree(SITE, ignore_errors=True)
    build = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    code = subprocess.run(build, cwd=ROOT, check=False).returncode
    if code == 0:
        print("written to build/site: open its index.html, or with the search")
        print("  python -m http.server 8001 --bind 127.0.0.1 -d build/site    # then http://127.0.0.1:8001")
    return code


if __name__ == "__main__":
    sys.exit(main())
