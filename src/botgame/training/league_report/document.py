"""The page of a run: tiles, cards and charts in one self-contained document.

The report of a league and the dashboard of any run are this page; what differs is the content.
"""

from __future__ import annotations

from html import escape
from string import Template
from typing import NamedTuple

GENERATOR = '<meta name="generator" content="botgame league report">'
_PAGE = Template(
    f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">{GENERATOR}"""
    """<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title><style>
:root{--page:#f5f6f8;--card:#fff;--ink:#1b2430;--soft:#5d6b7c;--grid:#e3e7ec;--blank:#eef0f3;--even:#f7f7f5;--shade:#0003;
--win:#1f77b4;--loss:#d1495b;--c0:#2563eb;--c1:#dc6803;--c2:#0d9488;--c3:#64748b;--c4:#9333ea;--c5:#be185d}
@media(prefers-color-scheme:dark){:root{--page:#11161d;--card:#1a212b;--ink:#e6ebf1;--soft:#95a3b3;--grid:#2b3541;
--blank:#222b36;--even:#303a46;--shade:#000b;--win:#4aa3e0;--loss:#e2687a;--c0:#6ea0ff;--c1:#f59e4c;--c2:#34c9ba;--c3:#94a3b8;
--c4:#c084fc;--c5:#f472b6}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1560px;margin:0 auto;padding:28px min(24px,3vw) 48px}
h1{font-size:26px;margin:0}h2{font-size:17px;margin:0 0 2px}
header p{margin:4px 0 20px;color:var(--soft)}.note{color:var(--soft);font-size:13px;margin:0 0 12px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(215px,1fr));gap:14px;margin-bottom:16px}
.tile,.card{background:var(--card);border:1px solid var(--grid);border-radius:12px}.tile{padding:14px 16px}
.tile b{display:block;font-size:23px;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:13px}.cards{columns:2 560px;column-gap:16px}
.card{padding:18px min(20px,4vw);margin:0 0 16px;break-inside:avoid}.cards>.card{display:inline-block;width:100%;
vertical-align:top}.hint{display:none}@media(max-width:700px){.hint{display:block}}
svg{width:100%;height:auto;display:block;margin:0 auto}
svg text{fill:var(--ink);font-size:12px}
svg .axis{fill:var(--soft)}svg .value{fill:var(--soft);font-variant-numeric:tabular-nums}
svg .grid{stroke:var(--grid)}svg .zero{stroke:var(--soft);stroke-dasharray:3 3}svg .blank{fill:var(--blank)}
svg .even{fill:var(--even)}svg .cell{font-size:11px;font-variant-numeric:tabular-nums}svg .strong{fill:#fff}
.scroll{overflow-x:auto;background:linear-gradient(90deg,var(--card) 40%,transparent) 0 0/36px 100% no-repeat local,
linear-gradient(270deg,var(--card) 40%,transparent) 100% 0/36px 100% no-repeat local,
linear-gradient(90deg,var(--shade),transparent) 0 0/16px 100% no-repeat scroll,
linear-gradient(270deg,var(--shade),transparent) 100% 0/16px 100% no-repeat scroll}
.scroll:focus-visible{outline:2px solid var(--c0)}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:5px 10px;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap}
th{color:var(--soft);font-weight:600}th:first-child,td:first-child,.left{text-align:left}
.status{position:fixed;left:0;right:0;bottom:0;margin:0;padding:8px 24px;background:var(--loss);color:#fff}
.status:empty{display:none}
a{color:var(--c0)}code{white-space:nowrap;font-size:13px}
footer{overflow-wrap:anywhere;color:var(--soft);font-size:13px;margin-top:22px}
</style></head><body>$head<main id="run">
$main</main></body></html>
"""
)
_MAIN = Template(
    """<header><h1>$title</h1><p>$subtitle</p>
<p class="hint">Charts and tables with a dark edge scroll sideways.</p></header>
<section class="tiles">$tiles</section><section class="cards">$cards</section>$wide
<footer>$footer</footer>
"""
)


class Content(NamedTuple):
    """What stands on the page. title, subtitle, footer: plain text; tiles: a value and what it is, plain text.

    cards: HTML (`html_parts.card`), laid out in columns; wide: HTML of cards over the whole width.
    """

    title: str
    subtitle: str
    tiles: list[tuple[str, str]]
    cards: list[str]
    wide: list[str]
    footer: str


def main_part(content: Content) -> str:
    """The inside of the page's <main> as HTML."""
    return _MAIN.substitute(
        title=escape(content.title),
        subtitle=escape(content.subtitle),
        tiles="".join(_tile(*tile) for tile in content.tiles),
        cards="".join(content.cards),
        wide="".join(content.wide),
        footer=escape(content.footer),
    )


def document(content: Content, head: str = "") -> str:
    """The whole page. head: HTML before <main>, as a script that renews it."""
    return _PAGE.substitute(title=escape(content.title), head=head, main=main_part(content))


def _tile(value: str, what: str) -> str:
    return f'<div class="tile"><b>{escape(value)}</b><span>{escape(what)}</span></div>'
