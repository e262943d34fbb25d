"""Bundles a page of `botgame/web` with its styles and modules into one file.

Browsers refuse to load modules from `file://`, so a page that opens from a disk needs one inline script. The modules
have a simple form (`web/README.md`): named imports from relative paths, `export` before a declaration. Each becomes a
function that returns its exports; an import becomes a destructuring of another module's result.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

WEB = Path(__file__).resolve().parents[3] / "web"

_IMPORT = re.compile(r'^import\s+\{([^}]*)\}\s+from\s+"(\.{1,2}/[\w./]+\.js)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export\s+(?=(?:async\s+)?(?:function|class|const)\s)", re.MULTILINE)
_EXPORTED = re.compile(r"^export\s+(?:async\s+)?(?:function|class|const)\s+(\w+)", re.MULTILINE)
_STYLE = re.compile(r'\s*<link rel="stylesheet" href="/static/([\w/.]+)">')
_SCRIPT = re.compile(r'\s*<script type="module" src="/static/([\w/.]+)"></script>')
_ICON = re.compile(r'<link rel="icon" href="/static/([\w/.]+)">')
_BRAND = re.compile(r'<a class="brand" href="/">([^<]*)</a>')
_NAV = re.compile(r"\s*<nav>.*?</nav>")


def bundle_modules(entry: Path) -> str:
    """The module `entry` and all that it imports, as one script, each module after those that it imports.

    Raises ValueError for a circle of imports or a statement that has not the simple form.
    """
    sources: dict[Path, str] = {}
    _collect(entry.resolve(), sources, ())
    variables = {path: f"module{index}" for index, path in enumerate(sources)}
    parts = ['"use strict";', *(_wrap(path, source, variables) for path, source in sources.items())]
    return "\n".join(parts) + "\n"


def inline_page(page: str, data: dict[str, str]) -> str:
    """`page` of the web folder with styles and modules inside; `data`: text by id, each in a data block.

    The text of data blocks must hold no `<`. Links to the server's other pages are left out.
    """
    html = (WEB / page).read_text(encoding="utf-8")
    styles = "\n".join((WEB / name).read_text(encoding="utf-8") for name in _STYLE.findall(html))
    entry = _SCRIPT.search(html)
    if entry is None:
        raise ValueError(f"{page} has no module script")
    script = "\n" + bundle_modules(WEB / entry.group(1)).replace("</script", "<\\/script")
    blocks = "".join(f'<script type="text/plain" id="{name}">{text}</script>\n' for name, text in data.items())
    html = _NAV.sub("", _SCRIPT.sub("", _STYLE.sub("", html)))
    html = _BRAND.sub(r'<span class="brand">\1</span>', html)
    html = _ICON.sub(lambda found: f'<link rel="icon" href="{_data_url(WEB / found.group(1))}">', html)
    policy = f"default-src 'none'; script-src '{_sha(script)}'; style-src '{_sha(styles)}'; img-src data: blob:"
    head = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n<style>{styles}</style>\n</head>'
    html = html.replace("</head>", head, 1)
    return html.replace("</body>", f'{blocks}<script type="module">{script}</script>\n</body>', 1)


def _data_url(picture: Path) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(picture.read_bytes()).decode()


def _sha(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _collect(path: Path, sources: dict[Path, str], above: tuple[Path, ...]) -> None:
    """Add the module `path` after all that it imports."""
    if path in above:
        circle = " -> ".join(module.name for module in (*above, path))
        raise ValueError(f"modules import each other in a circle: {circle}")
    if path in sources:
        return
    source = path.read_text(encoding="utf-8")
    for _, name in _IMPORT.findall(source):
        _collect((path.parent / name).resolve(), sources, (*above, path))
    sources[path] = source


def _wrap(path: Path, source: str, variables: dict[Path, str]) -> str:
    """The module as a function that returns its exports, called at once and kept in its variable."""

    def load(found: re.Match[str]) -> str:
        wanted = re.sub(r"(\w+)\s+as\s+(\w+)", r"\1: \2", " ".join(found.group(1).split()))
        return f"const {{ {wanted.rstrip(',')} }} = {variables[(path.parent / found.group(2)).resolve()]};"

    exported = _EXPORTED.findall(source)
    body = _EXPORT.sub("", _IMPORT.sub(load, source))
    left = re.search(r"^(?:import|export)\b.*$", body, re.MULTILINE)
    if left is not None:
        raise ValueError(f"{path.name}: {left.group(0)!r} is not in the simple form of web/README.md")
    exports = ", ".join(exported)
    return f"// ---- {path.name}\nconst {variables[path]} = (() => {{\n{body}return {{ {exports} }};\n}})();"
