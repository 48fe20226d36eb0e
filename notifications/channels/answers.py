"""The bodies of answers: read within a time and a size, and never what decides."""

from __future__ import annotations

import time

import requests
from urllib3.exceptions import HTTPError


def beginning(answer: requests.Response, seconds: float, most: int) -> bytes:
    """At most so many octets of the body of a streamed answer, or as much as came within `seconds`.

    A body that breaks off, comes in drops or cannot be unpacked is no fault: the status has said what became of it.
    """
    found, ends = b"", time.monotonic() + seconds
    try:
        while len(found) < most and time.monotonic() < ends:
            part = answer.raw.read1(most - len(found), decode_content=True)
            if not part:
                break
            found += part
    except (HTTPError, OSError):
        pass
    return found
