"""The bayesian search of a sweep: a tree-structured Parzen estimator.

The points that were tried are split into the few best ones and the others; those without a result belong
to the others. For each parameter some values are drawn as a random search would, and the one is taken that
is the likeliest among the best points compared with the others. Parameters are looked at one by one. The
first points are random.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from wandkit._core.sweep_config import infer_distribution
from wandkit.server.shapes import is_object
from wandkit.server.sweep_search import random_point

__all__ = ["Tried", "bayes_point"]

Tried = tuple[Mapping[str, Any], "float | None"]
"""The arguments of a point, and its loss; None while there is none. A smaller loss is better."""
Path = tuple[str, ...]
Density = Callable[[Any, list[Any]], float]

_MISSING = object()
_FEWEST = 6
"""With fewer results than these the search is random."""
_DRAWS = 32
_CHANCE = 0.1
"""How many values stay random, lest the search never leaves a choice that only looked good early."""
_BEST = 0.15
_MOST_BEST, _MOST_OTHERS = 50, 250
_WIDTH = 0.3
"""The width of the bell around a point, as a part of the parameter's range; the more points, the narrower."""
_NARROWEST = 0.01
_FAR = 30.0


def bayes_point(config: Mapping[str, Any], tried: Sequence[Tried], rng: random.Random) -> dict[str, Any]:
    """Return the arguments of the point to try next; the same for the same state of `rng`."""
    ranked = sorted(((loss, place) for place, (_, loss) in enumerate(tried) if loss is not None))
    if len(ranked) < _FEWEST:
        return random_point(config, rng)
    count = min(max(2, math.ceil(_BEST * len(ranked))), _MOST_BEST)
    chosen = [place for _, place in ranked[:count]]
    others = sorted(set(range(len(tried))) - set(chosen))
    if len(others) > _MOST_OTHERS:
        others = rng.sample(others, _MOST_OTHERS)
    draws = [random_point(config, rng) for _ in range(_DRAWS)]
    made = draws[0]
    for path, parameter in _leaves(config["parameters"], ()):
        values = _values(draws, path, parameter)
        good = _values([tried[place][0] for place in chosen], path, parameter)
        bad = _values([tried[place][0] for place in others], path, parameter)
        density = _density(parameter, values)
        if rng.random() >= _CHANCE:
            _put(made, path, max(values, key=lambda value: density(value, good) / density(value, bad)))
    return made


def _density(parameter: dict[str, Any], drawn: list[Any]) -> Density:
    """Return how likely a value is among others, of which one more that was drawn anywhere is always one."""
    if _is_choice(parameter):
        chance = 1 / len(parameter.get("values", (None,)))
        return lambda value, among: (sum(other == value for other in among) + chance) / (len(among) + 1)
    kind = infer_distribution(parameter) or ""
    scale = _logarithm if "log" in kind else float
    places = [scale(value) for value in drawn]
    span = max(places) - min(places) or 1.0

    def density(value: Any, among: list[Any]) -> float:
        width = span * max(_WIDTH * max(len(among), 1) ** -0.4, _NARROWEST)
        far = (min(abs(scale(value) - scale(other)) / width, _FAR) for other in among)
        bells = sum(math.exp(-0.5 * distance * distance) for distance in far)
        return float(bells / (width * math.sqrt(2 * math.pi)) + 1 / span) / (len(among) + 1)

    return density


def _is_choice(parameter: Mapping[str, Any]) -> bool:
    return "value" in parameter or "values" in parameter


def _logarithm(value: float) -> float:
    return math.log(value) if value > 0 else math.log(5e-324)


def _leaves(parameters: Mapping[str, Any], above: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for name, parameter in parameters.items():
        if "parameters" in parameter:
            yield from _leaves(parameter["parameters"], (*above, name))
        else:
            yield (*above, name), parameter


def _values(points: Sequence[Mapping[str, Any]], path: Path, parameter: Mapping[str, Any]) -> list[Any]:
    """Return the values of a parameter; runs that were not drawn here may lack it, or hold something else."""
    found = [_at(point, path) for point in points]
    if _is_choice(parameter):
        return [value for value in found if value is not _MISSING]
    return [value for value in found if isinstance(value, (int, float)) and abs(value) < math.inf]


def _at(args: Mapping[str, Any], path: Path) -> Any:
    found: Any = args
    for name in (path[0], "value", *path[1:]):
        if not is_object(found) or name not in found:
            return _MISSING
        found = found[name]
    return found


def _put(args: dict[str, Any], path: Path, value: Any) -> None:
    names = (path[0], "value", *path[1:])
    for name in names[:-1]:
        args = args[name]
    args[names[-1]] = value
