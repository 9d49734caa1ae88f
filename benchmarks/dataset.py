"""The data that every side reads: made by arithmetic alone, so it is the same on every machine.

* `bench/trials`: many runs with configs and summaries as large as real ones (3.3 MB per 1,000 runs in full).
* `bench/scan`: one run with a long history, twenty metrics a step.
* `bench/histories`: a few hundred runs with a short history each.

Everything is kept as encoded JSON, ready to be joined into answers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property

__all__ = ["ENTITY", "METRICS", "History", "Project", "RunRecord", "Sizes", "make_projects"]

ENTITY = "bench"
METRICS = tuple(
    f"{part}/{name}"
    for part in ("train", "val")
    for name in (
        "loss", "accuracy", "precision", "recall", "f1",
        "learning_rate", "grad_norm", "throughput", "tokens", "perplexity",
    )
)  # fmt: skip
_EPOCH = datetime(2026, 1, 1, tzinfo=timezone.utc)
_MODELS = ("resnet50", "vit-b16", "convnext-t", "mixer-s32", "mlp")


@dataclass(frozen=True)
class Sizes:
    """How much there is to read."""

    runs: int = 10_000
    steps: int = 200_000
    histories: int = 200
    points: int = 500
    megabytes: int = 2048
    entries: int = 20_000


def encode(value: object) -> bytes:
    """JSON as a server writes it: no spaces, non-ASCII left alone."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def encode_text(value: object) -> bytes:
    """JSON inside a JSON text, the wire form of every `JSONString`."""
    return encode(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def metric(run: int, step: int, column: int) -> float:
    """One logged value: smooth, different for each run and column, exact in text form."""
    wave = math.sin((step + 31 * run) * 0.001 * (column + 1))
    return round(math.exp(-step / (50_000 + 1000 * column)) + 0.05 * wave, 6)


class History:
    """The logged rows of one run, as wire texts."""

    def __init__(self, run: int, steps: int) -> None:
        self.run = run
        self.steps = steps
        self._columns: dict[tuple[str, ...], list[bytes]] = {}

    def row(self, step: int) -> dict[str, object]:
        """Row `step` as a dict, all columns."""
        values: dict[str, object] = {name: metric(self.run, step, i) for i, name in enumerate(METRICS)}
        values["_step"] = step
        values["_runtime"] = round(step * 0.25, 2)
        values["_timestamp"] = 1_767_225_600 + step * 0.25
        return values

    @cached_property
    def texts(self) -> list[bytes]:
        """Every row as `Run.history` sends it: a JSON text that holds a JSON object."""
        return [encode_text(self.row(step)) for step in range(self.steps)]

    def objects(self, keys: tuple[str, ...]) -> list[bytes]:
        """Every row as `Run.sampledHistory` sends it: an object with `keys` only."""
        if keys not in self._columns:
            self._columns[keys] = [self._object(step, keys) for step in range(self.steps)]
        return self._columns[keys]

    def _object(self, step: int, keys: tuple[str, ...]) -> bytes:
        found: dict[str, object] = {}
        for key in keys:
            if key in METRICS:
                found[key] = metric(self.run, step, METRICS.index(key))
            elif key in ("_step", "_runtime", "_timestamp"):
                found[key] = {"_step": step, "_runtime": round(step * 0.25, 2)}.get(
                    key, 1_767_225_600 + step * 0.25
                )
        return encode(found)

    def window(self, rows: list[bytes], low: int, high: int, samples: int) -> list[bytes]:
        """Rows `low` up to but not including `high`, thinned evenly to at most `samples`."""
        low, high = max(low, 0), min(high, self.steps)
        count = high - low
        if count <= 0 or samples <= 0:
            return []
        if count <= samples:
            return rows[low:high]
        return [rows[low + i * count // samples] for i in range(samples)]

    def keys(self) -> bytes:
        """`Run.historyKeys`: the training metrics, their types and the last step."""
        types = [{"type": "number", "count": self.steps}]
        names = {name: {"typeCounts": types} for name in METRICS[:10]}
        return encode({"keys": names, "lastStep": self.steps - 1, "sets": []})


@dataclass
class RunRecord:
    """One run: its plain fields as encoded JSON, its config and summary as dicts for projection."""

    name: str
    created: datetime
    fields: dict[str, bytes]
    config: dict[str, object]
    summary: dict[str, object]
    history: History


@dataclass
class Project:
    """A project with its runs, oldest first."""

    name: str
    internal_id: int
    runs: list[RunRecord]
    index: dict[str, int] = field(default_factory=dict)
    edges: dict[object, list[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.index = {run.name: i for i, run in enumerate(self.runs)}


def _config(number: int) -> dict[str, object]:
    values: dict[str, object] = {
        "learning_rate": round(10 ** -(1 + number % 400 / 100), 8),
        "model.type": _MODELS[number % 5],
        "batch_size": 2 ** (4 + number % 6),
        "epochs": 10 + number % 90,
        "optimizer": {"name": "adamw", "betas": [0.9, 0.999], "weight_decay": 0.01 * (number % 7)},
        "dataset": {"name": "imagenet-1k", "version": f"v{number % 12}", "shards": 1024, "shuffle": True},
        "seed": number * 7919 % 65_536,
        "notes": "baseline with a cosine schedule and label smoothing",
    }
    for i in range(18):
        values[f"arch.block_{i:02}.width"] = 64 * (1 + (number + i) % 16)
    wrapped: dict[str, object] = {key: {"value": value, "desc": None} for key, value in values.items()}
    wrapped["_wandb"] = {
        "value": {"cli_version": "0.31.0", "python_version": "3.11.7", "t": {"1": [1, 5, 53]}}
    }
    return wrapped


def _summary(number: int) -> dict[str, object]:
    found: dict[str, object] = {name: metric(number, 500, i) for i, name in enumerate(METRICS)}
    found |= {
        "best/epoch": number % 60,
        "best/checkpoint": f"model-{number:06}.pt",
        "_step": 499,
        "_runtime": 124.75,
    }
    found["_timestamp"] = 1_767_225_724.75
    found["_wandb"] = {"runtime": 124}
    return found


def _record(project: int, number: int, steps: int) -> RunRecord:
    name = f"{number * 2_654_435_761 % 2**32:08x}"
    created = _EPOCH + timedelta(seconds=37 * number)
    config, summary, history = _config(number), _summary(number), History(number, steps)
    user = {"id": "VXNlcjox", "name": "Ada", "username": "ada", "email": "ada@example.org"}
    plain: dict[str, object] = {
        "__typename": "Run",
        "id": f"UnVuOnYxOm{name}",
        "name": name,
        "displayName": f"swift-river-{number}",
        "projectId": str(project),
        "internalId": str(1_000_000 + number),
        "state": ("finished", "finished", "finished", "crashed", "failed")[number % 5],
        "group": f"group-{number % 20}",
        "jobType": "train",
        "sweepName": None,
        "commit": f"{number * 40_503 % 2**32:08x}" * 5,
        "readOnly": False,
        "createdAt": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "updatedAt": (created + timedelta(seconds=125)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "heartbeatAt": (created + timedelta(seconds=125)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "tags": ["bench", f"shard-{number % 8}"],
        "description": None,
        "notes": None,
        "host": f"node-{number % 64:02}",
        "historyLineCount": steps,
        "eventsLineCount": 0,
        "computeSeconds": 125,
    }
    fields = {key: encode(value) for key, value in plain.items()}
    fields["config"] = encode_text(config)
    fields["summaryMetrics"] = encode_text(summary)
    fields["systemMetrics"] = encode_text({"system.cpu": 37.5, "system.memory": 61.25, "system.disk": 12.0})
    fields["historyKeys"] = history.keys()
    for key, value in user.items():
        fields[f"user.{key}"] = encode(value)
    return RunRecord(name, created, fields, config, summary, history)


def make_projects(sizes: Sizes) -> dict[str, Callable[[], Project]]:
    """The projects by name, each made when it is first asked for."""

    def build(name: str, number: int, runs: int, steps: int) -> Callable[[], Project]:
        return lambda: Project(name, number, [_record(number, i, steps) for i in range(runs)])

    return {
        "trials": build("trials", 101, sizes.runs, 500),
        "scan": build("scan", 102, 1, sizes.steps),
        "histories": build("histories", 103, sizes.histories, sizes.points),
    }
