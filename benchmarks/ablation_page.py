"""The page of the ablations: each panel between its own markers in `docs/ablations.md`, with a plot of its own.

So panels may be run at different times and sizes: a report renews those that have runs, and leaves the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from ablation_arms import BY_NAME, Plan
from ablation_panels import MEASURES, Claim, Found, Panel
from ablation_statistics import verdict
from botgame.errors import UserError
from botgame.ratings import Interval
from botgame.wording import counted

_WIDTH, _ROW, _HEAD = 900, 22, 44
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#222}.t{font-weight:600;font-size:13px}.s{fill:#666}"
    "rect.p{fill:#b9c4d6}circle{fill:#2864b4}line.i{stroke:#2864b4;stroke-width:2;opacity:.55}line.z{stroke:#ccc}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.s{fill:#999}rect.p{fill:#4a5870}line.z{stroke:#444}}"
)


def markers(panel: Panel) -> tuple[str, str]:
    """The lines of the page between which a panel stands."""
    return f"<!-- ablations {panel.key}: begin -->", f"<!-- ablations {panel.key}: end -->"


def picture(panel: Panel) -> str:
    """Name of a panel's plot in `docs/images`."""
    return f"ablations-{panel.key}.svg"


def replaced(page: str, panel: Panel, between: str) -> str:
    """`page` with the text between the panel's markers exchanged. Raises UserError where they are missing."""
    begin, end = markers(panel)
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise UserError(f"docs/ablations.md has lost its markers: expected {begin} and, after it, {end}; put them back")
    return f"{before}{begin}\n{between.strip()}\n{end}{after}"


def section(found: Found, plan: Plan, seeds: Sequence[int]) -> str:
    """Everything that was found about a panel, as Markdown."""
    sizes = (
        f"Sizes: {plan.budget:,} decisions a run, or as much CPU time, {plan.response_budget:,} of a best response, "
        f"imitation of {counted(plan.epochs, 'epoch', 'epochs')}, {plan.matches} duels a pair of the measures, "
        f"seeds {', '.join(map(str, seeds))}."
    )
    panel = found.panel
    plotted = f"![Ratings of the arms and the paper's figures](images/{picture(panel)})"
    return "\n\n".join([f"### {panel.title}", sizes, plotted, *_tables(found)])


def _tables(found: Found) -> list[str]:
    """The arms, and the paper's claims, as far as there are runs of them."""
    panel = found.panel
    used = [measure for measure in MEASURES if any(arm in found.values[measure] for arm in found.arms)]
    headings = ["arm", "runs", *(MEASURES[measure][0] for measure in used), "RPP", "paper"]
    lines = _header(headings)
    for arm in found.arms:
        runs = len(found.values["rating"][arm])
        cells = [_shown(found.cell(arm, measure), *MEASURES[measure][1:]) for measure in used]
        performance = _shown(found.performance.get(arm), 100.0, " %")
        row = [f"`{arm}`: {BY_NAME[arm].text}", str(runs), *cells, performance, panel.paper.get(arm, "-")]
        lines.append("| " + " | ".join(row) + " |")
    claims = _header(["claim of the paper", "its figures", "here", "verdict"])
    claims += [_claim(claim, gap) for claim in panel.claims if (gap := found.gap(claim))]
    return ["\n".join(lines), "\n".join(claims)]


def _claim(claim: Claim, gap: Interval) -> str:
    heading, scale, unit = MEASURES[claim.measure]
    unit = " points" if unit else unit
    said = f"`{claim.higher}` above `{claim.lower}`, {heading}"
    return f"| {said} | {claim.paper} | {_shown(gap, scale, unit, sign='+')} | {verdict(gap)} |"


def _header(headings: Sequence[str]) -> list[str]:
    return ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]


def _shown(interval: Interval | None, scale: float, unit: str, sign: str = "") -> str:
    if interval is None:
        return "-"
    estimate, low, high = (scale * value for value in interval)
    shown = f"{estimate:{sign}z.0f}{unit}"
    if not math.isfinite(low):
        return shown
    if unit == " %":  # an interval of Student's t knows no limits; a share has some
        low, high = max(low, 0.0), min(high, 100.0)
    return f"{shown} [{low:{sign}z.0f}, {high:{sign}z.0f}]"


def plot(found: Found) -> str:
    """Ratings with intervals over seeds at the left, the paper's figures at the right: one <svg>."""
    height = _HEAD + _ROW * len(found.arms) + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="ablations: ratings here, and the figures of the paper"><style>{_STYLE}</style>'
        f"{_block(found, 8)}</svg>\n"
    )


def _block(found: Found, top: int) -> str:
    panel = found.panel
    cells = {arm: cell for arm in found.arms if (cell := found.cell(arm, "rating"))}
    values = [0.0, *(cell.estimate for cell in cells.values())]
    values += [end for cell in cells.values() for end in cell[1:] if math.isfinite(end)]
    low, high = min(values), max(values)
    left, right = 250, 560

    def x(value: float) -> float:
        return left + (min(max(value, low), high) - low) / ((high - low) or 1.0) * (right - left)

    bottom = top + _HEAD + _ROW * len(found.arms)
    parts = [
        f'<text class="t" x="8" y="{top + 14}">{escape(panel.title)}</text>',
        f'<text class="s" x="{left}" y="{top + 32}">rating here, lms_re = 0, 95 % t interval over seeds</text>',
        f'<text class="s" x="650" y="{top + 32}">paper (second-hand)</text>',
        f'<line class="z" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{top + _HEAD - 6}" y2="{bottom}"/>',
    ]
    for number, arm in enumerate(found.arms):
        parts.append(_row(panel, arm, cells.get(arm), top + _HEAD + _ROW * number + 12, x))
    return "".join(parts)


def _row(panel: Panel, arm: str, cell: Interval | None, y: int, x: object) -> str:
    assert callable(x)
    parts = [f'<text x="240" y="{y}" text-anchor="end">{escape(arm)}</text>']
    if cell:
        if math.isfinite(cell.low):
            parts.append(f'<line class="i" x1="{x(cell.low):.1f}" x2="{x(cell.high):.1f}" y1="{y - 4}" y2="{y - 4}"/>')
        parts.append(f'<circle cx="{x(cell.estimate):.1f}" cy="{y - 4}" r="4.5"/>')
        parts.append(f'<text x="620" y="{y}" text-anchor="end">{cell.estimate:+.0f}</text>')
    said, bar = panel.paper.get(arm, "no figure"), panel.bars.get(arm)
    if bar is not None:
        width = 70.0 * bar / max(panel.bars.values())
        parts.append(f'<rect class="p" x="650" y="{y - 12}" width="{width:.1f}" height="15" rx="2"/>')
    parts.append(f'<text class="s" x="{650 if bar is None else 726}" y="{y}">{escape(said)}</text>')
    return f"<g><title>{escape(BY_NAME[arm].text)}</title>{''.join(parts)}</g>"
