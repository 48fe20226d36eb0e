"""Upgrading: backed up first; what fails leaves the database as it was, and says so."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from config import machine
from config.backups import backup, backup_file, restore
from config.supervisor import claim
from customers.models import Customer
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.BACKUP_FOLDER = tmp_path / "backups"
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    return settings.BACKUP_FOLDER


@pytest.fixture
def older(tmp_path, settings):
    """A database without the tables of sessions, in which one migration may find its tables there."""
    whole = backup.make().rename(tmp_path / "whole.tar.gz")
    make.customer("Dean Irvine")
    records = MigrationRecorder.Migration.objects
    records.filter(app="sessions").delete()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE django_session")
    yield records.filter(app="socialaccount")
    restore.put_back(whole, backup_file.check(whole))
    restore.finish()


def tables() -> list[str]:
    return connection.introspection.table_names()


def test_it_backs_up_migrates_and_says_each(older, capsys):
    call_command("upgrade")
    said = capsys.readouterr().out
    assert f"backed up to {backup.kept()[0].path}" in said
    assert "1 migrations to apply" in said
    assert "this is Towerwatch" in said
    assert "django_session" in tables()
    assert "django_session" not in backup.kept()[0].manifest.rows
    assert Customer.objects.count() == 1


def test_one_that_fails_puts_the_database_back(older, capsys):
    older.delete()
    with pytest.raises(CommandError, match=r"the upgrade did not work: .*The database is as it was before") as caught:
        call_command("upgrade")
    assert caught.value.returncode == 1
    assert "socialaccount" in str(caught.value)
    # The one before it had worked, and is undone with it.
    assert "django_session" not in tables()
    assert Customer.objects.count() == 1
    assert len(backup.kept()) == 1


def test_without_a_backup_nothing_is_changed(older, settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.BACKUP_FOLDER = tmp_path / "file"
    with pytest.raises(CommandError, match=r"no backup could be made: .*Nothing was changed"):
        call_command("upgrade")
    assert "django_session" not in tables()


def test_an_empty_database_needs_no_backup(capsys):
    call_command("upgrade")
    assert "there is nothing to back up" in capsys.readouterr().out
    assert backup.kept() == []


def test_it_refuses_while_towerwatch_runs(settings):
    with claim(Path(settings.VAR) / "up.lock"), pytest.raises(CommandError, match="stop it first"):
        call_command("upgrade")
    assert backup.kept() == []


def test_what_is_missing_is_counted(older):
    assert machine.missing_migrations() == 1
