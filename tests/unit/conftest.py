"""Settings of the unit tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes depends on the machine and on what else runs there.
settings.register_profile("wandkit", deadline=None)
settings.load_profile("wandkit")
