"""What every side shares: the clock, the arguments, the digest of what was read, and the line that it prints.

Only the standard library, because the official client's side runs in an environment without wandkit.
The clock starts when this module is imported, so a side imports it first.
"""

from __future__ import annotations

import time

STARTED = (time.perf_counter(), time.process_time())

import json  # noqa: E402
import os  # noqa: E402
import re  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import zlib  # noqa: E402
from collections.abc import Iterable  # noqa: E402
from typing import Any, NamedTuple  # noqa: E402

KEY = "0123456789abcdef0123456789abcdef01234567"
RUNS, SCAN, HISTORIES = "bench/trials", "bench/scan", "bench/histories"
FIRST_RUN = "00000000"
CONFIG, METRIC = "learning_rate", "train/loss"


class Task(NamedTuple):
    """What the runner asks of a side."""

    part: str
    url: str
    limit: int


def task() -> Task:
    """The task on the command line: part, URL of the canned server, how many runs to stop after (0: all)."""
    return Task(sys.argv[1], sys.argv[2], int(sys.argv[3]))


def micro(value: float) -> int:
    """A logged value in millionths: sums of these are exact in any order."""
    return round(value * 1_000_000)


class Pairs:
    """Digest of J2: id, config value and summary value of each run, in any order."""

    def __init__(self, rows: Iterable[tuple[str, float, float]]) -> None:
        self.rows = list(rows)

    def text(self, limit: int = 0) -> str:
        """Count and checksum of the first `limit` rows, or of all."""
        rows = self.rows[:limit] if limit else self.rows
        return f"{len(rows)}:{sum(zlib.crc32(repr(row).encode()) for row in rows) % 2**64:x}"


class Scan:
    """Digest of J3: how many rows, the exact sum of one metric, and every thousandth row whole."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.whole: list[dict[str, Any]] = []

    def read(self, rows: Iterable[Any]) -> Scan:
        """Go through `rows` as a user would: one value of each is used."""
        count, total, whole = 0, 0.0, self.whole
        for row in rows:
            if count % 1000 == 0:
                whole.append(dict(row))
            count += 1
            total += row[METRIC]
        self.count, self.total = count, total
        return self

    def text(self) -> str:
        """Count, sum and checksum, without step columns: clients differ in adding them to chosen keys."""
        kept = [sorted((k, float(v)) for k, v in row.items() if k[0] != "_") for row in self.whole]
        return f"{self.count}:{self.total!r}:{zlib.crc32(repr(kept).encode()):x}"


def frame_text(frame: Any, metrics: Iterable[str]) -> str:
    """Digest of J4: rows, runs, and the exact sum of each metric of a pandas frame."""
    sums = [(name, sum(map(micro, frame[name].tolist()))) for name in sorted(metrics)]
    return f"{len(frame)}:{frame['run_id'].nunique()}:{zlib.crc32(repr(sums).encode()):x}"


def metrics_of(frame: Any) -> list[str]:
    """The metric columns of a frame: those with a slash in their name."""
    return [name for name in frame.columns if "/" in name]


class Spent(NamedTuple):
    """Seconds on the wall clock, and seconds that this process kept a processor busy."""

    seconds: float
    cpu_seconds: float


def now() -> tuple[float, float]:
    """Both clocks."""
    return time.perf_counter(), time.process_time()


def since(started: tuple[float, float]) -> Spent:
    """What has passed on both clocks."""
    return Spent(time.perf_counter() - started[0], time.process_time() - started[1])


def _peak_mb(pid: int | str) -> float:
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            found = re.search(r"VmHWM:\s+(\d+) kB", status.read())
        return int(found[1]) / 1024 if found else 0.0
    except OSError:
        return 0.0


def _children() -> list[str]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as children:
            return children.read().split()
    except OSError:
        return []


def report(spent: Spent, checksum: str, head: str = "", above_mb: float = 0.0) -> None:
    """Print the one line that the runner reads."""
    line = {
        **spent._asdict(),
        "checksum": checksum,
        "head": head,
        "peak_mb": round(_peak_mb("self"), 1),
        "children_mb": round(sum(map(_peak_mb, _children())), 1),
        "above_mb": round(above_mb, 1),
    }
    print(json.dumps(line), flush=True)


class Stopwatch:
    """What `start` and `stop` note: the clocks, and the memory that was there before."""

    started = STARTED
    spent: Spent | None = None
    before_mb = 0.0
    above_mb = 0.0


def start() -> None:
    """Begin to count; the peak of memory counts from here too, above what the process has now."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as peak:
            peak.write("5")
    except OSError:
        pass
    Stopwatch.before_mb = _peak_mb("self")
    Stopwatch.started = now()


def stop() -> None:
    """End counting."""
    Stopwatch.spent = since(Stopwatch.started)
    Stopwatch.above_mb = _peak_mb("self") - Stopwatch.before_mb


def report_stopped(checksum: str) -> None:
    """Print the one line that the runner reads, about what was between `start` and `stop`."""
    assert Stopwatch.spent is not None
    report(Stopwatch.spent, checksum, above_mb=Stopwatch.above_mb)


def leave() -> None:
    """End this process and those it started: the official client may wait for its sidecar without end."""
    for child in _children():
        os.kill(int(child), signal.SIGTERM)
    os._exit(0)
