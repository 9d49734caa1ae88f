"""The HTTP routes beside GraphQL, one module per kind; each lists its own in `ROUTES`."""

from __future__ import annotations
