"""Manifests: the list of a version's entries as JSON text, read, joined and digested. No storage here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import xxhash

from wandkit.server.files import check_name
from wandkit.server.shapes import is_object

__all__ = ["ALGORITHMS", "MD5", "XXH128", "Entry", "Manifest", "join", "parse", "render"]

MD5: str = "MANIFEST_MD5"
XXH128: str = "MANIFEST_XXH128"
ALGORITHMS: tuple[str, ...] = (MD5, XXH128)
"""What a version's digest can be made with."""

_HEAD = b"wandb-artifact-manifest-v1\n"
_VERSION = 1
_POLICY = "wandb-storage-policy-v1"
_XXH128_NAMES = ("XXH128", XXH128)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: a content, or with `ref` a reference.

    Attributes:
        digest: Base64 of the digest of a content; what its scheme says of a reference.
        is_xxh128: Whether the digest is an XXH128; an MD5 otherwise.
        size: Bytes, where known.
        ref: The URL of a reference.
        birth_id: The global id of the version with which the content came.
    """

    name: str
    digest: str
    size: int | None
    ref: str | None
    birth_id: str | None
    is_xxh128: bool = False


@dataclass(frozen=True)
class Manifest:
    """A manifest: its entries by name, and the document that it came from."""

    entries: Mapping[str, Entry]
    document: Mapping[str, Any]

    def digest(self, algorithm: str) -> str:
        """Return the hex digest that the clients give to a version with these entries."""
        found = xxhash.xxh128(_HEAD) if algorithm == XXH128 else hashlib.md5(_HEAD, usedforsecurity=False)
        for name in sorted(self.entries):
            found.update(f"{name}:{self.entries[name].digest}\n".encode())
        return found.hexdigest()


def parse(text: bytes) -> Manifest:
    """Return the manifest that `text` holds.

    Raises:
        ValueError: It is not one; the message says why.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the manifest is not JSON: {error}") from None
    contents = document.get("contents") if is_object(document) else None
    if not is_object(document) or not is_object(contents) or document.get("version") != _VERSION:
        raise ValueError(f"the manifest is no object of version {_VERSION} with `contents`")
    return Manifest({name: _entry(name, value) for name, value in contents.items()}, document)


def join(manifests: Iterable[Manifest]) -> Manifest:
    """Return one manifest with the entries of all; later ones replace earlier ones of the same name."""
    contents: dict[str, Any] = {}
    entries: dict[str, Entry] = {}
    config: dict[str, Any] = {}
    for manifest in manifests:
        contents.update(manifest.document["contents"])
        entries.update(manifest.entries)
        config = manifest.document.get("storagePolicyConfig") or config
    document = {
        "version": _VERSION,
        "storagePolicy": _POLICY,
        "storagePolicyConfig": config,
        "contents": contents,
    }
    return Manifest(entries, document)


def render(manifest: Manifest) -> bytes:
    """Return the text of a manifest."""
    return json.dumps(manifest.document, ensure_ascii=False, separators=(",", ":")).encode()


def _entry(name: str, value: Any) -> Entry:
    check_name(name)
    if not is_object(value) or not isinstance(value.get("digest"), str):
        raise ValueError(f"the manifest's entry {name[:80]!r} has no digest")
    size, ref, birth = value.get("size"), value.get("ref"), value.get("birthArtifactID")
    if not isinstance(size, (int, type(None))) or isinstance(size, bool) or (size or 0) < 0:
        raise ValueError(f"the size of the manifest's entry {name[:80]!r} is no number of bytes")
    if not isinstance(ref, (str, type(None))) or not isinstance(birth, (str, type(None))):
        raise ValueError(f"the manifest's entry {name[:80]!r} has a reference or an origin that is no text")
    extra = value.get("extra")
    is_xxh128 = is_object(extra) and extra.get("alg") in _XXH128_NAMES
    return Entry(name, value["digest"], size, ref or None, birth or None, is_xxh128)
