"""The embedded server: the same wire contract as the client's, answered from SQLite and a folder of files.

Rooms: `app` (the ASGI application), `config` (settings), `database` and `model/` (storage), `graphql` and
`resolvers/` (the GraphQL API), `filtering/` (filters and orders as SQL), `routes/` (file streams, uploads and
downloads), `auth` and `permissions` (who may do what), `lifecycle` (run states), `ids` (global ids).
The client's code never imports this package, and this package never imports the client's.
"""

from __future__ import annotations
