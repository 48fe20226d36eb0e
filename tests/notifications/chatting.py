"""Chat services as a proxy plays them: whoever asks for one of their hosts is answered here, by TLS, on loopback."""

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
SLACK_PATH = "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
TEAMS = (
    "https://prod-161.westeurope.logic.azure.com:443/workflows/643e69f83c8944438d68119179a10a64/triggers/manual/paths/"
    "invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYFr0z0eu-6Rj8aUKz7108W3wrNJZxFE5A"
)
HOSTS = ("hooks.slack.com", "discord.com", "api.telegram.org", "api.pushover.net", "*.westeurope.logic.azure.com",
         "chat.googleapis.com", "api.ciscospark.com", "elsewhere.example")  # fmt: skip


class Chats:
    """`status`, `location` and `body` answer everything; `came` has (host, path, body) of each request."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str, str]] = []
        self.asked: list[str] = []
        self.status, self.location, self.body = 200, "", "ok"


@contextmanager
def chatting(folder: Path, environment) -> Iterator[Chats]:
    """The services, for as long as the block; `environment` is pytest's monkeypatch."""
    chats, context = Chats(), certified(folder)
    listener = socket.create_server(("127.0.0.1", 0))
    environment.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
    environment.setenv("REQUESTS_CA_BUNDLE", str(folder / "ca.pem"))
    threading.Thread(target=accept, args=(listener, context, chats), daemon=True).start()
    with closing(listener):
        yield chats


def accept(listener: socket.socket, context: ssl.SSLContext, chats: Chats) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=serve, args=(plain, context, chats), daemon=True).start()


def serve(plain: socket.socket, context: ssl.SSLContext, chats: Chats) -> None:
    try:
        with closing(plain):
            host = head(plain)[0].split()[1].rpartition(":")[0]
            chats.asked.append(host)
            plain.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            with context.wrap_socket(plain, server_side=True) as secured:
                lines = head(secured)
                length = next(int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length"))
                body = b""
                while len(body) < length:
                    body += secured.recv(65536)
                chats.came.append((host, lines[0].split()[1], body.decode()))
                location = f"Location: {chats.location}\r\n" if chats.location else ""
                answer = f"HTTP/1.1 {chats.status} Said\r\nContent-Type: application/json\r\n{location}"
                secured.sendall(f"{answer}Content-Length: {len(chats.body)}\r\n\r\n{chats.body}".encode())
    except OSError:
        pass


def head(connection: socket.socket) -> list[str]:
    read = b""
    while b"\r\n\r\n" not in read:
        read += connection.recv(1) or b"\r\n\r\n"
    return read.decode().split("\r\n")


def certified(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS for all of the hosts; the authority behind it is in ca.pem."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "chats")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in HOSTS])
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    (folder / "ca.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context
