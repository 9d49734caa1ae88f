"""The types that a job gives its config: whether values fit, and if not, where and why.

A type is `{"wb_type": NAME, "params": …}`, as jobs keep it in `wandb-job.json`. A name that is not known here
fits everything: it was written by somebody who knows more. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from numbers import Number
from typing import Any, cast

__all__ = ["misfits", "show_type"]

ARTIFACT_PREFIXES = ("wandb-artifact://", "wandb-client-artifact://")
OTHER_NAMES = {"dictionary": "typedDict", "object": "pythonObject"}


def misfits(kind: object, value: object, at: str = "") -> list[str]:
    """Return a sentence for each part of `value` that does not fit the type `kind`."""
    name, params = _parts(kind)
    if name == "typedDict":
        return list(_misfits_of_object(params, value, at))
    if name == "list":
        return list(_misfits_of_list(params, value, at))
    if name == "union":
        allowed = _types(params.get("allowed_types"))
        fits = not allowed or any(not misfits(one, value) for one in allowed)
    else:
        check = _CHECKS.get(name)
        fits = check is None or check(params, value)
    return [] if fits else [f"{at or 'the value'} must be {show_type(kind)}, not {_show(value)}"]


def show_type(kind: object) -> str:
    """Return a type in words: `number`, `list of string`, `string or none`."""
    name, params = _parts(kind)
    if name == "union":
        return " or ".join(show_type(one) for one in _types(params.get("allowed_types"))) or "anything"
    if name == "list":
        return f"list of {show_type(params.get('element_type'))}"
    if name == "const":
        return f"the value {params.get('val')!r}"
    if name == "pythonObject":
        return f"a {params.get('class_name')}"
    if name == "typedDict":
        return "mapping"
    if name == "artifactVersion":
        return "artifact"
    return "anything" if name in ("", "any", "unknown") else name


def _misfits_of_object(params: Mapping[str, Any], value: object, at: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{at or 'the value'} must be mapping, not {_show(value)}"
        return
    given = cast("Mapping[str, object]", value)
    kinds = _object(params.get("type_map"))
    for key in given:
        if key not in kinds:
            yield f"{_below(at, key)} is no input of the job"
    for key, kind in kinds.items():
        found = misfits(kind, given.get(key), _below(at, key))
        if found and key not in given:
            yield f"{_below(at, key)} is missing; it must be {show_type(kind)}"
        else:
            yield from found


def _misfits_of_list(params: Mapping[str, Any], value: object, at: str) -> Iterator[str]:
    if not _is_listlike(value):
        kind = {"wb_type": "list", "params": params}
        yield f"{at or 'the value'} must be {show_type(kind)}, not {_show(value)}"
        return
    for place, item in enumerate(cast("list[object]", list(cast("Any", value)))):
        yield from misfits(params.get("element_type"), item, f"{at or 'the value'}[{place}]")


def _is_listlike(value: object) -> bool:
    return isinstance(value, (list, tuple, set, frozenset)) or hasattr(value, "tolist")


def _is_number(_params: Mapping[str, Any], value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Number)


def _is_artifact(_params: Mapping[str, Any], value: object) -> bool:
    if isinstance(value, str):
        return value.startswith(ARTIFACT_PREFIXES)
    return _object(value).get("_type") == "artifactVersion"


def _is_const(params: Mapping[str, Any], value: object) -> bool:
    wanted = params.get("val")
    if params.get("is_set") and isinstance(wanted, list):
        return isinstance(value, (set, frozenset)) and value == set(cast("list[object]", wanted))
    return value == wanted and isinstance(value, bool) is isinstance(wanted, bool)


_CHECKS: dict[str, Callable[[Mapping[str, Any], object], bool]] = {
    "invalid": lambda _params, _value: False,
    "none": lambda _params, value: value is None,
    "string": lambda _params, value: isinstance(value, str),
    "number": _is_number,
    "boolean": lambda _params, value: isinstance(value, bool),
    "timestamp": lambda _params, value: isinstance(value, date),
    "const": _is_const,
    "pythonObject": lambda params, value: type(value).__name__ == params.get("class_name"),
    "ndarray": lambda _params, value: _is_listlike(value),
    "artifactVersion": _is_artifact,
}


def _parts(kind: object) -> tuple[str, dict[str, Any]]:
    said = _object(kind)
    name = said.get("wb_type")
    text = name if isinstance(name, str) else ""
    return OTHER_NAMES.get(text, text), _object(said.get("params"))


def _types(said: object) -> list[object]:
    return cast("list[object]", said) if isinstance(said, list) else []


def _object(said: object) -> dict[str, Any]:
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


def _below(at: str, key: object) -> str:
    return f"{at}.{key}" if at else str(key)


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
