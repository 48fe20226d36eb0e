"""Firefox, driven by WebDriver BiDi over its own websocket: no driver program is needed."""

import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from websockets.sync.client import connect

from tests.notifications.letterbox import free_port

NAMES = ("firefox-esr", "firefox")
SETTINGS = {
    "alerts.useSystemBackend": False,
    "app.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": True,
    "dom.push.enabled": True,
    "dom.push.testing.allowInsecureServerURL": True,
    "dom.webnotifications.requireuserinteraction": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.active-protocols": 1,
    "services.settings.server": "data:,",
}


def path() -> str | None:
    """Where it is, or None; the variable FIREFOX names another one."""
    return os.environ.get("FIREFOX") or next(filter(None, map(shutil.which, NAMES)), None)


class Firefox:
    """One window. What it is asked to run is waited for, and comes back as JSON."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.numbers = itertools.count(1)
        self.ask("session.new", capabilities={})
        self.context = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = json.loads(self.socket.recv(40))
            if said.get("id") == number:
                assert said.get("type") != "error", said
                return said["result"]

    def goto(self, address: str) -> Self:
        self.ask("browsingContext.navigate", context=self.context, url=address, wait="complete")
        return self

    def run(self, script: str) -> Any:
        """What an expression comes to, as JSON; a promise is waited for."""
        wrapped = f"Promise.resolve({script}).then((found) => JSON.stringify(found ?? null))"
        target = {"context": self.context}
        said = self.ask("script.evaluate", expression=wrapped, target=target, awaitPromise=True, userActivation=True)
        assert said["type"] == "success", said
        return json.loads(said["result"]["value"])

    def until(self, script: str, seconds: float = 10) -> Any:
        """What an expression comes to, once that is something."""
        limit = time.monotonic() + seconds
        while not (found := self.run(script)):
            assert time.monotonic() < limit, f"never: {script}"
            time.sleep(0.05)
        return found

    def allow(self, origin: str, state: str = "granted") -> None:
        """Answer the question whether this site may show notifications."""
        self.ask("permissions.setPermission", descriptor={"name": "notifications"}, state=state, origin=origin)

    def sign_in(self, address: str, name: str, key: str) -> None:
        """Give it the cookie of a session; `address` is on the site."""
        host = address.partition("://")[2].partition(":")[0]
        cookie = {"name": name, "value": {"type": "string", "value": key}, "domain": host, "path": "/"}
        self.ask("storage.setCookie", cookie=cookie)


@contextmanager
def firefox(push_url: str) -> Iterator[Firefox]:
    """A Firefox with a new profile, which takes its pushes from this service."""
    profile, port = tempfile.mkdtemp(prefix="towerwatch-firefox-"), free_port()
    with open(f"{profile}/user.js", "w") as settings:
        for name, value in {**SETTINGS, "dom.push.serverURL": push_url}.items():
            settings.write(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n")
    command = [path(), "--headless", "--profile", profile, f"--remote-debugging-port={port}", "--no-remote"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen(command, env={**os.environ, "HOME": profile, "MOZ_HEADLESS": "1"}, **quiet)
    try:
        with reached(f"ws://127.0.0.1:{port}/session") as socket:
            yield Firefox(socket)
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
        shutil.rmtree(profile, ignore_errors=True)


def reached(address: str) -> Any:
    """Its websocket, as soon as it answers."""
    limit = time.monotonic() + 30
    while True:
        try:
            return connect(address, max_size=None)
        except OSError:
            assert time.monotonic() < limit, "Firefox did not start"
            time.sleep(0.1)
