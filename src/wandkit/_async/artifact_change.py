"""The part of an artifact that changes the server: logging a draft, saving edits, links, deletion.

Operations: queries/artifact.graphql. Docs: docs/api/artifact.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typing_extensions import Self
from wandkit_generated.gql.aio import get_artifact

from wandkit._async.artifact_download import AsyncArtifactDownload
from wandkit._async.artifact_draft import AsyncArtifactDraft
from wandkit._async.artifact_upload import AsyncArtifactUpload, UploadFacts
from wandkit._core.artifact_name import VERSION, check_aliases, check_tags, metadata_text
from wandkit._core.artifact_state import ArtifactPlace
from wandkit._core.digest import MD5
from wandkit._core.manifest import Manifest
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import AnswerError, ArgumentError
from wandkit.paths import RunPath

__all__ = ["AsyncArtifactChange"]


class AsyncArtifactChange(AsyncArtifactDraft, AsyncArtifactDownload):
    """The part of an artifact that changes the server."""

    async def log_to(
        self,
        gql: AsyncGraphQL,
        run: RunPath,
        *,
        aliases: Iterable[str] | None = None,
        tags: Iterable[str] | None = None,
        progress: bool | None = None,
    ) -> Self:
        """Log the artifact as an output of the run; the same as `AsyncRun.log_artifact`.

        A draft is uploaded: the server is asked which files it has, the others are sent, and the version is
        committed last. A draft whose upload broke off can be logged again; only what is missing is sent.
        """
        if not self.is_draft():
            return await self._log_again(gql, run, aliases, tags)
        manifest: Manifest = await self.manifest
        self.finalize()
        wanted = check_aliases(["latest", *(aliases or ()), *self._edits.aliases])
        wanted = [alias for alias in wanted if not VERSION.fullmatch(alias)]
        labels = check_tags([*(tags or ()), *self._edits.tags])
        origin, edits = self._origin, self._edits
        variables: dict[str, Any] = {
            "type": self._type,
            "collections": [self._name],
            "description": edits.description,
            "metadata": metadata_text(edits.metadata) if edits.metadata else None,
            "aliases": [{"artifactCollectionName": self._name, "alias": alias} for alias in wanted],
            "tags": [{"tagName": tag} for tag in labels] or None,
            "clientId": origin.client_id,
            "sequenceClientId": origin.sequence_client_id,
            "distributedId": origin.distributed_id,
            "ttl": edits.ttl,
            "storageRegion": origin.storage_region,
        }
        facts = UploadFacts(run, **{name: value for name, value in variables.items() if value is not None})
        upload = AsyncArtifactUpload(gql, facts, manifest, progress=progress, label=self._name)
        artifact_id = await upload.send()
        await self._become(gql, artifact_id)
        return self

    async def wait(self, timeout: float | None = None) -> Self:
        """Return the artifact: logging is over when `log_artifact` and `save` return.

        Raises:
            ArtifactNotLoggedError: It was not logged.
        """
        self._known("version")
        return self

    async def _become(self, gql: AsyncGraphQL, artifact_id: str) -> None:
        """Be the version that the server has."""
        answer = await get_artifact(gql, id=artifact_id)
        if answer.artifact is None:
            raise AnswerError(
                f"The server does not find the version of {self._name} that it has just taken.",
                operation="GetArtifact",
                host=gql.settings.base_url,
            )
        self._take(gql, answer.artifact, None)

    async def _log_again(
        self, gql: AsyncGraphQL, run: RunPath, aliases: Iterable[str] | None, tags: Iterable[str] | None
    ) -> Self:
        """Log a version that the server has as the output of another run of its project."""
        from wandkit_generated.gql.operations import CREATE_ARTIFACT

        fields = self._known("version")
        source = ArtifactPlace.of_source(fields)
        if (source.entity, source.project) != (run.entity, run.project):
            raise ArgumentError(
                f"the run {str(run)!r} cannot log an artifact of {source.entity}/{source.project}",
                next_step="A run logs to its own project; link the artifact instead.",
            )
        wanted = check_aliases([*(aliases or ())])
        labels = check_tags([*(tags or ())])
        variables: dict[str, Any] = {
            "entity": run.entity,
            "project": run.project,
            "run": run.run,
            "type": self._type,
            "collections": [source.collection],
            "digest": fields.digest,
            "digestAlgorithm": fields.digest_algorithm.value if fields.digest_algorithm else MD5,
            "aliases": [{"artifactCollectionName": source.collection, "alias": alias} for alias in wanted],
            "deduplicate": True,
        }
        if labels:
            variables["tags"] = [{"tagName": tag} for tag in labels]
        answer = await gql.execute(CREATE_ARTIFACT, variables)
        made = answer.create_artifact.artifact if answer.create_artifact else None
        if made is None:
            raise AnswerError(
                "The server did not say whether it took the artifact.", operation="CreateArtifact"
            )
        await self._become(gql, made.id)
        return self
