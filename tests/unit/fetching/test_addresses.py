"""Which addresses may be dialled."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placket.domain.errors import UrlRefused
from placket.domain.urls import check_url
from placket.fetching.addresses import AddressPolicy, is_globally_routable, literal_address

PUBLIC = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
          "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1",
          "64:ff9b::808:808"]  # fmt: skip
INTERNAL = [
    *["0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1"],
    *["127.255.255.255", "169.254.0.0", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.1", "192.0.2.1"],
    *["192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.7"],
    *["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
    *["::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1"],
    *["64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    *["2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "4000::1", "5f00::1", "fc00::1"],
    *["fd00:ec2::254", "fe80::1", "fe80::1%eth0", "2606:4700::1111%1", "fec0::1", "ff02::1", "ff0e::1"],
]


@pytest.mark.parametrize("text", PUBLIC)
def test_public_address_is_routable(text: str) -> None:
    assert is_globally_routable(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", INTERNAL)
def test_special_address_is_not(text: str) -> None:
    assert not is_globally_routable(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "0x7f.1", "127.1", "127.0.1", "127.0.0.01", "1.2.3.4.5",
     "256.1.1.1", "0", "0x", "name.0x1"],
)  # fmt: skip
def test_other_spellings_of_an_ipv4_address_are_refused(host: str) -> None:
    assert check_url(f"http://{host}/").host == host
    with pytest.raises(UrlRefused):
        literal_address(host)


def test_names_and_plain_addresses() -> None:
    assert literal_address("127.0.0.1") == IPv4Address("127.0.0.1")
    assert literal_address("::ffff:7f00:1") == IPv6Address("::ffff:127.0.0.1")
    for name in ("example.com", "1.2.3.4.example", "0x7f.com", "7-11.kr", "a1"):
        assert literal_address(name) is None


def test_every_address_must_be_allowed() -> None:
    policy = AddressPolicy([ip_network("127.0.0.2/32"), ip_network("fd00::/8")])
    public, named, other = IPv4Address("8.8.8.8"), IPv4Address("127.0.0.2"), IPv4Address("127.0.0.3")
    policy.check("host", [public, named, IPv6Address("fd12::1")])
    refused: list[list[IPv4Address | IPv6Address]] = [
        [other],
        [public, other],
        [named, other],
        [named, IPv6Address("fc00::1")],
    ]
    for addresses in refused:
        with pytest.raises(UrlRefused) as refusal:
            policy.check("host", addresses)
        assert "127.0.0" not in refusal.value.detail


@given(st.ip_addresses(v=4))
def test_nothing_that_wraps_an_internal_ipv4_address_is_routable(v4: IPv4Address) -> None:
    number = int(v4)
    wrapped = [
        IPv6Address(number),  # compatible
        IPv6Address((0xFFFF << 32) | number),  # mapped
        IPv6Address((0xFFFF << 48) | number),  # translated (SIIT)
        IPv6Address((0x2002 << 112) | (number << 80) | 1),  # 6to4
        IPv6Address((0x20010000 << 96) | (number ^ 0xFFFF_FFFF)),  # Teredo, the client
        IPv6Address((0x20010000 << 96) | (number << 64)),  # Teredo, the server
        IPv6Address((0x64FF9B0001 << 80) | number),  # NAT64 of the site
    ]
    assert not any(is_globally_routable(address) for address in wrapped)
    assert is_globally_routable(IPv6Address((0x64FF9B << 96) | number)) == is_globally_routable(v4)


@given(st.ip_addresses())
def test_routable_implies_what_the_standard_library_calls_global(address: IPv4Address | IPv6Address) -> None:
    if is_globally_routable(address) and not str(address).startswith("64:ff9b::"):
        assert address.is_global
        assert not (address.is_private or address.is_multicast or address.is_reserved or address.is_loopback)
        assert not (address.is_link_local or address.is_unspecified)


NETWORKS = [
    *["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "0.0.0.0/8"],
    *["224.0.0.0/4", "240.0.0.0/4", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "::/9", "2002::/16"],
]


@st.composite
def internal_addresses(draw: st.DrawFn) -> IPv4Address | IPv6Address:
    network = ip_network(draw(st.sampled_from(NETWORKS)))
    return network[draw(st.integers(0, network.num_addresses - 1))]


@given(internal_addresses(), st.lists(st.ip_addresses(), max_size=4), st.integers(0, 4))
def test_one_internal_address_among_others_refuses_the_host(
    bad: IPv4Address | IPv6Address, others: list[IPv4Address | IPv6Address], place: int
) -> None:
    others.insert(place, bad)
    with pytest.raises(UrlRefused):
        AddressPolicy().check("host", others)


@given(st.ip_addresses(), st.ip_addresses(v=4), st.integers(0, 32))
def test_allowed_networks_add_themselves_and_nothing_else(
    address: IPv4Address | IPv6Address, base: IPv4Address, prefix: int
) -> None:
    network = ip_network((base, prefix), strict=False)
    assert AddressPolicy([network]).allows(address) == (address in network or is_globally_routable(address))
