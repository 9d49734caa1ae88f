"""wandkit, sync: artifacts up and down, with its defaults, but without this machine's cache."""

from __future__ import annotations

import clock

# isort: split
from pathlib import Path

import stock

from wandkit import Api, Artifact

TASK = clock.task()


def file_up(api: Api) -> str:
    path = stock.write_large(Path("up.bin"), TASK.limit)
    run = api.create_run(project=stock.PROJECT.split("/")[1], entity=stock.PROJECT.split("/")[0])
    clock.start()
    draft = Artifact(f"{stock.LARGE}-up", "dataset")
    draft.add_file(path, policy="immutable", skip_cache=True)
    logged = run.log_artifact(draft)
    clock.stop()
    assert logged.size == path.stat().st_size
    return stock.file_text(path)


def file_down(api: Api) -> str:
    artifact = api.artifact(f"{stock.PROJECT}/{stock.LARGE}:v0")
    clock.start()
    folder = artifact.download("down", skip_cache=True)
    clock.stop()
    return stock.file_text(Path(folder, "large.bin"))


def manifest_up(api: Api) -> str:
    run = api.create_run(project=stock.PROJECT.split("/")[1], entity=stock.PROJECT.split("/")[0])
    clock.start()
    draft = Artifact(f"{stock.MANY}-{run.id}", "dataset")
    for name, address in stock.references(TASK.limit):
        draft.add_reference(address, name, checksum=False)
    run.log_artifact(draft)
    clock.stop()
    return stock.manifest_text(stock.references(TASK.limit))


def manifest_down(api: Api) -> str:
    artifact = api.artifact(f"{stock.PROJECT}/{stock.MANY}:v0")
    clock.start()
    found = [(name, entry.ref) for name, entry in artifact.manifest.entries.items()]
    clock.stop()
    return stock.manifest_text(found)


JOBS = {
    "J5 file up": file_up,
    "J5 file down": file_down,
    "J5 manifest up": manifest_up,
    "J5 manifest down": manifest_down,
}
with Api(overrides={"base_url": TASK.url}, api_key=clock.KEY, timeout=600) as opened:
    text = JOBS[TASK.part](opened)
clock.report_stopped(text)
