"""One file or reference of a version that the server has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wandkit._core.manifest import ENTRY_SCHEME, ManifestEntry, reference_url

if TYPE_CHECKING:
    from wandkit._async.artifact import AsyncArtifact

__all__ = ["AsyncArtifactEntry"]


class AsyncArtifactEntry:
    """An entry of an artifact. Get it from `AsyncArtifact.get_entry`.

    Attributes:
        entry: What the manifest says of it.
    """

    def __init__(self, artifact: AsyncArtifact, entry: ManifestEntry) -> None:
        self._artifact = artifact
        self.entry: ManifestEntry = entry

    @property
    def path(self) -> str:
        """Its name in the artifact, with forward slashes."""
        return self.entry.path

    @property
    def name(self) -> str:
        """Its name in the artifact, the same as `path`."""
        return self.entry.path

    @property
    def digest(self) -> str:
        """The base64 digest of a file; of a reference, what its scheme goes by."""
        return self.entry.digest

    @property
    def size(self) -> int | None:
        """How many bytes it has, where known."""
        return self.entry.size

    @property
    def ref(self) -> str | None:
        """The URL of a reference; None for a file."""
        return self.entry.ref

    @property
    def extra(self) -> Mapping[str, Any]:
        """What else its scheme notes."""
        return self.entry.extra

    @property
    def birth_artifact_id(self) -> str | None:
        """The version with which it was first stored."""
        return self.entry.birth_artifact_id

    def digest_algorithm(self) -> str:
        """Return what made its digest: `MANIFEST_MD5` or `MANIFEST_XXH128`."""
        return self.entry.digest_algorithm

    def to_json(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        return self.entry.to_json()

    def parent_artifact(self) -> AsyncArtifact:
        """Return the version that it belongs to."""
        return self._artifact

    def ref_target(self) -> str:
        """Return the URL that a reference points to.

        Raises:
            ArgumentError: It is a file.
        """
        return self.entry.ref_target()

    def ref_url(self) -> str:
        """Return the URL by which another artifact can refer to it; of what refers to a third, that URL."""
        if self.entry.ref is not None and self.entry.ref.startswith(f"{ENTRY_SCHEME}://"):
            return self.entry.ref
        return reference_url(self._artifact.id or "", self.entry.path)

    async def download(
        self,
        root: str | os.PathLike[str] | None = None,
        skip_cache: bool | None = None,
        executor: object = None,
    ) -> str:
        """Download it to its name below `root` and return where it is.

        Args:
            root: The folder; default the artifact's own, as for `AsyncArtifact.download`.
            skip_cache: Whether to leave the cache of this machine alone.
            executor: Taken for compatibility; a large file is fetched in parallel ranges anyway.

        Raises:
            TransferError: It did not arrive whole.
            ChecksumError: Its bytes are not those that the manifest names.
        """
        path = await self._artifact.download_entry(self.entry, root, skip_cache=bool(skip_cache))
        return path

    def __repr__(self) -> str:
        return f"<ArtifactEntry {self.path}>"
