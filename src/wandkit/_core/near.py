"""Near matches: what somebody may have meant by a name that is not there."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["did_you_mean", "near_matches"]

CLOSE = 0.5
"""How alike two names must be, of 1, to be near."""


def near_matches(name: str, candidates: Iterable[str], *, limit: int = 3, close: float = CLOSE) -> list[str]:
    """Return the candidates that are close to `name`, the closest first; letter case counts little."""
    from difflib import SequenceMatcher

    wanted = name.lower()
    scored: list[tuple[float, str]] = []
    for candidate in dict.fromkeys(candidates):
        matcher = SequenceMatcher(None, candidate.lower(), wanted)
        if matcher.real_quick_ratio() >= close and matcher.quick_ratio() >= close:
            ratio = matcher.ratio()
            if ratio >= close:
                scored.append((-ratio, candidate))
    return [candidate for _, candidate in sorted(scored)[:limit]]


def did_you_mean(names: Iterable[str]) -> str:
    """Return `Did you mean a, b or c?`, or nothing where there are no names."""
    found = [repr(name) for name in names]
    if not found:
        return ""
    text = found[0] if len(found) == 1 else f"{', '.join(found[:-1])} or {found[-1]}"
    return f"Did you mean {text}?"
