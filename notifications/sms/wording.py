"""What a notice says as a text message. Pure."""

from __future__ import annotations

from notifications.sms import segments


def line(text: str, link: str) -> str:
    """The notice and its link in one segment if they fit, else without the link; what is longer than one has both."""
    said = segments.plain(" ".join(text.split()))
    short = link.partition("://")[2]
    for one in (f"{said} {link}", f"{said} {short}", said):
        if segments.count(one).segments == 1:
            return one
    return f"{said} {link}"
