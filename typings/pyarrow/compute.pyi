"""Any for all of it."""

from typing import Any

def __getattr__(name: str) -> Any: ...
