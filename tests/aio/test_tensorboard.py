"""Event files sent to a run: every value, once, however often and wherever the sync was interrupted."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wandkit import AsyncApi, AsyncRun
from wandkit.errors import ArgumentError, ArgumentTypeError, MissingExtraError, WandkitError
from wandkit.testing import Server

if TYPE_CHECKING:
    from tests.conftest import EventWriter

NAME = "events.out.tfevents.1.host"


async def rows_of(run: AsyncRun) -> list[dict[str, Any]]:
    """Return the history as it is."""
    scan = run.scan_history()
    history = await scan.load()
    return [dict(row) for row in history]


async def series(run: AsyncRun, key: str) -> list[tuple[int, int, Any]]:
    """Return the steps, own and in the file, and the values of one key."""
    rows = await rows_of(run)
    return [(row["_step"], row["global_step"], row[key]) for row in rows if key in row]


async def test_scalars_become_history_on_their_step_and_wall_time(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    event_writer.write(
        NAME, event_writer.scalars(0, loss=1.0, accuracy=0.25), event_writer.scalars(10, loss=0.5)
    )
    run = await api.sync_tensorboard(event_writer.root)
    rows = await rows_of(run)
    assert [(row["_step"], row["_timestamp"], row["logs/loss"]) for row in rows] == [
        (0, 1000.0, 1.0),
        (10, 1010.0, 0.5),
    ]
    assert rows[0]["logs/accuracy"] == 0.25
    assert (run.state, run.receipt.sent, run.receipt.complete) == ("finished", {"scalar": 3}, True)


async def test_the_run_is_the_one_that_was_asked_for(api: AsyncApi, event_writer: EventWriter) -> None:
    event_writer.write(NAME, event_writer.scalars(0, loss=1.0))
    run = await api.sync_tensorboard(event_writer.root, "chosen", "boards", "ada")
    assert str(run.run_path) == "ada/boards/chosen"


async def test_the_run_lasted_as_long_as_its_events(api: AsyncApi, event_writer: EventWriter) -> None:
    event_writer.write(NAME, event_writer.scalars(0, loss=1.0), event_writer.scalars(1, 4600.5, loss=0.5))
    run = await api.sync_tensorboard(event_writer.root)
    summary = await run.summary_metrics
    assert (summary["_runtime"], summary["_wandb"]) == (3600.5, {"runtime": 3600})


async def test_sub_folders_share_the_rows_of_their_steps(api: AsyncApi, event_writer: EventWriter) -> None:
    for number, folder in enumerate(("train", "eval")):
        events = [event_writer.scalars(step, 2000.0 + number, loss=step + number) for step in (1, 2)]
        event_writer.write(f"{folder}/{NAME}", *events)
    run = await api.sync_tensorboard(event_writer.root)
    rows = await rows_of(run)
    assert [(row["_step"], row["train/loss"], row["eval/loss"]) for row in rows] == [(1, 1, 2), (2, 2, 3)]
    assert {row["_timestamp"] for row in rows} == {2001.0}
    assert {row["train/wall_time"] for row in rows} == {2000.0}
    assert {row["train/global_step"] for row in rows} == {row["global_step"] for row in rows} == {1, 2}


async def test_a_key_that_comes_twice_in_a_step_is_kept_twice(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    event_writer.write(
        "events.out.tfevents.1.a", event_writer.scalars(3, loss=1.0), event_writer.scalars(4, loss=2.0)
    )
    event_writer.write("events.out.tfevents.2.b", event_writer.scalars(3, loss=10.0, other=5.0))
    run = await api.sync_tensorboard(event_writer.root)
    assert await series(run, "logs/loss") == [(3, 3, 1.0), (4, 3, 10.0), (5, 4, 2.0)]
    assert await series(run, "logs/other") in ([(3, 3, 5.0)], [(4, 3, 5.0)])
    assert sum(run.receipt.notes.values()) == 2


async def test_steps_that_go_back_are_kept_and_counted(api: AsyncApi, event_writer: EventWriter) -> None:
    steps = [0, 1, 2, 1, 2, 3]
    event_writer.write(NAME, *(event_writer.scalars(step, loss=at) for at, step in enumerate(steps)))
    run = await api.sync_tensorboard(event_writer.root)
    found = await series(run, "logs/loss")
    assert [step for _, step, _ in found] == steps
    assert [value for _, _, value in found] == [0, 1, 2, 3, 4, 5]
    assert [step for step, _, _ in found] == [0, 1, 2, 3, 4, 5]
    assert list(run.receipt.notes.values()) == [3]


async def test_numbers_that_are_not_finite_arrive(api: AsyncApi, event_writer: EventWriter) -> None:
    odd = {"a": float("nan"), "b": float("inf"), "c": float("-inf")}
    event_writer.write(NAME, event_writer.scalars(0, **odd))
    run = await api.sync_tensorboard(event_writer.root)
    (row,) = await rows_of(run)
    assert str([row["logs/a"], row["logs/b"], row["logs/c"]]) == "[nan, inf, -inf]"
    assert [count for what, count in run.receipt.notes.items() if "non-finite" in what] == [3]


async def test_histograms_of_either_format_have_the_form_of_the_web_app(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    from tensorboard.compat.proto.summary_pb2 import HistogramProto

    old = HistogramProto(min=-1, max=2, num=6, bucket_limit=[-3, -0.5, 0, 1, 2.5], bucket=[0, 1, 2, 0, 3])
    new = event_writer.value("new", "histograms", tensor=[[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]])
    event_writer.write(NAME, event_writer.event(0, event_writer.value("old", histo=old), new))
    run = await api.sync_tensorboard(event_writer.root)
    (row,) = await rows_of(run)
    bins = [-1.0, -0.5, 0.0, 1.0, 2.0]
    assert row["logs/old"] == {"_type": "histogram", "values": [1.0, 2.0, 0.0, 3.0], "bins": bins}
    assert row["logs/new"] == {"_type": "histogram", "values": [2.0, 3.0], "bins": [0.0, 1.0, 2.0]}


async def test_images_are_media_with_the_bytes_that_they_had(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    from tensorboard.compat.proto.summary_pb2 import Summary

    png, jpg = b"\x89PNG\r\n\x1a\n first", b"\xff\xd8\xff second"
    images = [Summary.Image(width=3, height=2, encoded_image_string=data) for data in (png, jpg)]
    event_writer.write(
        NAME,
        event_writer.event(4, *(event_writer.value(f"a/b/{at}", image=it) for at, it in enumerate(images))),
        event_writer.event(4, event_writer.value("new", "images", tensor=[b"3", b"2", png])),
    )
    run = await api.sync_tensorboard(event_writer.root)
    (row,) = await rows_of(run)
    value = row["logs/a_b"]
    names = value.pop("filenames")
    assert value == {"_type": "images/separated", "width": 3, "height": 2, "format": "png", "count": 2}
    assert [name.partition("_4_")[0] for name in names] == ["media/images/logs/a_b"] * 2
    assert row["logs/new"]["count"] == 1
    assert [await content(run, name) for name in names] == [png, jpg]
    assert (run.receipt.sent, run.receipt.media) == ({"image": 3}, 3)


async def content(run: AsyncRun, name: str) -> bytes:
    """Return the bytes of a file of the run."""
    file = await run.file(name)
    with tempfile.TemporaryDirectory() as folder:
        await file.download_to(Path(folder, "file"))
        return bytes_of(Path(folder, "file"))


def bytes_of(path: Path) -> bytes:
    """Return what is in a file."""
    return path.read_bytes()


async def test_texts_and_sounds_are_media(api: AsyncApi, event_writer: EventWriter) -> None:
    from tensorboard.compat.proto.summary_pb2 import Summary

    wave = b"RIFF....WAVE"
    event_writer.write(
        NAME,
        event_writer.event(
            1,
            event_writer.value("note", "text", tensor=[b"a < b", b"**c**"]),
            event_writer.value("old", audio=Summary.Audio(encoded_audio_string=wave)),
            event_writer.value("new", "audio", tensor=[[wave, b"label"]]),
        ),
    )
    run = await api.sync_tensorboard(event_writer.root)
    (row,) = await rows_of(run)
    note = row["logs/note"]
    page = await content(run, note["path"])
    assert note["_type"] == "html-file"
    assert note["path"].startswith("media/html/logs/note_1_")
    assert note["size"] == len(page)
    assert b">a &lt; b</pre>" in page
    assert b">**c**</pre>" in page
    assert await content(run, row["logs/old"]["audio"][0]["path"]) == wave
    assert (row["logs/new"]["count"], row["logs/new"]["captions"]) == (1, ["label"])


async def test_tensors_are_numbers_lists_texts_or_histograms(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    tensors = {"one": [2.5], "few": [1.0, 2.0, 3.0], "many": list(range(100)), "words": [b"hello"]}
    values = [event_writer.value(tag, tensor=tensor) for tag, tensor in tensors.items()]
    event_writer.write(NAME, event_writer.event(0, *values))
    run = await api.sync_tensorboard(event_writer.root)
    (row,) = await rows_of(run)
    assert (row["logs/one"], row["logs/few"]) == (2.5, [1.0, 2.0, 3.0])
    assert (row["logs/many"]["_type"], sum(row["logs/many"]["values"])) == ("histogram", 100)
    assert row["logs/words"]["_type"] == "html-file"
    assert run.receipt.sent == {"scalar": 1, "tensor": 2, "text": 1}


def session(**values: Any) -> bytes:
    """Return what the hparams plugin writes at the start of a session."""
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData, SessionStartInfo

    started = SessionStartInfo()
    for name, value in values.items():
        if isinstance(value, list):
            started.hparams[name].list_value.extend(value)
        else:
            kind = {bool: "bool_value", str: "string_value"}.get(type(value), "number_value")
            setattr(started.hparams[name], kind, value)
    data: bytes = HParamsPluginData(session_start_info=started).SerializeToString()
    return data


async def test_hyperparameters_are_the_config(api: AsyncApi, event_writer: EventWriter) -> None:
    for folder, rate in (("a", 0.1), ("b", 0.2)):
        start = session(lr=rate, name="adam", flag=True, betas=[0.5, 0.75])
        value = event_writer.value("_hparams_/session_start_info", "hparams", start)
        event_writer.write(
            f"{folder}/{NAME}", event_writer.event(0, value), event_writer.scalars(1, loss=rate)
        )
    run = await api.sync_tensorboard(event_writer.root)
    again = await api.sync_tensorboard(event_writer.root, run.id)
    config = await again.config
    assert dict(config) == {
        "lr": 0.1,
        "name": "adam",
        "flag": True,
        "betas": [0.5, 0.75],
        "b/lr": 0.2,
    }
    assert (run.receipt.configured, again.receipt.known) == (2, 4)


async def test_what_a_run_has_no_form_for_is_named_in_the_receipt(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    from tensorboard.compat.proto.event_pb2 import Event

    event_writer.write(
        NAME,
        Event(graph_def=b"graph"),
        event_writer.event(0, event_writer.value("curve", "pr_curves", tensor=[[1.0, 2.0]])),
        event_writer.event(1, event_writer.value("curve", tensor=[[1.0, 2.0]])),
        event_writer.event(1, event_writer.value("empty", "histograms", tensor=[])),
        event_writer.scalars(2, loss=1.0),
    )
    run = await api.sync_tensorboard(event_writer.root)
    receipt = run.receipt
    assert {(entry.tag, entry.count) for entry in receipt.skipped} == {
        ("curve", 2),
        ("empty", 1),
        ("graph_def", 1),
    }
    assert all(entry.file == NAME and entry.reason for entry in receipt.skipped)
    assert (receipt.read, receipt.sent, receipt.complete) == (5, {"scalar": 1}, False)


async def test_a_second_sync_sends_only_what_is_new(api: AsyncApi, event_writer: EventWriter) -> None:
    event_writer.write(NAME, *(event_writer.scalars(step, loss=float(step)) for step in range(5)))
    first = await api.sync_tensorboard(event_writer.root)
    event_writer.write(NAME, event_writer.scalars(5, loss=5.0), append=True)
    event_writer.write(f"later/{NAME}", event_writer.scalars(1, loss=7.0))
    second = await api.sync_tensorboard(event_writer.root, first.id)
    third = await api.sync_tensorboard(event_writer.root, first.id)
    rows = await rows_of(third)
    assert [row["logs/loss"] for row in rows if "logs/loss" in row] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert [row["logs/later/loss"] for row in rows if "logs/later/loss" in row] == [7.0]
    assert (second.receipt.sent, second.receipt.known) == ({"scalar": 2}, 5)
    assert (third.receipt.sent, third.receipt.known, third.receipt.rows) == ({}, 7, 0)


async def test_namespaces_stay_when_the_folder_grows(api: AsyncApi, event_writer: EventWriter) -> None:
    event_writer.write(f"deep/er/{NAME}", event_writer.scalars(0, loss=1.0))
    first = await api.sync_tensorboard(event_writer.root)
    event_writer.write(f"deep/er/{NAME}", event_writer.scalars(1, loss=2.0), append=True)
    event_writer.write(f"other/{NAME}", event_writer.scalars(1, loss=3.0))
    second = await api.sync_tensorboard(event_writer.root, first.id)
    assert await series(second, "er/loss") == [(0, 0, 1.0), (1, 1, 2.0)]
    assert await series(second, "other/loss") == [(1, 1, 3.0)]


async def test_another_folder_joins_the_run_under_names_of_its_own(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    event_writer.write(f"deep/er/{NAME}", event_writer.scalars(0, loss=1.0))
    event_writer.write(f"alone/{NAME}", event_writer.scalars(0, loss=2.0))
    first = await api.sync_tensorboard(event_writer.root / "deep")
    second = await api.sync_tensorboard(event_writer.root / "alone", first.id)
    assert await series(second, "er/loss") == [(0, 0, 1.0)]
    assert await series(second, "alone/loss") == [(1, 0, 2.0)]


async def test_a_run_that_has_rows_of_its_own_goes_on_after_them(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    run = await api.create_run(project="mixed")
    await run.log([{"own": 1}, {"own": 2}])
    await run.finish()
    event_writer.write(NAME, event_writer.scalars(0, loss=1.0), event_writer.scalars(5, loss=2.0))
    synced = await api.sync_tensorboard(event_writer.root, run.id, "mixed")
    rows = await rows_of(synced)
    assert [(row["_step"], row.get("own"), row.get("logs/loss")) for row in rows] == [
        (0, 1, None),
        (1, 2, None),
        (2, None, 1.0),
        (5, None, 2.0),
    ]


async def test_a_truncated_file_is_reported_and_finished_by_a_later_sync(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    path = event_writer.write(NAME, *(event_writer.scalars(step, loss=step) for step in range(3)))
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    run = await api.sync_tensorboard(event_writer.root)
    assert await series(run, "logs/loss") == [(0, 0, 0), (1, 1, 1)]
    (failure,) = run.receipt.failures
    assert (failure.item, failure.error.startswith("truncated")) == (NAME, True)
    path.write_bytes(whole)
    again = await api.sync_tensorboard(event_writer.root, run.id)
    assert await series(again, "logs/loss") == [(0, 0, 0), (1, 1, 1), (2, 2, 2)]
    assert again.receipt.complete


async def test_a_corrupt_file_keeps_what_is_before_and_the_other_files(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    path = event_writer.write(f"bad/{NAME}", *(event_writer.scalars(step, loss=step) for step in range(3)))
    data = bytearray(path.read_bytes())
    data[-6] ^= 0xFF
    path.write_bytes(data)
    event_writer.write(f"good/{NAME}", event_writer.scalars(2, loss=20.0))
    garbage = event_writer.root / "good" / "events.out.tfevents.2.host"
    garbage.write_bytes(b"this is no event file, whatever its name says")
    (event_writer.root / "good" / "events.out.tfevents.3.host").touch()
    run = await api.sync_tensorboard(event_writer.root)
    assert await series(run, "bad/loss") == [(0, 0, 0), (1, 1, 1)]
    assert await series(run, "good/loss") == [(2, 2, 20.0)]
    reasons = {failure.item: failure.error for failure in run.receipt.failures}
    assert sorted(reasons) == [f"bad/{NAME}", "good/events.out.tfevents.2.host"]
    assert "checksum" in reasons[f"bad/{NAME}"]
    assert "corrupt" in reasons["good/events.out.tfevents.2.host"]


async def test_steps_and_times_that_a_run_cannot_have_stop_nothing(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    event_writer.write(
        NAME,
        event_writer.scalars(-5, wall=10.0, loss=1.0),
        event_writer.scalars(3, wall=float("nan"), loss=2.0),
        event_writer.scalars(2**62, wall=float("inf"), loss=3.0),
        event_writer.scalars(2**63 - 1, wall=11.0, loss=4.0),
    )
    run = await api.sync_tensorboard(event_writer.root)
    assert await series(run, "logs/loss") == [(0, -5, 1.0), (3, 3, 2.0), (4, 2**62, 3.0), (5, 2**63 - 1, 4.0)]
    times = [row["_timestamp"] async for row in run.scan_history(keys=["_timestamp"])]
    assert times == [10.0, 10.0, 10.0, 11.0]
    assert [*run.receipt.notes.values()] == [2, 3]
    assert run.receipt.complete


async def test_a_record_that_is_no_event_is_passed_over(api: AsyncApi, event_writer: EventWriter) -> None:
    event_writer.write(
        NAME, event_writer.scalars(0, loss=1.0), b"\xff\xff no event", event_writer.scalars(1, loss=2.0)
    )
    run = await api.sync_tensorboard(event_writer.root)
    assert await series(run, "logs/loss") == [(0, 0, 1.0), (1, 1, 2.0)]
    assert [entry.reason for entry in run.receipt.skipped] == ["a record of the file is no event"]


async def test_one_file_is_synced_without_a_namespace(api: AsyncApi, event_writer: EventWriter) -> None:
    path = event_writer.write(NAME, event_writer.scalars(0, loss=1.0))
    event_writer.write("events.out.tfevents.2.host", event_writer.scalars(0, loss=2.0))
    run = await api.sync_tensorboard(path)
    assert await series(run, "loss") == [(0, 0, 1.0)]


async def test_a_sync_whose_uploads_are_refused_sends_no_row_of_them_and_goes_on_later(
    module_server: Server, api: AsyncApi, event_writer: EventWriter
) -> None:
    from tensorboard.compat.proto.summary_pb2 import Summary

    image = event_writer.value("image", image=Summary.Image(encoded_image_string=b"\x89PNG"))
    event_writer.write(NAME, event_writer.scalars(0, loss=1.0), event_writer.event(1, image))
    run = await api.create_run(project="refused")
    with module_server.fault(method="PUT", status=403), pytest.raises(WandkitError, match="media/images"):
        await api.sync_tensorboard(event_writer.root, run.id, "refused")
    assert await rows_of(run) == []
    synced = await api.sync_tensorboard(event_writer.root, run.id, "refused")
    assert [row["_step"] for row in await rows_of(synced)] == [0, 1]
    assert [file.name async for file in synced.files(pattern="media/%")] != []


def spawn(script: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start Python code as a process of its own."""
    return subprocess.Popen([sys.executable, "-c", script, *arguments])


@pytest.mark.parametrize("after", [False, True])
async def test_a_killed_sync_goes_on_without_duplicates(
    module_server: Server, api: AsyncApi, event_writer: EventWriter, after: bool
) -> None:
    from tensorboard.compat.proto.summary_pb2 import Summary

    image = Summary.Image(width=1, height=1, encoded_image_string=b"\x89PNG")
    for folder in ("a", "b"):
        events = [event_writer.scalars(step, loss=step, other=step) for step in range(2500)]
        events[1500:1500] = [event_writer.event(1500, event_writer.value("image", image=image))]
        event_writer.write(f"{folder}/{NAME}", *events)
    script = (
        "import sys; from wandkit import Api; "
        "api = Api(overrides={'base_url': sys.argv[1]}, api_key=sys.argv[2]); "
        "api.sync_tensorboard(sys.argv[3], sys.argv[4], 'killed')"
    )
    run_id = f"killed-{after}-{id(event_writer)}"
    arguments = [module_server.url, module_server.key("ada"), str(event_writer.root), run_id]
    with module_server.fault(path="file_stream", delay_s=2, skip=1, after=after) as fault:
        process = spawn(script, *arguments)
        while not fault.hits and process.poll() is None:
            await api.artifact_exists("killed/none:v0")
        process.kill()
        process.wait()
    assert process.returncode < 0
    run = await api.sync_tensorboard(event_writer.root, run_id, "killed")
    steps = [(step, step, float(step)) for step in range(2500)]
    for key in ("a/loss", "b/loss", "a/other", "b/other"):
        assert await series(run, key) == steps
    assert [step for step, _, _ in await series(run, "a/image")] == [1500]
    assert run.receipt.known > 0
    assert run.receipt.known + sum(run.receipt.sent.values()) == run.receipt.read == 10_002


async def test_a_growing_folder_is_followed_until_it_is_told_to_stop(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    event_writer.root.mkdir()
    turns: list[int] = []

    def until() -> bool:
        turns.append(len(turns))
        if len(turns) == 2:
            event_writer.write(f"a/{NAME}", event_writer.scalars(0, loss=1.0))
        if len(turns) == 3:
            whole = event_writer.scalars(1, loss=2.0)
            event_writer.write(f"a/{NAME}", whole, append=True)
            event_writer.write(f"b/{NAME}", event_writer.scalars(1, loss=3.0))
        return len(turns) == 4

    run = await api.sync_tensorboard(event_writer.root, until=until)
    assert await series(run, "a/loss") == [(0, 0, 1.0), (1, 1, 2.0)]
    assert await series(run, "b/loss") == [(1, 1, 3.0)]
    assert (run.state, run.receipt.complete, run.receipt.files) == ("finished", True, 2)


async def test_a_folder_without_event_files_is_refused_before_a_run_is_made(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    event_writer.root.mkdir()
    with pytest.raises(ArgumentError, match="no event file"):
        await api.sync_tensorboard(event_writer.root, project="none-yet")
    with pytest.raises(ArgumentError, match="no folder"):
        await api.sync_tensorboard(event_writer.root / "absent", project="none-yet")
    projects = [project.name async for project in api.projects()]
    assert "none-yet" not in projects


async def test_files_without_an_event_are_refused_before_a_run_is_made(
    api: AsyncApi, event_writer: EventWriter
) -> None:
    path = event_writer.write(NAME, event_writer.scalars(0, loss=1.0))
    path.write_bytes(path.read_bytes()[:9])
    (event_writer.root / "events.out.tfevents.2.host").touch()
    notes = event_writer.root / "notes.txt"
    notes.write_text("no events here", encoding="utf-8")
    with pytest.raises(ArgumentError, match=rf"no event in .*{NAME}: truncated.*and 1 more"):
        await api.sync_tensorboard(event_writer.root, project="none-yet")
    with pytest.raises(ArgumentError, match=r"no event in .*notes\.txt: corrupt"):
        await api.sync_tensorboard(notes, project="none-yet")
    assert "none-yet" not in [project.name async for project in api.projects()]


async def test_what_cannot_be_asked_when_to_stop_is_refused(api: AsyncApi, event_writer: EventWriter) -> None:
    event_writer.write(NAME, event_writer.scalars(0, loss=1.0))
    with pytest.raises(ArgumentTypeError, match="`until` is a function"):
        await api.sync_tensorboard(event_writer.root, project="none-yet", until=True)  # type: ignore[arg-type]
    assert "none-yet" not in [project.name async for project in api.projects()]


async def test_without_the_library_the_extra_is_named(
    api: AsyncApi, event_writer: EventWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_writer.write(NAME, event_writer.scalars(0, loss=1.0))
    monkeypatch.setitem(sys.modules, "tensorboard.backend.event_processing.event_file_loader", None)
    monkeypatch.delattr("tensorboard.backend.event_processing.event_file_loader", raising=False)
    with pytest.raises(MissingExtraError, match=r"wandkit\[tensorboard\]"):
        await api.sync_tensorboard(event_writer.root)
