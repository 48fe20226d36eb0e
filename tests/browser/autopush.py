"""Firefox's push service on loopback: the websocket on which the browser listens, and the door at which we post."""

import asyncio
import contextlib
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import websockets

from notifications.channels.push_key import packed
from tests.notifications.letterbox import free_port


class Autopush:
    """As much of Mozilla's protocol as one browser asks for. A rotation gives it a new identity and new endpoints."""

    def __init__(self) -> None:
        self.port, self.door = free_port(), free_port()
        self.loop = asyncio.new_event_loop()
        self.browser: Any = None
        self.rotated = False
        self.channels: set[str] = set()
        self.came = 0

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/"

    def rotate(self) -> None:
        """Hang up, and know the browser no more when it comes back."""
        self.rotated = True
        self.channels.clear()
        self.loop.call_soon_threadsafe(self.browser.transport.abort)

    async def talk(self, socket: Any) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            await self.answer(socket)

    async def answer(self, socket: Any) -> None:
        async for text in socket:
            said = json.loads(text)
            kind = said.get("messageType")
            if kind == "hello":
                self.browser = socket
                known = None if self.rotated else said.get("uaid")
                await self.say(kind, uaid=known or uuid.uuid4().hex, status=200, use_webpush=True, broadcasts={})
            elif kind == "register":
                self.channels.add(said["channelID"])
                endpoint = f"http://127.0.0.1:{self.door}/wpush/{said['channelID']}"
                await self.say(kind, channelID=said["channelID"], status=200, pushEndpoint=endpoint)
            elif kind == "unregister":
                self.channels.discard(said["channelID"])
                await self.say(kind, channelID=said["channelID"], status=200)
            elif not kind:
                await socket.send("{}")

    async def say(self, kind: str, **more: Any) -> None:
        await self.browser.send(json.dumps({"messageType": kind, **more}))

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head[1:] if line}
        body = await reader.readexactly(int(fields["content-length"]))
        channel = head[0].split(" ")[1].rpartition("/")[2]
        status = "201 Created" if channel in self.channels else "410 Gone"
        if channel in self.channels:
            headers = {"encoding": fields["content-encoding"]}
            about = {"version": uuid.uuid4().hex, "ttl": int(fields["ttl"]), "data": packed(body), "headers": headers}
            await self.say("notification", channelID=channel, **about)
            self.came += 1
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async def serve(self, ready: threading.Event, over: asyncio.Event) -> None:
        listening = websockets.serve(self.talk, "127.0.0.1", self.port, max_size=None)
        async with listening, await asyncio.start_server(self.take, "127.0.0.1", self.door):
            ready.set()
            await over.wait()


@contextmanager
def pushing() -> Iterator[Autopush]:
    """The service, in a thread of its own."""
    service, ready, over = Autopush(), threading.Event(), asyncio.Event()
    run = service.loop.run_until_complete
    thread = threading.Thread(target=lambda: run(service.serve(ready, over)), daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield service
    finally:
        service.loop.call_soon_threadsafe(over.set)
        thread.join(5)
        service.loop.close()
