"""Python source as tokens that join back to the very same text: formatting and comments stay.

The standard tokenizer is not used, because it splits f-strings from Python 3.12 on and not before, and the
twin has to be the same on every version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Token", "join", "lex"]

_TOKEN = re.compile(
    r"""
    (?P<string>[rRbBuUfF]{0,2}(?:
        \"\"\"(?:\\.|[^\\])*?\"\"\"
      | '''(?:\\.|[^\\])*?'''
      | "(?:\\.|[^"\\\n])*"
      | '(?:\\.|[^'\\\n])*'
    ))
  | (?P<comment>\#[^\n]*)
  | (?P<name>[^\W\d]\w*)
  | (?P<space>[^\S\n]+)
  | (?P<other>.)
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A stretch of source: `string`, `comment`, `name`, `space` or `other` (one character)."""

    kind: str
    text: str


def lex(source: str) -> list[Token]:
    """Return the tokens of `source`."""
    return [Token(match.lastgroup or "other", match.group()) for match in _TOKEN.finditer(source)]


def join(tokens: list[Token]) -> str:
    """Return the text of `tokens`."""
    return "".join(token.text for token in tokens)
