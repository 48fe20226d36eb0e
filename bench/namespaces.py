"""A network to look at, on one Linux machine: one namespace asks, the other answers for every address of a prefix."""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

CLONE_NEWNET = 0x40000000
ASKING_ADDRESS, ANSWERING_ADDRESS = "198.18.0.1", "198.18.0.2"
_numbers = itertools.count(1)

# Sets with intervals take whole prefixes beside single addresses; auto-merge lets them overlap.
RULES = """
table ip towerwatch {
    set silent { type ipv4_addr; flags interval; auto-merge; }
    chain arriving { type filter hook input priority 0; ip daddr @silent drop; }
}
"""


class CannotBuild(Exception):
    """No namespaces here: not root, or a program is missing. The text says which."""


class Network:
    """The two namespaces by name, and which addresses of the answering one are silent at the moment."""

    def __init__(self, asking: str, answering: str) -> None:
        self.asking = asking
        self.answering = answering
        self._silent: set[str] = set()

    def silence(self, *addresses: str) -> None:
        """From now on these IPv4 addresses or prefixes answer nothing at all, neither ping nor TCP."""
        self._write(self._silent.union(addresses))

    def answer(self, *addresses: str) -> None:
        """Take back a `silence` of just these addresses or prefixes."""
        self._write(self._silent.difference(addresses))

    def command(self, *words: str, answering: bool = False) -> list[str]:
        """The command line that runs this program in the asking namespace, or in the answering one."""
        return ["ip", "netns", "exec", self.answering if answering else self.asking, *words]

    @contextmanager
    def enter(self, *, answering: bool = False) -> Iterator[None]:
        """Put the current thread, and what it starts, into the asking (or the answering) namespace for a while.

        A socket stays in the namespace in which it was made.
        """
        with open("/proc/thread-self/ns/net") as home:
            with open(f"/run/netns/{self.answering if answering else self.asking}") as there:
                _set_namespace(there.fileno())
            try:
                yield
            finally:
                _set_namespace(home.fileno())

    def _write(self, silent: set[str]) -> None:
        lines = ["flush set ip towerwatch silent"]
        if silent:
            lines.append(f"add element ip towerwatch silent {{ {', '.join(sorted(silent))} }}")
        _run(*self.command("nft", "-f", "-", answering=True), text="\n".join(lines))
        self._silent = silent


@contextmanager
def network(prefixes: Sequence[str] = ("10.0.0.0/8",), silent: Sequence[str] = ("10.200.0.0/16",)) -> Iterator[Network]:
    """Build the two namespaces; every IPv4 address of `prefixes` answers ping, except those of `silent`.

    In the answering namespace all these addresses are local, so that a server there may listen on any of them.
    Everything is taken down at the end, also after an exception or SIGTERM. Raises CannotBuild.
    """
    _check()
    name = f"tw{os.getpid()}x{next(_numbers)}"
    net = Network(f"{name}a", f"{name}b")
    with _ended_by_sigterm():
        try:
            _build(net, prefixes)
            net.silence(*silent)
            yield net
        finally:
            for namespace in (net.asking, net.answering):
                subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)


def _check() -> None:
    if os.geteuid() != 0:
        raise CannotBuild("Network namespaces need root.")
    for program in ("ip", "nft", "sysctl"):
        if shutil.which(program) is None:
            raise CannotBuild(f"Network namespaces need the program {program}.")


def _build(net: Network, prefixes: Sequence[str]) -> None:
    for namespace in (net.asking, net.answering):
        _run("ip", "netns", "add", namespace)
    _run("ip", "-n", net.asking, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", net.answering)
    for namespace, address in ((net.asking, ASKING_ADDRESS), (net.answering, ANSWERING_ADDRESS)):
        _run("ip", "-n", namespace, "link", "set", "lo", "up")
        _run("ip", "-n", namespace, "addr", "add", f"{address}/30", "dev", "wire")
        _run("ip", "-n", namespace, "link", "set", "wire", "up")
    for prefix in prefixes:
        _run("ip", "-n", net.asking, "route", "add", prefix, "via", ANSWERING_ADDRESS)
        _run("ip", "-n", net.answering, "route", "add", "local", prefix, "dev", "lo")
    for namespace in (net.asking, net.answering):
        _wait_until_up(namespace)
    _run(*net.command("nft", "-f", "-", answering=True), text=RULES)


def _wait_until_up(namespace: str) -> None:
    # The kernel takes a wire into use up to a second after both ends are up; what is sent before is lost.
    until = time.monotonic() + 10
    while "state UP" not in _run("ip", "-n", namespace, "-o", "link", "show", "dev", "wire"):
        if time.monotonic() > until:
            raise CannotBuild("The wire between the namespaces does not come up.")
        time.sleep(0.02)


def _run(*words: str, text: str = "") -> str:
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotBuild(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def _set_namespace(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM unwind the stack like an exception; only the main thread may decide that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
