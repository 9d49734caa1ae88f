"""How the values of event files are called in a run, as the official client calls them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

__all__ = ["TagNames", "base_folder", "is_event_file", "media_name", "namespace_of"]

NOT_EVENTS = (".profile-empty", ".sagemaker-uploaded")
RESERVED = frozenset({"_step", "_timestamp", "_runtime", "_tensorboard", "_wandb"})


def is_event_file(name: str) -> bool:
    """Whether a file of this name holds events."""
    return "tfevents" in name.split(".") and not name.endswith(NOT_EVENTS)


def base_folder(folders: Iterable[str]) -> str:
    """Return the folder that namespaces are relative to: the parent of what all event folders begin with.

    So a single folder gives its own name to its values, and `logs/train` and `logs/eval` give `train` and
    `eval`.
    """
    return os.path.dirname(os.path.commonprefix(sorted(folders)))


def namespace_of(folder: str, base: str, root: str) -> str:
    """Return the namespace of the event files in `folder`; below `root` where `base` does not hold it."""
    for start in (base, root):
        relative = os.path.relpath(folder, start).replace(os.sep, "/")
        if relative == ".":
            return ""
        if relative != ".." and not relative.startswith("../"):
            return relative
    return os.path.basename(folder)


class TagNames:
    """The keys of the tags of one namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self._short: str | None = None

    def key(self, tag: str) -> str:
        """Return the key of a tag: `NAMESPACE/TAG`.

        A tag that the namespace has in its name already (`loss` in `loss_train`, as `add_scalars` names its
        folders) is called like the namespace, unless another tag is.
        """
        space = self.namespace
        if not space:
            return f"tensorboard/{tag}" if tag in RESERVED else tag
        if tag in space:
            if self._short is None:
                self._short = tag
            if self._short == tag:
                return space
        return f"{space}/{tag}"

    def image_key(self, tag: str) -> tuple[str, str | None]:
        """Return the key of an image's tag, and its number where it is one of several (`tag/0`, `tag/1`)."""
        head, slash, number = tag.rpartition("/")
        if slash and number.isdigit():
            return self.key(_flat(head)), number
        return self.key(_flat(tag)), None


def _flat(tag: str) -> str:
    return re.sub(r"[/\\]", "_", tag)


def media_name(folder: str, key: str, step: int, digest: str, suffix: str) -> str:
    """Return the name of a media file: the same content of the same key and step has the same name."""
    parts = [re.sub(r"[^\w.+=@ -]", "_", part) for part in PurePosixPath(key.replace("\\", "/")).parts]
    safe = "/".join("_" if part in ("", ".", "..", "_") else part for part in parts) or "_"
    return f"media/{folder}/{safe}_{step}_{digest[:20]}.{suffix}"
