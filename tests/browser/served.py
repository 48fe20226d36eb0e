"""The real application, served to a browser by a thread of this process."""

import socket
import threading
import time
from typing import Self

import uvicorn
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application


class InHand:
    """How many requests are answered at this moment: a thread goes on with one whose browser has gone."""

    lock, count = threading.Lock(), 0

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        self.add(1)
        try:
            return self.get_response(request)
        finally:
            self.add(-1)

    @classmethod
    def add(cls, number: int) -> None:
        with cls.lock:
            cls.count += number

    @classmethod
    def wait(cls) -> None:
        """Return when there is none."""
        until = time.monotonic() + 10
        while cls.count and time.monotonic() < until:
            time.sleep(0.01)


class Server:
    """Towerwatch on a port of its own; it can be stopped, and started again at the same address."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        counting = f"{__name__}.{InHand.__name__}"
        if counting not in settings.MIDDLEWARE:
            settings.MIDDLEWARE = [counting, *settings.MIDDLEWARE]
        self.application = ASGIStaticFilesHandler(get_asgi_application())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return when it answers."""
        config = uvicorn.Config(
            self.application,
            host="127.0.0.1",
            port=self.port,
            lifespan="off",
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True, name="served")
        self.thread.start()
        until = time.monotonic() + 10
        while not self.server.started:
            assert self.thread.is_alive() and time.monotonic() < until, "the server did not start"
            time.sleep(0.01)

    def stop(self) -> None:
        """Let go of every connection, the open streams too."""
        self.server.should_exit = True
        self.thread.join(10)
