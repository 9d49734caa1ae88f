"""The documented shape of a sweep configuration: what is checked before one is sent.

    method       grid, random, bayes or custom
    metric       {name, goal: minimize | maximize, target}
    parameters   name -> {value} | {values, probabilities} | {distribution, ...} | {parameters: ...}
    run_cap, early_terminate, program, command, name, description, project, entity, controller, ...

A configuration that no server could run is refused with the offending key named. Keys that are not part of
the shape are let through and told as remarks, since servers ignore them.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from wandkit._core.jsontext import to_json
from wandkit._core.near import did_you_mean, near_matches
from wandkit.errors import ArgumentError

__all__ = ["DISTRIBUTIONS", "METHODS", "check_sweep_config", "infer_distribution", "is_mapping"]

METHODS = ("grid", "random", "bayes", "custom")
_RANGE = frozenset({"min", "max"})
_BELL: frozenset[str] = frozenset()
DISTRIBUTIONS: dict[str, frozenset[str]] = {
    "constant": frozenset({"value"}),
    "categorical": frozenset({"values"}),
    "categorical_w_probabilities": frozenset({"values", "probabilities"}),
    "int_uniform": _RANGE,
    "uniform": _RANGE,
    "q_uniform": _RANGE,
    "log_uniform": _RANGE,
    "q_log_uniform": _RANGE,
    "inv_log_uniform": _RANGE,
    "log_uniform_values": _RANGE,
    "q_log_uniform_values": _RANGE,
    "inv_log_uniform_values": _RANGE,
    "normal": _BELL,
    "q_normal": _BELL,
    "log_normal": _BELL,
    "q_log_normal": _BELL,
    "beta": _BELL,
    "q_beta": _BELL,
}
"""Every distribution of a parameter, with the keys that it cannot do without."""

_TOP_KEYS = frozenset(
    {
        "apiVersion", "command", "controller", "description", "display_name", "early_terminate", "entity",
        "image_uri", "job", "launch", "method", "metric", "name", "parameters", "prior_runs", "program",
        "project", "run_cap", "scheduler",
    }
)  # fmt: skip
_NUMBERS = frozenset({"a", "b", "max", "min", "mu", "q", "sigma"})
_PARAMETER_KEYS = _NUMBERS | {"distribution", "parameters", "probabilities", "value", "values"}
_EARLY_NUMBERS = ("eta", "max_iter", "min_iter", "s")


def check_sweep_config(config: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return a copy of the configuration with inferred distributions filled in, and remarks about it.

    Raises:
        ArgumentError: No server could run it; the message names the offending key.
    """
    if not isinstance(config, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _wrong("", f"must be a mapping, not {type(config).__name__}")
    try:
        made: dict[str, Any] = to_json(config, "config")
    except RecursionError:
        raise _wrong("", "is nested too deeply, or holds itself") from None
    remarks = _unknown(made, _TOP_KEYS, "")
    _check_method(made)
    parameters = made.get("parameters")
    if parameters is None and made["method"] != "custom":
        raise _wrong("parameters", "is missing: say which parameters to search")
    if parameters is not None:
        remarks += _check_parameters(parameters, "parameters")
    _check_metric(made, remarks)
    _check_cap(made)
    _check_early(made.get("early_terminate"), remarks)
    return made, remarks


def infer_distribution(parameter: Mapping[str, Any]) -> str | None:
    """Return the distribution of a parameter: the one it names, else the one its keys mean."""
    if parameter.get("distribution") is not None:
        return str(parameter["distribution"])
    if "parameters" in parameter:
        return None
    if "value" in parameter:
        return "constant"
    if "values" in parameter:
        return "categorical_w_probabilities" if "probabilities" in parameter else "categorical"
    if parameter.keys() >= _RANGE:
        whole = [isinstance(parameter[key], int) for key in ("min", "max")]
        return "int_uniform" if all(whole) else "uniform" if not any(whole) else None
    if "mu" in parameter or "sigma" in parameter:
        return "normal"
    return "beta" if {"a", "b"} <= parameter.keys() else None


def is_mapping(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a part of a configuration maps names to values."""
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _check_method(config: dict[str, Any]) -> None:
    method = config.get("method")
    if method is None:
        raise _wrong("method", f"is missing: use one of {', '.join(METHODS)}")
    if not isinstance(method, str) or method not in METHODS:
        near = did_you_mean(near_matches(str(method), METHODS))
        raise _wrong("method", f"is {method!r}: use one of {', '.join(METHODS)}", near)


def _check_parameters(parameters: Any, where: str) -> list[str]:
    if not is_mapping(parameters):
        raise _wrong(where, f"must map names to parameters, not be {_kind(parameters)}")
    remarks: list[str] = []
    for name, parameter in parameters.items():
        place = f"{where}.{name}"
        if not is_mapping(parameter):
            raise _wrong(place, f"must be a mapping such as {{value: {parameter!r}}}, not {_kind(parameter)}")
        remarks += _check_parameter(parameter, place)
    return remarks


def _check_parameter(parameter: dict[str, Any], place: str) -> list[str]:
    remarks = _unknown(parameter, _PARAMETER_KEYS, place)
    if "parameters" in parameter:
        return remarks + _check_parameters(parameter["parameters"], f"{place}.parameters")
    for key in _NUMBERS & parameter.keys():
        parameter[key] = _number(parameter[key], f"{place}.{key}")
    distribution = infer_distribution(parameter)
    if distribution is None:
        if parameter.keys() >= _RANGE:
            raise _wrong(
                place, "has one whole number and one float as bounds: write both as floats, or both whole"
            )
        raise _wrong(place, "needs value, values, min and max, or a distribution with what it takes")
    if distribution not in DISTRIBUTIONS:
        near = did_you_mean(near_matches(distribution, DISTRIBUTIONS))
        raise _wrong(f"{place}.distribution", f"is {distribution!r}, which is none", near)
    missing = sorted(DISTRIBUTIONS[distribution] - parameter.keys())
    if missing:
        raise _wrong(place, f"is {distribution} and lacks {' and '.join(missing)}")
    _check_values(parameter, place)
    _check_bounds(parameter, distribution, place)
    if parameter.keys() >= _RANGE:
        parameter.setdefault("distribution", distribution)
    return remarks


def _check_values(parameter: dict[str, Any], place: str) -> None:
    if "values" not in parameter:
        return
    values = parameter["values"]
    if not _is_list(values) or not values:
        raise _wrong(f"{place}.values", "must be a list that is not empty")
    chances = parameter.get("probabilities")
    if chances is None:
        return
    if not _is_list(chances) or len(chances) != len(values):
        raise _wrong(f"{place}.probabilities", "must be a list with a number for each of the values")
    numbers = [_number(chance, f"{place}.probabilities") for chance in chances]
    if min(numbers) < 0:
        raise _wrong(f"{place}.probabilities", f"must be chances from 0 to 1, and {min(numbers):g} is none")
    if abs(sum(numbers) - 1) > 1e-3:
        raise _wrong(f"{place}.probabilities", f"must be chances that add up to 1, not to {sum(numbers):g}")


def _check_bounds(parameter: dict[str, Any], distribution: str, place: str) -> None:
    if "q" in parameter and parameter["q"] <= 0:
        raise _wrong(f"{place}.q", "must be larger than 0")
    if "sigma" in parameter and parameter["sigma"] <= 0:
        raise _wrong(f"{place}.sigma", "must be larger than 0")
    if not parameter.keys() >= _RANGE:
        return
    low, high = parameter["min"], parameter["max"]
    if low > high:
        raise _wrong(f"{place}.min", f"is {low}, larger than max, which is {high}")
    if distribution.endswith("log_uniform_values") and low <= 0:
        raise _wrong(f"{place}.min", "must be larger than 0 for a logarithm")
    if distribution == "int_uniform" and not (isinstance(low, int) and isinstance(high, int)):
        raise _wrong(place, "is int_uniform, so min and max must be whole numbers")
    if distribution.endswith("log_uniform"):
        key, exponent = ("min", -low) if distribution.startswith("inv_") else ("max", high)
        if exponent > 700:
            raise _wrong(
                f"{place}.{key}",
                f"is an exponent, and e to the {exponent} is no number; did you mean {distribution}_values?",
            )


def _check_metric(config: dict[str, Any], remarks: list[str]) -> None:
    metric = config.get("metric")
    if metric is None:
        if config["method"] == "bayes":
            raise _wrong("metric", "is missing: a bayes search needs one")
        return
    if not is_mapping(metric):
        raise _wrong("metric", f"must be a mapping with name and goal, not {_kind(metric)}")
    remarks += _unknown(
        metric, frozenset({"name", "goal", "target", "impute", "impute_while_running"}), "metric"
    )
    if not isinstance(metric.get("name"), str) or not metric["name"]:
        raise _wrong("metric.name", "must be the name of a summary value")
    if metric.get("goal", "minimize") not in ("minimize", "maximize"):
        raise _wrong("metric.goal", f"is {metric['goal']!r}: use minimize or maximize")
    if metric.get("target") is not None:
        metric["target"] = _number(metric["target"], "metric.target")


def _check_cap(config: dict[str, Any]) -> None:
    cap = config.get("run_cap")
    if cap is not None and (isinstance(cap, bool) or not isinstance(cap, int) or cap < 1):
        raise _wrong("run_cap", f"is {cap!r}: use a whole number from 1 on")


def _check_early(early: Any, remarks: list[str]) -> None:
    if early is None:
        return
    if not is_mapping(early):
        raise _wrong("early_terminate", f"must be a mapping, not {_kind(early)}")
    if early.get("type") is None:
        raise _wrong("early_terminate.type", "is missing: use hyperband")
    if early["type"] != "hyperband":
        remarks.append(f"early_terminate.type {early['type']!r} is not documented; hyperband is")
        return
    for key in _EARLY_NUMBERS:
        if key in early:
            early[key] = _number(early[key], f"early_terminate.{key}")
    for key, least in (("min_iter", 1), ("max_iter", 1), ("s", 1)):
        if early.get(key, least) < least:
            raise _wrong(f"early_terminate.{key}", f"is {early[key]}: use a number from {least} on")
    if early.get("eta", 3) <= 1:
        raise _wrong("early_terminate.eta", f"is {early['eta']}: use a number larger than 1")
    if "min_iter" not in early and not {"max_iter", "s"} <= early.keys():
        raise _wrong("early_terminate", "needs min_iter, or max_iter and s")


def _unknown(found: Mapping[Any, Any], known: frozenset[str], where: str) -> list[str]:
    """Return a remark for each unknown key; refuse a misspelt key of a parameter: it changes the search."""
    remarks: list[str] = []
    for key in found:
        if key in known:
            continue
        place = f"{where}.{key}" if where else str(key)
        near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.8)
        if near and where.startswith("parameters."):
            raise _wrong(place, "is no key of a parameter", did_you_mean(near))
        remarks.append(f"{place} is not part of a sweep configuration. {did_you_mean(near)}".strip())
    return remarks


def _number(value: Any, place: str) -> int | float:
    if isinstance(value, str):
        # YAML 1.1 reads 1e-4 as text, so numbers come as texts from configurations loaded with PyYAML.
        for kind in (int, float):
            try:
                value = kind(value)
            except ValueError:
                continue
            break
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < math.inf:
        raise _wrong(place, f"must be a number, not {value!r}")
    return value


def _kind(value: object) -> str:
    if value is None:
        return "empty"
    return "a list" if isinstance(value, Sequence) and not isinstance(value, str) else repr(value)


def _wrong(place: str, why: str, next_step: str = "") -> ArgumentError:
    subject = f"{place} " if place else ""
    return ArgumentError(f"Cannot use the sweep configuration: {subject}{why}.", next_step=next_step)
