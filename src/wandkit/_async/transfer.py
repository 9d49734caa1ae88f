"""Files between this machine and a server: streamed, resumed after a break, checked, moved into place when
whole.

Logic without I/O on the network: _core/transfer.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from wandkit._core.transfer import PIECE_BYTES, Download, Target
from wandkit._transport.aio.http import AsyncHTTP
from wandkit._transport.concurrency.aio import run_in_thread, sleep
from wandkit.errors import ConnectionFailedError, RequestTimeoutError

__all__ = ["download_file", "upload_file"]

BREAKS_IN_A_ROW = 5
LONGEST_WAIT_S = 5.0


async def download_file(http: AsyncHTTP, url: str, path: Path, *, name: str, md5: str | None = None) -> int:
    """Download `url` to `path` and return its size in bytes.

    A break is followed by a request for the rest. The bytes go to a temporary file beside `path`, which
    takes its place once it is whole and its digest is `md5`.

    Raises:
        TransferError: The file did not arrive whole, or the server refused it.
        ChecksumError: Its digest is not `md5`.
    """
    download = Download(name, md5=md5)
    target = Target(path)
    try:
        await _receive(http, url, download, target)
        download.check()
        target.keep()
    finally:
        target.drop()
    return download.received


async def _receive(http: AsyncHTTP, url: str, download: Download, target: Target) -> None:
    """Receive all bytes, over as many attempts as bring any; five in a row that bring none end it."""
    breaks = 0
    while True:
        before = download.received
        try:
            async with await http.open_stream(
                url, download.headers(), action=f"Download {download.name}"
            ) as body:
                if not download.begin(body.status, body.headers):
                    target.restart()
                async for piece in body.pieces():
                    target.write(piece)
                    download.take(piece)
        except (ConnectionFailedError, RequestTimeoutError):
            breaks = 0 if download.received > before else breaks + 1
            if breaks >= BREAKS_IN_A_ROW or not download.received:
                raise
        else:
            return
        await sleep(min(LONGEST_WAIT_S, 0.1 * 2**breaks))


async def upload_file(
    http: AsyncHTTP, url: str, path: Path, headers: Mapping[str, str], *, name: str
) -> None:
    """Upload the file at `path` to `url`, streamed.

    Raises:
        TransferError: The server refused it.
    """
    size = await run_in_thread(_size_of, path)

    async def pieces() -> AsyncIterator[bytes]:
        left = size
        with path.open("rb") as source:
            while left and (piece := source.read(min(PIECE_BYTES, left))):
                left -= len(piece)
                yield piece

    await http.upload(url, pieces, size, headers, action=f"Upload {name}")


def _size_of(path: Path) -> int:
    return path.stat().st_size
