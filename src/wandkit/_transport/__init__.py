"""How requests travel. Nothing outside this folder (and its sync twin) opens a connection.

`aio/` is the source of the sync twin; `concurrency/` and `wire/` hold both faces by hand;
`exchange.py` and `backend.py` serve both and do no I/O of their own.
"""
