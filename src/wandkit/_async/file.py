"""Files of a run: listed, downloaded, uploaded, deleted.

Schema: schema/file.graphql. Operations: queries/file.graphql. Transfers: _async/transfer.py. Docs:
    docs/api/file.md.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from wandkit_generated.gql.aio import create_run_files, delete_files, mark_run_files_uploaded
from wandkit_generated.gql.operations import LIST_RUN_FILES

from wandkit._async.file_download import FileDownloads, download_all
from wandkit._async.listing import AsyncListing
from wandkit._async.run_handle import AsyncRunHandle
from wandkit._async.run_near import missing_run
from wandkit._async.transfer import download_file, upload_file
from wandkit._core.history import restore_numbers
from wandkit._core.jsonvalue import read_json
from wandkit._core.near import did_you_mean, near_matches
from wandkit._core.operation import UNSET
from wandkit._core.pagination import LARGEST_PAGE, Page, PageRequest
from wandkit._core.transfer import file_md5, file_target, path_uri, same_digest, upload_headers, upload_name
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import run_in_thread
from wandkit.errors import (
    AnswerError,
    ArgumentError,
    ChecksumError,
    NotFoundError,
    PermissionDeniedError,
    TransferError,
    WandkitError,
)
from wandkit.paths import RunPath

if TYPE_CHECKING:
    from wandkit_generated.gql.models import FileFields

    from wandkit._async.api import AsyncApi

__all__ = ["AsyncFile", "AsyncFiles", "AsyncRunFiles", "read_metadata"]

METADATA = "wandb-metadata.json"


class AsyncFile:
    """One file of a run. Get it from `AsyncRun.file` or `AsyncRun.files`."""

    __slots__ = ("_fields", "_gql", "_project_id", "_run")

    def __init__(
        self, gql: AsyncGraphQL, run: RunPath, fields: FileFields, project_id: str | None = None
    ) -> None:
        self._gql = gql
        self._run = run
        self._fields = fields
        self._project_id = project_id

    @property
    def id(self) -> str:
        """The server's opaque id of the file."""
        return self._fields.id

    @property
    def name(self) -> str:
        """The path of the file within the run, with forward slashes."""
        return self._fields.name

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
        """How many bytes it has, as the server counts them."""
        return self._fields.size_bytes or 0

    @property
    def mimetype(self) -> str | None:
        """What kind of file the server takes it for."""
        return self._fields.mimetype

    @property
    def updated_at(self) -> datetime | None:
        """When it was last written."""
        return self._fields.updated_at

    @property
    def md5(self) -> str | None:
        """The md5 digest of its bytes in base64; None where the server has none."""
        return self._fields.md5

    @property
    def is_there(self) -> bool:
        """Whether the server has the file: it may list a name that was asked for without having it."""
        return bool(self.size or self.md5 or self.updated_at)

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
            api: Whose key to download with; default that of the object that listed the file.

        Raises:
            ArgumentError: There is a file, or the name would leave `root`.
            TransferError: The file did not arrive whole.
            ChecksumError: Its bytes are not those that the server has.
        """
        path = file_target(root, self.name)
        if not replace and await run_in_thread(path.exists):
            if not exist_ok:
                raise ArgumentError(
                    f"{str(path)!r} exists",
                    next_step="Pass replace=True to replace it, or exist_ok=True to keep it.",
                )
        else:
            source = self if api is None else self._seen_by(api)
            await source.download_to(path)
        return await run_in_thread(path.open, encoding="utf-8")

    async def download_to(self, path: str | os.PathLike[str]) -> int:
        """Download the file to `path`, in place of what is there, and return its size in bytes.

        Raises:
            TransferError: The file did not arrive whole.
            ChecksumError: Its bytes are not those that the server has.
        """
        http = self._gql.http
        try:
            return await download_file(http, self.url, Path(path), name=self.name, md5=self.md5)
        except ChecksumError:
            raise
        except (TransferError, PermissionDeniedError):
            await self._refresh()
        return await download_file(http, self.url, Path(path), name=self.name, md5=self.md5)

    async def matches(self, path: str | os.PathLike[str]) -> bool:
        """Whether the file at `path` has the same bytes, by its md5; False where the server has none."""
        if self.md5 is None or not await run_in_thread(Path(path).is_file):
            return False
        digest = await run_in_thread(file_md5, path)
        return same_digest(self.md5, digest)

    async def delete(self) -> None:
        """Delete the file on the server.

        Raises:
            PermissionDeniedError: The API key may not do this.
        """
        project_id = self._project_id
        await delete_files(
            self._gql,
            files=[self.id],
            project_id=int(project_id) if project_id is not None and project_id.isdigit() else UNSET,
        )

    def _seen_by(self, api: AsyncApi) -> AsyncFile:
        """Return the same file, asked for with another key."""
        gql = api._account.gql  # pyright: ignore[reportPrivateUsage]
        return AsyncFile(gql, self._run, self._fields, self._project_id)

    async def _refresh(self) -> None:
        """Ask for URLs that have not expired."""
        fresh = await AsyncFiles(self._gql, self._run, [self.name]).load_all()
        if fresh:
            self._fields = fresh[0]._fields

    def __repr__(self) -> str:
        return f"<File {self.name} ({self.mimetype}) {self.size} bytes>"


class AsyncFiles(AsyncListing[AsyncFile]):
    """The files of a run, or some of them. Get it from `AsyncRun.files`."""

    def __init__(
        self,
        gql: AsyncGraphQL,
        run: RunPath,
        names: Sequence[str] | None = None,
        pattern: str | None = None,
        per_page: int | None = None,
    ) -> None:
        self._gql = gql
        self._run = run
        self._names = None if names is None else list(names)
        self._pattern = pattern
        super().__init__(per_page=per_page)

    async def download(
        self,
        root: str | os.PathLike[str] = ".",
        *,
        jobs: int = 8,
        replace: bool = True,
        progress: bool | None = None,
    ) -> FileDownloads:
        """Download all files of the listing to their names below `root`, several at a time.

        A file that is there with the same md5 is not downloaded again. One file's failure does not stop the
        others.

        Args:
            root: The folder; it is created if need be.
            jobs: How many at a time.
            replace: Whether to replace other files that are there.
            progress: Whether to show a progress bar; None shows one on a terminal.

        Returns:
            The paths that are there now, and a receipt with the failures.
        """
        done = await download_all(self, root, jobs=jobs, replace=replace, progress=progress)
        return done

    async def _fetch_page(self, request: PageRequest) -> Page[AsyncFile]:
        run = self._run
        variables = {
            "entity": run.entity,
            "project": run.project,
            "name": run.run,
            "names": UNSET if self._names is None else self._names,
            "pattern": UNSET if self._pattern is None else self._pattern,
            "first": request.size,
            "after": UNSET if request.cursor is None else request.cursor,
        }
        answer, problems = await self._gql.execute_with_problems(LIST_RUN_FILES, variables)
        found = None if answer.project is None else answer.project.run
        if found is None:
            raise await missing_run(self._gql, run, "ListRunFiles")
        if found.files is None:
            raise AnswerError(
                f"The server lists no files of the run {str(run)!r}.",
                operation="ListRunFiles",
                host=self._gql.settings.base_url,
                next_step="This is a fault of the server.",
            )
        listed = [(edge.node, edge.cursor) for edge in found.files.edges if edge.node is not None]
        total = found.files.total_count
        if total is None and self._names is None and self._pattern is None:
            total = found.file_count
        return Page(
            items=[AsyncFile(self._gql, run, node, found.project_id) for node, _ in listed],
            keys=[node.id for node, _ in listed],
            cursors=[cursor for _, cursor in listed],
            end_cursor=found.files.page_info.end_cursor,
            has_next=found.files.page_info.has_next_page,
            total=total,
            problems=problems,
        )

    def __repr__(self) -> str:
        return f"<Files {self._run}>"


class AsyncRunFiles(AsyncRunHandle):
    """The files of a run; a part of `AsyncRun`."""

    __slots__ = ()

    def files(
        self,
        names: Sequence[str] | None = None,
        per_page: int | None = None,
        *,
        pattern: str | None = None,
    ) -> AsyncFiles:
        """List the run's files; nothing is sent before the first is asked for.

        Args:
            names: Only these.
            per_page: Files of one request; None adapts.
            pattern: Only those whose name matches, in SQL's LIKE syntax (`%.json`, `media/%`).

        Raises:
            ArgumentError: Names and a pattern together, or a pattern in the place of `per_page`.
        """
        if isinstance(per_page, str):
            raise ArgumentError(
                f"per_page is a number of files, not {per_page!r}", next_step=f"Say pattern={per_page!r}."
            )
        if names is not None and isinstance(names, str):
            raise ArgumentError(
                f"names must be a list of file names, not {names!r}", next_step=f"Try [{names!r}]."
            )
        if names and pattern is not None:
            raise ArgumentError("names and pattern exclude each other", next_step="Give one of them.")
        return AsyncFiles(self._gql, self.run_path, names or None, pattern, per_page)

    async def file(self, name: str) -> AsyncFile:
        """Fetch the file called `name`.

        Raises:
            NotFoundError: The run has no such file; the message has names like it.
        """
        found = await self.files([name]).load_all()
        if found and found[0].is_there:
            return found[0]
        raise await self._missing_file(name)

    async def _missing_file(self, name: str) -> NotFoundError:
        """Return the error for a file that is not there, with near names: one request more."""
        gql = self._gql.hurried()
        try:
            others = await AsyncFiles(gql, self.run_path, None, None, LARGEST_PAGE)[:LARGEST_PAGE]
        except WandkitError:
            others = []
        return NotFoundError(
            f"No file {name!r} in the run {str(self.run_path)!r}.",
            operation="ListRunFiles",
            host=gql.settings.base_url,
            next_step=did_you_mean(near_matches(name, [file.name for file in others]))
            or "`run.files()` lists those that are there.",
        )

    async def upload_file(
        self, path: str | os.PathLike[str], root: str | os.PathLike[str] = "."
    ) -> AsyncFile:
        """Upload the file at `path`, named by its place below `root`, and return it as the server has it.

        Args:
            path: The file.
            root: The folder that the name is relative to.

        Raises:
            ArgumentError: There is no such file, or it is not below `root`.
            TransferError: The server refused it.
        """
        name = upload_name(path, root)
        source = Path(path)
        if not await run_in_thread(source.is_file):
            raise ArgumentError(f"there is no file {os.fspath(path)!r}")
        answer = await create_run_files(
            self._gql, entity=self.entity, project=self.project, name=self.id, files=[name]
        )
        created = answer.create_run_files
        places = [] if created is None else created.files or []
        if created is None or not places or not places[0].upload_url:
            raise AnswerError(
                f"The server gave no URL to upload {name!r} to.",
                operation="CreateRunFiles",
                host=self._gql.settings.base_url,
                next_step="Check that the API key may write to the project.",
            )
        headers = upload_headers(created.upload_headers or ())
        await upload_file(self._gql.http, places[0].upload_url, source, headers, name=name)
        if await self._gql.supports("MARK_RUN_FILES_UPLOADED"):
            await mark_run_files_uploaded(
                self._gql, entity=self.entity, project=self.project, name=self.id, files=[name]
            )
        uploaded = await self.file(name)
        return uploaded


async def read_metadata(gql: AsyncGraphQL, run: RunPath) -> dict[str, Any] | None:
    """Return what the run's client noted of its machine and program; None where it noted nothing."""
    found = await AsyncFiles(gql, run, [METADATA]).load_all()
    if not found or not found[0].is_there:
        return None
    async with await gql.http.open_stream(found[0].url, action=f"Download {METADATA}") as body:
        data = await body.read()
    try:
        decoded = read_json(restore_numbers(data.decode()))
    except ValueError as error:
        raise AnswerError(
            f"{METADATA} of the run {str(run)!r} is not JSON: {error}",
            operation=f"Download {METADATA}",
            host=gql.settings.base_url,
            next_step="Download the file to see what it holds.",
        ) from error
    return cast("dict[str, Any]", decoded) if isinstance(decoded, dict) else None
