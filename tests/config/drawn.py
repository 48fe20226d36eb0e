"""Pieces of template, drawn; and the noon at which it is done."""

import re
from datetime import UTC, datetime

from django.template import Context, Template
from django.test import RequestFactory

NOON = datetime(2026, 11, 21, 19, 2, 33, tzinfo=UTC)


def drawn(source: str, address: str = "/", **context: object) -> str:
    """What a piece of template becomes."""
    return Template(source).render(Context({"request": RequestFactory().get(address), **context}))


def plain(html: str) -> str:
    """Only the words."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())
