"""Tables that a command writes, in one file with the words that a person wrote under them."""

from __future__ import annotations

from pathlib import Path

BY_HAND = "<!-- From here on written by hand: kept when the tables are measured anew. -->"


def with_words(path: Path, measured: str, place: str) -> str:
    """The whole text of a file: what was measured, then what a person wrote under the last tables.

    Args:
        path: the file; it need not be there.
        measured: the new tables.
        place: what stands for the words where nobody has written any.
    Returns:
        The text, with the line `BY_HAND` between the two.
    """
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    _, found, words = old.partition(BY_HAND)
    kept = words.strip() if found else ""
    return f"{measured.rstrip()}\n\n{BY_HAND}\n\n{kept or place}\n"
