"""A server that sends prepared bytes, and clients that ask it or the invented UISP."""

import socket
import threading
from contextlib import closing, contextmanager, suppress

import pytest

from agents.clients.faults import UpstreamFault
from agents.clients.uisp import Uisp
from agents.simulated.uisp import DEMO_CRM, DEMO_NMS

SECRET = "s3cret-0f-the-isp"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
DEVICE = {"identification": {"id": "d-1", "name": "cpe", "status": "active"}, "overview": {"signal": -61}}


def client_of(server, **options):
    """A client with the right keys for the invented UISP."""
    return Uisp(server.url, **{"nms_key": DEMO_NMS, "crm_key": DEMO_CRM, "seconds": 10, **options})


class Wire:
    """Sends prepared bytes to whoever asks, in pieces and with pauses, and keeps what was asked."""

    def __init__(self, pieces, pause=0.0, context=None):
        self.pieces, self.pause, self.context, self.asked = pieces, pause, context, []
        self.ended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                call = self.listener.accept()[0]
            except OSError:
                return
            with suppress(OSError), call:
                self.converse(self.context.wrap_socket(call, server_side=True) if self.context else call)

    def converse(self, call):
        with call:
            asked = b""
            while b"\r\n\r\n" not in asked:
                received = call.recv(65536)
                if not received:
                    return
                asked += received
            self.asked.append(asked.decode())
            for piece in self.pieces:
                call.sendall(piece)
                self.ended.wait(self.pause)

    def close(self):
        self.ended.set()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


@contextmanager
def wire(*pieces, **options):
    """A Wire that is closed in the end."""
    with closing(Wire(pieces, **options)) as running:
        yield running


def reply(body, *headers, status="200 OK"):
    """The bytes of an answer over HTTP with this body."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def fault_of(url, **options):
    """The fault that asking there for devices ends in; it never holds the key."""
    with pytest.raises(UpstreamFault) as caught:
        Uisp(url, **{"nms_key": SECRET, "crm_key": SECRET, "seconds": 5, **options}).devices()
    assert SECRET not in f"{caught.value!r} {caught.value} {caught.value.text}"
    return caught.value
