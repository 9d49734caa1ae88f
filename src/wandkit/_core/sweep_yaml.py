"""The YAML of sweep configurations, in which `1e-4` is a number.

Sweep configurations cross the wire as YAML text. YAML 1.1, which PyYAML follows, reads `1e-4` as text because
it has no dot; the servers of this contract, and everybody who writes a learning rate, mean a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

__all__ = ["dump_yaml", "load_yaml"]

_EXPONENT = re.compile(r"[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$")


def load_yaml(text: str) -> Any:
    """Return what the YAML (or JSON) text holds.

    Raises:
        ValueError: The text is no YAML; the message says where.
    """
    import yaml

    try:
        return yaml.load(text, Loader=_classes()[0])  # the loader makes plain values only
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"not YAML: {' '.join(str(error).split())}") from None


def dump_yaml(value: Mapping[str, Any]) -> str:
    """Return the value as YAML text that reads back as the same value, keys in their order.

    Raises:
        ValueError: It holds something that is neither a plain value nor a list or dict of such.
    """
    import yaml

    try:
        plain = json.loads(json.dumps(value))
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    text: str = yaml.dump(plain, Dumper=_classes()[1], sort_keys=False)
    return text


@lru_cache(maxsize=1)
def _classes() -> tuple[Any, Any]:
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    made: tuple[Any, Any] = (Loader, Dumper)
    for kind in made:
        kind.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789"))
    return made
