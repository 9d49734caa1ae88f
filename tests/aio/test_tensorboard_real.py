"""Real event files of others: every value of every file arrives, compared with TensorBoard's own reader."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wandkit import AsyncApi, AsyncRun

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "tfevents"
FOLDERS = sorted(path.name for path in REAL.iterdir() if path.is_dir()) if REAL.is_dir() else []
MOST_BINS = 512

pytestmark = pytest.mark.skipif(not FOLDERS, reason=f"there are no real event files at {REAL}")


class Held:
    """What TensorBoard's reader finds in the files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.values = 0
        self.scalars: Counter[tuple[str, int, str]] = Counter()
        self.histograms: Counter[tuple[str, int, str]] = Counter()
        self.images: Counter[str] = Counter()
        self.parameters: set[str] = set()
        self.moments: set[tuple[int, float]] = set()
        for path in sorted(folder.iterdir()):
            self.values += count_of(path)
            for event, value in values_of(path):
                self.take(f"{folder.name}/{value.tag}", event, value)

    def take(self, key: str, event: Any, value: Any) -> None:
        """Take one value."""
        from tensorboard.util.tensor_util import make_ndarray

        plugin = value.metadata.plugin_data.plugin_name
        self.moments.add((event.step, event.wall_time))
        if plugin == "scalars":
            self.scalars[key, event.step, repr(float(make_ndarray(value.tensor)))] += 1
        elif plugin == "histograms":
            self.histograms[key, event.step, in_words(make_ndarray(value.tensor).tolist())] += 1
        elif plugin == "images":
            self.images.update(md5(data) for data in value.tensor.string_val[2:])
        elif plugin == "hparams" and value.tag.endswith("session_start_info"):
            self.parameters.update(parameters_in(value.metadata.plugin_data.content))


def values_of(path: Path) -> Iterator[tuple[Any, Any]]:
    """Yield the values of a file with their events."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    for event in EventFileLoader(str(path)).Load():
        for value in event.summary.value:
            yield event, value


def count_of(path: Path) -> int:
    """Return how many values a file holds as it is, before its reader changes their form."""
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    graphs = {"graph_def", "meta_graph_def"}
    events = list(LegacyEventFileLoader(str(path)).Load())
    return sum(len(event.summary.value) + (event.WhichOneof("what") in graphs) for event in events)


def parameters_in(content: bytes) -> list[str]:
    """Return the names of the hyperparameters of a session."""
    from tensorboard.plugins.hparams.metadata import parse_session_start_info_plugin_data

    return list(parse_session_start_info_plugin_data(content).hparams)


def in_words(buckets: list[list[float]]) -> str:
    """Return a histogram in words: its ends and counts, and its bins unless there are too many."""
    counts = [bucket[2] for bucket in buckets]
    edges = [buckets[0][0], *(bucket[1] for bucket in buckets)] if buckets else []
    return words(edges, counts)


def words(edges: list[float], counts: list[float]) -> str:
    """Return a histogram in words."""
    if len(counts) > MOST_BINS // 2:
        edges, counts = [edges[0], edges[-1]], [round(sum(counts))]
    return repr(([*map(float, edges)], [*map(float, counts)]))


def md5(data: bytes) -> str:
    """Return a digest as the server has it."""
    return base64.b64encode(hashlib.md5(data).digest()).decode()


class Found:
    """What the run has."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.scalars: Counter[tuple[str, int, str]] = Counter()
        self.histograms: Counter[tuple[str, int, str]] = Counter()
        self.images: Counter[str] = Counter()
        self.moments = {(row["global_step"], row["_timestamp"]) for row in rows}
        for row in rows:
            for key, value in row.items():
                if key.startswith("_") or key.endswith("global_step"):
                    continue
                self.take(key, row["global_step"], value)

    def take(self, key: str, step: int, value: Any) -> None:
        """Take one value."""
        if not isinstance(value, dict):
            self.scalars[key, step, repr(float(value))] += 1
        elif value["_type"] == "histogram":
            self.histograms[key, step, words(value["bins"], value["values"])] += 1
        else:
            self.images.update(value["filenames"])


@pytest.mark.parametrize("name", FOLDERS)
async def test_every_value_of_a_real_folder_arrives(api: AsyncApi, name: str) -> None:
    run = await api.sync_tensorboard(REAL / name, project="real")
    held = Held(REAL / name)
    scan = run.scan_history()
    history = await scan.load()
    found = Found([dict(row) for row in history])
    assert found.scalars == held.scalars
    empty = Counter({entry: count for entry, count in held.histograms.items() if entry[2] == "([], [])"})
    assert found.histograms == held.histograms - empty
    assert found.moments <= held.moments
    assert await digests(run, found.images) == held.images
    config = await run.config
    assert {key.rpartition("/")[2] for key in config} == held.parameters
    receipt = run.receipt
    skipped = sum(entry.count for entry in receipt.skipped)
    assert receipt.read == held.values == sum(receipt.sent.values()) + receipt.configured + skipped
    assert receipt.failures == ()


async def digests(run: AsyncRun, names: Counter[str]) -> Counter[str]:
    """Return the digests of files as the server has them, as often as they are named."""
    found: Counter[str] = Counter()
    async for file in run.files(pattern="media/images/%"):
        found[file.md5 or ""] += names[file.name]
    return found


@pytest.mark.parametrize("name", FOLDERS)
async def test_a_second_sync_of_a_real_folder_sends_nothing(api: AsyncApi, name: str) -> None:
    first = await api.sync_tensorboard(REAL / name, project="real-twice")
    second = await api.sync_tensorboard(REAL / name, first.id, "real-twice")
    assert second.history_line_count == first.history_line_count
    assert (second.receipt.rows, second.receipt.media, second.receipt.sent) == (0, 0, {})
    assert second.receipt.read == first.receipt.read
