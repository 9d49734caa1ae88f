"""The sync twin of the async sources, made by renaming alone."""

from __future__ import annotations

from codegen.twin.run import TwinError, write_twin

__all__ = ["TwinError", "write_twin"]
