"""Backups: whole or not there at all, thinned, made once a night, and refused where there is no room."""

import io
import json
import os
import shutil
import sqlite3
import tarfile
import zoneinfo
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import AsyncClient
from django.urls import reverse
from django.utils import timezone

from config import __version__, accounts, options, safety, supervisor
from config.backups import backup, backup_file, dumps, keys
from config.backups.backup_file import Manifest, NotABackup
from config.finding import State
from notifications.models import Act
from tests import make

DENVER = zoneinfo.ZoneInfo("America/Denver")


@pytest.fixture
def place(settings, tmp_path):
    settings.BACKUP_FOLDER = tmp_path / "backups"
    return settings.BACKUP_FOLDER


def database(path: Path, rows: int = 1000) -> Path:
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE things (name TEXT)")
        file.executemany("INSERT INTO things VALUES (?)", [(f"thing {number}",) for number in range(rows)])
    file.close()
    return path


def packed(place: Path, at: datetime, version: str = "0.1.0") -> Path:
    place.mkdir(parents=True, exist_ok=True)
    work = place / "work"
    work.mkdir()
    path = place / backup_file.name_for(at, version)
    backup_file.pack(Manifest(version, "sqlite", at, [], {"things": 1000}), database(work / "database"), path)
    shutil.rmtree(work)
    return path


def fault_of(path):
    with pytest.raises(NotABackup) as caught:
        backup_file.check(path)
    return str(caught.value)


@pytest.mark.django_db(transaction=True)
def test_a_backup_holds_every_row_and_says_what_it_is(place):
    make.customer("Dean Irvine")
    before = timezone.now().replace(microsecond=0)
    path = backup.make()
    manifest = backup_file.check(path)
    assert path.parent == place and path.name.endswith(f"Z-{__version__}.tar.gz")
    assert (path.stat().st_mode & 0o777, place.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (manifest.version, manifest.vendor) == (__version__, connection.vendor)
    assert before <= manifest.made_at <= timezone.now()
    assert manifest.rows["customers_customer"] == 1
    assert "customers.0001_initial" in manifest.migrations
    assert {one.name for one in place.iterdir()} == {path.name, ".lock"}
    assert options.fresh().backup_fault == ""


@pytest.mark.django_db(transaction=True)
def test_the_secret_keys_are_not_in_it(place, settings):
    options.change(isp_name="Kingsbridge")
    path = backup.make()
    with tarfile.open(path) as archive:
        everything = b"".join(archive.extractfile(member).read() for member in archive)
    for key in (settings.SECRET_KEY, *settings.SEAL_KEYS):
        assert key.encode() not in everything


@pytest.mark.django_db(transaction=True)
def test_what_is_written_meanwhile_is_not_held_up(place):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's own tool sees to it")
    with sqlite3.connect(connection.settings_dict["NAME"], timeout=1) as other:
        reader = sqlite3.connect(f"file:{connection.settings_dict['NAME']}?mode=ro", uri=True)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM config_option").fetchone()
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO config_option (name, value) VALUES ('half', '1')")
        # Somebody is in the middle of writing: the backup neither waits for them nor sees the half of it.
        path = place / "now"
        place.mkdir()
        assert "config_option" in dumps.copy(path)
        with sqlite3.connect(path) as copied:
            assert not copied.execute("SELECT 1 FROM config_option WHERE name = 'half'").fetchone()
        reader.close()
        other.rollback()


@pytest.mark.parametrize("cut", [0, 1, 10, 100, 1000])
def test_a_backup_that_was_cut_short_is_none(tmp_path, cut):
    path = packed(tmp_path, timezone.now())
    path.write_bytes(path.read_bytes()[: max(0, path.stat().st_size - cut)] if cut else b"")
    assert "no backup" in fault_of(path)


@pytest.mark.parametrize("at", [0.3, 0.6, 0.95])
def test_a_backup_with_a_wrong_bit_is_none(tmp_path, at):
    path = packed(tmp_path, timezone.now())
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 1
    path.write_bytes(content)
    assert fault_of(path)


def archive_of(path, *members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return path


def test_what_is_no_backup_is_refused_with_words(tmp_path):
    assert "there is no file" in fault_of(tmp_path / "nothing")
    assert "there is no file" in fault_of(tmp_path)
    (tmp_path / "text").write_text("Dear all")
    assert "this is no backup" in fault_of(tmp_path / "text")
    manifest = json.loads(Manifest("9", "sqlite", timezone.now(), [], {}).written())
    assert "it has no manifest" in fault_of(archive_of(tmp_path / "a", ("database", b"x")))
    only = ("manifest.json", json.dumps(manifest).encode())
    assert "there is no database in it" in fault_of(archive_of(tmp_path / "b", only))
    later = ("manifest.json", json.dumps(manifest | {"format": 2}).encode())
    assert "later kind" in fault_of(archive_of(tmp_path / "c", later, ("database", b"x")))
    for odd in (b"[]", b"{}", b'{"format": 1}', b"\xff", json.dumps(manifest | {"made_at": "soon"}).encode()):
        assert "no backup" in fault_of(archive_of(tmp_path / "d", ("manifest.json", odd), ("database", b"x")))


def test_the_names_tell_the_time_and_nothing_else_is_ours():
    at = datetime(2026, 3, 29, 1, 30, 5, tzinfo=UTC)
    name = backup_file.name_for(at.astimezone(DENVER), "0.1.0")
    assert name == "towerwatch-20260329T013005Z-0.1.0.tar.gz"
    assert backup_file.made_at(Path(name)) == at
    for other in (
        "towerwatch-20260399T013005Z-0.1.0.tar.gz",
        "notes.tar.gz",
        "towerwatch-20260329T013005Z-../x.tar.gz",
    ):
        assert backup_file.made_at(Path(other)) is None


@pytest.mark.django_db(transaction=True)
def test_so_many_are_kept_and_the_oldest_go(place):
    options.change(backup_keep=3)
    now = timezone.now()
    old = [packed(place, now - timedelta(days=days)) for days in (1, 2, 3, 4)]
    (place / "notes.txt").write_text("mine")
    new = backup.make()
    assert [one.path for one in backup.kept()] == [new, old[0], old[1]]
    assert (place / "notes.txt").exists()


@pytest.mark.django_db(transaction=True)
def test_a_damaged_one_does_not_push_a_good_one_out(place):
    options.change(backup_keep=1)
    damaged = packed(place, timezone.now() - timedelta(hours=1))
    damaged.write_bytes(b"nothing")
    new = backup.make()
    assert [(one.path, bool(one.fault)) for one in backup.kept()] == [(new, False), (damaged, True)]
    assert backup.newest().path == new


@pytest.mark.django_db(transaction=True)
def test_without_room_it_refuses_says_so_and_leaves_the_old_ones(place, monkeypatch, caplog):
    old = packed(place, timezone.now() - timedelta(hours=1))
    usage = type(shutil.disk_usage("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10 << 30, 10 << 30, 5 << 20))
    with pytest.raises(backup.Failed, match=r"only 5\.0.MB are free in .* the older backups are left"):
        backup.make()
    assert [one.path for one in backup.kept()] == [old]
    finding = safety.backups(timezone.now())
    assert finding.state is State.BROKEN
    assert "are free" in finding.says
    assert "no backup was made" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_folder_that_cannot_be_made_is_said(settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.BACKUP_FOLDER = tmp_path / "file" / "backups"
    with pytest.raises(CommandError, match=r"no backup was made: .*Not a directory"):
        call_command("backup")
    assert "Not a directory" in options.fresh().backup_fault


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_one(place):
    place.mkdir()
    with supervisor.claim(place / backup.LOCK):
        assert backup.is_running()
        with pytest.raises(backup.Failed, match="another backup is being made"):
            backup.make()
    assert not backup.is_running()


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_one_left_is_taken_away_by_the_next(place):
    (place / f"{backup.DRAFTS}abc").mkdir(parents=True)
    (place / f"{backup.DRAFTS}abc" / "database").write_text("half")
    assert backup.kept() == []
    backup.make()
    assert not (place / f"{backup.DRAFTS}abc").exists()


def test_without_pg_dump_it_says_what_to_install(db, monkeypatch, place):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite needs no tools")
    monkeypatch.setattr(dumps, "DEBIAN", Path("/nowhere"))
    monkeypatch.setenv("PATH", "/nowhere")
    finding = safety.backups(timezone.now())
    assert finding.says == "No backup can be made: pg_dump or pg_restore is not installed here."
    assert "apt-get install postgresql-client" in finding.fix


def test_a_pg_dump_older_than_the_server_is_named(db, monkeypatch, tmp_path):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite needs no tools")
    for name in ("pg_dump", "pg_restore"):
        file = tmp_path / "9" / "bin" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.24 (Debian 9.6-1)"\n')
        file.chmod(0o755)
    monkeypatch.setattr(dumps, "DEBIAN", tmp_path)
    assert dumps.tools_fault().startswith("pg_dump is of version 9, and the server of version ")


def test_the_doctor_by_the_age_of_the_last_good_one(db, place, monkeypatch):
    if connection.vendor != "sqlite":
        monkeypatch.setattr(dumps, "tools_fault", lambda: "")
    now = timezone.now()
    assert safety.backups(now).state is State.LOOK
    path = packed(place, now - timedelta(hours=5))
    assert safety.backups(now).says == "The last backup is good, but lies on the disk that it is to save."
    monkeypatch.setattr(safety, "on_the_same_disk", lambda: False)
    assert safety.backups(now).state is State.WORKS
    assert safety.backups(now + timedelta(hours=30)).state is State.LOOK
    assert safety.backups(now + timedelta(days=4)).state is State.BROKEN
    path.write_bytes(path.read_bytes()[:50])
    assert safety.backups(now).says.startswith("There is no backup yet")
    packed(place, now - timedelta(hours=6))
    assert safety.backups(now).says.startswith(f"{path.name} cannot be read")
    options.change(backup_fault="no room")
    assert safety.backups(now).says == "The last backup was not made: no room"


@pytest.mark.parametrize("name", ["backups", "held_back"])
def test_the_pages_are_for_administrators(name, stranger, office, administrator):
    assert stranger.get(reverse(name)).status_code == 302
    assert office.get(reverse(name)).status_code == 403
    assert administrator.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", ["backup_begin", "sending_release", "sending_discard"])
def test_what_only_a_post_may_do(name, stranger, office, administrator):
    assert administrator.get(reverse(name)).status_code == 405
    assert office.post(reverse(name)).status_code == 403
    assert stranger.post(reverse(name)).status_code == 302


def test_the_page_lists_them_and_one_is_taken_away_by_who_is_written_down(administrator, office, place):
    path = packed(place, timezone.now() - timedelta(hours=1))
    (place / "other.tar.gz").write_text("not ours")
    page = administrator.get(reverse("backups"))
    assert path.name in page.text and "Good" in page.text and "other.tar.gz" not in page.text
    address = reverse("backup_download", args=[path.name])
    assert office.get(address).status_code == 403
    answer = administrator.get(address)
    assert b"".join(answer.streaming_content) == path.read_bytes()
    act = Act.objects.get(what="backup_taken")
    assert (act.by, act.about) == (administrator.user, path.name)
    for other in ("other.tar.gz", "towerwatch-20260329T013005Z-0.1.0.tar.gz", ".lock", "..%2Fsecret_key"):
        assert administrator.get(reverse("backups") + other + "/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_nobody_goes_on_as_somebody_else_with_a_backup(place, tmp_path, administrator):
    key = administrator.session.session_key
    path = backup.make()
    assert backup_file.check(path).rows["django_session"] == 0
    backup_file.unpack(path, tmp_path / "database")
    assert key.encode() not in (tmp_path / "database").read_bytes()
    assert administrator.get(reverse("me")).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_one_is_sent_piece_by_piece_however_large(place, settings, tmp_path):
    path = place / backup_file.name_for(timezone.now(), "0.1.0")
    place.mkdir()
    path.write_bytes(os.urandom(3 << 20))
    client = AsyncClient()
    client.force_login(make.user("administrator"), accounts.BACKEND)

    async def take():
        answer = await client.get(reverse("backup_download", args=[path.name]))
        return answer, [piece async for piece in answer.streaming_content]

    answer, pieces = async_to_sync(take)()
    assert answer.is_async and len(pieces) == 3
    assert b"".join(pieces) == path.read_bytes()
    assert answer["Content-Length"] == str(3 << 20)
    assert answer["Cache-Control"] == "no-store"


def test_how_many_are_kept_is_set_with_a_clear_refusal(administrator, place):
    assert administrator.post(reverse("backups"), {"backup_keep": "5"}).status_code == 302
    assert options.fresh().backup_keep == 5
    for wrong in ("0", "401", "many", ""):
        page = administrator.post(reverse("backups"), {"backup_keep": wrong})
        assert page.status_code == 200
        assert "is-invalid" in page.text
    assert options.fresh().backup_keep == 5


def test_the_keys_go_once_into_a_file_of_ones_own(db, tmp_path, settings):
    assert safety.secret_keys(timezone.now()).state is State.LOOK
    file = tmp_path / "keys"
    call_command("keys", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert f"SECRET_KEY={settings.SECRET_KEY}\nSEAL_KEY={settings.SEAL_KEYS[0]}\n" == file.read_text()
    assert safety.secret_keys(timezone.now()).state is State.WORKS
    with pytest.raises(CommandError, match="is there already"):
        call_command("keys", str(file))
    with pytest.raises(CommandError, match="No such file"):
        call_command("keys", str(tmp_path / "no" / "keys"))
    settings.SEAL_KEYS = ["another"]
    assert safety.secret_keys(timezone.now()).state is State.LOOK


def test_keys_that_are_none_are_not_taken(settings, tmp_path, monkeypatch):
    settings.VAR = tmp_path / "var"
    settings.VAR.mkdir()
    with pytest.raises(keys.Refused, match="No such file"):
        keys.take(tmp_path / "nothing")
    for text in ("", "SECRET_KEY=a\n", "SECRET_KEY=\nSEAL_KEY=b\n"):
        (tmp_path / "keys").write_text(text)
        with pytest.raises(keys.Refused, match="does not hold"):
            keys.take(tmp_path / "keys")
    (tmp_path / "keys").write_text("SECRET_KEY=a\nSEAL_KEY=b,c\n")
    monkeypatch.setenv("SEAL_KEY", "other")
    with pytest.raises(keys.Refused, match="SEAL_KEY in the environment"):
        keys.take(tmp_path / "keys")
    assert os.listdir(settings.VAR) == []
    monkeypatch.delenv("SEAL_KEY")
    keys.take(tmp_path / "keys")
    assert (settings.VAR / "seal_key").read_text() == "b,c"
    assert (settings.VAR / "secret_key").stat().st_mode & 0o777 == 0o600
