"""Files with a meaning: images, audio, video and others, as artifacts keep them.

What an artifact holds of one is a JSON object with a `_type`; its file is an entry of its own. Every key of
that object is kept in `fields`, also where the type is not known here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, cast

from typing_extensions import Self

from wandkit.errors import ArgumentError, ArgumentTypeError
from wandkit.media.column_type import ColumnType

__all__ = ["Audio", "Bokeh", "Home", "Html", "Media", "Molecule", "Object3D", "Origin", "Video"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an object was read from.

    Attributes:
        url: The URL by which another artifact refers to the entry.
        digest: The entry's digest.
        name: The entry's name.
    """

    url: str
    digest: str
    name: str


class Home(Protocol):
    """The draft that an object is written to."""

    def put_file(self, media: Media) -> str:
        """Add the file of `media` and return the name of its entry."""
        ...

    def put_object(self, value: Any, name: str) -> tuple[str, str]:
        """Add another object and return the name and the digest of its entry."""
        ...

    def has(self, name: str) -> bool:
        """Whether there is an entry of this name."""
        ...


class Media:
    """A file of an artifact and what is noted about it.

    Attributes:
        fields: What the artifact says of it, every key kept.
        local_path: Where its file is on this machine; None where it was not downloaded.
        content: Its bytes, where it was made from bytes.
        origin: The entry of the artifact that its file was read from.
        source: The entry that `fields` were read from.
    """

    source: Origin | None = None

    kind: ClassVar[str] = ""
    folder: ClassVar[str] = "files"
    extension: ClassVar[str] = ""

    def __init__(
        self,
        source: str | os.PathLike[str] | bytes,
        caption: str | None = None,
        *,
        extension: str | None = None,
    ) -> None:
        """Make one from a file or from bytes.

        Args:
            source: The path of the file, or its bytes.
            caption: What to say about it.
            extension: The extension of bytes, such as `.png`; default the usual one.

        Raises:
            ArgumentError: There is no such file.
            ArgumentTypeError: It is neither.
        """
        self.fields: dict[str, Any] = {"_type": self.kind}
        self.local_path: Path | None = None
        self.content: bytes | None = None
        self.origin: Origin | None = None
        self.suffix: str = extension or self.extension
        if isinstance(source, bytes):
            self.content = source
        elif not isinstance(cast(object, source), (str, os.PathLike)):
            raise ArgumentTypeError(
                f"{type(self).__name__} is made from the path of a file or from its bytes, "
                f"not from {type(source).__name__}",
                next_step="Write it to a file first, or to io.BytesIO, and pass that or its bytes.",
            )
        else:
            self.local_path = Path(source)
            if not self.local_path.is_file():
                raise ArgumentError(f"there is no file {str(source)!r}")
        if caption is not None:
            self.fields["caption"] = caption

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """Return the object that an artifact describes by `fields`."""
        made = cls.__new__(cls)
        made.fields = dict(fields)
        made.local_path = made.content = made.origin = None
        made.suffix = cls.extension
        made._read()
        return made

    def _read(self) -> None:
        """Take what a subclass keeps apart from `fields`."""

    @property
    def type(self) -> str:
        """Its `_type`: `image-file`, `audio-file` and so on."""
        return str(self.fields.get("_type", self.kind))

    @property
    def path(self) -> str | None:
        """The name of its file in the artifact; None of one that is in none yet."""
        found = self.fields.get("path")
        return found if isinstance(found, str) else None

    @property
    def caption(self) -> str | None:
        """What is said about it."""
        return self.fields.get("caption")

    @property
    def sha256(self) -> str | None:
        """The hexadecimal sha256 of its bytes, where noted or known."""
        if self.fields.get("sha256"):
            return str(self.fields["sha256"])
        if self.content is not None:
            return hashlib.sha256(self.content).hexdigest()
        return _sha256_of(self.local_path) if self.local_path is not None else None

    def read_bytes(self) -> bytes:
        """Return its bytes.

        Raises:
            ArgumentError: They are not on this machine.
        """
        if self.content is not None:
            return self.content
        if self.local_path is None:
            raise ArgumentError(
                f"the file of this {self.type} is not on this machine",
                next_step="Get it by artifact.get(name).",
            )
        return self.local_path.read_bytes()

    def read_head(self, length: int) -> bytes:
        """Return how its bytes begin.

        Raises:
            ArgumentError: They are not on this machine.
        """
        if self.content is not None or self.local_path is None:
            return self.read_bytes()[:length]
        with self.local_path.open("rb") as source:
            return source.read(length)

    def has_file(self) -> bool:
        """Whether there is a file to write."""
        return self.origin is not None or self.content is not None or self.local_path is not None

    def files(self) -> Iterator[Media]:
        """Yield itself and what else of it has a file."""
        yield self

    def to_json(self, home: Home) -> dict[str, Any]:
        """Return what an artifact says of it, its file being put there."""
        fields = dict(self.fields)
        if self.has_file():
            fields["path"] = home.put_file(self)
            fields["sha256"] = self.sha256
        return fields

    def column_type(self) -> ColumnType:
        """Return the type of a table's column of such objects."""
        return {"wb_type": self.type}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.type} {self.path or self.local_path or ''}>".replace(" >", ">")


class Audio(Media):
    """A sound."""

    kind: ClassVar[str] = "audio-file"
    folder: ClassVar[str] = "audio"
    extension: ClassVar[str] = ".wav"


class Video(Media):
    """A film."""

    kind: ClassVar[str] = "video-file"
    folder: ClassVar[str] = "videos"
    extension: ClassVar[str] = ".mp4"

    @property
    def width(self) -> int | None:
        """Its width in pixels, where noted."""
        return self.fields.get("width")

    @property
    def height(self) -> int | None:
        """Its height in pixels, where noted."""
        return self.fields.get("height")


class Html(Media):
    """A web page; a text that is no path of a file is the page itself."""

    kind: ClassVar[str] = "html-file"
    folder: ClassVar[str] = "html"
    extension: ClassVar[str] = ".html"

    def __init__(self, source: str | os.PathLike[str] | bytes, caption: str | None = None) -> None:
        """Make one from a file, from bytes, or from the text of the page."""
        if isinstance(source, str) and not _is_file(source):
            source = source.encode()
        super().__init__(source, caption)


class Object3D(Media):
    """Points in space, as `.pts.json`."""

    kind: ClassVar[str] = "object3D-file"
    folder: ClassVar[str] = "object3D"
    extension: ClassVar[str] = ".pts.json"


class Molecule(Media):
    """A molecule."""

    kind: ClassVar[str] = "molecule-file"
    folder: ClassVar[str] = "molecule"
    extension: ClassVar[str] = ".pdb"


class Bokeh(Media):
    """A plot of Bokeh, as its JSON."""

    kind: ClassVar[str] = "bokeh-file"
    folder: ClassVar[str] = "bokeh"
    extension: ClassVar[str] = ".bokeh.json"


def _sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while piece := source.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False
