"""Artifacts: versioned sets of files, as drafts and as the server has them.

Schema: schema/artifact.graphql. Operations: queries/artifact.graphql. Docs: docs/api/artifact.md.
The parts: artifact_{handle,draft,upload,download,change}.py.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from typing_extensions import Self
from wandkit_generated.gql.aio import get_artifact, get_artifact_by_name, get_artifact_membership

from wandkit._async.artifact_lineage import AsyncArtifactLineage
from wandkit._async.artifact_link import AsyncArtifactLink
from wandkit._async.artifact_near import missing_artifact
from wandkit._core.artifact_name import check_aliases, check_metadata, check_tags, check_ttl
from wandkit._core.artifact_state import TTL_DISABLED, TTL_INHERIT, ArtifactPlace, ArtifactTTL
from wandkit._core.digest import MD5
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import ArgumentError, NotFoundError
from wandkit.paths_artifact import ArtifactPath, is_registry

__all__ = ["AsyncArtifact"]


class AsyncArtifact(AsyncArtifactLink, AsyncArtifactLineage):
    """A version of an artifact, or a draft of one.

    Get a version from `AsyncApi.artifact` or a listing. `AsyncArtifact(name, type)` makes a draft: add files,
    then log it with `AsyncRun.log_artifact` or `save`.
    """

    @classmethod
    async def fetch(cls, gql: AsyncGraphQL, path: ArtifactPath) -> Self:
        """Fetch the version at `path`.

        Raises:
            NotFoundError: No such version, or the API key may not see it; names near ones.
        """
        entity, project, name = path.entity, path.project, path.name
        if await gql.supports("PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP"):
            answer = await get_artifact_membership(
                gql, entity=entity, project=project, name=name, with_organization=is_registry(project)
            )
            member = answer.project.artifact_collection_membership if answer.project else None
            if member is None or member.artifact is None:
                raise await missing_artifact(gql, path, "GetArtifactMembership")
            place = ArtifactPlace.of_membership(member, entity, project)
            if place.project != project:
                warnings.warn(f"{path} is in {place.entity}/{place.project} now: say that.", stacklevel=3)
            return cls.from_fields(gql, member.artifact, place, path.alias)
        found = await get_artifact_by_name(gql, entity=entity, project=project, name=name)
        fields = found.project.artifact if found.project else None
        if fields is None:
            raise await missing_artifact(gql, path, "GetArtifactByName")
        return cls.from_fields(gql, fields, ArtifactPlace.at(fields, path), path.alias)

    @classmethod
    async def fetch_id(cls, gql: AsyncGraphQL, artifact_id: str) -> Self:
        """Fetch the version with the server's opaque id `artifact_id`, as it was logged.

        Raises:
            NotFoundError: No such version, or the API key may not see it.
        """
        answer = await get_artifact(gql, id=artifact_id)
        if answer.artifact is None:
            raise NotFoundError(
                f"No artifact with the id {artifact_id!r}, or the API key may not see it.",
                operation="GetArtifact",
                host=gql.settings.base_url,
                next_step="It may have been deleted; ask for it by its name: ENTITY/PROJECT/NAME:vN.",
            )
        return cls.from_fields(gql, answer.artifact)

    @property
    def entity(self) -> str:
        """The user or team of the project that it was found in."""
        return self._found("entity").entity

    @property
    def project(self) -> str:
        """The project or registry that it was found in."""
        return self._found("project").project

    @property
    def name(self) -> str:
        """`NAME:vN`, or with the alias that it was asked for by; a draft's bare name."""
        if self._place is None:
            return self._name
        called = self._asked or self._place.version
        return f"{self._place.collection}:{called}" if called else self._place.collection

    @property
    def qualified_name(self) -> str:
        """`ENTITY/PROJECT/NAME:vN`."""
        return f"{self.entity}/{self.project}/{self.name}"

    @property
    def version(self) -> str:
        """`vN`, its number in the collection that it was found in."""
        return self._found("version").version

    @property
    def source_entity(self) -> str:
        """The user or team of the project that it was logged to."""
        return self._source("source_entity").entity

    @property
    def source_project(self) -> str:
        """The project that it was logged to."""
        return self._source("source_project").project

    @property
    def source_name(self) -> str:
        """`NAME:vN` in the collection that it was logged to; a draft's bare name."""
        if self._fields is None:
            return self._name
        source = self._source("source_name")
        return f"{source.collection}:{source.version}" if source.version else source.collection

    @property
    def source_version(self) -> str:
        """`vN`, its number in the collection that it was logged to."""
        return self._source("source_version").version

    @property
    def source_qualified_name(self) -> str:
        """`ENTITY/PROJECT/NAME:vN` of where it was logged to."""
        return f"{self.source_entity}/{self.source_project}/{self.source_name}"

    @property
    def type(self) -> str:
        """Its type, in its author's words."""
        return self._type

    @property
    def description(self) -> str | None:
        """What its author says about it; settable, `save` sends it."""
        return self._edits.description

    @description.setter
    def description(self, value: str | None) -> None:
        self._edits.description = value

    @property
    def metadata(self) -> dict[str, Any]:
        """What its author noted, to read and to edit in place; settable, `save` sends it."""
        return self._edits.metadata

    @metadata.setter
    def metadata(self, value: Mapping[str, Any] | None) -> None:
        self._edits.metadata = check_metadata(value)

    @property
    def aliases(self) -> list[str]:
        """Its aliases in the collection that it was found in, without `vN`, to edit in place; settable.

        Those of a draft go to the new version.
        """
        return self._edits.aliases

    @aliases.setter
    def aliases(self, value: Iterable[str]) -> None:
        self._edits.aliases = check_aliases(value)

    @property
    def tags(self) -> list[str]:
        """Its tags, to edit in place; settable, `save` sends the difference."""
        return self._edits.tags

    @tags.setter
    def tags(self, value: Iterable[str]) -> None:
        self._edits.tags = check_tags(value)

    @property
    def ttl(self) -> timedelta | None:
        """How long the server keeps it; None for ever. Settable, also to `ArtifactTTL.INHERIT`.

        Raises:
            ArtifactNotLoggedError: The collection decides, and has not been asked since.
        """
        edited = self._edits.ttl
        if edited == TTL_INHERIT or (edited is None and self._fields is None):
            raise self._not_logged("time to live")
        seconds = edited if edited is not None else self._known("ttl").ttl_duration_seconds
        return timedelta(seconds=seconds) if seconds is not None and seconds > 0 else None

    @ttl.setter
    def ttl(self, value: timedelta | ArtifactTTL | None) -> None:
        if self._type == "wandb-history":
            raise ArgumentError("the history of a run has no time to live of its own")
        if not self.is_draft() and self.is_link:
            raise ArgumentError("a link has no time to live of its own", next_step="Set its source's.")
        if isinstance(value, ArtifactTTL):
            self._edits.ttl = TTL_INHERIT
        else:
            seconds = check_ttl(value)
            self._edits.ttl = TTL_DISABLED if seconds is None else seconds

    @property
    def state(self) -> str:
        """`PENDING` of a draft, then `COMMITTED`, `DELETED` or what else the server says."""
        return self._fields.state.value if self._fields else "PENDING"

    @property
    def digest(self) -> str:
        """The hexadecimal digest of its entries: the manifest's where that is loaded, else the server's."""
        if self._manifest is not None:
            return self._manifest.digest()
        return self._known("digest").digest

    @property
    def digest_algorithm(self) -> str:
        """What its digests are made with: `MANIFEST_MD5` or `MANIFEST_XXH128`."""
        if self._fields is not None and self._fields.digest_algorithm is not None:
            return str(self._fields.digest_algorithm.value)
        return self._manifest.digest_algorithm if self._manifest else MD5

    @property
    def size(self) -> int:
        """How many bytes its entries have together."""
        if self._manifest is not None:
            return self._manifest.size()
        return self._known("size").size

    @property
    def file_count(self) -> int:
        """How many files it has."""
        return self._known("file_count").file_count

    @property
    def commit_hash(self) -> str | None:
        """The server's name for the commit."""
        return self._known("commit_hash").commit_hash

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        return self._known("created_at").created_at

    @property
    def updated_at(self) -> datetime:
        """When it was last changed; when it was made where it never was."""
        fields = self._known("updated_at")
        return fields.updated_at or fields.created_at

    @property
    def linked_at(self) -> datetime | None:
        """When the link was made; None of what is no link."""
        return self._found("linked_at").linked_at if self.is_link else None

    @property
    def history_step(self) -> int | None:
        """The last step that its run had logged before it; None where the server does not say."""
        step = self._known("history_step").history_step
        return None if step is None else max(0, step - 1)

    @property
    def incremental(self) -> bool:
        """Whether a draft adds to the newest version."""
        return self._origin.incremental

    @property
    def use_as(self) -> str | None:
        """What it was said to be used as."""
        return self._origin.use_as

    @property
    def distributed_id(self) -> str | None:
        """The name that several writers of one version share; settable."""
        return self._origin.distributed_id

    @distributed_id.setter
    def distributed_id(self, value: str | None) -> None:
        self._origin.distributed_id = value

    def _self(self) -> AsyncArtifact:
        return self

    async def _fetch_at(self, path: ArtifactPath) -> Self:
        found = await type(self).fetch(self._client("link"), path)
        return found

    def _source(self, what: str) -> ArtifactPlace:
        return ArtifactPlace.of_source(self._known(what))

    def __repr__(self) -> str:
        """Return the path and the state."""
        where = self.qualified_name if self._place is not None else self._name
        return f"<Artifact {where} ({self.state})>"
