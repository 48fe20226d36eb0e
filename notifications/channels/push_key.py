"""The key of this installation for web push (VAPID, RFC 8292): made once, its private half sealed in the database."""

from __future__ import annotations

import base64
import time

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pywebpush import Vapid

from notifications.models import PushKey
from notifications.sealed import Unreadable

CURVE = ec.SECP256R1()
# Seconds: for which one signature is used, and for which push services would take it (at most a day: RFC 8292, 2).
SIGNED_FOR, GOOD_FOR = 300.0, 12 * 3600
# What was signed by (audience, subject), and until when it is used, on the monotonic clock.
signatures: dict[tuple[str, str], tuple[float, dict[str, str]]] = {}


class Sealed(Exception):
    """The key is there, and no key of today opens it."""


def private() -> str:
    """The private half, as base64url of its 32 bytes; raises Sealed."""
    # Of two processes that make one at the same moment, the first one's stays.
    row, _ = PushKey.objects.get_or_create(pk=PushKey.ONLY, defaults={"private": _made()})
    if isinstance(row.private, Unreadable):
        raise Sealed("The key for push cannot be opened: SEAL_KEY is another one than it was sealed with.")
    return row.private


def signed(audience: str, subject: str) -> dict[str, str]:
    """The header that shows a push service who sends (RFC 8292, 3), signed anew every few minutes; raises Sealed."""
    until, header = signatures.get((audience, subject), (0.0, {}))
    if until < time.monotonic():
        claims = {"sub": subject, "aud": audience, "exp": int(time.time()) + GOOD_FOR}
        header = Vapid.from_raw(private().encode()).sign(claims)
        signatures[audience, subject] = time.monotonic() + SIGNED_FOR, header
    return header


def public() -> str:
    """The half that browsers subscribe with, as base64url of its 65 bytes; raises Sealed."""
    secret = ec.derive_private_key(int.from_bytes(unpacked(private()), "big"), CURVE)
    return packed(secret.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _made() -> str:
    secret = ec.generate_private_key(CURVE)
    return packed(secret.private_numbers().private_value.to_bytes(32, "big"))


def packed(octets: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unpacked(text: str) -> bytes:
    """The octets of base64url, padded or not; raises ValueError."""
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
