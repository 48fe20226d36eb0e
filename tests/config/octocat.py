"""A server that plays GitHub on loopback: the three addresses that signing in needs, and one account."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Handler(BaseHTTPRequestHandler):
    """The three addresses of GitHub that signing in needs."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        github, parts = self.server.github, urlsplit(self.path)
        if parts.path == "/login/oauth/authorize":
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            github.asked.append(query)
            said = "error=access_denied" if github.refuses else "code=the-code"
            return self._say(302, "", Location=f"{query['redirect_uri']}?{said}&state={query['state']}")
        if parts.path == "/api/v3/user" and self.headers["Authorization"] == "token the-token":
            return self._say(github.status, github.answer)
        github.strange.append(self.path)
        return self._say(404, "{}")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent = {key: values[0] for key, values in parse_qs(body).items()}
        self.server.github.sent.append(sent)
        good = (sent["code"], sent["client_id"], sent["client_secret"]) == ("the-code", "our-id", "our-secret")
        self._say(200, json.dumps({"access_token": "the-token"} if good else {"error": "bad_verification_code"}))

    def _say(self, status, body, **headers):
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())


class GitHub:
    """A GitHub of one's own on this machine, with one account."""

    def __init__(self):
        self.asked, self.sent, self.strange, self.refuses, self.status = [], [], [], False, 200
        self.is_account(4711, "octo", "Octavia Cat", "octo@example.net")
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.github = self
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def is_account(self, number, login, name="", email=None):
        self.answer = json.dumps({"id": number, "login": login, "name": name, "email": email})

    def close(self):
        self.server.shutdown()
        self.server.server_close()
