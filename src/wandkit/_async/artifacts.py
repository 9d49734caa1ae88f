"""Artifacts of a run, a collection and an account: the methods that find them.

Schema: schema/artifact.graphql. Operations: queries/artifact.graphql. Docs: docs/api/artifact.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from wandkit._async.account import AsyncAccount
from wandkit._async.artifact import AsyncArtifact
from wandkit._async.run_handle import AsyncRunHandle
from wandkit.errors import ArgumentError
from wandkit.paths_artifact import ArtifactPath, parse_artifact_path

__all__ = ["AsyncArtifactMethods", "AsyncRunArtifactMethods"]


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
        path = await self._artifact_path(name)
        found = await AsyncArtifact.fetch(self._account.gql, path)
        if type is not None and found.type != type:
            raise ArgumentError(f"the artifact {str(path)!r} is of type {found.type!r}, not {type!r}")
        return found

    async def _artifact_path(self, name: str) -> ArtifactPath:
        settings = self._account.settings
        found = parse_artifact_path(
            name, entity=settings.entity, project=settings.project, app_url=settings.app_url
        )
        path = await self._account.complete(found)
        return path


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
            TransferError: The server refused a file; logging the draft again sends what is missing.
        """
        named = [aliases] if isinstance(aliases, str) else aliases
        labels = [tags] if isinstance(tags, str) else tags
        logged = await artifact.log_to(
            self._gql, self.run_path, aliases=named, tags=labels, progress=progress
        )
        return logged
