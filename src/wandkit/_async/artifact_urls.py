"""Where a version's files are: signed URLs, asked for in pages, only for the files that are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from wandkit_generated.gql.aio import list_artifact_urls

from wandkit._core.artifact_state import ArtifactPlace
from wandkit._core.digest import hex_of
from wandkit._core.manifest import Manifest, ManifestEntry
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import Lock
from wandkit.errors import NotFoundError

__all__ = ["AsyncArtifactUrls", "storage_path"]

URLS_OF_A_PAGE = 1000


class AsyncArtifactUrls:
    """The signed URLs of some files of a version; a page is asked for when its first file is due."""

    def __init__(self, gql: AsyncGraphQL, artifact_id: str, entries: Sequence[ManifestEntry]) -> None:
        self._gql = gql
        self._id = artifact_id
        self._names = [entry.path for entry in entries]
        self._turn = {name: at for at, name in enumerate(self._names)}
        self._pages: dict[int, dict[str, str]] = {}
        self._lock = Lock()

    async def url_of(self, name: str) -> str | None:
        """Return where the file `name` is; None where the server does not say."""
        page = self._turn[name] // URLS_OF_A_PAGE
        if page not in self._pages:
            async with self._lock:
                if page not in self._pages:
                    first = page * URLS_OF_A_PAGE
                    self._pages[page] = await self._ask(self._names[first : first + URLS_OF_A_PAGE])
        return self._pages[page].get(name)

    async def fresh_url_of(self, name: str) -> str | None:
        """Return where the file `name` is, asked anew: a signed URL expires."""
        found = await self._ask([name])
        page = self._pages.setdefault(self._turn[name] // URLS_OF_A_PAGE, {})
        page.update(found)
        return found.get(name)

    async def _ask(self, names: list[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        after: str | None = None
        while True:
            answer = await list_artifact_urls(
                self._gql, id=self._id, names=names, first=len(names), after=after
            )
            if answer.artifact is None:
                raise NotFoundError(
                    "The artifact is gone, or the API key may not see it any more.",
                    operation="ListArtifactUrls",
                    host=self._gql.settings.base_url,
                    next_step="Fetch it anew: api.artifact(...).",
                )
            files = answer.artifact.files
            if files is None:
                return found
            found.update({edge.node.name: edge.node.direct_url for edge in files.edges if edge.node})
            if not files.page_info.has_next_page or files.page_info.end_cursor in (None, after):
                return found  # what is not among them is asked of the storage endpoint
            after = files.page_info.end_cursor


def storage_path(
    place: ArtifactPlace, artifact_id: str, manifest: Manifest, entry: ManifestEntry, *, with_id: bool
) -> str:
    """Return the path of the API host that serves a file to whoever has a key."""
    digest = hex_of(entry.digest)
    if manifest.config.get("storageLayout") != "V2":
        return f"artifacts/{quote(place.entity, safe='')}/{digest}"
    region = str(manifest.config.get("storageRegion") or "default")
    pieces = [region, place.entity, place.project, place.collection]
    pieces += [artifact_id] if with_id else []
    pieces += [entry.birth_artifact_id or artifact_id, digest, entry.path.rsplit("/", 1)[-1]]
    return "/".join(["artifactsV2", *(quote(piece, safe="") for piece in pieces)])
