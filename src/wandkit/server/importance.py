"""How much each parameter of a set of runs says about a number that they reached.

The importance of a parameter is the share of the target's variance that lies between the groups of runs with
like values (the correlation ratio): numbers are grouped by rank, everything else by equality. The shares are
scaled to add up to 1. The correlation is Pearson's, for parameters that are numbers in all runs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

__all__ = ["Importance", "importances"]

_FEWEST_RUNS = 2
_MOST_GROUPS = 10


@dataclass(frozen=True)
class Importance:
    """What one parameter says.

    Attributes:
        parameter: Its path.
        importance: From 0, nothing, to 1, everything; all of an answer add up to 1, unless all are 0.
        correlation: From -1 to 1; None where its values are not all numbers, or all the same.
        runs: How many runs have both the parameter and the target.
    """

    parameter: str
    importance: float
    correlation: float | None
    runs: int


def importances(
    rows: Sequence[dict[str, Any]], target: Callable[[dict[str, Any]], Any], parameters: Iterable[str]
) -> list[Importance]:
    """Return the parameters with what they say, the most important first.

    Args:
        rows: The values of the parameters of each run, by path.
        target: Tells the number that a run reached; what is no finite number leaves the run out.
        parameters: The paths to look at.
    """
    reached = [(row, goal) for row in rows if (goal := _number(target(row))) is not None]
    found: list[Importance] = []
    for parameter in dict.fromkeys(parameters):
        pairs = [(row[parameter], reach) for row, reach in reached if row.get(parameter) is not None]
        if len(pairs) >= _FEWEST_RUNS:
            numbers = [_number(value) for value, _ in pairs]
            goals = [reach for _, reach in pairs]
            plain = [number for number in numbers if number is not None]
            whole = len(plain) == len(pairs)
            groups = _by_rank(plain, goals) if whole else _by_value(pairs)
            correlation = _correlation(plain, goals) if whole else None
            found.append(Importance(parameter, _share_between(groups, goals), correlation, len(pairs)))
    total = sum(one.importance for one in found)
    scaled = [
        Importance(one.parameter, one.importance / total if total else 0.0, one.correlation, one.runs)
        for one in found
    ]
    return sorted(scaled, key=lambda one: (-one.importance, one.parameter))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _by_rank(values: Sequence[float], goals: Sequence[float]) -> list[list[float]]:
    """Return the goals in groups of neighbouring values; equal values are always in one group."""
    order = sorted(range(len(values)), key=values.__getitem__)
    size = -(-len(order) // max(2, min(_MOST_GROUPS, math.isqrt(len(order)))))
    groups: list[list[float]] = []
    last: float | None = None
    for index in order:
        if not groups or (len(groups[-1]) >= size and values[index] != last):
            groups.append([])
        groups[-1].append(goals[index])
        last = values[index]
    return groups


def _by_value(pairs: Iterable[tuple[Any, float]]) -> list[list[float]]:
    groups: dict[str, list[float]] = {}
    for value, goal in pairs:
        groups.setdefault(json.dumps(value, sort_keys=True, default=str), []).append(goal)
    return list(groups.values())


def _share_between(groups: Sequence[Sequence[float]], goals: Sequence[float]) -> float:
    """Return the share of the variance that lies between groups; none where each run is a group."""
    mean = fmean(goals)
    whole = sum((goal - mean) ** 2 for goal in goals)
    if not whole or len(groups) in (1, len(goals)):
        return 0.0
    return sum(len(group) * (fmean(group) - mean) ** 2 for group in groups) / whole


def _correlation(values: Sequence[float], goals: Sequence[float]) -> float | None:
    at, goal_at = fmean(values), fmean(goals)
    spread = math.sqrt(
        sum((value - at) ** 2 for value in values) * sum((goal - goal_at) ** 2 for goal in goals)
    )
    if not spread:
        return None
    return sum((value - at) * (goal - goal_at) for value, goal in zip(values, goals, strict=True)) / spread
