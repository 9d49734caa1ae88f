"""A folder of event files, synced by the official client and by wandkit: the same rows, the same names."""

from __future__ import annotations

import struct
import subprocess
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from wandkit import Api, Run

if TYPE_CHECKING:
    from conftest import Client

    from tests.conftest import EventWriter

NAME = "events.out.tfevents.1.host"
OURS = {"_tensorboard", "_runtime", "_timestamp", "_step"}


def png(width: int, height: int) -> bytes:
    """Return a red image."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = (b"\0" + b"\xff\0\0" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def write(writer: EventWriter, folder: str, late_s: float) -> None:
    """Write one file with a value of each kind that the official client knows."""
    from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary

    old = HistogramProto(min=-1, max=2, num=6, bucket_limit=[-0.5, 0, 1, 2.5], bucket=[1, 2, 0, 3])
    image = Summary.Image(width=3, height=2, colorspace=3, encoded_image_string=png(3, 2))
    values = {
        4: [
            writer.value("old", histo=old),
            writer.value("new", "histograms", tensor=[[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]]),
        ],
        5: [writer.value(f"im/a/{number}", image=image) for number in range(2)],
        6: [writer.value("few", tensor=[1.0, 2.0]), writer.value("many", tensor=[*map(float, range(50))])],
        7: [writer.value("inf", simple_value=float("-inf"))],
    }
    writer.write(
        f"{folder}/{NAME}" if folder else NAME,
        *(
            writer.scalars(step, 1000 + step + late_s, loss=1 / (1 + step), accuracy=step)
            for step in range(4)
        ),
        *(writer.event(step, *held, wall=1000 + step + late_s) for step, held in values.items()),
    )


@pytest.mark.parametrize(
    "folders", [("",), ("train", "validation"), ("", "loss_train")], ids=["one", "two", "odd"]
)
def test_both_write_the_same_rows(
    oldest: Client, api: Api, event_writer: EventWriter, folders: tuple[str, ...]
) -> None:
    for number, folder in enumerate(folders):
        write(event_writer, folder, number / 4)
    project = "-".join(["boards", *folders])
    theirs, told = synced(oldest, api, project, event_writer)
    ours = api.sync_tensorboard(event_writer.root, "ours", project, "ada")
    wanted = [visible(row) for row in theirs.scan_history()]
    found = [visible(row) for row in ours.scan_history()]
    assert wanted, told
    assert found == wanted
    assert [row["_step"] for row in ours.scan_history()] == [row["_step"] for row in theirs.scan_history()]
    assert ours.receipt.complete


def synced(client: Client, api: Api, project: str, writer: EventWriter) -> tuple[Run, str]:
    """Sync the folder with the official client; return the run, and what the client printed.

    Its threads wait for each other now and then, and it has to be started again.
    """
    for attempt in range(3):
        run_id = f"official-{attempt}"
        command = ("sync", "--sync-tensorboard", "-e", "ada", "-p", project, "--id", run_id, str(writer.root))
        try:
            told = client.command(*command, timeout_s=120)
        except subprocess.TimeoutExpired:
            continue
        return api.run(f"ada/{project}/{run_id}"), told
    raise AssertionError("the official client did not end in three attempts")


def visible(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without what each client keeps for itself; of media files only the folder and key."""
    kept: dict[str, Any] = {}
    for key, value in row.items():
        if key in OURS or key.endswith("/wall_time"):
            continue
        if isinstance(value, dict) and "filenames" in value:
            names = [name.rpartition("_")[0] for name in value["filenames"]]
            value = {**value, "filenames": names}
        kept[key] = value
    return kept
