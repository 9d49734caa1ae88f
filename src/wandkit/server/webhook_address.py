"""Which addresses webhooks may go to, decided on the resolved address that is then connected to."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable

__all__ = ["AddressRefused", "check", "connect", "is_public"]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")


class AddressRefused(Exception):
    """The host resolves to an address that webhooks may not go to."""


def is_public(address: str) -> bool:
    """Return whether an IP address belongs to the public network.

    Addresses that carry an IPv4 address inside (mapped, 6to4, NAT64) are judged by that one too. Of the other
    addresses of IPv6 those of global unicast are public: old and local forms lead into the network at hand.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if found.teredo is not None or found not in _UNICAST:
            return False
    return found.is_global and not found.is_multicast


def check(addresses: Iterable[str]) -> None:
    """Return if every address of a host is public; one that is not spoils the host.

    Raises:
        AddressRefused: One is not.
    """
    if not all(is_public(address) for address in addresses):
        raise AddressRefused("the host has an address that is not public; this server sends nothing there")


def connect(host: str, port: int, timeout_s: float, *, allow_private: bool) -> socket.socket:
    """Return a connection to a host, to an address that was checked.

    Raises:
        AddressRefused: One of its addresses is private, link-local, loopback or otherwise not public.
        OSError: It has no address, or none answers.
    """
    deadline = time.monotonic() + timeout_s
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not allow_private:
        check(str(address[0]) for _, _, _, _, address in found)
    failure: OSError = OSError("the host has no address")
    for family, kind, protocol, _, address in found:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        opened = socket.socket(family, kind, protocol)
        opened.settimeout(left)
        try:
            opened.connect(address)
        except OSError as error:
            opened.close()
            failure = error
        else:
            opened.settimeout(timeout_s)
            return opened
    raise failure
