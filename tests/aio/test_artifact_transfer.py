"""Transfers of artifacts: references that come side by side, and what a progress bar shows, and when."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Barrier, Thread

import pytest

from wandkit import AsyncApi, AsyncArtifact, AsyncRun
from wandkit.testing import Server


@pytest.fixture
async def api(
    module_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AsyncApi]:
    """Give a client of ada's, whose cache and staged copies are the test's own."""
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))
    async with module_server.async_api("ada") as api:
        yield api


@pytest.fixture
def pair() -> Iterator[str]:
    """Give the address of a web server that gives a page again only when two are asked for at once."""
    again = Barrier(2)

    class Answers(BaseHTTPRequestHandler):
        """Answers with its own path."""

        def do_GET(self) -> None:
            """Answer; what was asked for before, once another such request is here too."""
            if self.path in asked:
                again.wait(60)
            asked.add(self.path)
            body = self.path.encode()
            self.send_response(200)
            self.send_header("ETag", '"one"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    asked: set[str] = set()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_references_come_side_by_side(run: AsyncRun, pair: str, tmp_path: Path) -> None:
    draft = AsyncArtifact("far", "dataset")
    for name in ("a", "b"):
        await draft.add_reference(f"{pair}/{name}")
    logged = await run.log_artifact(draft)
    folder = Path(await logged.download(tmp_path / "out"))
    assert [(folder / name).read_bytes() for name in ("a", "b")] == [b"/a", b"/b"]


async def test_what_the_web_breaks_off_goes_on_where_it_was(
    module_server: Server, run: AsyncRun, tmp_path: Path
) -> None:
    content = os.urandom(1_500_000)
    near = AsyncArtifact("near", "dataset")
    with near.new_file("big", "wb") as file:
        file.write(content)
    (kept,) = await (await run.log_artifact(near)).files().load_all()
    far = AsyncArtifact("far", "dataset")
    await far.add_reference(kept.direct_url, "big")
    logged = await run.log_artifact(far)
    module_server.requests.clear()
    with module_server.fault(method="GET", path="/storage/.*/big", truncate=700_000, times=1):
        folder = Path(await logged.download(tmp_path / "out", skip_cache=True))
    asked = [one for one in module_server.requests if one.path.endswith("/big")]
    assert (folder / "big").read_bytes() == content
    assert "range" not in asked[0].headers
    assert asked[1].headers["range"].startswith("bytes=")


async def test_a_bar_counts_bytes_where_it_is_asked_for(
    run: AsyncRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = AsyncArtifact("data", "dataset")
    for name in ("a", "b"):
        with draft.new_file(name, "xb") as file:
            file.write(name.encode() * 5000)
    logged = await run.log_artifact(draft)
    await logged.download(tmp_path / "quiet")
    quiet = capsys.readouterr()
    await logged.download(tmp_path / "silent", progress=False)
    silent = capsys.readouterr()
    await logged.download(tmp_path / "shown", progress=True)
    shown = capsys.readouterr()
    assert (quiet.err, silent.err, shown.out) == ("", "", "")
    assert "data: 100%" in shown.err
    assert "10.0k/10.0k" in shown.err
    assert "B/s" in shown.err
