"""A browser without a window: keeps cookies, follows redirects, sends forms with their token."""

import http.client
import re
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.cookiejar import CookieJar

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Browser:
    """Somebody at the pages of one installation; `there` is the place in the network from which they are asked."""

    def __init__(self, port: int, there: Callable[[], AbstractContextManager[None]]) -> None:
        self.origin = f"http://localhost:{port}"
        self.there = there
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str) -> str:
        """The page at a path, or at an address of this installation."""
        with self.there(), self.opener.open(urllib.parse.urljoin(self.origin, path), timeout=10) as answer:
            return answer.read().decode()

    def send(self, form_at: str, to: str = "", **values: str) -> str:
        """Fill in a form of the page at `form_at` and send it there, or to another path; the page that follows."""
        token = TOKEN.search(self.get(form_at))
        assert token, f"no form at {form_at}"
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **values}).encode()
        request = urllib.request.Request(urllib.parse.urljoin(self.origin, to or form_at), data)
        with self.there(), self.opener.open(request, timeout=10) as answer:
            return answer.read().decode()

    def follow(self, path: str) -> http.client.HTTPResponse:
        """Open a stream and leave it open."""
        with self.there():
            return self.opener.open(self.origin + path, timeout=10)
