"""The spec of a report: its blocks, its width, and what the web app keeps beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from pydantic import Field, PrivateAttr, ValidationError

from wandkit._core.checked import faults_of
from wandkit.errors import AnswerError, ArgumentError, ArgumentTypeError
from wandkit.report.block import AnyBlock, Block, Heading, Paragraph
from wandkit.report.grid import PanelGrid, RunSet
from wandkit.report.inline import Inline
from wandkit.report.part import Json, Number, Part, listed, no_items, plain, was_read

__all__ = ["WIDTHS", "ReportSpec", "blocks_of", "check_width", "read_spec"]

WIDTHS = ("readable", "fixed", "fluid")
"""How wide a report can be."""

_VERSION = 5


class ReportSpec(Part):
    """What a report holds. What was read and not changed is written back as it came.

    Editors begin and end a report with an empty paragraph and do not show either, and so do we: they are
    written, and are not among the `blocks`.
    """

    version: Number | str | None = None
    panel_settings: Json | None = None
    blocks: list[AnyBlock] = Field(default_factory=no_items)
    width: str | None = None
    authors: list[Json] | None = None
    discussion_threads: list[Json] | None = None
    ref: Json | None = None

    _before: list[Block] = PrivateAttr(default_factory=no_items)
    _after: list[Block] = PrivateAttr(default_factory=no_items)

    @classmethod
    def of(cls, blocks: Iterable[Block | Inline | str] = (), width: str = "readable") -> ReportSpec:
        """Return a new spec; a plain string is a paragraph.

        Raises:
            ArgumentError: No such width, or something that is no block.
        """
        check_width(width)
        made = cls(
            version=_VERSION,
            panel_settings={},
            blocks=blocks_of(blocks),
            width=width,
            authors=[],
            discussion_threads=[],
            ref={},
        )
        made._before, made._after = [Paragraph.of("")], [Paragraph.of("")]
        return made

    def remember(self, raw: object) -> None:
        """Keep the order of the keys of `raw`, and the empty paragraphs at its ends apart."""
        super().remember(raw)
        if self.blocks and _is_empty(self.blocks[0]):
            self._before = [self.blocks.pop(0)]
        if self.blocks and _is_empty(self.blocks[-1]):
            self._after = [self.blocks.pop()]

    def to_json(self) -> Any:
        """Return the spec as JSON types, with the empty paragraphs at its ends."""
        found: Json = super().to_json()
        if "blocks" in found:
            before, after = plain(self._before), plain(self._after)
            found["blocks"] = [*before, *found["blocks"], *after]
        return found

    @property
    def panel_grids(self) -> list[PanelGrid]:
        """The panel grids among the blocks, those under folded headings too."""
        return list(_grids(self.blocks))

    @property
    def run_sets(self) -> list[RunSet]:
        """The run sets of all panel grids."""
        return [run_set for grid in self.panel_grids for run_set in grid.run_sets]

    def complete(self, entity: str, project: str) -> None:
        """Let the new run sets that name no project show the runs of this one."""
        for run_set in self.run_sets:
            if run_set.project is None and not was_read(run_set):
                run_set.project = {"entityName": entity, "name": project}

    def checked(self) -> Json:
        """Return the spec as JSON types, as it is sent; plain strings among the blocks become paragraphs.

        Raises:
            ArgumentError: Something in it has a value of a wrong type, or is no block.
        """
        self.blocks[:] = blocks_of(self.blocks)
        found: Json = self.to_json()
        try:
            json.dumps(found, allow_nan=False)
            again = ReportSpec.read(found)
        except (TypeError, ValueError) as error:
            why = faults_of(error) if isinstance(error, ValidationError) else error
            raise ArgumentError(f"The report cannot be written: {why}") from error
        written = [*again._before, *again.blocks, *again._after][len(self._before) :]
        odd = _first_odd(self.blocks, written, "blocks")
        if odd is not None:
            place, part = odd
            raise ArgumentError(
                f"The {type(part).__name__} at {place} does not belong there, or has a value of a wrong type;"
                " nothing was written.",
                next_step="Its fields have types; set them to such values.",
            )
        return found


def check_width(width: str) -> None:
    """Refuse a width that reports do not have.

    Raises:
        ArgumentError: It is another one.
    """
    if width not in WIDTHS:
        raise ArgumentError(
            f"Reports have no width {width!r}.", next_step=f"Use {', '.join(WIDTHS[:-1])} or {WIDTHS[-1]}."
        )


def blocks_of(blocks: Iterable[Block | Inline | str]) -> list[Block]:
    """Return blocks, with a paragraph for each plain string or piece of a line.

    Raises:
        ArgumentError: Something is no block.
    """
    if isinstance(blocks, str):
        raise ArgumentError(
            "The blocks of a report are a list, not one text.", next_step="Write blocks=[…] around it."
        )
    listed_blocks = cast("object", blocks)
    if isinstance(listed_blocks, Mapping) or not isinstance(listed_blocks, Iterable):
        raise ArgumentTypeError(f"The blocks of a report are a list, not one {type(blocks).__name__}.")
    made: list[Block] = []
    for block in cast("Iterable[object]", blocks):
        if isinstance(block, (str, Inline)):
            made.append(Paragraph.of(block))
        elif isinstance(block, Block):
            made.append(block)
        else:
            raise ArgumentError(f"A report is made of blocks and texts, not of {type(block).__name__}.")
    return made


def _is_empty(block: Block) -> bool:
    return isinstance(block, Paragraph) and block.to_json() == Paragraph.of("").to_json()


def _grids(blocks: Iterable[Block]) -> Iterator[PanelGrid]:
    for block in blocks:
        if isinstance(block, PanelGrid):
            yield block
        elif isinstance(block, Heading):
            yield from _grids(block.collapsed_children or [])


def _first_odd(ours: object, again: object, place: str) -> tuple[str, object] | None:
    """Return the innermost part that would not be read as what it is, and where it is."""
    if isinstance(ours, Part) or isinstance(again, Part):
        if not isinstance(ours, Part) or type(ours) is not type(again):
            return place, ours
        pairs = [
            (f"{place}.{name}", getattr(ours, name), getattr(again, name)) for name in type(ours).model_fields
        ]
    else:
        both = zip(listed(ours), listed(again), strict=False)
        pairs = [(f"{place}[{number}]", *pair) for number, pair in enumerate(both)]
    return next((odd for where, one, other in pairs if (odd := _first_odd(one, other, where))), None)


def read_spec(raw: Any) -> ReportSpec:
    """Return the typed form of a spec as the server has it.

    Raises:
        AnswerError: It is no spec of a report.
    """
    try:
        return ReportSpec.read(raw)
    except ValidationError as error:
        raise AnswerError(f"The report's spec cannot be read: {faults_of(error)}") from error
