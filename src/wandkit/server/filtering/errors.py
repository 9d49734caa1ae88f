"""What is raised for a filter or order that cannot be used."""

from __future__ import annotations

__all__ = ["FilterSyntaxError"]


class FilterSyntaxError(ValueError):
    """The filter or order is malformed; the message names the key or operator and what would be right."""
