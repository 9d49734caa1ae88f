"""What stands within a line: text with marks, links, formulas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, TypeAlias, cast

from pydantic import BeforeValidator, Field

from wandkit.errors import ArgumentError
from wandkit.report.part import Part, named, no_items, read_exactly

__all__ = ["Children", "Inline", "InlineLatex", "Link", "Span", "Text", "UnknownInline", "inlines", "text_of"]


class Inline(Part):
    """A piece of a line."""


class Text(Inline):
    """Text, with its marks."""

    text: str = ""
    bold: bool | None = None
    italic: bool | None = None
    underline: bool | None = None
    strikethrough: bool | None = None
    inline_code: bool | None = None


class Link(Inline):
    """A link; its `children` are what is shown."""

    type: str = "link"
    url: str = ""
    children: Children = Field(default_factory=no_items)

    @classmethod
    def of(cls, text: str, url: str) -> Link:
        """Return a link that shows `text`."""
        return cls(type="link", url=url, children=[Text(text=text)])


class InlineLatex(Inline):
    """A formula within a line."""

    type: str = "latex"
    content: str = ""
    children: Children = Field(default_factory=no_items)

    @classmethod
    def of(cls, content: str) -> InlineLatex:
        """Return the formula."""
        return cls(type="latex", content=content, children=[Text(text="")])


class UnknownInline(Inline):
    """A piece of a line that is not known; `raw` is written back as it is."""

    raw: Any = None

    def to_json(self) -> Any:
        """Return what was read."""
        return self.raw


def _is_text(value: Any) -> bool:
    return isinstance(value, dict) and "text" in value and "type" not in value


def _parse(value: Any) -> Any:
    if isinstance(value, Inline):
        return value
    kinds: dict[str, type[Inline]] = {"link": Link, "latex": InlineLatex}
    kind = Text if _is_text(value) else kinds.get(named(value, "type"))
    found = read_exactly(kind, value) if kind else None
    return found if found is not None else UnknownInline(raw=value)


Children: TypeAlias = list[Annotated[Inline, BeforeValidator(_parse)]]
"""The pieces of a line."""

Span: TypeAlias = str | Inline
"""What can be written within a line: a plain string, or a piece with marks."""

Link.model_rebuild()
InlineLatex.model_rebuild()


def inlines(spans: Iterable[Span]) -> list[Inline]:
    """Return the pieces of a line; an empty line has one empty text, as reports want it.

    Raises:
        ArgumentError: Something is neither a text nor a piece of a line.
    """
    found: list[Inline] = []
    for span in cast("Iterable[object]", spans):
        if not isinstance(span, (str, Inline)):
            raise ArgumentError(
                f"A line is made of texts, not of {type(span).__name__}.",
                next_step="Use str(…), or Text, Link and InlineLatex of wandkit.report.",
            )
        found.append(Text(text=span) if isinstance(span, str) else span)
    return found or [Text(text="")]


def text_of(children: Iterable[object]) -> str:
    """Return the text of a line, without its marks."""
    found: list[str] = []
    for child in children:
        if isinstance(child, Text):
            found.append(child.text)
        elif isinstance(child, InlineLatex):
            found.append(child.content)
        else:
            found.append(text_of(getattr(child, "children", [])))
    return "".join(found)
