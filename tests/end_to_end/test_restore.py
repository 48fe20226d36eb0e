"""A machine is lost: its last backup and its keys, on an empty one, with real processes and a real mail server."""

import re
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from config.backups import backup_file
from customers.models import Customer
from notifications.models import Delivery, Notice, Pause
from outages.models import Incident, Outage
from tests.end_to_end.installation import ROOT, Installation, free_port, until
from tests.notifications.letterbox import Letterbox, listening

pytestmark = pytest.mark.processes
PASSWORD = "towers and wind"


@pytest.fixture
def box():
    letterbox = Letterbox()
    with listening(letterbox) as port:
        letterbox.url = f"smtp://127.0.0.1:{port}"
        yield letterbox


def subjects(box: Letterbox) -> list[str]:
    return [str(message["Subject"]) for message in box.taken]


def answering(port: int) -> socket.socket:
    """The only device of this network."""
    return socket.create_server(("127.0.0.1", port))


def lost_machine(desk: Installation, box: Letterbox, port: int) -> tuple[str, str]:
    """One that has seen its device fail, has mailed that, was backed up while it ran, and is no more."""
    desk.environment["EMAIL_URL"] = box.url
    browser = desk.browser()
    with closing(answering(port)):
        first = desk.start()
        token = first.split("/")[-2]
        browser.send(first, token=token, name="Ada", email="ada@example.net", password=PASSWORD)
        host = {"name": "tower", "kind": "ap", "address": "127.0.0.1", "probe": "tcp", "port": port, "customer": "Dean"}
        desk.write(people=["engineer"], hosts=[host], loopback=True, interval=1, count=2, window=4)
        until(lambda: desk.rows(Customer).filter(state="up").exists(), "first answer", 30)
    until(lambda: desk.rows(Incident).exists(), "incident", 30)
    until(lambda: subjects(box), "mail about it", 30)
    until(lambda: not desk.rows(Delivery).filter(state="waiting").exists(), "empty outbox", 30)
    said = desk.run("manage.py", "backup")
    keys = f"{desk.var}/kept-elsewhere"
    desk.run("manage.py", "keys", keys)
    desk.kill()
    return re.search(r"backed up to (\S+)", said)[1], keys


def test_everything_is_there_on_another_machine_and_nothing_is_sent_before_somebody_says_so(install, box):
    port = free_port()
    lost, found = install(), install()
    file, keys = lost_machine(lost, box, port)
    before = subjects(box)

    found.environment["EMAIL_URL"] = box.url
    said = found.run("manage.py", "restore", file, f"--keys={keys}")
    assert "all sending is paused" in said
    assert "set up anew" not in said
    assert (found.var / "seal_key").read_text() == (lost.var / "seal_key").read_text()
    manifest = backup_file.check(type(found.var)(file))
    for model in (Customer, Outage, Incident, Notice):
        assert found.rows(model).count() == manifest.rows[model._meta.db_table] > 0
    notices = found.rows(Notice).count()

    with closing(answering(port)):
        found.start()
        until(lambda: found.rows(Outage).filter(ended_at__isnull=False).exists(), "end of the outage", 40)
        until(lambda: found.rows(Notice).count() > notices, "notice of it")
        assert not until_mailed(box, len(before), 4)
        assert found.rows(Pause).exists()
        assert found.rows(Delivery).filter(state="waiting").exists()

        browser = found.browser()
        browser.send("/account/login/", login="ada@example.net", password=PASSWORD)
        page = browser.get("/paused/")
        assert "would leave now" in page and "tower" in page
        browser.send("/paused/", "/paused/release/")
        assert until_mailed(box, len(before), 20)
        until(lambda: not found.rows(Delivery).filter(state="waiting").exists(), "empty outbox", 20)
    # What was told by the lost machine is not told again.
    assert not set(before) & set(subjects(box)[len(before) :])
    assert found.rows(Outage).count() == found.rows(Incident).count() == 1


def until_mailed(box: Letterbox, count: int, seconds: float) -> bool:
    """Whether more than so many mails have come within the time."""
    try:
        until(lambda: len(subjects(box)) > count, "mail", seconds)
    except AssertionError:
        return False
    return True


def test_it_is_refused_while_that_folder_is_in_use(install, desk):
    desk.start()
    with pytest.raises(AssertionError, match="stop it first"):
        desk.run("manage.py", "restore", "/nowhere")
    with pytest.raises(AssertionError, match="stop it first"):
        desk.run("manage.py", "upgrade")


def test_a_backup_that_is_killed_half_way_leaves_nothing_that_looks_like_one(install):
    desk = install()
    if "DATABASE_URL" in desk.environment:
        pytest.skip("the same code, and a large SQLite file is made sooner")
    desk.run("manage.py", "migrate", "-v0")
    with closing(sqlite3.connect(desk.var / "towerwatch.sqlite3")) as file, file:
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 120000)"
        file.execute(f"CREATE TABLE filler AS {numbers} SELECT randomblob(500) AS blob FROM n")
    folder = desk.var / "backups"
    killed = subprocess.Popen([sys.executable, "manage.py", "backup"], cwd=ROOT, env=desk.environment)
    until(lambda: folder.is_dir() and [*folder.glob(".draft-*/draft")], "backup under way", 20)
    killed.kill()
    killed.wait(5)
    assert not [*folder.glob("towerwatch-*")]
    assert "backed up to" in desk.run("manage.py", "backup")
    assert len([*folder.glob("towerwatch-*")]) == 1
    assert not [*folder.glob(".draft-*")]


def test_without_the_old_keys_it_says_what_is_sealed(install):
    lost, found = install(), install()
    lost.run("manage.py", "migrate", "-v0")
    seal = (
        "from outages.models import Source;"
        "Source.objects.create(name='North', address='https://uisp.example.net', nms_key='a-key')"
    )
    lost.run("manage.py", "shell", "-v0", "-c", seal)
    file = re.search(r"backed up to (\S+)", lost.run("manage.py", "backup"))[1]
    lost.run("manage.py", "keys", f"{lost.var}/kept")
    said = found.run("manage.py", "restore", file)
    assert "to be set up anew, for want of the old SEAL_KEY: source “North”: NMS key" in said
    again = found.run("manage.py", "restore", file, "--keys", f"{lost.var}/kept", "--force")
    assert "set up anew" not in again


def test_newer_code_that_is_started_without_an_upgrade_backs_up_first(desk):
    desk.run("manage.py", "migrate", "-v0")
    older = (
        "from django.db import connection; from django.db.migrations.recorder import MigrationRecorder;"
        "from config.models import User; User.objects.create_user('ada@example.net', None, role='administrator');"
        "MigrationRecorder.Migration.objects.filter(app='sessions').delete();"
        "connection.cursor().execute('DROP TABLE django_session')"
    )
    desk.run("manage.py", "shell", "-v0", "-c", older)
    desk.start()
    assert "its tables are older than this version: backed up to " in desk.said()
    [kept] = (desk.var / "backups").glob("towerwatch-*")
    assert "django_session" not in backup_file.check(kept).rows
    assert "Sign in" in desk.browser().get("/")
