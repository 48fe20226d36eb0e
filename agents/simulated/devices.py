"""The running devices: each listens on its own loopback address and hangs up on whoever calls."""

import contextlib
import resource
import selectors
import socket
import threading
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from agents.simulated.network import Device, Network

# What else a process holds open: its sockets for control, its pipes, the libraries it loads.
_OTHER_FILES = 256
_BACKLOG = 128


class DeviceError(Exception):
    """A device cannot listen on its address."""


class Devices:
    """A network that answers.

    A failed device refuses connections, and so does everything that hangs below one. One thread serves all
    listeners; the other methods may be called from any thread and have taken effect when they return.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self._failed: frozenset[str] = frozenset()
        self._listeners: dict[str, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._lock = threading.RLock()
        self._stopping = False
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="simulated-devices", daemon=True)

    def start(self) -> None:
        """Let every device answer that should; DeviceError, with nothing left open, if one of them cannot."""
        try:
            allow_open_files(len(self.network.devices) + _OTHER_FILES)
            self._selector.register(self._wake_reader, selectors.EVENT_READ)
            with self._lock:
                self._follow()
        except DeviceError:
            self._close()
            raise
        self._thread.start()

    def stop(self) -> None:
        """Close everything."""
        with self._lock:
            self._stopping = True
        with contextlib.suppress(OSError):
            self._wake_writer.send(b"x")
        if self._thread.is_alive():
            self._thread.join()
        self._close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def failed(self) -> frozenset[str]:
        """The devices that are broken themselves."""
        return self._failed

    def unreachable(self) -> dict[str, str]:
        """The devices that are cut off, each with the failed device that is to blame."""
        return self.network.unreachable(self._failed)

    def answers(self, name: str) -> bool:
        """Whether this device is listening now."""
        return self.network.device(name).name in self._listeners

    def fail(self, name: str) -> None:
        """Break a device; LookupError if there is none of this name."""
        with self._lock:
            self.set_failed(self._failed | {name})

    def restore(self, name: str) -> None:
        """Mend a device; it stays silent while something above it has failed."""
        with self._lock:
            self.set_failed(self._failed - {self.network.device(name).name})

    def set_failed(self, names: Iterable[str]) -> None:
        """Let exactly these devices be broken.

        DeviceError if a mended device cannot listen, because its port was taken meanwhile: it stays silent,
        the others follow, and the next call tries it again.
        """
        wanted = frozenset(self.network.device(name).name for name in names)
        with self._lock:
            if self._stopping:
                raise DeviceError("the network has stopped")
            self._failed = wanted
            self._follow()

    def _follow(self) -> None:
        """Open and close listeners until they fit what has failed."""
        silent = self._failed | self.unreachable().keys() | self.network.never_online
        for name in silent & self._listeners.keys():
            listener = self._listeners.pop(name)
            self._selector.unregister(listener)
            listener.close()
        self._open([device for device in self.network.devices if device.name not in silent])

    def _open(self, devices: Sequence[Device]) -> None:
        refused: DeviceError | None = None
        for device in devices:
            if device.name in self._listeners:
                continue
            try:
                listener = listen(device)
            except DeviceError as error:
                refused = refused or error
                continue
            self._listeners[device.name] = listener
            self._selector.register(listener, selectors.EVENT_READ, device.name)
        if refused:
            raise refused

    def _serve(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select():
                if key.data:
                    self._answer(key.data)

    def _answer(self, name: str) -> None:
        # Between select and here the device may have failed: only what still listens picks up.
        with self._lock:
            listener = self._listeners.get(name)
            if listener:
                with contextlib.suppress(OSError):
                    listener.accept()[0].close()

    def _close(self) -> None:
        with self._lock:
            for listener in self._listeners.values():
                listener.close()
            self._listeners.clear()
            self._selector.close()
            self._wake_reader.close()
            self._wake_writer.close()


def listen(device: Device) -> socket.socket:
    """A listening socket on the device's address; DeviceError names the address and the port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Calls that were answered a moment ago must not keep a restored device from its address.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind((device.address, device.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise DeviceError(f"{device.name} cannot listen on {device.address}:{device.port}: {error.strerror}") from error
    return listener


def allow_open_files(needed: int) -> None:
    """Raise this process's own limit of open files as far as needed; DeviceError if the system forbids it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= needed:
        return
    if hard != unlimited and hard < needed:
        raise DeviceError(f"this network needs {needed} open files and the system allows {hard} (see ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed if hard == unlimited else hard, hard))


def free_port(network: Network) -> int:
    """A port that nobody uses on the core's address now."""
    core = network.devices[0]
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.bind((core.address, 0))
        port: int = trial.getsockname()[1]
        return port
