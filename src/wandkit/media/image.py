"""Images, with their masks, boxes and classes."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, cast

from wandkit.errors import ArgumentError, ArgumentTypeError
from wandkit.media.column_type import ColumnType
from wandkit.media.media import Home, Media, Origin

__all__ = ["Classes", "Image", "ImageMask", "image_size"]

Labels = Mapping[int, str]

HEAD_BYTES = 65536

# PNG, GIF, BMP, JPEG, TIFF of both byte orders, icons; others say what they are further on.
_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"\0\0\1\0")


class Classes:
    """What the numbers in masks and boxes stand for.

    Attributes:
        class_set: `{"id": 1, "name": "tree"}` of each.
        fields: What else the artifact says of it.
        source: The entry that they were read from.
    """

    kind: ClassVar[str] = "classes"
    source: Origin | None = None

    def __init__(self, class_set: Sequence[Mapping[str, Any]]) -> None:
        self.fields: dict[str, Any] = {"_type": self.kind}
        for one in class_set:
            if not isinstance(cast(object, one), Mapping) or "id" not in one or "name" not in one:
                raise ArgumentError(f"a class has an id and a name, not {one!r}")
        self.class_set: list[dict[str, Any]] = [dict(one) for one in class_set]

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Classes:
        """Return the classes that an artifact describes by `fields`."""
        made = cls(fields.get("class_set") or ())
        made.fields = dict(fields)
        return made

    @property
    def type(self) -> str:
        """`classes`."""
        return self.kind

    @property
    def names(self) -> dict[Any, str]:
        """The names by id."""
        return {one["id"]: one["name"] for one in self.class_set}

    def files(self) -> Iterator[Media]:
        """Yield nothing: classes have no file of their own."""
        return iter(())

    def to_json(self, home: Home) -> dict[str, Any]:
        """Return what an artifact says of them."""
        return {**self.fields, "class_set": self.class_set}

    def __repr__(self) -> str:
        return f"<Classes {list(self.names.values())}>"


class ImageMask(Media):
    """A class for each pixel of an image: a picture of one channel."""

    kind: ClassVar[str] = "mask"
    folder: ClassVar[str] = "images/mask"
    extension: ClassVar[str] = ".mask.png"

    def __init__(self, source: str | os.PathLike[str] | bytes, class_labels: Labels | None = None) -> None:
        """Make one from the file or the bytes of a picture.

        Args:
            source: The path of the file, or its bytes.
            class_labels: What the numbers in it stand for.

        Raises:
            ArgumentError: There is no such file, or it is no picture.
        """
        super().__init__(source)
        _check_picture(self, self.read_head(HEAD_BYTES), "Write the mask as a PNG of one channel.")
        self.class_labels: dict[int, str] = dict(class_labels or {})

    def _read(self) -> None:
        self.class_labels = {}


class Image(Media):
    """An image.

    Attributes:
        masks: Its masks by name.
        boxes: Its boxes by name, each a mapping with `position`, `class_id` and others.
        box_labels: What the class numbers of its boxes stand for, by name of the boxes.
        classes: What the class numbers stand for; None where nothing says.
    """

    kind: ClassVar[str] = "image-file"
    folder: ClassVar[str] = "images"
    extension: ClassVar[str] = ".png"

    def __init__(
        self,
        source: str | os.PathLike[str] | bytes,
        caption: str | None = None,
        *,
        classes: Classes | Sequence[Mapping[str, Any]] | None = None,
        boxes: Mapping[str, Mapping[str, Any]] | None = None,
        masks: Mapping[str, ImageMask] | None = None,
        width: int | None = None,
        height: int | None = None,
        extension: str | None = None,
    ) -> None:
        """Make one from the file or the bytes of a picture.

        Args:
            source: The path of the file, or its bytes.
            caption: What to say about it.
            classes: What the numbers in masks and boxes stand for.
            boxes: By name, `{"box_data": [{"position": …, "class_id": …}], "class_labels": {1: "tree"}}`.
            masks: Masks by name.
            width: Its width in pixels; default what a PNG, GIF, BMP or JPEG file says.
            height: Its height in pixels, likewise.
            extension: The extension of bytes; default `.png`.

        Raises:
            ArgumentError: There is no such file; or it is no picture of a kind that is known here, and its
                width and height are not given; or boxes have no `box_data`.
            ArgumentTypeError: The source is neither, or a mask is no `ImageMask`.
        """
        super().__init__(source, caption, extension=extension)
        name = self.local_path.name if self.local_path else f"x{self.suffix}"
        self.fields["format"] = name.rpartition(".")[2]
        head = self.read_head(HEAD_BYTES)
        found = (width, height) if width and height else image_size(head)
        if found is None:
            _check_picture(self, head, "Pass width= and height= of a picture of an unusual kind.")
        else:
            self.fields["width"], self.fields["height"] = found
        for key, mask in (masks or {}).items():
            if not isinstance(cast(object, mask), ImageMask):
                raise ArgumentTypeError(f"the mask {key!r} is an ImageMask, not {type(mask).__name__}")
        self.masks: dict[str, ImageMask] = dict(masks or {})
        self.boxes: dict[str, list[dict[str, Any]]] = {}
        self.box_labels: dict[str, dict[int, str]] = {}
        for key, value in (boxes or {}).items():
            if not isinstance(cast(object, value), Mapping) or "box_data" not in value:
                raise ArgumentError(
                    f"the boxes {key!r} are {value!r}, which has no box_data",
                    next_step='Write them as {"box_data": [{"position": …, "class_id": …}]}.',
                )
            self.boxes[key] = list(value["box_data"])
            self.box_labels[key] = dict(value.get("class_labels") or _numbered(self.boxes[key]))
        self.classes: Classes | None = self._classes(classes)

    def _classes(self, given: Classes | Sequence[Mapping[str, Any]] | None) -> Classes | None:
        named: dict[Any, str] = {}
        for labels in (*self.box_labels.values(), *(mask.class_labels for mask in self.masks.values())):
            named.update(labels)
        if given is not None:
            named.update((given if isinstance(given, Classes) else Classes(given)).names)
        return Classes([{"id": key, "name": name} for key, name in named.items()]) if named else None

    def _read(self) -> None:
        masks: dict[str, Any] = self.fields.get("masks") or {}
        boxes: dict[str, Any] = self.fields.get("boxes") or {}
        self.masks = {key: ImageMask.of(one) for key, one in masks.items()}
        self.boxes = {key: list(one) for key, one in boxes.items()}
        self.box_labels = {}
        self.classes = None

    @property
    def format(self) -> str | None:
        """Its format, such as `png`."""
        return self.fields.get("format")

    @property
    def width(self) -> int | None:
        """Its width in pixels, where known."""
        return self.fields.get("width")

    @property
    def height(self) -> int | None:
        """Its height in pixels, where known."""
        return self.fields.get("height")

    @property
    def classes_path(self) -> str | None:
        """The name of the entry with its classes, of an image that was read."""
        held: dict[str, Any] | None = self.fields.get("classes")
        return str(held["path"]) if held and "path" in held else None

    def files(self) -> Iterator[Media]:
        """Yield itself and its masks."""
        yield self
        yield from self.masks.values()

    def to_json(self, home: Home) -> dict[str, Any]:
        """Return what an artifact says of it; its file, masks and classes are put there.

        Raises:
            ArgumentError: It has masks or boxes, and nothing says what their numbers stand for.
        """
        fields = super().to_json(home)
        if (self.masks or self.boxes) and self.classes is None and not self.classes_path:
            raise ArgumentError(
                "an image with masks or boxes needs classes",
                next_step="Pass classes=, or class_labels of each.",
            )
        if self.classes is not None:
            name = self.classes_path or f"media/classes/{_classes_id(self.classes)}_cls"
            path, digest = home.put_object(self.classes, name)
            fields["classes"] = {"type": "classes-file", "path": path, "digest": digest}
        if self.boxes:
            fields["boxes"] = self.boxes
        if self.masks:
            fields["masks"] = {key: mask.to_json(home) for key, mask in self.masks.items()}
        return fields

    def column_type(self) -> ColumnType:
        """Return the type of a table's column of such images: which layers and classes there are."""
        masks = {key: mask.class_labels for key, mask in self.masks.items()}
        scores = [key for boxes in self.boxes.values() for box in boxes for key in box.get("scores", {})]
        params: dict[str, tuple[Any, bool]] = {
            "box_layers": ({key: [*labels] for key, labels in self.box_labels.items()}, False),
            "box_score_keys": (list(dict.fromkeys(scores)), True),
            "mask_layers": ({key: [*labels] for key, labels in masks.items()}, False),
            "box_class_maps": ({key: _as_text(labels) for key, labels in self.box_labels.items()}, False),
            "mask_class_maps": ({key: _as_text(labels) for key, labels in masks.items() if labels}, False),
            "class_map": (_as_text(self.classes.names) if self.classes else {}, False),
        }
        consts = {
            name: {"wb_type": "const", "params": {"val": value, "is_set": is_set}}
            for name, (value, is_set) in params.items()
        }
        return {"wb_type": self.type, "params": consts}


def image_size(head: bytes) -> tuple[int, int] | None:
    """Return the width and height that a PNG, GIF, BMP or JPEG file says; None of another.

    Args:
        head: How the file begins.
    """
    if head[:8] == b"\x89PNG\r\n\x1a\n" and len(head) >= 24:
        return struct.unpack(">II", head[16:24])
    if head[:4] == b"GIF8" and len(head) >= 10:
        return struct.unpack("<HH", head[6:10])
    if head[:2] == b"BM" and len(head) >= 26:
        width, height = struct.unpack("<ii", head[18:26])
        return width, abs(height)
    return _jpeg_size(head) if head[:2] == b"\xff\xd8" else None


def _check_picture(media: Media, head: bytes, advice: str) -> None:
    """Make sure that a file begins as pictures do; an SVG is text.

    Raises:
        ArgumentError: It does not.
    """
    if head.startswith(_BEGINNINGS) or head[8:12] == b"WEBP" or head[4:8] == b"ftyp" or b"<svg" in head:
        return
    name = repr(str(media.local_path)) if media.local_path else "what the bytes hold"
    raise ArgumentError(f"{name} is no picture: it begins with {head[:12]!r}", next_step=advice)


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker, (length,) = head[at + 1], struct.unpack(">H", head[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return None


def _classes_id(classes: Classes) -> str:
    return hashlib.md5(str(classes.class_set).encode(), usedforsecurity=False).hexdigest()


def _numbered(boxes: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    numbers = sorted({int(box["class_id"]) for box in boxes if "class_id" in box})
    return {number: f"class_{number}" for number in numbers}


def _as_text(labels: Mapping[Any, str]) -> dict[str, str]:
    return {str(key): name for key, name in labels.items()}
