"""The search of a sweep: which points a configuration spans, and which one comes next.

A grid is counted, never listed: point `n` is found from its number. A random search draws each parameter from
its distribution, and so does a bayesian one at first: sweep_bayes.py.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wandkit._core.sweep_config import infer_distribution
from wandkit.server.shapes import is_object

__all__ = [
    "SearchError",
    "grid_point",
    "grid_points",
    "grid_size",
    "is_grid",
    "random_point",
    "remarks",
    "same_point",
]

_MAX_CHOICES = 1_000_000
_MAX_POINTS = 2**31 - 1


class SearchError(ValueError):
    """The configuration cannot be searched; the message names the parameter."""


def is_grid(config: Mapping[str, Any]) -> bool:
    """Return whether the points are counted through."""
    return config.get("method") == "grid"


def remarks(config: Mapping[str, Any]) -> list[str]:
    """Return what this server does otherwise than the configuration says."""
    found: list[str] = []
    early, metric = config.get("early_terminate"), config.get("metric")
    if is_object(early) and early.get("type") != "hyperband":
        found.append("early_terminate: this server knows hyperband only; the setting is ignored")
    elif early is not None and metric is None:
        found.append("early_terminate: without a metric no run is stopped early; the setting is ignored")
    return found


def grid_size(config: Mapping[str, Any]) -> int:
    """Return how many points the grid has, or the largest count that the wire carries.

    Raises:
        SearchError: A parameter has endlessly many values.
    """
    size = 1
    for _, choices in _axes(config):
        size *= len(choices)
    return min(size, _MAX_POINTS)


def grid_point(config: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return the arguments of the grid's point of this number; the last parameter varies fastest."""
    return next(grid_points(config, [number]))


def grid_points(config: Mapping[str, Any], numbers: Iterable[int]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of the grid's points of these numbers."""
    axes = _axes(config)
    for number in numbers:
        found: dict[str, Any] = {}
        for path, choices in reversed(axes):
            number, at = divmod(number, len(choices))
            _put(found, path, choices[at])
        yield {name: {"value": found[name]} for name in config["parameters"] if name in found}


def random_point(config: Mapping[str, Any], rng: random.Random) -> dict[str, Any]:
    """Return the arguments of a point drawn at random."""
    return {name: {"value": _draw(found, rng, name)} for name, found in _parameters(config).items()}


def same_point(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether `other`, a run's config, sets every argument of `one` to the same value."""
    return all(
        isinstance(other.get(name), dict)
        and _canonical(other[name].get("value")) == _canonical(entry["value"])
        for name, entry in one.items()
    )


def _parameters(config: Mapping[str, Any]) -> dict[str, Any]:
    found = config.get("parameters")
    return found if is_object(found) else {}


def _axes(config: Mapping[str, Any]) -> list[tuple[tuple[str, ...], list[Any]]]:
    return _axes_of(_parameters(config), ())


def _axes_of(parameters: dict[str, Any], above: tuple[str, ...]) -> list[tuple[tuple[str, ...], list[Any]]]:
    found: list[tuple[tuple[str, ...], list[Any]]] = []
    for name, parameter in parameters.items():
        path = (*above, name)
        if "parameters" in parameter:
            found.extend(_axes_of(parameter["parameters"], path))
        else:
            found.append((path, _choices(parameter, ".".join(path))))
    return found


def _choices(parameter: dict[str, Any], name: str) -> list[Any]:
    kind = infer_distribution(parameter)
    if kind == "constant":
        return [parameter["value"]]
    if kind in ("categorical", "categorical_w_probabilities"):
        return list(parameter["values"])
    if kind in ("int_uniform", "q_uniform"):
        low, high = parameter["min"], parameter["max"]
        step = 1 if kind == "int_uniform" else parameter.get("q", 1)
        count = math.floor((high - low) / step + 1e-9) + 1
        if count <= _MAX_CHOICES:
            return [_rounded(low + place * step, low, step) for place in range(count)]
        raise SearchError(f"parameter {name} has {count} values, too many for a grid")
    raise SearchError(
        f"parameter {name} is {kind}, which a grid cannot count through; "
        "use value, values, int_uniform or q_uniform"
    )


def _draw(parameter: dict[str, Any], rng: random.Random, name: str) -> Any:
    if "parameters" in parameter:
        nested = parameter["parameters"]
        return {key: _draw(found, rng, f"{name}.{key}") for key, found in nested.items()}
    kind = infer_distribution(parameter) or ""
    if kind == "constant":
        return parameter["value"]
    if kind.startswith("categorical"):
        return rng.choices(parameter["values"], parameter.get("probabilities"))[0]
    if kind == "int_uniform":
        return rng.randint(parameter["min"], parameter["max"])
    try:
        value = _continuous(kind.removeprefix("q_"), parameter, rng)
    except (ArithmeticError, ValueError) as error:
        raise SearchError(f"parameter {name} cannot be drawn: {error}") from None
    if not kind.startswith("q_"):
        return value
    step = parameter.get("q", 1)
    return _rounded(round(value / step) * step, step, step)


def _continuous(kind: str, parameter: dict[str, Any], rng: random.Random) -> float:
    low: float = parameter.get("min", 0.0)
    high: float = parameter.get("max", 1.0)
    if kind == "uniform":
        return rng.uniform(low, high)
    if kind == "log_uniform":
        return math.exp(rng.uniform(low, high))
    if kind == "inv_log_uniform":
        return math.exp(-rng.uniform(low, high))
    if kind in ("log_uniform_values", "inv_log_uniform_values"):
        return min(max(math.exp(rng.uniform(math.log(low), math.log(high))), low), high)
    mu, sigma = parameter.get("mu", 0.0), parameter.get("sigma", 1.0)
    if kind == "normal":
        return rng.gauss(mu, sigma)
    if kind == "log_normal":
        return rng.lognormvariate(mu, sigma)
    if kind == "beta":
        return rng.betavariate(parameter.get("a", 1.0), parameter.get("b", 1.0))
    raise ValueError(f"it is {kind or 'of no distribution'}")


def _rounded(value: float, low: float, step: float) -> int | float:
    """Return `low + n * step` without the dust of adding floats; whole where both are."""
    if isinstance(low, int) and isinstance(step, int):
        return round(value)
    return float(f"{value:.12g}")


def _put(found: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        found = found.setdefault(name, {})
    found[path[-1]] = value


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
