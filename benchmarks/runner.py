"""Runs the sides: each in a fresh process, in turn, against one canned server that outlives all rounds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from benchmarks.dataset import Sizes
from benchmarks.jobs import Job, Side

__all__ = ["Canned", "Measured", "Result", "Runner"]

_ROOT = Path(__file__).parent.parent
_SIDES = Path(__file__).parent / "sides"
_HEAD_RUNS = 2000
_PATIENCE_S = 900


@dataclass
class Measured:
    """One round of one side."""

    seconds: float
    cpu_seconds: float
    checksum: str
    head: str
    peak_mb: float
    children_mb: float
    requests: int
    sent_bytes: int
    received_bytes: int
    connections: int
    unknown: dict[str, int]
    above_mb: float = 0.0


@dataclass
class Result:
    """All rounds of one side at one job and delay; `failure` where it broke."""

    side: str
    rounds: list[Measured] = field(default_factory=list)
    failure: str = ""
    scale: float = 1.0

    @property
    def seconds(self) -> float:
        """Median wall time, extrapolated where only a part was read."""
        return median(r.seconds for r in self.rounds) * self.scale

    @property
    def cpu_seconds(self) -> float:
        """Median processor time of the side's own process, extrapolated likewise."""
        return median(r.cpu_seconds for r in self.rounds) * self.scale

    @property
    def peak_mb(self) -> float:
        """Median peak memory of the side's own process."""
        return median(r.peak_mb for r in self.rounds)

    @property
    def total_mb(self) -> float:
        """Peak memory of the side with all that it started."""
        return self.peak_mb + self.children_mb

    @property
    def above_mb(self) -> float:
        """Median peak of memory above what the process had before the job."""
        return median(r.above_mb for r in self.rounds)

    @property
    def children_mb(self) -> float:
        """Median peak memory of the processes that the side started."""
        return median(r.children_mb for r in self.rounds)


class Canned:
    """The canned server as a process of its own."""

    def __init__(self, sizes: Sizes) -> None:
        options = [text for name, value in asdict(sizes).items() for text in (f"--{name}", str(value))]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.canned", *options],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def control(self, latency_ms: int) -> dict[str, Any]:
        """Set the delay and start the counters anew; returns what they stood at."""
        request = urllib.request.Request(f"{self.url}/control?latency_ms={latency_ms}", method="POST")
        with urllib.request.urlopen(request) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def ceiling(self, requests: int = 20_000, batch: int = 50) -> float:
        """Small answers a second that the server gives when asked without pause, requests pipelined."""
        import socket

        body = b'{"query":"query Viewer { viewer { username } }"}'
        request = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        host, port = urlsplit(self.url).netloc.split(":")
        with socket.create_connection((host, int(port))) as peer:
            peer.sendall(request)
            size = len(peer.recv(65536))
            started = time.perf_counter()
            for _ in range(requests // batch):
                peer.sendall(request * batch)
                left = size * batch
                while left:
                    left -= len(peer.recv(min(left, 1 << 20)))
            return requests / (time.perf_counter() - started)

    def __enter__(self) -> Canned:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)


class Embedded:
    """The embedded server with its artifacts, as a process of its own."""

    def __init__(self, sizes: Sizes) -> None:
        self._process = subprocess.Popen(
            [
                sys.executable, "-m", "benchmarks.embedded",
                "--megabytes", str(sizes.megabytes), "--entries", str(sizes.entries),
            ],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def close(self) -> None:
        """Stop it; what it stored goes away."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)


class Runner:
    """Runs jobs in interleaved rounds and keeps what they measured."""

    def __init__(self, canned: Canned, sizes: Sizes, peer: str | None, say: Callable[[str], None]) -> None:
        self._canned = canned
        self._sizes = sizes
        self._peer = peer
        self._say = say
        self._warm: set[tuple[str, str]] = set()
        self._embedded: Embedded | None = None
        self._home = tempfile.TemporaryDirectory(prefix="bench-home-")

    def close(self) -> None:
        """Stop the embedded server, and remove the home folder that the sides used."""
        if self._embedded is not None:
            self._embedded.close()
        self._home.cleanup()

    def run(self, job: Job, latency_ms: int, rounds: int, warm: bool) -> list[Result]:
        """`rounds` rounds of every side of `job`, the order turned by one each round."""
        sides = [side for side in job.sides if self._peer or not side.peer]
        results = {side.label: Result(side.label) for side in sides}
        for number in range(rounds):
            turned = sides[number % len(sides) :] + sides[: number % len(sides)]
            for side in turned:
                result = results[side.label]
                if result.failure:
                    continue
                if warm and (job.name, side.label) not in self._warm:
                    self._warm.add((job.name, side.label))
                    self._side(job, side, 0, Result(side.label))
                self._say(f"{job.name}, {latency_ms} ms, round {number + 1}: {side.label}")
                self._side(job, side, latency_ms, result)
        return list(results.values())

    def _side(self, job: Job, side: Side, latency_ms: int, result: Result) -> None:
        runs = self._sizes.runs
        partly = side.label == "official" and job.name == "J2" and latency_ms >= 10 and runs > _HEAD_RUNS
        limit = _HEAD_RUNS if partly or not side.peer else 0
        result.scale = runs / _HEAD_RUNS if partly else 1.0
        url = self._canned.url
        if job.artifacts:
            self._embedded = self._embedded or Embedded(self._sizes)
            url = self._embedded.url
            limit = self._sizes.megabytes if "file" in job.name else self._sizes.entries
        self._canned.control(latency_ms)
        command = [
            self._peer if side.peer and self._peer else sys.executable,
            str(_SIDES / side.script), job.name + side.variant, url, str(limit),
        ]  # fmt: skip
        try:
            done = subprocess.run(
                command,
                cwd=self._home.name,
                env=self._environment(),
                capture_output=True,
                text=True,
                timeout=_PATIENCE_S,
            )
        except subprocess.TimeoutExpired:
            result.failure = f"not done after {_PATIENCE_S} s"
            return
        shutil.rmtree(Path(self._home.name, "down"), ignore_errors=True)
        counters = self._canned.control(0)
        lines = done.stdout.strip().splitlines()
        if done.returncode or not lines:
            result.failure = (done.stderr.strip().splitlines() or ["said nothing"])[-1]
            self._say(f"{side.label} failed:\n{done.stderr}")
            return
        result.rounds.append(
            Measured(
                **json.loads(lines[-1]),
                requests=counters["requests"],
                sent_bytes=counters["received"],
                received_bytes=counters["sent"],
                connections=counters["connections"],
                unknown=counters["unknown"],
            )
        )

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
        return {**kept, "HOME": self._home.name, "TMPDIR": self._home.name}
