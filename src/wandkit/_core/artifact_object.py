"""Objects on their way into a draft: what entries they come to, under the names of the official client.

Nothing is added before the whole object has been written: one that cannot be leaves no trace.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from wandkit._core.artifact_name import entry_name
from wandkit._core.artifact_stage import stage, stage_bytes, staged_entry
from wandkit._core.digest import b64_digest, file_digest, hex_of, new_hash
from wandkit._core.manifest import Manifest, ManifestEntry
from wandkit.errors import ArgumentError
from wandkit.media.media import Media
from wandkit.media.object import MediaObject, object_name, printed

__all__ = ["Added", "ObjectHome", "add_object"]


def add_object(
    manifest: Manifest,
    value: MediaObject,
    name: str,
    *,
    overwrite: bool = False,
    added: Added | None = None,
) -> ManifestEntry:
    """Add an object and its files to a draft's manifest and return the object's entry.

    Args:
        manifest: The draft's.
        value: The object.
        name: What it is called, with or without the end that its type asks for.
        overwrite: Whether its own entry may take the place of another.
        added: Tells what was added already, and as which entry.
    """
    home = ObjectHome(manifest, added)
    path, _ = home.write(value, name)
    home.settle({path} if overwrite else set())
    return manifest.entries[path]


class Added(Protocol):
    """What a draft has already."""

    def name_of(self, path: Path) -> str | None:
        """Return the name of the entry that was made from the file at `path`."""
        ...

    def entry_of(self, value: object) -> ManifestEntry | None:
        """Return the entry of an object."""
        ...


class ObjectHome:
    """A draft that objects are written to; `settle` adds what was put."""

    def __init__(self, manifest: Manifest, added: Added | None) -> None:
        self._manifest = manifest
        self._added = added
        self._files: dict[str, Path | bytes] = {}
        self._references: dict[str, ManifestEntry] = {}

    def put_file(self, media: Media) -> str:
        """Add the file of `media` and return the name of its entry."""
        if media.origin is not None:
            name = entry_name(media.path or media.origin.name)
            self._references[name] = ManifestEntry(name, media.origin.digest, 0, media.origin.url)
            return name
        if media.content is not None:
            name = f"media/{media.folder}/{self._digest(media.content)[1]}{media.suffix}"
            self._files[name] = media.content
            return name
        path = media.local_path
        if path is None:
            raise ArgumentError(f"{media!r} has no file on this machine")
        known = self._added.name_of(path) if self._added is not None else None
        if known is not None:
            return known
        name = entry_name(f"media/{media.folder}/{(media.sha256 or '')[:20]}/{path.name}")
        self._files[name] = path
        return name

    def put_object(self, value: Any, name: str) -> tuple[str, str]:
        """Add an object, unless it was added already, and return the name and the digest of its entry."""
        known = self._added.entry_of(value) if self._added is not None else None
        if known is not None and known.path in self._manifest:
            return known.path, known.digest
        return self.write(value, name)

    def write(self, value: MediaObject, name: str) -> tuple[str, str]:
        """Add an object and return the name and the digest of its entry.

        One that was read from another artifact, and is as it was, becomes a reference to where it is.
        """
        held, references = dict(self._files), dict(self._references)
        text = printed(value, self)
        digest, short = self._digest(text)
        if name.endswith("_"):
            name = f"{name}{short}"
        full = entry_name(object_name(name, value.type))
        if full.startswith("media/tables"):
            folder, _, last = full.rpartition("/")
            full = f"{folder}/{short}.{last.partition('.')[2]}"
        source = value.source
        if source is not None and source.digest == digest:
            self._files, self._references = held, references
            self._references[full] = ManifestEntry(full, digest, 0, source.url)
        else:
            self._files[full] = text
        return full, digest

    def has(self, name: str) -> bool:
        """Whether there is an entry of this name."""
        return name in self._manifest or name in self._files or name in self._references

    def settle(self, replaceable: set[str]) -> None:
        """Add everything that was put; only those of `replaceable` may take the place of other entries.

        Raises:
            ArgumentError: A name is taken by other bytes; nothing was added.
        """
        algorithm = self._manifest.digest_algorithm
        wanted = {name: self._wanted_digest(content) for name, content in self._files.items()}
        wanted |= {name: entry.digest for name, entry in self._references.items()}
        for name, digest in wanted.items():
            there = self._manifest.get_entry_by_path(name)
            if there is not None and there.digest != digest and name not in replaceable:
                raise ArgumentError(
                    f"the artifact has other bytes under {name!r} already",
                    next_step="Choose another name, remove that entry first, or pass overwrite=True.",
                )
        for entry in self._references.values():
            self._manifest.add_entry(entry, overwrite=entry.path in replaceable)
        for name, content in self._files.items():
            there = self._manifest.get_entry_by_path(name)
            if there is not None and there.digest == wanted[name]:
                continue
            staged = (
                stage_bytes(content, algorithm)
                if isinstance(content, bytes)
                else stage(content, algorithm, copy=True)
            )
            self._manifest.add_entry(staged_entry(name, staged, algorithm), overwrite=name in replaceable)

    def _wanted_digest(self, content: Path | bytes) -> str:
        if isinstance(content, bytes):
            return self._digest(content)[0]
        return file_digest(content, self._manifest.digest_algorithm)

    def _digest(self, content: bytes) -> tuple[str, str]:
        """Return a digest as the manifest writes it, and the twenty characters that names have of it."""
        digest = new_hash(self._manifest.digest_algorithm)
        digest.update(content)
        found = b64_digest(digest.digest())
        return found, hex_of(found)[:20]
