"""What came of a bulk read: how much was expected, how much arrived, and everything that is not there.

Nothing is lost silently: each bulk result carries a `Receipt`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["ItemFailure", "Receipt"]


@dataclass(frozen=True, slots=True)
class ItemFailure:
    """One item that could not be read.

    Attributes:
        item: Which one: its path, name or place.
        error: What went wrong, as text.
    """

    item: str
    error: str

    def __str__(self) -> str:
        """Return both in one line."""
        return f"{self.item}: {self.error}" if self.item else self.error


@dataclass(frozen=True, slots=True)
class Receipt:
    """The account of one bulk read.

    Attributes:
        received: How many items or rows are there.
        expected: How many the server counted; None where it does not say.
        duplicates: How many came more than once and were left out.
        sampled: False where everything was asked for; True, or in words how, where the server chose a part.
        source: Where it came from: `live`, `parquet`, `both`; empty where there is one source only.
        gaps: What is known to be missing, in words.
        failures: The items that could not be read, one by one.
    """

    received: int = 0
    expected: int | None = None
    duplicates: int = 0
    sampled: bool | str = False
    source: str = ""
    gaps: Sequence[str] = ()
    failures: Sequence[ItemFailure] = ()

    @property
    def complete(self) -> bool:
        """Whether all that was asked for is there: nothing sampled, missing or failed, as far as known."""
        short = self.expected is not None and self.received < self.expected
        return not (short or self.sampled or self.gaps or self.failures)

    @property
    def missing(self) -> int:
        """How many items the server counted beyond those that are there; 0 where it does not say."""
        return max(0, (self.expected or 0) - self.received)

    def __add__(self, other: Receipt) -> Receipt:
        """Return the account of both reads together."""
        known = self.expected is not None and other.expected is not None
        return Receipt(
            received=self.received + other.received,
            expected=(self.expected or 0) + (other.expected or 0) if known else None,
            duplicates=self.duplicates + other.duplicates,
            sampled=_both_sampled(self.sampled, other.sampled),
            source=_both_sources(self.source, other.source),
            gaps=(*self.gaps, *other.gaps),
            failures=(*self.failures, *other.failures),
        )

    @classmethod
    def merged(cls, receipts: Iterable[Receipt]) -> Receipt:
        """Return the account of many reads together; of none, an empty one that expected nothing."""
        total: Receipt | None = None
        for receipt in receipts:
            total = receipt if total is None else total + receipt
        return total if total is not None else cls(expected=0)

    def __str__(self) -> str:
        """Return the account in one line."""
        parts = [
            f"{self.received} received" if self.expected is None else f"{self.received} of {self.expected}"
        ]
        if self.sampled:
            parts.append("sampled" if self.sampled is True else f"sampled ({self.sampled})")
        if self.duplicates:
            parts.append(f"{self.duplicates} duplicate{'s' if self.duplicates != 1 else ''} left out")
        if self.source:
            parts.append(f"from {self.source}")
        parts += [f"gap: {gap}" for gap in self.gaps]
        if self.failures:
            others = f" and {len(self.failures) - 1} more" if len(self.failures) > 1 else ""
            parts.append(f"failed: {self.failures[0]}{others}")
        return ", ".join(parts)

    def __repr__(self) -> str:
        """Return the account in one line, and whether it is complete."""
        return f"<Receipt {'complete' if self.complete else 'incomplete'}: {self}>"


def _both_sampled(one: bool | str, other: bool | str) -> bool | str:
    if one == other or not other:
        return one
    if not one:
        return other
    texts = [text for text in (one, other) if isinstance(text, str)]
    return "; ".join(texts)


def _both_sources(one: str, other: str) -> str:
    if one == other or not other:
        return one
    return "both" if one else other
