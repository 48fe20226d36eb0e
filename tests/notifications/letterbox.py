"""A real SMTP server on loopback that answers as a test says, and keeps what it took."""

import asyncio
import contextlib
import email
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


def free_port() -> int:
    """One on which nobody listens."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Letterbox:
    """`rcpt` and `sender` are answers by address, `data` one to every message; `drop` hangs up in the middle.

    It answers after `slow` seconds, and not before `hold` is over.
    """

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.tried: list[str] = []
        self.rcpt: dict[str, str] = {}
        self.sender = self.data = ""
        self.drop = False
        self.slow = 0.0
        self.hold = False
        self.connections = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        if not self.sender:
            envelope.mail_from = address
        return self.sender or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.tried.append(address)
        answer = self.rcpt.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):
        if self.drop:
            server.transport.abort()
            return "421 gone"
        await asyncio.sleep(self.slow)
        while self.hold:
            await asyncio.sleep(0.02)
        if not self.data:
            self.taken.append(email.message_from_bytes(envelope.content, policy=default))
        return self.data or "250 OK"


def authenticate(server, session, envelope, mechanism, given):
    fits = isinstance(given, LoginPassword) and (given.login, given.password) == (b"desk", b"right")
    return AuthResult(success=fits, handled=False)


@contextmanager
def listening(box: Letterbox, port: int | None = None, **options: Any) -> Iterator[int]:
    """The server, on the port that it gives."""
    port = port or free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def use(settings: Any, port: int, **more: Any) -> None:
    """Let Towerwatch send by the server at this port."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_READY, settings.EMAIL_ROAD = True, f"127.0.0.1:{port}"
    settings.DEFAULT_FROM_EMAIL = "Towerwatch <desk@isp.example>"
    for name, value in more.items():
        setattr(settings, name, value)
