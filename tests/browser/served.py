"""The real application, served to a browser by a thread of this process."""

import socket
import threading
import time
from typing import Self

import uvicorn
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application


class Server:
    """Towerwatch on a port of its own; it can be stopped, and started again at the same address."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
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
