"""What every part of an artifact works with: its client, what the server says of it, and what was edited.

The parts (`artifact_draft.py`, `artifact_download.py`, `artifact_change.py`) derive from
`AsyncArtifactHandle`, and `artifact.py` composes them.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from typing_extensions import Self

from wandkit._core.artifact_name import check_metadata, check_name, check_type
from wandkit._core.artifact_state import ArtifactEdits, ArtifactOrigin, ArtifactPlace
from wandkit._core.digest import MD5, XXH128
from wandkit._core.jsontext import read_object
from wandkit._core.manifest import Manifest
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import ArtifactNotLoggedError

if TYPE_CHECKING:
    from wandkit_generated.gql.models import ArtifactFields

__all__ = ["AsyncArtifactHandle"]


class AsyncArtifactHandle:
    """A draft, or a version that the server has; nothing here sends."""

    _gql: AsyncGraphQL | None
    _fields: ArtifactFields | None
    _place: ArtifactPlace | None
    _manifest: Manifest | None
    _edits: ArtifactEdits
    _origin: ArtifactOrigin

    def __init__(
        self,
        name: str,
        type: str,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        incremental: bool = False,
        use_as: str | None = None,
        storage_region: str | None = None,
        digest_algorithm: str = "MD5",
    ) -> None:
        """Make a draft. Nothing is sent before it is logged.

        Args:
            name: The name of its collection: letters, digits, `_`, `-` and `.`.
            type: Its type, in words of your own.
            description: What to say about it.
            metadata: What to note about it: up to 100 keys of what JSON holds, or NumPy's numbers and arrays.
            incremental: Whether it adds to the newest version instead of standing for itself.
            use_as: Taken for compatibility.
            storage_region: Where the server is to store it, if it has regions.
            digest_algorithm: `MD5`, or `XXH128`, which needs the library `xxhash`.

        Raises:
            ArgumentError: The name, type or metadata cannot be used.
        """
        self._name = check_name(name)
        self._type = check_type(type, name)
        self._gql = None
        self._fields = None
        self._place = None
        self._asked = ""
        self._final = False
        self._edits = ArtifactEdits(description, check_metadata(metadata))
        self._saved = ArtifactEdits()
        self._origin = ArtifactOrigin(incremental, use_as, storage_region)
        if use_as is not None:
            warnings.warn("use_as has no effect on an artifact.", DeprecationWarning, stacklevel=2)
        algorithm = XXH128 if str(digest_algorithm).upper() == "XXH128" else MD5
        self._manifest = Manifest(digest_algorithm=algorithm)

    @classmethod
    def from_fields(
        cls, gql: AsyncGraphQL, fields: ArtifactFields, place: ArtifactPlace | None = None, alias: str = ""
    ) -> Self:
        """Return the version that an answer describes, as it is called in `place`."""
        artifact = cls.__new__(cls)
        artifact._asked = alias
        artifact._origin = ArtifactOrigin()
        artifact._manifest = None
        artifact._take(gql, fields, place)
        return artifact

    def _take(self, gql: AsyncGraphQL, fields: ArtifactFields, place: ArtifactPlace | None) -> None:
        """Become the version that an answer describes."""
        self._gql = gql
        self._fields = fields
        self._place = place or ArtifactPlace.of_source(fields)
        self._name = self._place.collection
        self._type = fields.artifact_type.name
        self._final = True
        self._edits = self._held()
        self._saved = self._held()

    def _held(self) -> ArtifactEdits:
        """Return what the server holds of what can be edited."""
        fields, place = self._known("save"), self._found("save")
        return ArtifactEdits(
            fields.description,
            read_object(fields.metadata, "metadata"),
            list(place.aliases),
            [tag.name for tag in fields.tags or ()],
        )

    def is_draft(self) -> bool:
        """Whether the server does not have it yet."""
        return self._fields is None

    @property
    def id(self) -> str | None:
        """The server's opaque id of the version; None of a draft."""
        return self._fields.id if self._fields else None

    def _known(self, what: str) -> ArtifactFields:
        """Return what the server says of the version.

        Raises:
            ArtifactNotLoggedError: It is a draft.
        """
        if self._fields is None:
            raise self._not_logged(what)
        return self._fields

    def _found(self, what: str) -> ArtifactPlace:
        if self._place is None:
            raise self._not_logged(what)
        return self._place

    def _client(self, what: str) -> AsyncGraphQL:
        if self._gql is None:
            raise self._not_logged(what)
        return self._gql

    def _not_logged(self, what: str) -> ArtifactNotLoggedError:
        return ArtifactNotLoggedError(
            f"the artifact {self._name!r} is a draft and has no {what} yet",
            next_step="Log it first: run.log_artifact(artifact), or artifact.save().",
        )
