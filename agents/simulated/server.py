"""The control socket of a running network: who asks gets one line of JSON back."""

import json
import os
import socket
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from agents.simulated.control import COMMANDS, read_line
from agents.simulated.devices import DeviceError
from agents.simulated.director import Director
from agents.simulated.uisp import UispServer

_LARGEST_REQUEST = 64 * 1024
_SECONDS_PER_CONVERSATION = 5.0
_CONVERSATIONS = 32


class SocketError(Exception):
    """The control socket cannot be opened; the message names its path."""


class ControlServer:
    """Answers on a unix socket that only its owner may open, each caller in a thread of its own."""

    def __init__(self, path: str | Path, director: Director, uisp: UispServer | None = None) -> None:
        self._path, self._director, self._uisp = Path(path), director, uisp
        self._places = threading.BoundedSemaphore(_CONVERSATIONS)
        self._stopping = threading.Event()
        self._listener = _bind(self._path)
        self._mine = os.stat(self._path).st_ino
        self._thread = threading.Thread(target=self._serve, name="simulated-control", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the socket and remove its file, if it is still ours."""
        self._stopping.set()
        with suppress(OSError):
            # close() alone would leave the thread waiting in accept().
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        with suppress(OSError):
            if os.stat(self._path).st_ino == self._mine:
                self._path.unlink()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                connection = self._listener.accept()[0]
            except OSError:
                # Either the end has come, or the process is out of open files for a moment.
                self._stopping.wait(0.1)
                continue
            if self._places.acquire(blocking=False):
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()
            else:
                connection.close()

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection, suppress(OSError):
                connection.sendall(self._reply(connection))
        finally:
            self._places.release()

    def _reply(self, connection: socket.socket) -> bytes:
        deadline = time.monotonic() + _SECONDS_PER_CONVERSATION
        try:
            line = read_line(connection, _LARGEST_REQUEST, deadline)
            reply = answer(self._director, line, self._uisp)
        except ValueError as error:
            reply = _refusal(str(error))
        connection.settimeout(_SECONDS_PER_CONVERSATION)
        return json.dumps(reply).encode() + b"\n"


def answer(director: Director, line: bytes, uisp: UispServer | None = None) -> dict[str, Any]:
    """Do what a line asks for; a line that is wrong is told what is wrong with it, and changes nothing."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return _refusal("the request is not JSON")
    wrong = _fault(request)
    if wrong:
        return _refusal(wrong)
    try:
        return {"ok": True, **_obey(director, request, uisp)}
    except (LookupError, DeviceError) as error:
        return _refusal(str(error.args[0]))


def _fault(request: Any) -> str:
    if not isinstance(request, dict):
        return "the request is not a JSON object"
    command = request.get("command")
    if not isinstance(command, str) or command not in COMMANDS:
        return f"command must be one of {', '.join(COMMANDS)}"
    takes = COMMANDS[command]
    unknown = sorted(request.keys() - {"command", takes})
    if unknown:
        return f"{command} takes no {', '.join(unknown)}"
    if takes and not isinstance(request.get(takes), str):
        return f"{command} needs {takes}, a name"
    return ""


def _obey(director: Director, request: dict[str, str], uisp: UispServer | None) -> dict[str, Any]:
    command = request["command"]
    takes = COMMANDS[command]
    if command == "uisp":
        _play(uisp, request["fault"])
    elif command != "status":
        act: Callable[..., None] = getattr(director, command)
        act(*([request[takes]] if takes else []))
    return director.status() | ({"uisp": uisp.status()} if uisp else {})


def _play(uisp: UispServer | None, fault: str) -> None:
    if not uisp:
        raise LookupError("no UISP is running here")
    uisp.play(fault)


def _refusal(error: str) -> dict[str, Any]:
    return {"ok": False, "error": error}


def _bind(path: Path) -> socket.socket:
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The file must never be open to others, not even between bind and chmod.
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
        listener.listen(_CONVERSATIONS)
    except OSError as error:
        listener.close()
        raise SocketError(f"cannot open the control socket {path}: {error}") from error
    finally:
        os.umask(before)
    return listener


def _remove_stale(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise SocketError(f"cannot open the control socket {path}: another file is there")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
            trial.settimeout(1)
            trial.connect(str(path))
    except FileNotFoundError:
        return
    except ConnectionRefusedError:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise SocketError(f"cannot open the control socket {path}: {error}") from error
    else:
        raise SocketError(f"cannot open the control socket {path}: another network listens there")
