"""The part of an artifact about the collections that it is in: its own, and those that it is linked to.

Operations: queries/artifact.graphql. Docs: docs/api/artifact.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from typing_extensions import Self
from wandkit_generated.gql.aio import list_artifact_links
from wandkit_generated.gql.operations import LINK_ARTIFACT

from wandkit._async.artifact_change import AsyncArtifactChange
from wandkit._async.collection import AsyncArtifactCollection
from wandkit._async.organization import complete_artifact_path, organization_names
from wandkit._core.artifact_name import check_aliases
from wandkit._core.artifact_state import ArtifactPlace
from wandkit._core.awaitable import awaitable_property
from wandkit.errors import ArgumentError
from wandkit.paths_artifact import REGISTRY_PREFIX, ArtifactPath, is_registry, parse_artifact_path

if TYPE_CHECKING:
    from wandkit_generated.gql.models import MembershipFields

__all__ = ["AsyncArtifactLink"]

MODEL_REGISTRY = "model-registry"


class AsyncArtifactLink(AsyncArtifactChange):
    """The collections of an artifact; a part of `AsyncArtifact`."""

    @awaitable_property
    async def collection(self) -> AsyncArtifactCollection:
        """The collection that it was found in, fetched each time."""
        place, gql = self._found("collection"), self._client("collection")
        found = await AsyncArtifactCollection.fetch(gql, place.entity, place.project, place.collection)
        return found

    @awaitable_property
    async def source_collection(self) -> AsyncArtifactCollection:
        """The collection that it was logged to, fetched each time."""
        gql = self._client("source_collection")
        source = ArtifactPlace.of_source(self._known("source_collection"))
        found = await AsyncArtifactCollection.fetch(gql, source.entity, source.project, source.collection)
        return found

    @awaitable_property
    async def source_artifact(self) -> Self:
        """The version as it was logged: itself where it is no link."""
        gql, fields = self._client("source_artifact"), self._known("source_artifact")
        return type(self).from_fields(gql, fields) if self.is_link else self

    @awaitable_property
    async def linked_artifacts(self) -> list[Self]:
        """Its links in other collections, fetched each time; none of what is a link itself."""
        gql, fields = self._client("linked_artifacts"), self._known("linked_artifacts")
        if self.is_link:
            return []
        answer = await list_artifact_links(gql, id=fields.id, with_organization=False)
        edges = answer.artifact.artifact_memberships.edges if answer.artifact else []
        members = [self._of_member(edge.node) for edge in edges if edge.node]
        found = [artifact for artifact in members if artifact.is_link]
        if any(is_registry(artifact._found("links").project) for artifact in found):
            names = await organization_names(gql)
            for artifact in found:
                place = artifact._found("links")
                artifact._place = replace(place, organization=names.get(place.entity))
        return found

    @property
    def url(self) -> str:
        """Its page in the web app."""
        place, gql = self._found("url"), self._client("url")
        app = gql.settings.app_url.rstrip("/")
        entity, project, name = (
            quote(piece, safe="") for piece in (place.entity, place.project, place.collection)
        )
        shelf = ""
        if is_registry(place.project):
            owner = quote(place.organization or place.entity, safe="")
            shelf = f"orgs/{owner}/registry/{quote(place.project.removeprefix(REGISTRY_PREFIX), safe='')}"
        elif self.is_link and (self._type == "model" or place.project == MODEL_REGISTRY):
            shelf = f"{entity}/registry/model"
        if shelf:
            chosen = quote(f"{place.entity}/{place.project}/{place.collection}", safe="")
            return f"{app}/{shelf}?selectionPath={chosen}&view=membership&version={place.version}"
        kind = quote(self._type, safe="")
        return f"{app}/{entity}/{project}/artifacts/{kind}/{name}/{place.version}"

    async def link(self, target_path: str, aliases: Iterable[str] | str | None = None) -> Self:
        """Put the version into another collection as well, and return it as it is called there.

        A draft is saved first. The link of a link leads to its source.

        Args:
            target_path: `NAME`, `PROJECT/NAME`, `ENTITY/PROJECT/NAME`, or a registry's
                `[ORG/]wandb-registry-X/NAME`; the collection is made if need be.
            aliases: Aliases of the version there.

        Raises:
            ArgumentError: The path or an alias cannot be used.
            PermissionDeniedError: The API key may not link there.
        """
        wanted = check_aliases(aliases or ())
        if self.is_draft():
            await self.save()
        gql, fields = self._client("link"), self._known("link")
        settings, source = gql.settings, ArtifactPlace.of_source(fields)
        parsed = parse_artifact_path(
            target_path,
            entity=settings.entity or source.entity,
            project=settings.project or source.project,
            app_url=settings.app_url,
        )
        path = await complete_artifact_path(gql, parsed)
        if path.alias:
            raise ArgumentError(
                f"{target_path!r} names a version; a link goes to a collection",
                next_step="Leave out what follows the colon, and pass aliases=.",
            )
        answer = await gql.execute(
            LINK_ARTIFACT,
            {
                "id": fields.id,
                "entity": path.entity,
                "project": path.project,
                "collection": path.collection,
                "aliases": [{"artifactCollectionName": path.collection, "alias": alias} for alias in wanted],
                "withOrganization": is_registry(path.project),
            },
        )
        linked = answer.link_artifact
        member = linked.artifact_membership if linked else None
        if member is not None and member.artifact is not None:
            return self._of_member(member)
        version = linked.version_index if linked else None
        alias = "latest" if version is None else f"v{version}"
        there = ArtifactPath(path.entity, path.project, path.collection, alias)
        found = await self._fetch_at(there)
        return found

    async def _fetch_at(self, path: ArtifactPath) -> Self:
        raise NotImplementedError

    def _of_member(self, member: MembershipFields) -> Self:
        """Return the version as one of its memberships calls it."""
        fields = member.artifact or self._known("links")
        place = ArtifactPlace.of_membership(member, "", "")
        return type(self).from_fields(self._client("links"), fields, place)
