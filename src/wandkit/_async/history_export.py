"""History exports: the parquet files that a server keeps of a run, fetched once and kept in the cache folder.

Docs: docs/api/history.md.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from wandkit_generated.gql.aio import get_history_extent

from wandkit._async.run_near import missing_run
from wandkit._async.transfer import download_file
from wandkit._transport.aio.graphql import AsyncGraphQL
from wandkit._transport.concurrency.aio import gather_bounded
from wandkit.errors import IncompleteHistoryError, UnsupportedError, WandkitError
from wandkit.paths import RunPath

__all__ = ["AsyncExports", "HistoryExports"]

DOWNLOADS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class HistoryExports:
    """What came of the download of a run's exports.

    Attributes:
        paths: The parquet files, in the order of their steps.
        contains_live_data: Whether the run has rows that are not exported yet.
        errors: Why files are missing, by the path where they would be; None where none is.
    """

    paths: list[Path]
    contains_live_data: bool
    errors: dict[Path, str] | None = None


class AsyncExports:
    """The exports of one run.

    A cached export is known by the path of its URL without the signature, so that a new signature finds it,
    and another export of the same run does not.
    """

    def __init__(self, gql: AsyncGraphQL, path: RunPath) -> None:
        self._gql = gql
        self._path = path
        self._temporary: str | None = None

    async def fetch(self, urls: Sequence[str], *, use_cache: bool) -> list[Path]:
        """Return the files of `urls`, in order; those that are not in the cache are downloaded.

        Without `use_cache` they go to a temporary folder, which `close` removes.
        """
        folder = self._gql.settings.cache_dir / "runhistory"
        if not use_cache:
            self._temporary = tempfile.mkdtemp(prefix="wandkit-history-")
            folder = Path(self._temporary)
        paths = [folder / self._file_name(url) for url in urls]
        missing = [(url, path) for url, path in zip(urls, paths, strict=True) if not path.exists()]

        http = self._gql.http
        await gather_bounded(
            DOWNLOADS_AT_ONCE,
            [
                partial(download_file, http, url, path, name=f"history export {path.name}")
                for url, path in missing
            ],
        )
        return paths

    async def download(self, folder: Path, *, complete: bool) -> HistoryExports:
        """Download all exports to `folder`; `complete` makes rows that are not exported yet an error.

        Raises:
            IncompleteHistoryError: There are such rows.
            UnsupportedError: The server is too old to have exports.
        """
        path = self._path
        answer = await get_history_extent(
            self._gql, entity=path.entity, project=path.project, name=path.run, live_keys=["_step"]
        )
        found = None if answer.project is None else answer.project.run
        if found is None:
            raise await missing_run(self._gql, path, "GetHistoryExtent")
        history = found.parquet_history
        if history is None:
            raise UnsupportedError(
                "This server has no history exports.",
                operation="GetHistoryExtent",
                host=self._gql.settings.base_url,
                next_step="Use scan_history instead.",
            )
        urls = list(history.parquet_urls or ())
        is_live = bool(history.live_data) or (not urls and bool(found.history_line_count))
        if is_live and complete:
            raise IncompleteHistoryError(
                f"history of {str(path)!r} is not exported in full",
                next_step="Wait for the server to export it, or pass require_complete_history=False.",
            )
        paths = [folder / f"{path.run}_{number:04}.parquet" for number in range(len(urls))]
        jobs = [partial(self._try, url, path) for url, path in zip(urls, paths, strict=True)]
        results = await gather_bounded(DOWNLOADS_AT_ONCE, jobs)
        errors = {path: error for path, error in zip(paths, results, strict=True) if error}
        return HistoryExports([path for path in paths if path not in errors], is_live, errors or None)

    async def _try(self, url: str, path: Path) -> str:
        """Download one file and return what went wrong."""
        try:
            await download_file(self._gql.http, url, path, name=path.name)
        except (WandkitError, OSError) as error:
            return str(error)
        return ""

    def close(self) -> None:
        """Remove what was not meant to be kept."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _file_name(self, url: str) -> str:
        pieces = urlsplit(url)
        digest = hashlib.sha256(f"{pieces.netloc}{pieces.path}".encode()).hexdigest()[:16]
        return "_".join((*self._path.pieces, digest)).replace("/", "-") + ".runhistory.parquet"
