"""The part of an artifact that changes the server: logging a draft, saving edits, links, deletion.

Operations: queries/artifact.graphql. Docs: docs/api/artifact.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from typing_extensions import Self
from wandkit_generated.gql.aio import delete_artifact, get_artifact, unlink_artifact
from wandkit_generated.gql.operations import (
    ADD_ALIASES,
    CREATE_ARTIFACT,
    DELETE_ALIASES,
    UPDATE_ARTIFACT,
)

from wandkit._async.artifact_media import AsyncArtifactMedia
from wandkit._async.artifact_upload import AsyncArtifactUpload, UploadFacts
from wandkit._core.artifact_name import (
    VERSION,
    check_aliases,
    check_metadata,
    check_tags,
    metadata_text,
)
from wandkit._core.artifact_state import ArtifactEdits, ArtifactOrigin, ArtifactPlace, plain
from wandkit._core.digest import MD5, XXH128
from wandkit._core.jsontext import same
from wandkit._core.manifest import Manifest
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit.errors import AnswerError, ArgumentError, ConflictError, InvalidRequestError, UnsupportedError
from wandkit.paths import RunPath

if TYPE_CHECKING:
    from wandkit._async.api import AsyncApi

__all__ = ["AsyncArtifactChange"]


class AsyncArtifactChange(AsyncArtifactMedia):
    """The part of an artifact that changes the server."""

    async def log_to(
        self,
        gql: AsyncGraphQL,
        run: RunPath,
        *,
        aliases: Iterable[str] | None = None,
        tags: Iterable[str] | None = None,
        progress: bool | None = None,
        commit: bool = True,
    ) -> Self:
        """Log the artifact as an output of the run; the same as `AsyncRun.log_artifact`.

        A draft is uploaded: the server is asked which files it has, the others are sent, and the version is
        committed last. A draft whose upload broke off can be logged again; only what is missing is sent.
        Without `commit` the draft stays one: other writers of its `distributed_id` finish the version.
        """
        if not self.is_draft():
            return await self._log_again(gql, run, aliases, tags)
        manifest: Manifest = await self.manifest
        wanted = check_aliases(["latest", *(aliases or ()), *self._edits.aliases])
        if numbers := [alias for alias in wanted if VERSION.fullmatch(alias)]:
            raise ArgumentError(
                f"{numbers[0]!r} is the number of a version, and the server gives those",
                next_step="Choose another alias.",
            )
        labels = check_tags([*(tags or ()), *self._edits.tags])
        if labels:
            await self._require_tags(gql)
        if manifest.digest_algorithm == XXH128:
            await self._require_fast_digests(gql)
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
        known = {name: value for name, value in variables.items() if value is not None}
        self.finalize()
        facts = UploadFacts(run, origin.manifest_kind, origin.base_id, **known)
        upload = AsyncArtifactUpload(gql, facts, manifest, progress=progress, label=self._name)
        artifact_id = await upload.send(commit=commit)
        if commit:
            await self._become(gql, artifact_id)
            if origin.manifest_kind != "FULL":
                self._manifest = None  # the version has more entries than this draft
                await self._add_what_lacks(wanted, labels)
        return self

    async def _add_what_lacks(self, aliases: list[str], tags: list[str]) -> None:
        """Give the version the aliases and tags that the server took from its first writer only."""
        held = self._edits
        held.aliases += [alias for alias in aliases if alias not in held.aliases]
        held.tags += [tag for tag in tags if tag not in held.tags]
        if held != self._saved:
            await self._send_edits()

    async def save(
        self,
        project: str | None = None,
        settings: object = None,
        *,
        api: AsyncApi | None = None,
        progress: bool | None = None,
    ) -> None:
        """Log a draft by a run of its own, or send the edits of a version.

        Of a version, only what was edited is sent: description, metadata, time to live, and which tags and
        aliases came and went.

        Args:
            project: For a draft, `PROJECT` or `ENTITY/PROJECT`; default the settings' project, or that of the
                version which it was drawn from.
            settings: Taken for compatibility.
            api: The client that logs a draft; default one by the settings of this machine.
            progress: Whether to show a progress bar; None shows one on a terminal.

        Raises:
            ArgumentError: An alias or tag cannot be used.
            TransferError: The server refused a file; saving the draft again sends what is missing.
        """
        if not self.is_draft():
            await self._send_edits()
            return
        from wandkit._async.api import AsyncApi, rebuild

        door = api or (rebuild(self._gql) if self._gql else AsyncApi())
        place = project or self._origin.project
        owner, _, name = (place or "").rpartition("/")
        run = await door.create_run(
            project=name or None, entity=owner or None, job_type="auto", name=f"log {self._name}"
        )
        try:
            await run.log_artifact(self._self(), progress=progress)
        except BaseException:
            await run.update_state("failed")
            raise
        await run.update_state("finished")

    async def delete(self, delete_aliases: bool = False) -> None:
        """Delete the version and its files; what was found as a link is only taken out of its collection.

        Args:
            delete_aliases: Whether to delete its aliases with it; a version that has aliases stays otherwise.

        Raises:
            ConflictError: It has aliases; of other servers, InvalidRequestError.
            ArtifactNotLoggedError: It is a draft.
        """
        if self.is_link:
            await self.unlink()
            return
        gql, fields = self._client("version"), self._known("version")
        try:
            await delete_artifact(gql, id=fields.id, delete_aliases=delete_aliases)
        except (ConflictError, InvalidRequestError) as error:
            if not delete_aliases and plain(one.alias for one in fields.aliases):
                error.next_step = "Pass delete_aliases=True to delete its aliases with it."
            raise

    async def new_draft(self) -> Self:
        """Return a draft with the same entries, type, description and metadata, to make the next version of.

        Its files need no upload again. Aliases, tags and time to live are not taken over.

        Raises:
            ArtifactNotLoggedError: It is a draft itself.
        """
        fields = self._known("version")
        source = ArtifactPlace.of_source(fields)
        manifest: Manifest = await self.manifest
        draft = type(self).__new__(type(self))
        draft._name, draft._type = source.collection, self._type
        draft._gql, draft._fields, draft._place = self._gql, None, None
        draft._asked, draft._final = "", False
        draft._edits = ArtifactEdits(self._edits.description, check_metadata(self._edits.metadata))
        draft._saved = ArtifactEdits()
        draft._origin = ArtifactOrigin(base_id=fields.id, project=f"{source.entity}/{source.project}")
        draft._manifest = manifest.copy()
        return draft

    async def _send_edits(self) -> None:
        gql, fields, place = self._client("save"), self._known("save"), self._found("save")
        now, held = self._edits, self._saved
        now.aliases, now.tags = check_aliases(now.aliases), check_tags(now.tags)
        wanted: dict[str, Any] = {}
        if now.description != held.description:
            wanted["description"] = now.description or ""
        if not same(metadata := check_metadata(now.metadata), held.metadata):
            wanted["metadata"] = metadata_text(metadata)
        if now.ttl is not None:
            wanted["ttl"] = now.ttl
        for name, some, others in (
            ("tagsToAdd", now.tags, held.tags),
            ("tagsToDelete", held.tags, now.tags),
        ):
            if tags := _lacking(some, others):
                await self._require_tags(gql)
                wanted[name] = [{"tagName": tag} for tag in tags]
        # Nothing was sent so far, so that what is refused above has changed nothing.
        for operation, some, others in (
            (ADD_ALIASES, now.aliases, held.aliases),
            (DELETE_ALIASES, held.aliases, now.aliases),
        ):
            if aliases := _lacking(some, others):
                places = [_alias_in(place, alias) for alias in aliases]
                await gql.execute(operation, {"id": fields.id, "aliases": places})
        updated = fields
        if wanted:
            answer = await gql.execute(UPDATE_ARTIFACT, {"id": fields.id, **wanted})
            updated = answer.update_artifact.artifact if answer.update_artifact else fields
        self._take(gql, updated, replace(place, aliases=tuple(now.aliases)))

    async def _require_tags(self, gql: AsyncGraphQL) -> None:
        if not await gql.supports("ARTIFACT_TAGS"):
            raise UnsupportedError(
                f"this server has no tags of artifacts, and {self._name!r} is to get some",
                operation="UpdateArtifact",
                host=gql.settings.base_url,
                next_step="Use aliases, or note it in the metadata.",
            )

    async def _require_fast_digests(self, gql: AsyncGraphQL) -> None:
        if not await gql.supports("ARTIFACT_DIGEST_ALGORITHM"):
            raise UnsupportedError(
                f"this server knows no XXH128 digests, which {self._name!r} has",
                operation="CreateArtifact",
                host=gql.settings.base_url,
                next_step="Make the draft without digest_algorithm=, which takes MD5.",
            )

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
                next_step="Fetch it by its name: api.artifact(...).",
            )
        self._take(gql, answer.artifact, None)

    async def _log_again(
        self, gql: AsyncGraphQL, run: RunPath, aliases: Iterable[str] | None, tags: Iterable[str] | None
    ) -> Self:
        """Log a version that the server has as the output of another run of its project."""
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
                f"The server did not say whether it took {self._name!r}.",
                operation="CreateArtifact",
                host=gql.settings.base_url,
                next_step="Look whether the run has it: run.logged_artifacts().",
            )
        await self._become(gql, made.id)
        return self

    @property
    def is_link(self) -> bool:
        """Whether it was found in another collection than the one it was logged to."""
        place, source = self._found("collection"), ArtifactPlace.of_source(self._known("collection"))
        return (place.entity, place.project, place.collection) != (
            source.entity,
            source.project,
            source.collection,
        )

    async def unlink(self) -> None:
        """Take the version out of the collection that it was found in, where it is a link.

        Raises:
            ArgumentError: It is no link.
        """
        place = self._found("link")
        if not self.is_link or place.collection_id is None:
            raise ArgumentError(f"{self._name} is no link here", next_step="Use delete() to delete it.")
        gql, fields = self._client("link"), self._known("link")
        await unlink_artifact(gql, id=fields.id, collection_id=place.collection_id)


def _lacking(some: list[str], others: list[str]) -> list[str]:
    """Return which of `some` are not among `others`."""
    return [one for one in some if one not in others]


def _alias_in(place: ArtifactPlace, alias: str) -> dict[str, str]:
    return {
        "entityName": place.entity,
        "projectName": place.project,
        "artifactCollectionName": place.collection,
        "alias": alias,
    }
