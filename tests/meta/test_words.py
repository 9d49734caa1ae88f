"""Words that have no place in a finished repository."""

from __future__ import annotations

import re
from pathlib import Path

from sources import ROOT, text_files

UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b|\bfor " r"now\b", re.IGNORECASE)
ELSEWHERE = re.compile(
    r"(?<![\w.])/(?:wo" r"rk|ro" r"ot|ho" r"me)/\w|(?<![\w./])/t" r"mp/\w|site-" r"packages"
)
BANNER = re.compile(r"^\s*#\s*[-=#*~]{8,}\s*$")
FILES = [path for path in text_files() if "data" not in path.parts]


def found(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    """Return the lines that `pattern` matches, each with its file and number."""
    return [
        f"{path.relative_to(ROOT).as_posix()}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_nothing_is_left_for_later() -> None:
    """What is not done is said in README, not in the code."""
    assert found(UNFINISHED, FILES) == []


def test_no_file_knows_the_machine_that_it_was_written_on() -> None:
    """No absolute paths."""
    assert found(ELSEWHERE, FILES) == []


def test_comments_are_no_banners() -> None:
    """A comment says why, or names a trap."""
    assert found(BANNER, [path for path in FILES if path.suffix == ".py"]) == []
