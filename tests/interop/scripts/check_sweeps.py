"""Let the official client judge sweep configurations: the names of YAML files."""

from __future__ import annotations

import json
import sys
from typing import Any

import yaml

try:
    from wandb.apis.public.sweeps import _validate_config_and_fill_distribution as check
except ImportError:
    from wandb.sdk.internal.internal_api import Api

    check = Api._validate_config_and_fill_distribution


def verdict(name: str) -> str:
    """Return what the client says against a file; empty where it says nothing."""
    with open(name, encoding="utf-8") as file:
        config: Any = yaml.safe_load(file)
    try:
        check(config)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


print("ANSWER " + json.dumps({name: verdict(name) for name in sys.argv[1:]}))
