"""The application as a server loads it: what comes is bounded before Django keeps it."""

import asyncio

import pytest
from asgiref.sync import async_to_sync

from config import asgi

PIECE = b"x" * (1 << 20)
SCOPE = {
    "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
    "path": "/account/login/", "query_string": b"", "headers": [(b"host", b"localhost")],
    "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
}  # fmt: skip


def sent(pieces):
    """Send so many pieces: (how many were taken, the status that came back)."""
    taken, said = 0, []

    async def receive():
        nonlocal taken
        if taken == pieces:
            # Whoever has sent all of it waits for the answer.
            await asyncio.Event().wait()
        taken += 1
        return {"type": "http.request", "body": PIECE, "more_body": taken < pieces}

    async def send(message):
        said.append(message)

    async_to_sync(asgi.application)(dict(SCOPE), receive, send)
    return taken, said[0]["status"], len([one for one in said if one["type"] == "http.response.start"])


@pytest.mark.django_db(transaction=True)
def test_a_stranger_does_not_fill_the_disk_with_a_body_without_end():
    assert sent(500) == (asgi.LARGEST_BODY // len(PIECE) + 1, 413, 1)


@pytest.mark.django_db(transaction=True)
def test_what_a_form_may_take_gets_to_the_form():
    assert sent(11) == (11, 403, 1)
