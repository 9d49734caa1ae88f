"""`History`: rows that say where they come from and what is missing, and that become any frame.

Docs: docs/api/history.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, overload

from wandkit._core.frame import columns_from, columns_of
from wandkit._core.history import Row
from wandkit._core.receipt import Receipt

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

__all__ = ["History", "sample_receipt", "whole_receipt"]


class History(Sequence[Row]):
    """Rows of history, one dict per logged step, in the server's order.

    Attributes:
        receipt: What was asked for against what arrived, and whether the rows are a sample.
    """

    __slots__ = ("_columns", "_rows", "receipt")

    def __init__(self, rows: Iterable[Row], receipt: Receipt, columns: Sequence[str] | None = None) -> None:
        self._rows = rows if isinstance(rows, list) else list(rows)
        self._columns = None if columns is None else list(columns)
        self.receipt: Receipt = receipt

    @property
    def keys(self) -> list[str]:
        """The names of all columns: as they were asked for, else in the order in which rows brought them."""
        if self._columns is None:
            self._columns = columns_of(self._rows)
        return list(self._columns)

    def to_pandas(self) -> pandas.DataFrame:
        """Return a pandas frame, rows × keys, with the receipt in `.attrs["receipt"]`.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        frame = columns_from(self._rows, self._columns).to_pandas()
        frame.attrs["receipt"] = self.receipt
        return frame

    def to_polars(self) -> polars.DataFrame:
        """Return a polars frame, rows × keys; what a row lacks is null, NaN stays NaN.

        Raises:
            MissingExtraError: polars is not installed.
        """
        return columns_from(self._rows, self._columns).to_polars()

    def to_arrow(self) -> pyarrow.Table:
        """Return an Arrow table, rows × keys; what a row lacks is null, NaN stays NaN.

        Raises:
            MissingExtraError: pyarrow is not installed.
        """
        return columns_from(self._rows, self._columns).to_arrow()

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> History: ...

    def __getitem__(self, index: int | slice) -> Row | History:
        if isinstance(index, slice):
            return History(self._rows[index], self.receipt, self._columns)
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, History):
            return self._rows == other._rows
        return self._rows == other if isinstance(other, list) else NotImplemented

    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __repr__(self) -> str:
        sampled = ", sampled" if self.receipt.sampled else ""
        return f"<History {len(self._rows)} rows{sampled}>"


def whole_receipt(received: int, samples: int, expected: int | None) -> Receipt:
    """Return the account of a sample of all rows, of which the server counts `expected`."""
    chosen = received >= samples if expected is None else received < expected
    sampled = (
        f"{received} of {'many' if expected is None else expected} rows, chosen by the server"
        if chosen
        else False
    )
    return Receipt(received=received, expected=expected, sampled=sampled, source="live")


def sample_receipt(received: int, samples: int, lines: int | None, gaps: Sequence[str] = ()) -> Receipt:
    """Return the account of a sample of the rows that have some keys, out of `lines` rows in all."""
    chosen = received >= samples and (lines is None or received < lines)
    sampled = f"{received} rows, chosen by the server" if chosen else False
    return Receipt(received=received, sampled=sampled, source="live", gaps=tuple(gaps))
