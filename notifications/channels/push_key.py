"""The key of this installation for web push (VAPID, RFC 8292): made once, its private half sealed in the database."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifications.models import PushKey
from notifications.sealed import Unreadable

CURVE = ec.SECP256R1()


class Sealed(Exception):
    """The key is there, and no key of today opens it."""


def private() -> str:
    """The private half, as base64url of its 32 bytes; raises Sealed."""
    # Of two processes that make one at the same moment, the first one's stays.
    row, _ = PushKey.objects.get_or_create(pk=PushKey.ONLY, defaults={"private": _made()})
    if isinstance(row.private, Unreadable):
        raise Sealed("The key for push cannot be opened: SEAL_KEY is another one than it was sealed with.")
    return row.private


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
