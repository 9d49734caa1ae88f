"""What ariadne-codegen lacks, one plugin each. Every rewrite shows its effect above its mechanism."""

from __future__ import annotations

from codegen.plugins.core_types import CoreTypes
from codegen.plugins.gated_fields import GatedFields
from codegen.plugins.open_enums import OpenEnums
from codegen.plugins.short_names import ShortNames
from codegen.plugins.tolerant_lists import TolerantLists
from codegen.plugins.tolerant_unions import TolerantUnions

__all__ = [
    "PLUGINS",
    "CoreTypes",
    "GatedFields",
    "OpenEnums",
    "ShortNames",
    "TolerantLists",
    "TolerantUnions",
]

# ShortNames comes last: the others see the names that ariadne-codegen gave.
PLUGINS = (CoreTypes, OpenEnums, GatedFields, TolerantUnions, TolerantLists, ShortNames)
