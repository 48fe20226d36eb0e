"""ICMP echo on the wire: the sockets that this process may use, the questions and their replies."""

from __future__ import annotations

import ctypes
import secrets
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Literal, Self

from agents.probes.readings import ProbeError

Way = Literal["raw", "datagram"]
Source = bytes | str
Reply = tuple[Source, int, int, int]

NOT_ALLOWED = (
    "This program may not send pings: give it the capability CAP_NET_RAW, "
    "or put its group into the range net.ipv4.ping_group_range."
)

# What the kernel books for one small reply: 832 bytes on loopback, more with some drivers.
REPLY_BYTES = 2304

# From linux/icmp.h, linux/icmpv6.h, asm-generic/socket.h and linux/bpf_common.h: Python does not name them.
ICMP_FILTER = ICMP6_FILTER = 1
SO_ATTACH_FILTER, SO_RCVBUFFORCE = 26, 33
HEADER_LENGTH_TO_X, LOAD_HALF, LOAD_HALF_AT_X, JUMP_IF_EQUAL, ACCEPT_BYTES = 0xB1, 0x28, 0x48, 0x15, 0x06

ECHO_REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
ALL_ONES = 0xFFFFFFFF
QUESTION = struct.Struct("!BBHHHIII")
NUMBER = struct.Struct("!II")
NUMBER_AT = QUESTION.size - NUMBER.size
REPLY = struct.Struct("!6xHII4x")
REPLY_BEHIND_IP = struct.Struct("!12x4s10xHII4x")


def open_socket(family: socket.AddressFamily) -> tuple[socket.socket, Way]:
    """A non-blocking ICMP socket, raw where that is allowed, else datagram (Linux icmp(7)).

    Raises ProbeError where neither is allowed or the machine does not speak this family.
    """
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    ways: tuple[tuple[Way, int], ...] = (("raw", socket.SOCK_RAW), ("datagram", socket.SOCK_DGRAM))
    for way, kind in ways:
        try:
            return socket.socket(family, kind | socket.SOCK_NONBLOCK, protocol), way
        except PermissionError:
            continue
        except OSError as error:
            raise ProbeError(f"This machine cannot open a socket for pings: {error.strerror}.") from error
    raise ProbeError(NOT_ALLOWED)


def widen(sock: socket.socket, wanted: int) -> int:
    """Ask for a receive buffer of so many bytes and return how many small replies the one granted surely holds.

    Beyond net.core.rmem_max the kernel wants CAP_NET_ADMIN; it grants twice the figure asked for (socket(7)).
    """
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, wanted)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted)
    return max(1, sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // REPLY_BYTES)


def only_own_replies(sock: socket.socket, identifier: int) -> None:
    """Let a raw socket hear echo replies with this identifier and nothing else.

    A raw socket is given every ICMP packet of the machine, on loopback the questions as well, and the replies to
    other sweeps would fill its buffer. The first filter is of the protocol (raw(7)); the second, classic BPF, only
    saves work, as the token of a Line tells its replies apart: where it is refused, all is well.
    """
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_RAW, ICMP_FILTER, struct.pack("=I", ALL_ONES ^ 1 << 0))
        load = [(HEADER_LENGTH_TO_X, 0, 0, 0), (LOAD_HALF_AT_X, 0, 0, 4)]
    else:
        words = [ALL_ONES] * 8
        words[129 >> 5] ^= 1 << (129 & 31)
        sock.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, struct.pack("=8I", *words))
        load = [(LOAD_HALF, 0, 0, 4)]
    program = [*load, (JUMP_IF_EQUAL, 0, 1, identifier), (ACCEPT_BYTES, 0, 0, 0xFFFF), (ACCEPT_BYTES, 0, 0, 0)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(program), ctypes.addressof(code)))


def question(family: socket.AddressFamily, identifier: int, sequence: int, token: int) -> bytearray:
    """An echo request (RFC 792, RFC 4443) in which only the number is still to be filled in by `NUMBER.pack_into`.

    The number goes in beside its complement: together they add nothing to the checksum, so that one serves all.
    ICMPv6 and datagram sockets have theirs computed by the kernel.
    """
    fields = (ECHO_REQUEST[family], 0, 0, identifier, sequence, token, 0, ALL_ONES)
    packet = bytearray(QUESTION.pack(*fields))
    struct.pack_into("!H", packet, 2, checksum(packet))
    return packet


def checksum(data: bytes | bytearray) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


class Line:
    """An open ICMP socket for one sweep: its own identifier and token, and room for `room` replies that wait."""

    def __init__(self, family: socket.AddressFamily, receive_bytes: int) -> None:
        """Raises ProbeError as `open_socket` does; `receive_bytes` is the receive buffer to ask for."""
        self.sock, self.way = open_socket(family)
        self.family = family
        self.identifier, self.token = secrets.randbits(16), secrets.randbits(32)
        self.room = widen(self.sock, receive_bytes)
        self.has_header = self.way == "raw" and family == socket.AF_INET
        self.buffer = bytearray(2048)
        if self.way == "raw":
            only_own_replies(self.sock, self.identifier)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def question(self, sequence: int) -> bytearray:
        """The packet of one round of tries, for `NUMBER.pack_into`."""
        return question(self.family, self.identifier, sequence, self.token)

    def sources(self, addresses: Sequence[bytes]) -> Sequence[Source]:
        """How replies from these packed addresses will name where they come from."""
        return addresses if self.has_header else [socket.inet_ntop(self.family, address) for address in addresses]

    def replies(self) -> Iterator[Reply]:
        """Yield what waits in the socket as (source, sequence, token, number); ends when it is empty.

        A reply has no IP options, as its question had none (RFC 1122, 3.2.2.6): all stands at a fixed place.
        """
        return self._with_header() if self.has_header else self._with_peer()

    def _with_header(self) -> Iterator[Reply]:
        buffer, receive, unpack = self.buffer, self.sock.recv_into, REPLY_BEHIND_IP.unpack_from
        whole = REPLY_BEHIND_IP.size
        try:
            while True:
                if receive(buffer) >= whole:
                    yield unpack(buffer)
        except OSError:
            return

    def _with_peer(self) -> Iterator[Reply]:
        buffer, receive, unpack = self.buffer, self.sock.recvfrom_into, REPLY.unpack_from
        try:
            while True:
                size, peer = receive(buffer)
                if size >= REPLY.size:
                    yield peer[0], *unpack(buffer)
        except OSError:
            return
