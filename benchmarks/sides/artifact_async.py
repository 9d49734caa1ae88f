"""wandkit, async: artifacts up and down, with its defaults, but without this machine's cache."""

from __future__ import annotations

import clock

# isort: split
import asyncio
from pathlib import Path

import stock

from wandkit import AsyncApi, AsyncArtifact

TASK = clock.task()


async def file_up(api: AsyncApi) -> str:
    path = stock.write_large(Path("up.bin"), TASK.limit)
    run = await api.create_run(project=stock.PROJECT.split("/")[1], entity=stock.PROJECT.split("/")[0])
    clock.start()
    draft = AsyncArtifact(f"{stock.LARGE}-up", "dataset")
    await draft.add_file(path, policy="immutable", skip_cache=True)
    logged = await run.log_artifact(draft)
    clock.stop()
    assert logged.size == path.stat().st_size
    return stock.file_text(path)


async def file_down(api: AsyncApi) -> str:
    artifact = await api.artifact(f"{stock.PROJECT}/{stock.LARGE}:v0")
    clock.start()
    folder = await artifact.download("down", skip_cache=True)
    clock.stop()
    return stock.file_text(Path(folder, "large.bin"))


async def manifest_up(api: AsyncApi) -> str:
    run = await api.create_run(project=stock.PROJECT.split("/")[1], entity=stock.PROJECT.split("/")[0])
    clock.start()
    draft = AsyncArtifact(f"{stock.MANY}-{run.id}", "dataset")
    for name, address in stock.references(TASK.limit):
        await draft.add_reference(address, name, checksum=False)
    await run.log_artifact(draft)
    clock.stop()
    return stock.manifest_text(stock.references(TASK.limit))


async def manifest_down(api: AsyncApi) -> str:
    artifact = await api.artifact(f"{stock.PROJECT}/{stock.MANY}:v0")
    clock.start()
    manifest = await artifact.manifest
    found = [(name, entry.ref) for name, entry in manifest.entries.items()]
    clock.stop()
    return stock.manifest_text(found)


JOBS = {
    "J5 file up": file_up,
    "J5 file down": file_down,
    "J5 manifest up": manifest_up,
    "J5 manifest down": manifest_down,
}


async def main() -> str:
    async with AsyncApi(overrides={"base_url": TASK.url}, api_key=clock.KEY, timeout=600) as api:
        return await JOBS[TASK.part](api)


text = asyncio.run(main())
clock.report_stopped(text)
