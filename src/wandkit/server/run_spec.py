"""What a queue makes of the work that is pushed to it: template variables checked, placeholders filled in.

A queue's resource config may hold `{{name}}` in any of its texts. Who pushes gives the values; each has to
fit the JSON schema of its variable. A text that is nothing but one placeholder becomes the value itself, so
that numbers stay numbers.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from wandkit.server.shapes import is_list, is_object

__all__ = ["check_values", "complete_spec", "config_problems", "read_object", "read_variables", "schema_of"]

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


def read_object(text: str | None, what: str) -> dict[str, Any]:
    """Return the object that `text` holds as JSON; nothing is an empty one.

    Raises:
        ValueError: It holds something else.
    """
    try:
        found: object = json.loads(text or "{}", parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{what} is not JSON: {error}") from None
    if not is_object(found):
        raise ValueError(f"{what} must be a JSON object, not {type(found).__name__}")
    return found


def read_variables(text: str | None) -> dict[str, dict[str, Any]]:
    """Return the template variables of a queue by name, each `{"schema": …}` and what else was said of it.

    Raises:
        ValueError: They are malformed, or a schema is none; the message names the variable.
    """
    variables: dict[str, dict[str, Any]] = {}
    for key, said in read_object(text, "templateVariables").items():
        if not is_object(said) or not is_object(said.get("schema")):
            raise ValueError(f'template variable {key!r} must be an object with a "schema" object')
        name = said.get("name", key)
        if not isinstance(name, str) or not _PLACEHOLDER.fullmatch(f"{{{{{name}}}}}"):
            raise ValueError(f"template variable {key!r} has a name that no placeholder can have")
        _check_schema(name, said["schema"])
        variables[name] = said
    return variables


def schema_of(variable: Mapping[str, Any]) -> str:
    """Return a variable's schema as JSON text."""
    return json.dumps(variable["schema"])


def config_problems(config: object, resource: str, variables: Mapping[str, Any]) -> list[str]:
    """Return what is odd about a resource config, a sentence each; a queue can be made all the same."""
    problems: list[str] = []
    arguments = config.get("resource_args") if is_object(config) else None
    if not is_object(arguments) or not is_object(arguments.get(resource)):
        problems.append(f'the config has no object at "resource_args"."{resource}"')
    used = set(_placeholders(config))
    problems += [f"{{{{{name}}}}} is no template variable" for name in sorted(used - set(variables))]
    problems += [
        f"the template variable {name!r} is not used in the config" for name in sorted(set(variables) - used)
    ]
    return problems


def check_values(variables: Mapping[str, Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every variable, its schema's default where none is given.

    Raises:
        ValueError: A value is missing, is of no variable, or does not fit; the message names all of them.
    """
    problems = [f"there is no template variable {name!r}" for name in given if name not in variables]
    values: dict[str, Any] = {}
    for name, variable in variables.items():
        schema = variable["schema"]
        if name in given:
            values[name] = given[name]
            problems += [f"template variable {name!r}: {why}" for why in _misfits(schema, given[name])]
        elif "default" in schema:
            values[name] = schema["default"]
        else:
            problems.append(f"template variable {name!r} needs a value")
    if problems:
        raise ValueError("; ".join(problems))
    return values


def complete_spec(
    spec: Mapping[str, Any], resource: str, config: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a run spec with the queue's resource and its config below what the spec says itself."""
    filled = _filled(dict(config), values)
    own = spec.get("resource_args")
    arguments: Any = filled.get("resource_args")
    merged = _merged(arguments if is_object(arguments) else {}, own if is_object(own) else {})
    return {**spec, "resource": resource, "resource_args": merged}


def _finite(digits: str) -> float:
    """Return a number that can be answered: JSON has neither NaN nor infinities."""
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is no JSON number")
    return number


def _check_schema(name: str, schema: dict[str, Any]) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"the schema of template variable {name!r} is none: {error.message}") from None
    if "default" in schema:
        misfits = _misfits(schema, schema["default"])
        if misfits:
            raise ValueError(f"the default of template variable {name!r} does not fit: {misfits[0]}")


def _misfits(schema: dict[str, Any], value: object) -> list[str]:
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    # A registry of its own: without one the library would fetch what a schema refers to.
    validator: Any = Draft202012Validator(schema, registry=Registry())
    try:
        return [str(error.message) for error in validator.iter_errors(value)]
    except Unresolvable as error:
        return [f"its schema refers to what is not in it: {error}"]


def _placeholders(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from _PLACEHOLDER.findall(value)
    elif is_list(value):
        for item in value:
            yield from _placeholders(item)
    elif is_object(value):
        for item in value.values():
            yield from _placeholders(item)


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        whole = _PLACEHOLDER.fullmatch(value)
        if whole and whole[1] in values:
            return values[whole[1]]
        return _PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), value)
    if is_list(value):
        return [_filled(item, values) for item in value]
    if is_object(value):
        return {key: _filled(item, values) for key, item in value.items()}
    return value


def _merged(below: Any, above: Any) -> Any:
    if not is_object(below) or not is_object(above):
        return above
    return {
        **below,
        **{key: _merged(below[key], item) if key in below else item for key, item in above.items()},
    }
