"""The web server: uvicorn, which ends the live streams of open pages before it waits for requests to end."""

from __future__ import annotations

import os
import warnings
from types import FrameType

import uvicorn
from django.conf import settings


class Server(uvicorn.Server):
    """A stream lasts as long as its page: without this every stop with a page open would wait its whole grace."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal to stop has come."""
        from notifications.live import watcher  # models: only once the application is loaded

        watcher.end()
        super().handle_exit(sig, frame)


def main() -> None:
    """Serve the pages at HOST and PORT until told to stop."""
    # WhiteNoise answers with files, which Django reads in a thread: it works, and says so for each process.
    warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
    chosen = uvicorn.Config(
        "config.asgi:application",
        host=settings.HOST,
        port=settings.PORT,
        access_log=False,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=2,
    )
    Server(chosen).run()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
