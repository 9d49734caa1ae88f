"""What artifacts, their aliases, tags and entries may be called. Pure: no file is touched here."""

from __future__ import annotations

import json
import ntpath
import os
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any, cast

from wandkit._core.jsontext import to_json
from wandkit.errors import ArgumentError, ArgumentTypeError

__all__ = [
    "VERSION",
    "check_aliases",
    "check_entry_name",
    "check_metadata",
    "check_name",
    "check_tags",
    "check_ttl",
    "check_type",
    "entry_name",
    "metadata_text",
]

VERSION = re.compile(r"v\d+")
"""What a version's own alias looks like."""

_NAME = re.compile(r"[\w\-.]+", re.ASCII)
_TAG = re.compile(r"[-\w]+( +[-\w]+)*")
_MOST_METADATA_KEYS = 100
_LONGEST_NAME = 128


def check_name(name: str) -> str:
    """Return `name` if a new artifact may have it.

    Raises:
        ArgumentError: It is empty, too long, or has other characters than letters, digits, `_`, `-`, `.`.
        ArgumentTypeError: It is no text.
    """
    if not isinstance(cast(object, name), str):
        raise ArgumentTypeError(f"an artifact's name is a text, not {name!r}")
    if len(name) > _LONGEST_NAME:
        raise ArgumentError(f"an artifact's name has at most {_LONGEST_NAME} characters, not {len(name)}")
    if not _NAME.fullmatch(name):
        raise ArgumentError(
            f"{name!r} cannot name an artifact",
            next_step="Use letters, digits, underscores, dashes and dots.",
        )
    return name


def check_type(kind: str, name: str = "") -> str:
    """Return `kind` if artifacts of this type may be made by hand.

    Raises:
        ArgumentError: It is reserved.
        ArgumentTypeError: It is no text.
    """
    if not isinstance(cast(object, kind), str):
        raise ArgumentTypeError(f"an artifact's type is a text, not {kind!r}")
    reserved = (
        not kind
        or kind == "job"
        or kind.startswith("wandb-")
        or (kind == "run_table" and name.startswith("run-"))
        or (kind == "code" and name.startswith("source-"))
    )
    if reserved:
        raise ArgumentError(f"the artifact type {kind!r} is reserved", next_step="Choose another one.")
    return kind


def check_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a copy of `metadata` in the types of JSON: numbers and arrays of NumPy, dates and paths too.

    Raises:
        ArgumentTypeError: It is no mapping.
        ArgumentError: It has more than 100 keys, or holds what JSON cannot.
    """
    if metadata is None:
        return {}
    if not isinstance(cast(object, metadata), Mapping):
        raise ArgumentTypeError(f"metadata is a mapping, not {type(metadata).__name__}")
    if len(metadata) > _MOST_METADATA_KEYS:
        raise ArgumentError(f"metadata has at most {_MOST_METADATA_KEYS} keys, not {len(metadata)}")
    return cast("dict[str, Any]", json.loads(metadata_text(metadata)))


def metadata_text(metadata: Mapping[str, Any]) -> str:
    """Return metadata as the JSON text that is sent.

    Raises:
        ArgumentError: It holds what JSON cannot, NaN among it.
    """
    try:
        return json.dumps(to_json(metadata, "metadata"), allow_nan=False)
    except ArgumentError:
        raise
    except (ValueError, RecursionError) as error:
        raise ArgumentError(f"metadata cannot be written as JSON: {error}") from None


def check_aliases(aliases: Iterable[str] | str) -> list[str]:
    """Return aliases as a list without repetitions.

    Raises:
        ArgumentError: One holds a slash or a colon.
        ArgumentTypeError: One is no text.
    """
    found = _texts(aliases, "aliases")
    for alias in found:
        if not alias or "/" in alias or ":" in alias:
            raise ArgumentError(f"{alias!r} cannot be an alias", next_step="Leave out slashes and colons.")
    return found


def check_tags(tags: Iterable[str] | str) -> list[str]:
    """Return tags as a list without repetitions.

    Raises:
        ArgumentError: One holds other characters than letters, digits, `-`, `_` and inner spaces.
        ArgumentTypeError: One is no text.
    """
    found = _texts(tags, "tags")
    for tag in found:
        if not _TAG.fullmatch(tag):
            raise ArgumentError(
                f"{tag!r} cannot be a tag", next_step="Use letters, digits, dashes, underscores and spaces."
            )
    return found


def check_ttl(ttl: timedelta | None) -> int | None:
    """Return a time to live in whole seconds; None keeps it for ever.

    Raises:
        ArgumentError: It is no length of time, or less than a second.
    """
    if ttl is None:
        return None
    if not isinstance(cast(object, ttl), timedelta) or ttl.total_seconds() < 1:
        raise ArgumentError(f"a time to live is a positive timedelta of whole seconds, not {ttl!r}")
    return int(ttl.total_seconds())


def entry_name(name: str | os.PathLike[str]) -> str:
    """Return the entry name that a path given by a user stands for: with forward slashes, without `.`.

    Raises:
        ArgumentError: It would leave the artifact.
    """
    text = os.fspath(name)
    if os.sep == "\\":
        text = text.replace("\\", "/")
    found = check_entry_name(PurePosixPath(text).as_posix())
    if found == ".":
        raise ArgumentError(f"{text!r} cannot name an entry")
    return found


def check_entry_name(name: str) -> str:
    """Return `name` if a file of this name stays below the folder that it is written to.

    Raises:
        ArgumentError: It is empty, absolute, has a drive letter, a `..` or a NUL.
    """
    parts = re.split(r"[/\\]", name)
    drive, _ = ntpath.splitdrive(name)
    unsafe = not name.strip() or "\0" in name or name[0] in "/\\" or name[-1] in "/\\" or drive
    if unsafe or ".." in parts or any(0xD800 <= ord(character) <= 0xDFFF for character in name):
        raise ArgumentError(f"the entry name {name!r} would leave its folder; nothing was written")
    return name


def _texts(values: object, what: str) -> list[str]:
    """Return texts as a list without repetitions; one text stands for itself."""
    given = [values] if isinstance(values, str) else values
    found = list(cast("Iterable[object]", given)) if isinstance(given, Iterable) else [given]
    for one in found:
        if not isinstance(one, str):
            raise ArgumentTypeError(
                f"{what} are texts, not {one!r}", next_step="Give a list of them; [] for none."
            )
    return list(dict.fromkeys(cast("list[str]", found)))
