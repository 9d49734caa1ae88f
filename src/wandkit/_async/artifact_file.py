"""The files of a version as the server lists them.

Operations: queries/artifact.graphql. Docs: docs/api/artifact.md.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING

from wandkit_generated.gql.operations import LIST_ARTIFACT_FILES

from wandkit._async.listing import AsyncListing
from wandkit._async.transfer import download_file
from wandkit._core.operation import UNSET
from wandkit._core.pagination import Page, PageRequest
from wandkit._core.transfer import file_target, path_uri
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import run_in_thread
from wandkit.errors import ArgumentError, NotFoundError

if TYPE_CHECKING:
    from wandkit_generated.gql.models import ArtifactFileFields

    from wandkit._async.api import AsyncApi

__all__ = ["AsyncArtifactFile", "AsyncArtifactFiles"]


class AsyncArtifactFile:
    """One file of an artifact, as the server lists it. Get it from `AsyncArtifact.files`."""

    __slots__ = ("_fields", "_gql")

    def __init__(self, gql: AsyncGraphQL, fields: ArtifactFileFields) -> None:
        self._gql = gql
        self._fields = fields

    @property
    def id(self) -> str:
        """The server's opaque id of the file."""
        return self._fields.id

    @property
    def name(self) -> str:
        """The name of the file within the artifact, with forward slashes."""
        return self._fields.name or self._fields.display_name

    @property
    def url(self) -> str:
        """Where the server serves it; may ask for credentials, may expire."""
        return self._fields.url or self._fields.direct_url

    @property
    def direct_url(self) -> str:
        """Where its storage serves it; signed, so that it needs no credentials until it expires."""
        return self._fields.direct_url

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self._fields.size_bytes or 0

    @property
    def mimetype(self) -> str | None:
        """What kind of file the server takes it for."""
        return self._fields.mimetype

    @property
    def md5(self) -> str | None:
        """The md5 digest of its bytes in base64; None where the server has none."""
        return self._fields.md5

    @property
    def digest(self) -> str | None:
        """What the manifest names as its digest."""
        return self._fields.digest

    @property
    def updated_at(self) -> datetime | None:
        """When it was last written."""
        return self._fields.updated_at

    @property
    def path_uri(self) -> str:
        """Where it is stored: `s3://bucket/key`, its URL where the server keeps it, "" where unknown."""
        return path_uri(self.direct_url, self.url)

    async def download(
        self,
        root: str | os.PathLike[str] = ".",
        replace: bool = False,
        exist_ok: bool = False,
        api: AsyncApi | None = None,
    ) -> IO[str]:
        """Download the file to its name below `root` and return it, opened as text.

        Args:
            root: The folder; it is created if need be.
            replace: Whether to replace a file that is there.
            exist_ok: Whether to return a file that is there as it is.
            api: Whose connections to use; the URL needs no key.

        Raises:
            ArgumentError: There is a file, or the name would leave `root`.
            TransferError: The file did not arrive whole.
        """
        path = file_target(root, self.name)
        gql = api._account.gql if api else self._gql  # pyright: ignore[reportPrivateUsage]
        if not replace and await run_in_thread(path.exists):
            if not exist_ok:
                raise ArgumentError(
                    f"{str(path)!r} exists",
                    next_step="Pass replace=True to replace it, or exist_ok=True to keep it.",
                )
        else:
            await download_file(gql.http, self.direct_url, path, name=self.name, md5=self.md5)
        return await run_in_thread(path.open, encoding="utf-8")

    def __repr__(self) -> str:
        return f"<File {self.name} ({self.mimetype}) {self.size} bytes>"


class AsyncArtifactFiles(AsyncListing[AsyncArtifactFile]):
    """The files of a version, or some of them. Get it from `AsyncArtifact.files`."""

    def __init__(
        self,
        gql: AsyncGraphQL,
        artifact_id: str,
        label: str,
        names: Sequence[str] | None = None,
        *,
        per_page: int | None = None,
        start: str | None = None,
    ) -> None:
        if isinstance(names, str):
            raise ArgumentError(
                f"names must be a list of file names, not {names!r}", next_step=f"Try [{names!r}]."
            )
        self._gql = gql
        self._id = artifact_id
        self._label = label
        self._names = list(names) if names else None
        super().__init__(per_page=per_page, start=start)

    @property
    def path(self) -> list[str]:
        """The entity, the project and the name of the version."""
        return self._label.split("/")

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncArtifactFile]:
        variables = {
            "id": self._id,
            "names": UNSET if self._names is None else self._names,
            "first": request.size,
            "after": UNSET if request.cursor is None else request.cursor,
        }
        answer, problems = await self._gql.execute_with_problems(LIST_ARTIFACT_FILES, variables)
        found = answer.artifact
        if found is None or found.files is None:
            raise NotFoundError(
                f"The version {self._label!r} is gone, or the API key may not see it any more.",
                operation="ListArtifactFiles",
                host=self._gql.settings.base_url,
                next_step="Fetch it anew: api.artifact(...).",
            )
        listed = [(edge.node, edge.cursor) for edge in found.files.edges if edge.node is not None]
        total = found.files.total_count
        if total is None and self._names is None:
            total = found.file_count
        return Page(
            items=[AsyncArtifactFile(self._gql, node) for node, _ in listed],
            keys=[node.id for node, _ in listed],
            cursors=[cursor for _, cursor in listed],
            end_cursor=found.files.page_info.end_cursor,
            has_next=found.files.page_info.has_next_page,
            total=total,
            problems=problems,
        )

    def __repr__(self) -> str:
        return f"<ArtifactFiles {self._label}>"
