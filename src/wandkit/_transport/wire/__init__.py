"""Connections, under the same names for asyncio (`aio`) and for blocking sockets (`threads`)."""
