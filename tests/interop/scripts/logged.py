"""What the runs of the tests log: made alike by the scripts and by the tests that check it."""

from __future__ import annotations

import math

CONFIG = {
    "lr": 0.1,
    "seed": 7,
    "on": True,
    "none": None,
    "layers": [1, 2.5, "x"],
    "model": {"type": "resnet", "deep": {"er": 1}},
    "a.b": 2,
    "größe/x y": "ü",
}
TAGS = ["best", "v1"]
SUMMARY = {
    "best/loss": 0.25,
    "nothing": math.nan,
    "beyond": math.inf,
    "text": "done",
    "parts": {"a": {"b": 1}},
}


def row(step: int) -> dict:
    """Return what is logged at a step: sparse keys, text, nested values, numbers that JSON lacks."""
    values = {"loss": 1 / (step + 1), "count": step, "even": step % 2 == 0, "train/acc ü": step / 100}
    if step % 10 == 0:
        values["sparse"] = step
        values["nested"] = {"a": step, "b": {"c": -step}}
    if step == 3:
        values.update(bad=math.nan, up=math.inf, down=-math.inf)
    if step % 25 == 0:
        values["note"] = f"step {step} ü"
    return values
