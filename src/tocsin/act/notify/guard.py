"""Where we may send: public addresses, and private networks only when the mission names them.

A web address that a person types must not make this server call its own neighbours. The name is looked up once, every
address of it must be allowed, and the connection goes to the very address that was checked.
"""

import ipaddress
import socket
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from tocsin.core.errors import BadInput, Forbidden

Resolve = Callable[[str, int], Iterable[str]]


def look_up(host: str, port: int) -> list[str]:
    """Addresses of a host, as the operating system knows them."""
    return sorted({str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})


@dataclass(frozen=True)
class Pinned:
    """An address to connect to: the URL with the number in place of the name, and the name for TLS and Host."""

    url: str = field(repr=False)
    host: str
    header: str
    address: str


def allowed(address: str, networks: Sequence[str]) -> bool:
    """Whether an address is public, or in one of the mission's networks.

    >>> allowed("10.0.0.7", []), allowed("10.0.0.7", ["10.0.0.0/24"]), allowed("::ffff:127.0.0.1", [])
    (False, True, False)
    """
    found = ipaddress.ip_address(address.split("%", 1)[0])
    mapped = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    found = mapped or found
    return _within(found, networks) or (found.is_global and not found.is_multicast and not found.is_reserved)


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: Sequence[str]) -> bool:
    return any(address in ipaddress.ip_network(n) for n in networks)  # another version's network holds it never


def check_host(
    host: str, port: int, networks: Sequence[str], resolve: Resolve = look_up, hosts: Collection[str] = ()
) -> str:
    """An address of a host that we may connect to.

    Parameters
    ----------
    hosts : collection of str
        The only names we may connect to, folded to one case; none means any.

    Raises
    ------
    Forbidden
        If the mission lists its hosts and this is none of them, or one of its addresses lies in a private or reserved
        network that the mission does not name.
    BadInput
        If the host is unknown.
    """
    if hosts and host.casefold().rstrip(".") not in hosts:
        raise Forbidden("the mission sends to hosts it lists only: name this one under allowed_hosts in act.toml")
    try:
        addresses = list(resolve(host, port))
    except (OSError, UnicodeError) as problem:
        raise BadInput("the host to send to is not known: check the address") from problem
    if not addresses:
        raise BadInput("the host to send to is not known: check the address")
    for address in addresses:
        if not allowed(address, networks):
            raise Forbidden(
                "the address to send to lies in a private network: name it under allowed_networks in act.toml if it "
                "is the mission's own"
            )
    return addresses[0]


def pin(url: str, networks: Sequence[str], resolve: Resolve = look_up, hosts: Collection[str] = ()) -> Pinned:
    """A web address checked and bound to a number. Plain http goes to the mission's own networks only.

    Raises
    ------
    BadInput, Forbidden
    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
        host = parts.hostname or ""
    except ValueError as problem:
        raise BadInput("the web address to send to cannot be read") from problem
    if parts.scheme not in ("https", "http") or not host or not port or parts.username or parts.password:
        raise BadInput("a web address to send to starts with https:// and holds no user name")
    address = check_host(host, port, networks, resolve, hosts)
    if parts.scheme == "http" and not _within(ipaddress.ip_address(address.split("%", 1)[0]), networks):
        raise Forbidden("plain http would let others read the message: use https")
    number = f"[{address}]" if ":" in address else address
    target = urlunsplit((parts.scheme, f"{number}:{port}", parts.path or "/", parts.query, ""))
    shown = f"[{host}]" if ":" in host else host
    return Pinned(target, host, shown if parts.port is None else f"{shown}:{port}", address)
