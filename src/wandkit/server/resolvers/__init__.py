"""The resolvers, one module per noun; each lists what it binds in `BINDABLES`."""

from __future__ import annotations
