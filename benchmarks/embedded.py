"""The embedded server with the artifacts to be read: a process of its own, for the jobs about artifacts.

python -m benchmarks.embedded --megabytes 8 --entries 200      prints its URL, serves until its input closes
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.sides import clock, stock
from wandkit import Api, Artifact
from wandkit.testing import Server

__all__ = ["main"]


def _prepare(api: Api, megabytes: int, entries: int, folder: Path) -> None:
    """Log one artifact with a large file, and one with many entries."""
    entity, _, project = stock.PROJECT.partition("/")
    run = api.create_run(project=project, entity=entity)
    path = stock.write_large(folder / "large.bin", megabytes)
    large, many = Artifact(stock.LARGE, "dataset"), Artifact(stock.MANY, "dataset")
    large.add_file(path, policy="immutable", skip_cache=True)
    run.log_artifact(large)
    path.unlink()
    for name, address in stock.references(entries):
        many.add_reference(address, name, checksum=False)
    run.log_artifact(many)


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, required=True)
    parser.add_argument("--entries", type=int, required=True)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-artifacts-") as folder, Server() as server:
        server.add_user("bench", api_key=clock.KEY)
        with Api(overrides={"base_url": server.url}, api_key=clock.KEY, timeout=600) as api:
            _prepare(api, chosen.megabytes, chosen.entries, Path(folder))
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
