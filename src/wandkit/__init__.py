"""wandkit: a typed SDK for W&B servers, async and sync, with an embedded server."""

from __future__ import annotations

__version__ = "0.1.0"
