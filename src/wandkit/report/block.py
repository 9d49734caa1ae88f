"""The blocks of a report, from headings to embeds; panel grids are in grid.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from wandkit.errors import ArgumentError
from wandkit.report.inline import Children, Inline, Span, inlines, text_of
from wandkit.report.part import Json, Part, named, no_items, no_keys, read_exactly

__all__ = [
    "AnyBlock", "Block", "Blocks", "Callout", "CodeBlock", "CodeLine", "CalloutLine", "Gallery",
    "GalleryLink", "Heading", "HorizontalRule", "Image", "Latex", "List", "ListItem", "Markdown",
    "Paragraph", "Quote", "SoundCloud", "Spotify", "TableOfContents", "Twitter", "UnknownBlock", "Video",
    "WeaveBlock", "block_kinds",
]  # fmt: skip


class Block(Part):
    """One block of a report."""

    TYPE: ClassVar[str] = ""


class Lines(Block):
    """A block that is one line of text, or shows one beside what it is."""

    children: Children = Field(default_factory=no_items)

    @property
    def text(self) -> str:
        """The text without its marks; setting it leaves one plain text."""
        return text_of(self.children)

    @text.setter
    def text(self, text: str) -> None:
        self.children = inlines([text])


class Heading(Lines):
    """A heading of level 1 to 3; a folded one keeps its blocks in `collapsed_children`."""

    TYPE: ClassVar[str] = "heading"
    type: Literal["heading"] = "heading"
    level: int = 1
    collapsed_children: Blocks | None = None

    @classmethod
    def of(cls, *spans: Span, level: int = 1) -> Heading:
        """Return a heading.

        Raises:
            ArgumentError: There is no such level.
        """
        if level not in (1, 2, 3):
            raise ArgumentError(f"Headings have no level {level!r}.", next_step="Use 1, 2 or 3.")
        return cls(type="heading", children=inlines(spans), level=level)


class Paragraph(Lines):
    """A paragraph of text with marks, links and formulas."""

    TYPE: ClassVar[str] = "paragraph"
    type: Literal["paragraph", "default"] = "paragraph"

    @classmethod
    def of(cls, *spans: Span) -> Paragraph:
        """Return a paragraph."""
        return cls(type="paragraph", children=inlines(spans))


class Quote(Lines):
    """A quotation."""

    TYPE: ClassVar[str] = "block-quote"
    type: Literal["block-quote"] = "block-quote"

    @classmethod
    def of(cls, *spans: Span) -> Quote:
        """Return a quotation."""
        return cls(type="block-quote", children=inlines(spans))


class ListItem(Part):
    """One item of a list; `checked` is there in lists to tick off."""

    type: Literal["list-item"] = "list-item"
    children: Blocks = Field(default_factory=no_items)
    checked: bool | None = None
    ordered: bool | None = None

    @property
    def text(self) -> str:
        """The text of the item, without marks and inner lists."""
        return "".join(child.text for child in self.children if isinstance(child, Lines))


class List(Block):
    """A list: numbered if `ordered`, to tick off if its items are `checked` or not."""

    TYPE: ClassVar[str] = "list"
    type: Literal["list"] = "list"
    ordered: bool | None = None
    children: list[ListItem] = Field(default_factory=no_items)

    @classmethod
    def of(cls, *items: Span | Iterable[Span], ordered: bool = False) -> List:
        """Return a list with dots or, if `ordered`, numbers; an item of several spans is a list of them."""
        made = [_item(item) for item in items]
        for item in made:
            if ordered:
                item.ordered = True
        return cls(type="list", ordered=ordered, children=made)

    @classmethod
    def checked(cls, items: Mapping[str, bool]) -> List:
        """Return a list to tick off: the texts, and whether each is done."""
        made = [_item(text) for text in items]
        for item, done in zip(made, items.values(), strict=True):
            item.checked = done
        return cls(type="list", children=made)


class CodeLine(Part):
    """One line of a code block."""

    type: Literal["code-line"] = "code-line"
    children: Children = Field(default_factory=no_items)
    language: str | None = None


class CodeBlock(Block):
    """Code, shown as it is."""

    TYPE: ClassVar[str] = "code-block"
    type: Literal["code-block"] = "code-block"
    language: str | None = None
    children: list[CodeLine] = Field(default_factory=no_items)

    @classmethod
    def of(cls, code: str, language: str = "python") -> CodeBlock:
        """Return a block of code in this language."""
        block = cls(type="code-block", language=language)
        block.code = code
        return block

    @property
    def code(self) -> str:
        """The code, its lines joined."""
        return "\n".join(text_of(line.children) for line in self.children)

    @code.setter
    def code(self, code: str) -> None:
        self.children = [
            CodeLine(type="code-line", children=inlines([line]), language=self.language)
            for line in code.split("\n")
        ]


class Markdown(Lines):
    """A block of Markdown."""

    TYPE: ClassVar[str] = "markdown-block"
    type: Literal["markdown-block"] = "markdown-block"
    content: str = ""

    @classmethod
    def of(cls, content: str) -> Markdown:
        """Return a block of Markdown."""
        return cls(type="markdown-block", content=content, children=inlines([]))


class Latex(Lines):
    """A formula on a line of its own."""

    TYPE: ClassVar[str] = "latex"
    type: Literal["latex"] = "latex"
    content: str = ""
    block: bool | None = None

    @classmethod
    def of(cls, content: str) -> Latex:
        """Return a formula."""
        return cls(type="latex", content=content, block=True, children=inlines([]))


class Image(Lines):
    """A picture by its address; the text is its caption."""

    TYPE: ClassVar[str] = "image"
    type: Literal["image"] = "image"
    url: str = ""
    has_caption: bool | None = None

    @classmethod
    def of(cls, url: str, caption: str | None = None) -> Image:
        """Return a picture."""
        return cls(type="image", url=url, has_caption=caption is not None, children=inlines([caption or ""]))


class Video(Lines):
    """A video by its address."""

    TYPE: ClassVar[str] = "video"
    type: Literal["video"] = "video"
    url: str = ""

    @classmethod
    def of(cls, url: str) -> Video:
        """Return a video."""
        return cls(type="video", url=url, children=inlines([]))


class CalloutLine(Part):
    """One line of a callout."""

    type: Literal["callout-line"] = "callout-line"
    children: Children = Field(default_factory=no_items)


class Callout(Block):
    """Lines in a box that stands out."""

    TYPE: ClassVar[str] = "callout-block"
    type: Literal["callout-block"] = "callout-block"
    children: list[CalloutLine] = Field(default_factory=no_items)

    @classmethod
    def of(cls, text: str) -> Callout:
        """Return a callout with the lines of `text`."""
        lines = [CalloutLine(type="callout-line", children=inlines([line])) for line in text.split("\n")]
        return cls(type="callout-block", children=lines)

    @property
    def text(self) -> str:
        """The text, its lines joined."""
        return "\n".join(text_of(line.children) for line in self.children)


class HorizontalRule(Lines):
    """A line across the page."""

    TYPE: ClassVar[str] = "horizontal-rule"
    type: Literal["horizontal-rule"] = "horizontal-rule"

    @classmethod
    def of(cls) -> HorizontalRule:
        """Return a rule."""
        return cls(type="horizontal-rule", children=inlines([]))


class TableOfContents(Lines):
    """The headings of the report, as links."""

    TYPE: ClassVar[str] = "table-of-contents"
    type: Literal["table-of-contents"] = "table-of-contents"

    @classmethod
    def of(cls) -> TableOfContents:
        """Return a table of contents."""
        return cls(type="table-of-contents", children=inlines([]))


class GalleryLink(Part):
    """One card of a gallery: of another report by its `id`, or of a page by its `url`."""

    type: str = "url"
    id: str | None = None
    url: str | None = None
    title: str | None = None
    description: str | None = None
    image_url: str | None = Field(default=None, validation_alias="imageURL", serialization_alias="imageURL")

    @classmethod
    def of(
        cls, url: str, title: str | None = None, description: str | None = None, image: str | None = None
    ) -> GalleryLink:
        """Return a card that leads to this page, with the address of a picture."""
        made = cls(type="url", url=url)
        for name, value in (("title", title), ("description", description), ("image_url", image)):
            if value is not None:
                setattr(made, name, value)
        return made


class Gallery(Lines):
    """Cards that lead to other reports or pages."""

    TYPE: ClassVar[str] = "gallery"
    type: Literal["gallery"] = "gallery"
    links: list[GalleryLink] | None = None
    ids: list[str] | None = None

    @classmethod
    def of(cls, *cards: str | GalleryLink) -> Gallery:
        """Return these cards; a plain string is the id of a report."""
        links = [
            card if isinstance(card, GalleryLink) else GalleryLink(type="report", id=card) for card in cards
        ]
        return cls(type="gallery", links=links, children=inlines([]))


class Spotify(Lines):
    """Music or a podcast on Spotify."""

    TYPE: ClassVar[str] = "spotify"
    type: Literal["spotify"] = "spotify"
    spotify_type: str | None = None
    spotify_id: str = Field(default="", validation_alias="spotifyID", serialization_alias="spotifyID")

    @classmethod
    def of(cls, spotify_id: str, kind: str = "track") -> Spotify:
        """Return a player for this track, album, playlist or show."""
        return cls(type="spotify", spotify_type=kind, spotify_id=spotify_id, children=inlines([]))


class SoundCloud(Lines):
    """Music on SoundCloud, by its embed code."""

    TYPE: ClassVar[str] = "soundcloud"
    type: Literal["soundcloud"] = "soundcloud"
    html: str = ""

    @classmethod
    def of(cls, html: str) -> SoundCloud:
        """Return a player."""
        return cls(type="soundcloud", html=html, children=inlines([]))


class Twitter(Lines):
    """A post, by its embed code."""

    TYPE: ClassVar[str] = "twitter"
    type: Literal["twitter"] = "twitter"
    html: str = ""

    @classmethod
    def of(cls, html: str) -> Twitter:
        """Return a post."""
        return cls(type="twitter", html=html, children=inlines([]))


class WeaveBlock(Lines):
    """A Weave panel that fills a block; its `config` is Weave's own."""

    TYPE: ClassVar[str] = "weave-panel"
    type: Literal["weave-panel"] = "weave-panel"
    config: Json = Field(default_factory=no_keys)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> WeaveBlock:
        """Return a block with this config, as Weave writes it."""
        return cls(type="weave-panel", config=dict(config), children=inlines([]))


class UnknownBlock(Block):
    """A block that is not known, or not of the shape that is; `raw` is written back as it is."""

    raw: Any = None

    def to_json(self) -> Any:
        """Return what was read."""
        return self.raw


def block_kinds() -> dict[str, type[Block]]:
    """Return the blocks that are known, by the type that the wire has."""
    from wandkit.report.grid import PanelGrid

    kinds: list[type[Block]] = [
        Callout, CodeBlock, Gallery, Heading, HorizontalRule, Image, Latex, List, Markdown, PanelGrid,
        Paragraph, Quote, SoundCloud, Spotify, TableOfContents, Twitter, Video, WeaveBlock,
    ]  # fmt: skip
    return {kind.TYPE: kind for kind in kinds} | {"default": Paragraph}


def _parse(value: Any) -> Any:
    if isinstance(value, Block):
        return value
    kind = block_kinds().get(named(value, "type"))
    found = read_exactly(kind, value) if kind else None
    return found if found is not None else UnknownBlock(raw=value)


def _item(item: Span | Iterable[Span]) -> ListItem:
    spans = [item] if isinstance(item, (str, Inline)) else list(item)
    return ListItem(type="list-item", children=[Paragraph.of(*spans)])


AnyBlock: TypeAlias = Annotated[Block, BeforeValidator(_parse)]
"""A block; what is not known becomes an `UnknownBlock`."""

Blocks: TypeAlias = list[AnyBlock]
"""The blocks of a report, in order."""

Heading.model_rebuild()
ListItem.model_rebuild()
List.model_rebuild()
