"""The web application as a server loads it."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# More than any form takes: a file of 10 MB is the largest.
LARGEST_BODY = 20 << 20

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


def bounded(inner: Application, most: int = LARGEST_BODY) -> Application:
    """The application, which hears no more than so many octets of a body: Django writes all of it to the disk first.

    Who sends more, whoever it is, gets 413.
    """

    async def outer(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        taken, answered = 0, False

        async def hear() -> Mapping[str, Any]:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message if taken <= most else {"type": "http.disconnect"}

        async def say(message: Mapping[str, Any]) -> None:
            nonlocal answered
            answered = True
            await send(message)

        await inner(scope, hear, say)
        if taken > most and not answered:
            headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": 413, "headers": headers})
            await send({"type": "http.response.body", "body": b"The body of this request is too large."})

    return outer


application = bounded(get_asgi_application())
