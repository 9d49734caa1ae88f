"""The methods of `AsyncApi`, runs and projects about artifacts.

Schema: schema/artifact.graphql. Operations: queries/artifact.graphql.
Docs: docs/api/artifact.md, docs/api/collection.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wandkit._async.account import AsyncAccount
from wandkit._async.run_handle import AsyncRunHandle
from wandkit.errors import ArgumentError, ArgumentTypeError, NotFoundError
from wandkit.filters import Expression, Order
from wandkit.paths import NeedsEntity, ProjectPath

if TYPE_CHECKING:
    from wandkit._async.artifact import AsyncArtifact
    from wandkit._async.artifact_listing import AsyncArtifacts, AsyncRunArtifacts
    from wandkit._async.artifact_type import AsyncArtifactCollections, AsyncArtifactType, AsyncArtifactTypes
    from wandkit._async.collection import AsyncArtifactCollection
    from wandkit.paths_artifact import ArtifactPath

__all__ = ["AsyncArtifactMethods", "AsyncProjectArtifactMethods", "AsyncRunArtifactMethods"]


class AsyncArtifactMethods:
    """The methods of `AsyncApi` about artifacts."""

    _account: AsyncAccount

    async def artifact(self, name: str, type: str | None = None) -> AsyncArtifact:
        """Fetch one version of an artifact.

        Args:
            name: `NAME`, `NAME:ALIAS` or `NAME:vN`, with `PROJECT/` or `ENTITY/PROJECT/` before it; or a URL.
                Without an alias the newest version is meant.
            type: The type that it must have.

        Raises:
            PathError: `name` names no artifact.
            NotFoundError: No such version, or the API key may not see it; names near ones.
            ArgumentError: It is of another type.
        """
        from wandkit._async.artifact import AsyncArtifact

        path = await self._artifact_path(name)
        found = await AsyncArtifact.fetch(self._account.gql, path)
        if type is not None and found.type != type:
            raise ArgumentError(f"the artifact {str(path)!r} is of type {found.type!r}, not {type!r}")
        return found

    async def artifact_exists(self, name: str, type: str | None = None) -> bool:
        """Return whether there is such a version, of this type where one is given.

        Args:
            name: As for `artifact`.
            type: The type that it must have.

        Raises:
            WandkitError: The server could not be asked.
        """
        try:
            await self.artifact(name, type)
        except (ArgumentError, NotFoundError):
            return False
        return True

    async def artifact_collection_exists(self, name: str, type: str) -> bool:
        """Return whether there is such a collection of this type.

        Args:
            name: `NAME`, `PROJECT/NAME`, `ENTITY/PROJECT/NAME` or a URL.
            type: Its type.

        Raises:
            WandkitError: The server could not be asked.
        """
        try:
            await self.artifact_collection(type, name)
        except (ArgumentError, NotFoundError):
            return False
        return True

    def artifacts(
        self,
        type_name: str,
        name: str,
        per_page: int | None = None,
        *,
        filters: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = None,
        tags: Sequence[str] | str | None = None,
        start: str | None = None,
    ) -> AsyncArtifacts:
        """Return the versions of a collection as a listing. Nothing is sent before it is used.

        Args:
            type_name: The type of the collection.
            name: `NAME`, `PROJECT/NAME`, `ENTITY/PROJECT/NAME` or a URL.
            per_page: Versions on a page; left out, the size adapts.
            filters: Which versions; default those that are committed.
            order: What to sort by: `+KEY` or `-KEY`.
            tags: Only versions that have all of these; chosen here, so that nothing is counted.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            PathError: `name` names no collection.
        """
        from wandkit._async.artifact_listing import AsyncArtifacts

        listing = AsyncArtifacts(
            self._account.gql,
            self._parse(name),
            type_name,
            filters=filters,
            order=order,
            tags=tags,
            per_page=per_page,
            start=start,
        )
        return self._account.keep(listing)

    def artifact_versions(self, type_name: str, name: str, per_page: int | None = None) -> AsyncArtifacts:
        """Return the versions of a collection. Deprecated: say `artifacts`.

        Args:
            type_name: The type of the collection.
            name: As for `artifacts`.
            per_page: Versions on a page; left out, the size adapts.

        Raises:
            PathError: `name` names no collection.
        """
        warnings.warn(
            "Api.artifact_versions is deprecated; say Api.artifacts.", DeprecationWarning, stacklevel=2
        )
        return self.artifacts(type_name, name, per_page)

    def artifact_types(
        self, project: str | None = None, start: str | None = None, *, per_page: int | None = None
    ) -> AsyncArtifactTypes:
        """Return the types of artifacts of a project as a listing. Nothing is sent before it is used.

        Args:
            project: `PROJECT`, `ENTITY/PROJECT` or a URL; default the settings' project.
            start: A `cursor` of an earlier listing, to go on from there.
            per_page: Types on a page; left out, the size adapts.
        """
        from wandkit._async.artifact_type import AsyncArtifactTypes

        path = self._account.project_path(project)
        return self._account.keep(AsyncArtifactTypes(self._account, path, per_page=per_page, start=start))

    async def artifact_type(self, type_name: str, project: str | None = None) -> AsyncArtifactType:
        """Fetch one type of artifacts.

        Args:
            type_name: What the type is called, such as `model`.
            project: `PROJECT`, `ENTITY/PROJECT` or a URL; default the settings' project.

        Raises:
            NotFoundError: The project has no such type, or the API key may not see it.
        """
        from wandkit._async.artifact_type import AsyncArtifactType

        path = await self._account.complete(self._account.project_path(project))
        found = await AsyncArtifactType.fetch(self._account, path, type_name)
        return found

    def artifact_collections(
        self,
        project_name: str | None = None,
        type_name: str | None = None,
        per_page: int | None = None,
        *,
        filters: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = None,
        start: str | None = None,
    ) -> AsyncArtifactCollections:
        """Return the collections of a project as a listing. Nothing is sent before it is used.

        Args:
            project_name: `PROJECT`, `ENTITY/PROJECT` or a URL; default the settings' project.
            type_name: Only those of this type.
            per_page: Collections on a page; left out, the size adapts.
            filters: Which collections, by `name`, `description`, `created_at`, `updated_at` or `tag`.
            order: What to sort by: `+KEY` or `-KEY`.
            start: A `cursor` of an earlier listing, to go on from there.

        Raises:
            UnsupportedError: The server does not filter or sort collections; raised when it is used.
        """
        from wandkit._async.artifact_type import AsyncArtifactCollections

        listing = AsyncArtifactCollections(
            self._account,
            self._account.project_path(project_name),
            type_name,
            filters=filters,
            order=order,
            per_page=per_page,
            start=start,
        )
        return self._account.keep(listing)

    async def artifact_collection(self, type_name: str, name: str) -> AsyncArtifactCollection:
        """Fetch one collection.

        Args:
            type_name: Its type.
            name: `NAME`, `PROJECT/NAME`, `ENTITY/PROJECT/NAME` or a URL.

        Raises:
            NotFoundError: No such collection of this type, or the API key may not see it.
        """
        from wandkit._async.collection import AsyncArtifactCollection

        path = await self._artifact_path(name)
        found = await AsyncArtifactCollection.fetch(
            self._account.gql, path.entity, path.project, path.collection, type_name
        )
        return found

    def _parse(self, name: str) -> ArtifactPath | NeedsEntity[ArtifactPath]:
        from wandkit.paths_artifact import parse_artifact_path

        settings = self._account.settings
        return parse_artifact_path(
            name, entity=settings.entity, project=settings.project, app_url=settings.app_url
        )

    async def _artifact_path(self, name: str) -> ArtifactPath:
        from wandkit._async.organization import complete_artifact_path

        path = await complete_artifact_path(self._account.gql, self._parse(name))
        return path


def _check_artifact(artifact: object) -> None:
    from wandkit._async.artifact import AsyncArtifact

    if not isinstance(artifact, AsyncArtifact):
        raise ArgumentTypeError(
            f"{artifact!r} is no artifact", next_step="Fetch it with api.artifact(...), or make a draft."
        )


class AsyncProjectArtifactMethods:
    """The artifacts of a project; a part of `AsyncProject`."""

    _account: AsyncAccount
    _path: ProjectPath | NeedsEntity[ProjectPath]

    def artifacts_types(self, per_page: int | None = None) -> AsyncArtifactTypes:
        """Return the types of artifacts of the project as a listing. Nothing is sent before it is used."""
        from wandkit._async.artifact_type import AsyncArtifactTypes

        return AsyncArtifactTypes(self._account, self._path, per_page=per_page)

    def collections(
        self,
        filters: Mapping[str, Any] | Expression | None = None,
        order: str | Order | None = None,
        per_page: int | None = None,
        *,
        start: str | None = None,
    ) -> AsyncArtifactCollections:
        """Return the collections of the project, of all types. Nothing is sent before it is used.

        Args:
            filters: Which collections, by `name`, `description`, `created_at`, `updated_at` or `tag`.
            order: What to sort by: `+KEY` or `-KEY`.
            per_page: Collections on a page; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.
        """
        from wandkit._async.artifact_type import AsyncArtifactCollections

        return AsyncArtifactCollections(
            self._account, self._path, filters=filters, order=order, per_page=per_page, start=start
        )


class AsyncRunArtifactMethods(AsyncRunHandle):
    """The artifacts of a run; a part of `AsyncRun`."""

    __slots__ = ()

    async def log_artifact(
        self,
        artifact: AsyncArtifact,
        aliases: Iterable[str] | str | None = None,
        tags: Iterable[str] | str | None = None,
        *,
        progress: bool | None = None,
    ) -> AsyncArtifact:
        """Log an artifact as an output of this run, and return it as the server has it.

        A draft is uploaded and becomes a new version, or the version with the same entries where there is
        one. A version that the server has is noted as an output of this run too.

        Args:
            artifact: The draft or version.
            aliases: Aliases of the version, besides `latest`.
            tags: Tags of the version.
            progress: Whether to show a progress bar; None shows one on a terminal.

        Raises:
            ArgumentError: The version belongs to another project.
            ArgumentTypeError: It is no artifact.
            TransferError: The server refused a file; logging the draft again sends what is missing.
        """
        _check_artifact(artifact)
        named = [aliases] if isinstance(aliases, str) else aliases
        labels = [tags] if isinstance(tags, str) else tags
        logged = await artifact.log_to(
            self._gql, self.run_path, aliases=named, tags=labels, progress=progress
        )
        return logged

    async def upsert_artifact(
        self,
        artifact: AsyncArtifact,
        aliases: Iterable[str] | str | None = None,
        distributed_id: str | None = None,
        *,
        progress: bool | None = None,
    ) -> AsyncArtifact:
        """Send this run's part of a version that several runs write, and return the draft.

        Each run makes a draft of the same name and type; one of them calls `finish_artifact` in the end.

        Args:
            artifact: The draft with this run's files.
            aliases: Aliases of the version, besides `latest`.
            distributed_id: The name that the writers share; default the draft's, else the run's group.
            progress: Whether to show a progress bar; None shows one on a terminal.

        Raises:
            ArgumentError: It is no draft, or there is no name to share.
            ArgumentTypeError: It is no artifact.
            TransferError: The server refused a file; sending the draft again sends what is missing.
        """
        self._share(artifact, distributed_id)
        named = [aliases] if isinstance(aliases, str) else aliases
        return await artifact.log_to(self._gql, self.run_path, aliases=named, progress=progress, commit=False)

    async def finish_artifact(
        self,
        artifact: AsyncArtifact,
        aliases: Iterable[str] | str | None = None,
        distributed_id: str | None = None,
        *,
        progress: bool | None = None,
    ) -> AsyncArtifact:
        """Complete a version that several runs write, and return it as the server has it.

        The draft's own files go to it as well. After that no run can add to it. The arguments and errors are
        those of `upsert_artifact`.
        """
        self._share(artifact, distributed_id)
        named = [aliases] if isinstance(aliases, str) else aliases
        return await artifact.log_to(self._gql, self.run_path, aliases=named, progress=progress)

    def _share(self, artifact: AsyncArtifact, distributed_id: str | None) -> None:
        _check_artifact(artifact)
        if not artifact.is_draft():
            raise ArgumentError(
                f"{artifact.name!r} is logged already", next_step="Make a draft of the same name and type."
            )
        group: str | None = getattr(self, "group", None)
        name = distributed_id or artifact.distributed_id or group
        if not name:
            raise ArgumentError(
                f"the writers of {artifact.name!r} need a name to share",
                next_step="Pass distributed_id=, or give the runs a group.",
            )
        artifact.distributed_id = name

    async def use_artifact(self, artifact: AsyncArtifact, use_as: str | None = None) -> AsyncArtifact:
        """Note that this run used a version, and return the version.

        Args:
            artifact: A version that the server has.
            use_as: What it was used as; default its name.

        Raises:
            ArgumentError: It is a draft.
            ArgumentTypeError: It is no artifact.
        """
        from wandkit_generated.gql.operations import USE_ARTIFACT

        _check_artifact(artifact)
        if artifact.is_draft():
            raise ArgumentError(f"the draft {artifact.name!r} cannot be used yet", next_step="Log it first.")
        await self._gql.execute(
            USE_ARTIFACT,
            {
                "id": artifact.id,
                "entity": self.entity,
                "project": self.project,
                "run": self.listed_id,
                "usedAs": use_as or artifact.name,
                "artifactEntity": artifact.entity,
                "artifactProject": artifact.project,
            },
        )
        return artifact

    def logged_artifacts(self, per_page: int | None = None, *, start: str | None = None) -> AsyncRunArtifacts:
        """Return the versions that this run logged as a listing. Nothing is sent before it is used.

        Args:
            per_page: Versions on a page; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.
        """
        from wandkit._async.artifact_listing import AsyncRunArtifacts

        return AsyncRunArtifacts(self._gql, self.run_path, "logged", per_page=per_page, start=start)

    def used_artifacts(self, per_page: int | None = None, *, start: str | None = None) -> AsyncRunArtifacts:
        """Return the versions that this run used as a listing. Nothing is sent before it is used.

        Args:
            per_page: Versions on a page; left out, the size adapts.
            start: A `cursor` of an earlier listing, to go on from there.
        """
        from wandkit._async.artifact_listing import AsyncRunArtifacts

        return AsyncRunArtifacts(self._gql, self.run_path, "used", per_page=per_page, start=start)
