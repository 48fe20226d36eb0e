"""Which addresses a source may have. Pure: a UISP is often in the private network, never on the link or its router."""

from __future__ import annotations

import ipaddress

# Where clouds tell a machine its secrets, outside the link-local range (AWS for IPv6, Alibaba).
METADATA = frozenset({"fd00:ec2::254", "100.100.100.200"})
LOOPBACK = (
    "it is this machine itself. If UISP runs on this machine, enter its address in the network, "
    "or start Towerwatch with LOOPBACK=1"
)


def refusal(address: str, loopback: bool) -> str | None:
    """Why an IP address is not asked, in words; None where it is. `loopback`: may it be this machine?

    Link-local: RFC 3927, RFC 4291; an IPv4 address may also come in the clothes of IPv6.
    """
    found: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if found.is_link_local or str(found) in METADATA:
        return f"{found} is a link-local or metadata address, and no UISP"
    if found.is_multicast or found.is_unspecified or str(found) == "255.255.255.255":
        return f"{found} is not the address of one machine"
    if found.is_loopback and not loopback:
        return LOOPBACK
    return None
