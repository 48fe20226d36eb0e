"""Talk to a running network: one line of JSON there, one back, over its unix socket.

As a command: python -m agents.simulated.control PATH COMMAND [NAME], where COMMAND is status, pause, resume or recover,
or, with a name, fail DEVICE, restore DEVICE, play SCENARIO or uisp FAULT.
"""

import argparse
import json
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# What each command takes beside its own name.
COMMANDS: dict[str, str | None] = {
    "status": None,
    "fail": "device",
    "restore": "device",
    "play": "scenario",
    "pause": None,
    "resume": None,
    "recover": None,
    "uisp": "fault",
}
_LARGEST_REPLY = 64 * 1024 * 1024


class ControlError(Exception):
    """The network refused what it was asked; the message says what is wrong with it."""


class NotRunning(ControlError):
    """No network answers at this path."""


def send(path: str | Path, request: Mapping[str, Any], timeout: float = 2) -> dict[str, Any]:
    """Ask the network at this path: {"command": "fail", "device": "core-depot"}.

    Raises NotRunning if no network answers within `timeout` seconds, ControlError if it refuses the request.
    """
    deadline = time.monotonic() + timeout
    line = json.dumps(request).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            connection.sendall(line)
            reply = dict(json.loads(read_line(connection, _LARGEST_REPLY, deadline)))
    except (OSError, ValueError, TypeError) as error:
        raise NotRunning(f"the demo network does not answer at {path}: {error}") from error
    if not reply.get("ok"):
        raise ControlError(str(reply.get("error", "the demo network sent no reason")))
    return reply


def read_line(connection: socket.socket, largest: int, deadline: float) -> bytes:
    """One line; ValueError if it is longer than `largest` or cut short, TimeoutError if it is not here in time."""
    line = bytearray()
    received = b""
    while b"\n" not in received:
        # A timeout of 0 would mean "do not wait" and raise another error.
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        received = connection.recv(65536)
        line += received
        if not received:
            raise ValueError("the line was cut short")
        if len(line) > largest:
            raise ValueError(f"the line is longer than {largest} bytes")
    return bytes(line.partition(b"\n")[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: prints the reply, or the error on stderr."""
    parser = argparse.ArgumentParser(prog="python -m agents.simulated.control", description="Talk to the demo network.")
    parser.add_argument("path", help="the network's control socket")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("name", nargs="?", help="the device, the scenario or the fault")
    options = parser.parse_args(arguments)
    takes = COMMANDS[options.command]
    if (takes is None) != (options.name is None):
        parser.error(f"{options.command} needs a {takes}" if takes else f"{options.command} takes no name")
    try:
        reply = send(options.path, {"command": options.command, **({takes: options.name} if takes else {})})
    except ControlError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(reply, indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
