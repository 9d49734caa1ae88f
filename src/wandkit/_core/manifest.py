"""Manifests: the list of an artifact's entries, read from and printed to JSON, and its digest.

The printed bytes and the digest are those of the official client.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import Any, cast

from wandkit._core.artifact_name import check_entry_name
from wandkit._core.digest import MD5, XXH128, b64_digest, new_hash
from wandkit.errors import AnswerError, ArgumentError, EntryNotLoggedError

__all__ = ["ENTRY_SCHEME", "Manifest", "ManifestEntry", "reference_url", "text_digest"]

ENTRY_SCHEME = "wandb-artifact"

HEAD = b"wandb-artifact-manifest-v1\n"
POLICY = "wandb-storage-policy-v1"
ALGORITHMS = {"XXH128": XXH128, XXH128: XXH128}


@dataclass(slots=True)
class ManifestEntry:
    """One file or reference of an artifact.

    Attributes:
        path: Its name in the artifact, with forward slashes.
        digest: The base64 digest of a file; of a reference, what its scheme goes by.
        size: How many bytes it has, where known.
        ref: The URL of a reference; None for a file.
        birth_artifact_id: The version with which a file was first stored.
        extra: What else its scheme notes, such as an ETag.
        local_path: Where the bytes are on this machine, before they are uploaded.
        skip_cache: Whether the bytes are kept out of the cache when they are uploaded.
    """

    path: str
    digest: str
    size: int | None = None
    ref: str | None = None
    birth_artifact_id: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    local_path: str | None = None
    skip_cache: bool = False

    @property
    def name(self) -> str:
        """Its name in the artifact, the same as `path`."""
        return self.path

    @property
    def digest_algorithm(self) -> str:
        """What made its digest: `MANIFEST_MD5` or `MANIFEST_XXH128`."""
        return ALGORITHMS.get(str(self.extra.get("alg")), MD5)

    def to_json(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        found: dict[str, Any] = {"digest": self.digest}
        if self.birth_artifact_id:
            found["birthArtifactID"] = self.birth_artifact_id
        if self.ref:
            found["ref"] = self.ref
        if self.extra:
            found["extra"] = dict(self.extra)
        if self.size is not None:
            found["size"] = self.size
        return found

    def ref_target(self) -> str:
        """Return the URL that a reference points to.

        Raises:
            ArgumentError: It is a file.
        """
        if not self.ref:
            raise ArgumentError(f"the entry {self.path!r} is a file, not a reference")
        return self.ref

    def ref_url(self) -> str:
        """Return the URL by which another artifact can refer to this entry.

        Raises:
            EntryNotLoggedError: It has not been uploaded.
        """
        if not self.birth_artifact_id:
            raise EntryNotLoggedError(
                f"the entry {self.path!r} belongs to no version yet", next_step="Log its artifact first."
            )
        return reference_url(self.birth_artifact_id, self.path)


class Manifest:
    """The entries of one version by name, and how its storage is laid out.

    Attributes:
        entries: The entries by path.
        config: The storage policy's settings: `storageLayout`, perhaps `storageRegion`.
        digest_algorithm: What makes the digest of the version.
    """

    def __init__(
        self,
        entries: Iterable[ManifestEntry] = (),
        *,
        config: Mapping[str, Any] | None = None,
        digest_algorithm: str = MD5,
        policy: str = POLICY,
        version: int = 1,
    ) -> None:
        self.entries: dict[str, ManifestEntry] = {entry.path: entry for entry in entries}
        self.config: dict[str, Any] = {"storageLayout": "V2"} if config is None else dict(config)
        self.digest_algorithm: str = digest_algorithm
        self.storage_policy: str = policy
        self._version = version

    @classmethod
    def from_manifest_json(cls, manifest_json: Mapping[str, Any], digest_algorithm: str = MD5) -> Manifest:
        """Return the manifest that a JSON document holds, as `to_manifest_json` returns it.

        Raises:
            AnswerError: It is no manifest of a version that is known here.
        """
        return cls._of(manifest_json, digest_algorithm)

    @classmethod
    def parse(cls, text: bytes | str, *, digest_algorithm: str = MD5) -> Manifest:
        """Return the manifest that a JSON text holds.

        Raises:
            AnswerError: It is no manifest of a version that is known here.
        """
        try:
            document: object = json.loads(text)
        except ValueError as error:
            raise AnswerError(f"The manifest cannot be read: {error!r}.") from None
        return cls._of(document, digest_algorithm)

    @classmethod
    def _of(cls, found: object, digest_algorithm: str) -> Manifest:
        try:
            document = cast("Mapping[str, Any]", found)
            contents = document["contents"]
            entries = [_entry(path, raw) for path, raw in contents.items()]
            version: object = document["version"]
            config: dict[str, Any] = dict(document.get("storagePolicyConfig") or {})
            policy = str(document.get("storagePolicy") or POLICY)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise AnswerError(f"The manifest cannot be read: {error!r}.") from None
        if version != 1:
            raise AnswerError(f"The manifest is of version {version!r}; only 1 is known.")
        return cls(entries, config=config, digest_algorithm=digest_algorithm, policy=policy)

    def print(self) -> bytes:
        """Return the JSON text that is uploaded: entries in order of their names, indented by four."""
        return json.dumps(self.to_manifest_json(), indent=4).encode("ascii")

    def to_manifest_json(self) -> dict[str, Any]:
        """Return the manifest as the JSON objects that are printed."""
        return {
            "version": self._version,
            "storagePolicy": self.storage_policy,
            "storagePolicyConfig": self.config,
            "contents": {path: self.entries[path].to_json() for path in sorted(self.entries)},
        }

    def version(self) -> int:
        """Return the version of the format."""
        return self._version

    def digest(self) -> str:
        """Return the hexadecimal digest of a version with these entries."""
        return self._digest_by(self.digest_algorithm)

    def _digest_by(self, algorithm: str) -> str:
        found = new_hash(algorithm)
        found.update(HEAD)
        for path in sorted(self.entries):
            found.update(f"{path}:{self.entries[path].digest}\n".encode())
        return cast("bytes", found.digest()).hex()

    def hash_contents_with_md5(self) -> str:
        """Return the hexadecimal digest that a version with these entries has by MD5, whatever its own is."""
        return self._digest_by(MD5)

    def size(self) -> int:
        """Return how many bytes the entries have together, as far as known."""
        return sum(entry.size or 0 for entry in self.entries.values())

    def add_entry(self, entry: ManifestEntry, overwrite: bool = False) -> ManifestEntry:
        """Add an entry and return it; the same digest again changes nothing.

        Raises:
            ArgumentError: The path is taken by other bytes, or would leave the artifact.
        """
        check_entry_name(entry.path)
        held = self.entries.get(entry.path)
        if held is not None and not overwrite:
            if held.digest == entry.digest:
                return held
            raise ArgumentError(
                f"the artifact has another entry {entry.path!r} already",
                next_step="Remove it first, or pass overwrite=True.",
            )
        self.entries[entry.path] = entry
        return entry

    def remove_entry(self, entry: ManifestEntry | str) -> ManifestEntry:
        """Take an entry out and return it.

        Raises:
            FileNotFoundError: There is none of this path.
        """
        path = entry if isinstance(entry, str) else entry.path
        if path not in self.entries:
            raise FileNotFoundError(f"the artifact has no entry {path!r}")
        return self.entries.pop(path)

    def get_entry_by_path(self, path: str) -> ManifestEntry | None:
        """Return the entry at `path`; None without one."""
        return self.entries.get(path)

    def get_entries_in_directory(self, directory: str) -> list[ManifestEntry]:
        """Return the entries below the folder `directory`."""
        folder = f"{directory.rstrip('/')}/"
        return [entry for path, entry in self.entries.items() if path.startswith(folder)]

    def copy(self) -> Manifest:
        """Return a manifest with the same entries, to change independently."""
        return Manifest(
            self.entries.values(),
            config=self.config,
            digest_algorithm=self.digest_algorithm,
            policy=self.storage_policy,
        )

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[ManifestEntry]:
        return iter(self.entries.values())

    def __contains__(self, path: object) -> bool:
        return path in self.entries

    def __repr__(self) -> str:
        return f"<Manifest {len(self.entries)} entries>"


def reference_url(artifact_id: str, path: str) -> str:
    """Return the URL by which another artifact can refer to the entry `path` of a version."""
    return f"{ENTRY_SCHEME}://{base64.b64decode(artifact_id).hex()}/{path}"


def text_digest(text: bytes) -> str:
    """Return the base64 md5 of a printed manifest, by which it is announced."""
    digest = new_hash()
    digest.update(text)
    return b64_digest(digest.digest())


def _entry(path: str, raw: Mapping[str, Any]) -> ManifestEntry:
    size, ref = raw.get("size"), raw.get("ref") or None
    extra: Mapping[str, Any] = raw.get("extra") or _NOTHING
    if not isinstance(ref, (str, NoneType)) or not isinstance(cast(object, extra), dict):
        raise TypeError(f"the entry {path!r} has the reference {ref!r} and besides {extra!r}")
    return ManifestEntry(
        path,
        str(raw["digest"]),
        None if size is None else int(size),
        ref,
        raw.get("birthArtifactID") or None,
        extra,
    )


_NOTHING: Mapping[str, Any] = {}
