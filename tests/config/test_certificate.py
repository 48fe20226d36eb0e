"""The certificate that browsers are shown, by a real server with one of its own; and where the log goes."""

import datetime as dates
import ipaddress
import os
import socket
import ssl
import threading
from contextlib import contextmanager

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.cache import cache
from django.utils import timezone

from config import certificate, machine, safety
from config.certificate import Shown
from config.finding import State


def signed(place, days: float):
    """A certificate for 127.0.0.1 that signs itself, good for so many days; its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk")])
    now = dates.datetime.now(dates.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - dates.timedelta(days=30)).not_valid_after(now + dates.timedelta(days=days))
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = builder.add_extension(names, False).add_extension(x509.BasicConstraints(True, None), True)
    made = builder.sign(key, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = place / "desk.pem"
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


@contextmanager
def serving(file):
    """A server that shows it; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            try:
                connection, _ = listener.accept()
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def test_the_end_of_a_trusted_one_is_told(tmp_path):
    file = signed(tmp_path, 40)
    with serving(file) as port:
        found = certificate.ask("127.0.0.1", port, ssl.create_default_context(cafile=str(file)))
    assert found.fault == ""
    assert abs((found.until - timezone.now()) - dates.timedelta(days=40)) < dates.timedelta(minutes=1)


@pytest.mark.parametrize(("days", "words"), [(40, "self-signed"), (-1, "certificate has expired")])
def test_one_that_browsers_warn_of_is_said(tmp_path, days, words):
    file = signed(tmp_path, days)
    trusting = ssl.create_default_context(cafile=str(file)) if days < 0 else None
    with serving(file) as port:
        found = certificate.ask("127.0.0.1", port, trusting)
    assert found.until is None
    assert "it is not trusted" in found.fault and words in found.fault.replace("self signed", "self-signed")


def test_a_server_that_cannot_be_asked_from_here_is_no_fault_of_the_certificate():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "cannot be asked from here" in certificate.ask("127.0.0.1", port).fault
    assert "cannot be asked from here" in certificate.ask("nobody.invalid", 443).fault


@pytest.mark.parametrize(
    ("days", "fault", "state", "words"),
    [
        (60, "", State.WORKS, "Browsers reach the pages by TLS."),
        (5, "", State.LOOK, "The certificate ends in 5 d 0 h."),
        (None, "it is not trusted: self-signed certificate", State.BROKEN, "Browsers warn of the certificate"),
        (None, "desk:443 cannot be asked from here: timed out", State.WORKS, "Browsers reach the pages by TLS."),
    ],
)
def test_the_doctor_by_what_was_shown(settings, days, fault, state, words):
    settings.PUBLIC_URL, settings.PUBLIC_HOST = "https://desk.example.net", "desk.example.net"
    settings.SESSION_COOKIE_SECURE = True
    now = timezone.now()
    cache.set(certificate.KEY, Shown(now + dates.timedelta(days=days) if days else None, fault))
    try:
        finding = machine.address(now)
    finally:
        cache.delete(certificate.KEY)
    assert finding.state is state and finding.says.startswith(words)
    assert ("Cookies", "sent by TLS alone") in finding.details


def test_it_is_asked_at_the_host_and_port_of_the_public_address(settings, tmp_path):
    with serving(signed(tmp_path, 40)) as port:
        settings.PUBLIC_URL, settings.PUBLIC_HOST = f"https://127.0.0.1:{port}", "127.0.0.1"
        cache.delete(certificate.KEY)
        assert "not trusted" in certificate.shown().fault
    # It is remembered for a while, and nobody is asked again.
    assert "not trusted" in certificate.shown().fault
    cache.delete(certificate.KEY)


def test_the_log_in_the_journal_in_a_file_and_in_a_terminal(monkeypatch, tmp_path):
    now = timezone.now()
    monkeypatch.setenv("JOURNAL_STREAM", "8:1234")
    assert safety.log_file(now).says.startswith("It goes into the journal")
    monkeypatch.delenv("JOURNAL_STREAM")
    kept = os.dup(2)
    try:
        with (tmp_path / "desk.log").open("wb") as file:
            os.dup2(file.fileno(), 2)
            finding = safety.log_file(now)
            os.truncate(tmp_path / "desk.log", safety.LARGE_LOG + 1)
            large = safety.log_file(now)
        with open(os.devnull, "wb") as file:
            os.dup2(file.fileno(), 2)
            nowhere = safety.log_file(now)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    assert finding.state is State.WORKS and ("File", str(tmp_path / "desk.log")) in finding.details
    assert large.state is State.LOOK and "logrotate" in large.fix
    assert nowhere.says == "It goes to whoever started Towerwatch."
