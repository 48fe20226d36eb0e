"""A disk that is full: the pages say so, nothing that was written is lost, and all goes on once there is room."""

import os
import subprocess
import urllib.error
from contextlib import closing, suppress

import pytest

from agents.models import Silence
from customers.models import Customer
from tests.end_to_end.conftest import readable
from tests.end_to_end.installation import Installation, free_port, until
from tests.end_to_end.test_restore import PASSWORD, answering

pytestmark = [pytest.mark.processes, pytest.mark.root]


@pytest.fixture
def desk(tmp_path_factory, django_db_blocker):
    """An installation on a small disk of its own."""
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        pytest.skip("PostgreSQL's disk is its own server's to watch")
    place = tmp_path_factory.mktemp("small")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=320m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    place.chmod(0o700)
    with django_db_blocker.unblock(), readable("small_disk", "", place):
        found = Installation(place, "", "small_disk", None)
        try:
            yield found
        finally:
            found.end()
    subprocess.run(["umount", "-l", place], check=True)


def fill(desk: Installation) -> None:
    with suppress(OSError), (desk.var / "filler").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 20))
    with suppress(OSError), (desk.var / "rest").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))


def keep_alive(desk: Installation) -> int:
    try:
        desk.browser().get("/keep-alive")
    except urllib.error.HTTPError as answer:
        return answer.code
    return 200


def test_the_pages_say_it_and_looking_goes_on_once_there_is_room(desk: Installation):
    port = free_port()
    with closing(answering(port)):
        first = desk.start()
        browser = desk.browser()
        browser.send(first, token=first.split("/")[-2], name="Ada", email="ada@example.net", password=PASSWORD)
        host = {"name": "tower", "kind": "ap", "address": "127.0.0.1", "probe": "tcp", "port": port, "customer": "Dean"}
        desk.write(hosts=[host], loopback=True, interval=1, count=2, window=4)
        until(lambda: desk.rows(Customer).filter(state="up").exists(), "first answer", 30)
        assert keep_alive(desk) == 200

        fill(desk)
        until(lambda: keep_alive(desk) == 503, "word of it outside", 60)
        for path in ("/", "/customers/", "/health/"):
            page = browser.get(path)
            assert "The disk is full" in page and "We are not listening" in page
        assert "without it nothing can be written down" in browser.get("/health/")

        for name in ("filler", "rest"):
            (desk.var / name).unlink()
        until(lambda: keep_alive(desk) == 200, "looking again", 60)
        assert "The disk is full" not in browser.get("/")
        # Nobody looked in between, and that is kept.
        until(lambda: desk.rows(Silence).exists(), "silence that is kept", 30)
    check = "import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone()[0])"
    assert desk.run("-c", check, f"{desk.var}/towerwatch.sqlite3").strip() == "ok"
