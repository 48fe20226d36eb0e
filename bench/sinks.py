"""The other end of a delivery, quick enough not to be the limit: a mail server and a push service that take everything.

Each is a process of its own: `python -m bench.sinks mail PORT` or `push PORT`. It listens as soon as it prints a line;
each line that it is told is answered by one: "count" by how many messages came, "ids" by how often each Message-ID did
(JSON), "refuse 15" by "ok", after which nobody is let in for so many seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
LENGTH = re.compile(rb"^content-length:\s*(\d+)", re.IGNORECASE | re.MULTILINE)


class Taken:
    """What came so far."""

    def __init__(self) -> None:
        self.ids: Counter[str] = Counter()
        self.count = 0
        self.open: set[asyncio.Transport] = set()


class Mail(asyncio.Protocol):
    """As much of SMTP (RFC 5321) as a client needs to hand a message over."""

    def __init__(self, taken: Taken) -> None:
        self.taken = taken
        self.buffer = b""
        self.in_data = False

    def connection_made(self, transport: Any) -> None:
        """Greet."""
        self.transport = transport
        self.taken.open.add(transport)
        transport.write(b"220 sink\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget who went."""
        self.taken.open.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        """Answer every whole line, and every whole message."""
        self.buffer += data
        while True:
            whole, end, rest = self.buffer.partition(b"\r\n.\r\n" if self.in_data else b"\r\n")
            if not end:
                return
            self.buffer = rest
            if self.in_data:
                self._take(whole)
            else:
                self._answer(whole[:4].upper())

    def _take(self, message: bytes) -> None:
        found = MESSAGE_ID.search(message)
        self.taken.ids[found[1].decode() if found else ""] += 1
        self.taken.count += 1
        self.in_data = False
        self.transport.write(b"250 taken\r\n")

    def _answer(self, verb: bytes) -> None:
        self.in_data = verb == b"DATA"
        self.transport.write({b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}.get(verb, b"250 ok\r\n"))
        if verb == b"QUIT":
            self.transport.close()


class Push(asyncio.Protocol):
    """As much of HTTP as a push service needs: each POST is answered by 201, and the connection is kept."""

    def __init__(self, taken: Taken) -> None:
        self.taken = taken
        self.buffer = b""

    def connection_made(self, transport: Any) -> None:
        """Wait for a request."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            found = LENGTH.search(head)
            length = int(found[1]) if found else 0
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self.taken.count += 1
            self.transport.write(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")


async def serve(kind: str, port: int) -> None:
    """Listen until the standard input ends."""
    taken = Taken()
    loop = asyncio.get_running_loop()

    async def listen() -> asyncio.Server:
        made = {"mail": Mail, "push": Push}[kind]
        return await loop.create_server(lambda: made(taken), "127.0.0.1", port, backlog=500, reuse_address=True)

    server = await listen()
    print("listening", flush=True)
    while line := (await loop.run_in_executor(None, sys.stdin.readline)).split():
        if line[0] == "refuse":
            server.close()
            for transport in list(taken.open):
                transport.close()
            print("ok", flush=True)
            await asyncio.sleep(float(line[1]))
            server = await listen()
        else:
            print(json.dumps(taken.ids) if line[0] == "ids" else taken.count, flush=True)


class Sink:
    """The process, from outside."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def ask(self, line: str) -> str:
        """Its answer to a line."""
        assert self.process.stdin and self.process.stdout
        print(line, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()


@contextlib.contextmanager
def running(kind: str, port: int) -> Iterator[Sink]:
    """A sink of this kind ("mail" or "push") at this port, for as long as the block."""
    command = [sys.executable, "-m", "bench.sinks", kind, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            yield Sink(process, port)
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
