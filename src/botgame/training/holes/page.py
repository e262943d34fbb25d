"""The holes of a bot as the content of a page, for the bot's operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from botgame.ratings import wilson
from botgame.training.holes.groups import Trait
from botgame.training.holes.holes import Hole, Opponent
from botgame.training.holes.meetings import Meeting
from botgame.training.league_report import svg
from botgame.training.league_report.document import Content
from botgame.training.league_report.html_parts import card, percent, remark, scrolling, table
from botgame.wording import counted

_MOST_MATCHES = 40  # of a hole that are listed


def holes_content(
    bot: str,
    meetings: Sequence[Meeting],
    holes: Sequence[Hole],
    opponents: Mapping[int, Opponent],
    commands: tuple[str, str],
    viewer: str,
) -> Content:
    """The page. opponents: by number of their hole; commands: that makes opponents, that trains against them, or "".

    viewer: address of a live server, whose viewer the list of matches links to.
    """
    won = sum(meeting.won for meeting in meetings)
    rate, low, high = wilson(won, len(meetings))
    tiles = [
        (f"{won} of {len(meetings)}", "matches won by people"),
        (percent({"win_rate": rate, "low": low, "high": high}), "win rate of people, with a 95 % interval"),
        (str(len(holes)), "way in which they won" if len(holes) == 1 else "ways in which they won"),
    ]
    tiles += [(_rate(one), f"{one.name} against {bot}") for one in opponents.values()]
    cards = [_hole_card(hole, viewer) for hole in holes]
    if holes:
        training = [_training_card(bool(opponents), commands)] if commands[0] else []
        cards = [_sizes_card(holes), *training, *cards]
    else:
        cards = [card("No holes", "", remark("No person has won against this bot here."))]
    people = counted(len({meeting.person for meeting in meetings}), "person", "people")
    subtitle = f"How people beat {bot}: {people} met it in {counted(len(meetings), 'match')}."
    footer = (
        "Groups: Ward's clustering of the statistics of whole matches, cut where the silhouette is largest. The links "
        f"open the viewer of a live server at {viewer}, once one runs there."
    )
    return Content(f"Holes of {bot}", subtitle, tiles, cards, [], footer)


def in_words(trait: Trait) -> tuple[str, str, str]:
    """What is measured, here, and elsewhere."""
    unit = trait.statistic.unit
    name = trait.statistic.name.replace("_", " ")
    if unit.startswith("share"):
        return f"{name} ({unit})", f"{trait.here:.0%}", f"{trait.elsewhere:.0%}"
    return f"{name} ({unit})", f"{trait.here:.2g}", f"{trait.elsewhere:.2g}"


def _rate(opponent: Opponent) -> str:
    rate, low, high = opponent.win_rate
    return percent({"win_rate": rate, "low": low, "high": high})


def _sizes_card(holes: Sequence[Hole]) -> str:
    total = sum(len(hole.matches) for hole in holes)
    rows = [(f"hole {hole.number}: {len(hole.matches)}", len(hole.matches) / total, 0) for hole in holes]
    return card("How people won", "Their matches, in groups that were played alike.", svg.bar_chart(rows))


def _training_card(cloned: bool, commands: tuple[str, str]) -> str:
    clone, train = commands
    first = "The opponents are trained." if cloned else "First make an opponent of each group:"
    body = "" if cloned else _command(clone)
    body += remark("Then train the bot against them, among its usual opponents:") + _command(train)
    return card("Close them", first, body)


def _hole_card(hole: Hole, viewer: str) -> str:
    people = ", ".join(f"{name} ({count})" for name, count in hole.people.most_common())
    note = f"{counted(len(hole.matches), 'match')}: {people}. What sets them apart from all else that people tried:"
    rows = [list(in_words(trait)) for trait in hole.traits]
    body = table(["statistic", "here", "elsewhere"], rows) if rows else remark("Nothing that is more than chance.")
    return card(f"Hole {hole.number}", note, body + remark("The matches:") + _matches_table(hole, viewer))


def _matches_table(hole: Hole, viewer: str) -> str:
    cells = "".join(_match_row(meeting, viewer) for meeting in hole.matches[:_MOST_MATCHES])
    head = "<tr><th>match</th><th>won by</th><th>as</th><th>against</th></tr>"
    more = len(hole.matches) - _MOST_MATCHES
    note = remark(f"And {more} more in holes.json.") if more > 0 else ""
    return scrolling(f"<table>{head}{cells}</table>", f"matches of hole {hole.number}") + note


def _match_row(meeting: Meeting, viewer: str) -> str:
    name = meeting.path.name
    shown = meeting.path.stem.rpartition("_")[2]  # of an arena's match the hash of its content
    link = (
        f'<a href="{escape(viewer.rstrip("/"))}/replay?file={quote(name)}" title="{escape(name)}">{escape(shown)}</a>'
    )
    rest = (meeting.person, meeting.faction, meeting.bot_faction)
    return f"<tr><td>{link}</td>" + "".join(f"<td>{escape(text)}</td>" for text in rest) + "</tr>"


def _command(line: str) -> str:
    return scrolling(f"<code>{escape(line)}</code>", "command")
