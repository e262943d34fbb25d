"""Counts in messages, which agree with their noun."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 match`, `1,200 matches`. plural: of the noun, unless it is the usual one (`matches` of `match`)."""
    usual = noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")
    return f"{number:,} {noun if number == 1 else plural or usual}"
