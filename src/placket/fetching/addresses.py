"""Which addresses may be dialled."""

import ipaddress
import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from placket.domain.errors import UrlRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_SPECIAL_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
_SPECIAL_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo and ORCHID among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: leads to any IPv4 address
        "3fff::/20",
    )
)
"""IANA special-purpose address registries. Spelled out: what ``is_global`` says differs between releases of Python,
and it takes multicast for global."""
_NAT64 = IPv6Network("64:ff9b::/96")

_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
"""The WHATWG URL standard's test for "this host is meant as an IPv4 address"."""


def is_globally_routable(address: Address) -> bool:
    """Whether any host on the internet could be meant.

    An IPv4 address wrapped in IPv6 (mapped, compatible, 6to4, Teredo) is not; only the NAT64 of a network without IPv4
    is looked into.
    """
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _SPECIAL_V4)
    if address.scope_id is not None:
        return False
    if address in _NAT64:
        return is_globally_routable(IPv4Address(int(address) & 0xFFFF_FFFF))
    return (
        address in _GLOBAL_UNICAST_V6 and address.is_global and not any(address in network for network in _SPECIAL_V6)
    )


def literal_address(host: str) -> Address | None:
    """The address that ``host`` spells, or None for a name.

    Raises UrlRefused for an IPv4 address in any spelling but four decimal numbers: programs differ in what they take
    ``0177.1`` or ``2130706433`` for.
    """
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        if _ENDS_IN_NUMBER.fullmatch(host):
            raise UrlRefused(f"{host} is not an address of four decimal numbers") from None
        return None


class AddressPolicy:
    """The public internet and ``allow_networks``; nothing else."""

    def __init__(self, allow_networks: Iterable[Network] = ()) -> None:
        self._allowed = tuple(allow_networks)

    def allows(self, address: Address) -> bool:
        return any(address in network for network in self._allowed) or is_globally_routable(address)

    def check(self, host: str, addresses: Iterable[Address]) -> None:
        """Raises UrlRefused unless every address may be dialled.

        The message names the host alone: what a name resolves to inside is nothing to tell a stranger.
        """
        if not all(self.allows(address) for address in addresses):
            raise UrlRefused(f"{host} is not on the public internet")
