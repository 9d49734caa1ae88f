"""Images, texts and sounds of event files as the media of a run: files, and the values that name them."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wandkit._core.tensorboard_name import media_name

__all__ = ["MediaFile", "audio_value", "image_value", "text_value"]

MAGIC = (
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
)


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file to upload.

    Attributes:
        name: Its name in the run.
        data: Its bytes.
    """

    name: str
    data: bytes

    @property
    def facts(self) -> dict[str, Any]:
        """What a value says of it."""
        digest = hashlib.sha256(self.data).hexdigest()
        return {"sha256": digest, "size": len(self.data), "path": self.name}


def _file(folder: str, key: str, step: int, data: bytes, suffix: str) -> MediaFile:
    return MediaFile(media_name(folder, key, step, hashlib.sha256(data).hexdigest(), suffix), data)


def image_value(
    key: str, step: int, images: Sequence[bytes], width: int, height: int
) -> tuple[dict[str, Any], list[MediaFile]]:
    """Return the value of a list of images, and their files: as they are, in the format that they have."""
    formats = [_format_of(data) for data in images]
    if "gif" in formats:
        files = [_file("videos", key, step, data, form) for data, form in zip(images, formats, strict=True)]
        videos = [{"_type": "video-file", **file.facts} for file in files]
        return {"_type": "videos", "count": len(files), "videos": videos}, files
    files = [_file("images", key, step, data, form) for data, form in zip(images, formats, strict=True)]
    value = {
        "_type": "images/separated",
        "width": width,
        "height": height,
        "format": formats[0],
        "count": len(files),
        "filenames": [file.name for file in files],
    }
    return value, files


def text_value(key: str, step: int, texts: Sequence[str]) -> tuple[dict[str, Any], list[MediaFile]]:
    """Return the value of a text, and its file: a page that shows the text as it was written."""
    blocks = "\n".join(f'<pre style="white-space: pre-wrap">{html.escape(text)}</pre>' for text in texts)
    page = f'<!doctype html>\n<meta charset="utf-8">\n{blocks}\n'
    file = _file("html", key, step, page.encode(), "html")
    return {"_type": "html-file", **file.facts}, [file]


def audio_value(
    key: str, step: int, clips: Sequence[bytes], labels: Sequence[str]
) -> tuple[dict[str, Any], list[MediaFile]]:
    """Return the value of a list of sounds, and their files."""
    files = [_file("audio", key, step, data, "wav") for data in clips]
    value: dict[str, Any] = {
        "_type": "audio",
        "count": len(files),
        "audio": [{"_type": "audio-file", **file.facts} for file in files],
    }
    if any(labels):
        value["captions"] = list(labels)
    return value, files


def _format_of(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return next((name for magic, name in MAGIC if data.startswith(magic)), "png")
