"""Putting a backup back: only what fits, never over what is in use, and with nothing sent by itself afterwards."""

import json
import shutil
import tarfile
import time
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from agents.models import Lease
from agents.probes.readings import Reading
from config import defaults, options, preflight
from config.backups import backup, backup_file, dumps, keys, restore
from config.management.commands import up
from config.models import User
from config.supervisor import claim
from customers.models import Customer
from notifications import sealed
from notifications.channels import push_key
from notifications.delivery import deliver, pause
from notifications.models import Act, Address, Delivery, Notice, PushKey
from outages import recording
from outages.models import Check, Outage, Source
from tests import make
from tests.config.test_held_back import waiting
from tests.notifications.letterbox import free_port

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.BACKUP_FOLDER = tmp_path / "backups"
    return settings.BACKUP_FOLDER


def changed(path: Path, to: Path, **fields) -> Path:
    """The same backup, whose manifest says something else."""
    manifest = backup_file.manifest_of(path)
    work = to.parent / "work"
    work.mkdir(exist_ok=True)
    backup_file.unpack(path, work / "database")
    values = {name: getattr(manifest, name) for name in ("version", "vendor", "made_at", "migrations", "rows")}
    backup_file.pack(backup_file.Manifest(**values | fields), work / "database", to)
    shutil.rmtree(work)
    return to


def everything() -> dict[str, int]:
    return dumps.rows()


def test_everything_comes_back_and_what_came_since_is_saved_first():
    make.user("administrator", name="Ada")
    make.customer("Dean Irvine", tags="vip")
    path = backup.make()
    Customer.objects.quietly().update(given_name="Someone")
    make.customer("Later")
    manifest = restore.restore(path, force=True).manifest
    assert [str(customer) for customer in Customer.objects.all()] == ["Dean Irvine"]
    assert [tag.name for tag in Customer.objects.get().tags.all()] == ["vip"]
    # What was there before is a backup, too.
    first, second = sorted(backup.kept(), key=lambda one: one.path != path)
    assert first.manifest == manifest
    assert second.manifest.rows["customers_customer"] == 2
    act = Act.objects.get(what="restored")
    assert (act.about, act.by) == (path.name, None)


def test_the_one_that_is_put_back_is_not_thinned_out_by_the_one_before_it():
    make.user("administrator")
    options.change(backup_keep=1)
    path = backup.make()
    restore.restore(path, force=True)
    assert path in [one.path for one in backup.kept()]


def test_nobody_is_signed_in_nothing_is_claimed_and_nothing_is_sent():
    user = make.user("administrator")
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    one = waiting(user)
    Delivery.objects.update(lease="old:1", leased_until=timezone.now() + timedelta(hours=1))
    Lease.objects.create(shard=0, holder="old:1:2", until=timezone.now() + timedelta(hours=1))
    OrmQ.objects.create(key="default", payload="x", lock=timezone.now())
    path = backup.make()
    restore.restore(path, force=True)
    assert not Session.objects.exists()
    assert client.get(reverse("now")).status_code == 302
    assert not OrmQ.objects.exists()
    assert Lease.objects.get().until is None
    assert pause.is_paused()
    assert "a backup was put back on" in pause.current().why
    assert deliver.deliver(timezone.now()) == 0
    one.refresh_from_db()
    assert (one.state, one.leased_until, one.tries) == ("waiting", None, 0)
    assert options.fresh().restored_at


def test_a_database_in_use_is_left_alone_unless_forced():
    make.user("administrator")
    path = backup.make()
    make.customer("Later")
    before = everything()
    with pytest.raises(CommandError, match="nothing was changed: the database is in use: with --force it is backed up"):
        call_command("restore", str(path))
    assert everything() == before
    assert len(backup.kept()) == 1


def test_an_empty_one_takes_it_at_once(capsys):
    make.user("administrator")
    path = backup.make()
    User.objects.all().delete()
    call_command("restore", str(path))
    assert User.objects.count() == 1
    assert len(backup.kept()) == 1
    said = capsys.readouterr().out
    assert "towerwatch: put back what Towerwatch" in said
    assert "all sending is paused" in said


def test_what_does_not_fit_is_refused_and_changes_nothing(tmp_path):
    path = backup.make()
    before = everything()
    migrations = [*backup_file.manifest_of(path).migrations, "customers.0002_of_tomorrow"]
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[connection.vendor]
    fitting = {
        "it was made by Towerwatch 99.1.0": changed(path, tmp_path / "a", version="99.1.0"),
        "take that version or a later one": changed(path, tmp_path / "b", migrations=migrations),
        "it can only go back to": changed(path, tmp_path / "c", vendor=other),
        "there is no file": tmp_path / "nothing",
        "is no backup": tmp_path / "d",
    }
    (tmp_path / "d").write_bytes(path.read_bytes()[:-9])
    for words, file in fitting.items():
        with pytest.raises(CommandError, match=f"nothing was changed: .*{words}"):
            call_command("restore", str(file), "--force")
    assert everything() == before
    assert not pause.is_paused()
    assert len(backup.kept()) == 1


def test_rows_that_are_missing_are_noticed_before_anything_is_replaced(tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's rows can be counted only once they are there")
    make.customer("Dean Irvine")
    path = backup.make()
    rows = backup_file.manifest_of(path).rows | {"customers_customer": 2}
    lie = changed(path, tmp_path / "lie", rows=rows)
    make.customer("Later")
    with pytest.raises(CommandError, match=r"other rows came back .* in customers_customer"):
        call_command("restore", str(lie), "--force")
    assert Customer.objects.count() == 2


def test_one_that_is_broken_off_keeps_towerwatch_from_sending_what_is_old(capsys, settings):
    settings.PORT = free_port()
    waiting(make.user("administrator"))
    path = backup.make()
    # So far it had come when it was killed: nothing is paused, and nobody is signed out.
    restore.put_back(path, restore.fitting(path))
    for start in (up.make_ready, lambda: call_command("upgrade")):
        with pytest.raises(SystemExit):
            start()
        assert f"putting back {path.name} was broken off" in capsys.readouterr().err
    restore.restore(path, force=True)
    preflight.whole()
    assert pause.is_paused()


def test_one_that_changes_nothing_leaves_no_mark(tmp_path):
    make.user("administrator")
    path = backup.make()
    with pytest.raises(dumps.Fault):
        restore.restore(changed(path, tmp_path / path.name, rows={"config_user": 7}), force=True)
    assert connection.vendor != "sqlite" or not restore.unfinished()
    restore.restore(path, force=True)
    preflight.whole()


def test_it_refuses_while_towerwatch_runs(settings):
    path = backup.make()
    with (
        claim(Path(settings.VAR) / "up.lock"),
        pytest.raises(CommandError, match=r"Towerwatch runs in .* \(process \d+\): stop it first"),
    ):
        call_command("restore", str(path), "--force")


def test_secrets_that_no_key_opens_are_named(settings):
    Source.objects.create(name="North", address="https://uisp.example.net", nms_key="a-key", crm_key="")
    assert list(keys.unreadable()) == []
    settings.SEAL_KEYS = ["another key"]
    sealed._box.cache_clear()
    try:
        assert "source “North”: NMS key" in list(keys.unreadable())
        assert not [line for line in keys.unreadable() if "CRM key" in line]
    finally:
        sealed._box.cache_clear()


def test_many_secrets_are_counted_and_no_address_is_told(settings):
    for number in range(8):
        Source.objects.create(name=f"North {number}", address="https://uisp.example.net", nms_key="a-key")
    user = make.user()
    kind = ContentType.objects.get_for_model(user)
    address = "https://push.example.net/a-capability"
    Address.objects.create(owner_type=kind, owner_id=user.pk, channel="webpush", value=address, secrets="x")
    Address.objects.create(owner=user, channel="apprise", value="Slack (1a2b3c)", secrets="slack://xoxb-1/2/3")
    owners = [make.user() for _ in range(6)]
    for one in owners:
        Address.objects.create(owner=one, channel="webhook", value="https://hooks.example.net/x?key=1", secrets="{}")
    settings.SEAL_KEYS = ["another key"]
    sealed._box.cache_clear()
    try:
        said = "\n".join(keys.unreadable())
        assert "“North 4” and 3 more: NMS key" in said
        assert "webpush address (1): secrets" in said and "a-capability" not in said
        assert f"webhook address (6) of {', '.join(sorted(map(str, owners))[:5])} and 1 more: secrets" in said
        assert f"apprise address (1) of {user}: secrets" in said and "xoxb" not in said
    finally:
        sealed._box.cache_clear()


def test_without_the_old_keys_nobody_is_locked_out_by_a_second_factor(settings, administrator):
    factor = {"secret": sealed.seal("JBSWY3DPEHPK3PXP")}
    Authenticator.objects.create(user=administrator.user, type="totp", data=factor)
    codes = {"seed": sealed.seal("1234"), "used_mask": 0}
    Authenticator.objects.create(user=administrator.user, type="recovery_codes", data=codes)
    push_key.public()
    path = backup.make()
    assert restore.restore(path, force=True).dropped == []
    assert (Authenticator.objects.count(), PushKey.objects.count()) == (2, 1)
    settings.SEAL_KEYS = ["another key"]
    sealed._box.cache_clear()
    try:
        dropped = restore.restore(path, force=True).dropped
        assert dropped[0] == f"the second factor of {administrator.user}"
        assert len(dropped) == 2 and dropped[1].startswith("the key for push")
        assert (Authenticator.objects.count(), PushKey.objects.count()) == (0, 0)
        assert push_key.public()
    finally:
        sealed._box.cache_clear()


def test_a_hand_made_archive_cannot_write_elsewhere(tmp_path):
    path = backup.make()
    evil = tmp_path / "evil.tar.gz"
    with tarfile.open(path) as good, tarfile.open(evil, "w:gz") as archive:
        member = good.next()
        archive.addfile(member, good.extractfile(member))
        link = tarfile.TarInfo("database")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(CommandError, match="there is no database in it"):
        call_command("restore", str(evil), "--force")
    assert json.dumps(everything())


def read(check, up, at):
    recording.record([Reading(check.pk, up, at, 1.0 if up else None, {}, "" if up else "no answer")])


def fail(check, at):
    for seconds in (0, 5, 10):
        read(check, False, at + seconds)


def test_a_day_later_what_is_back_closes_once_and_what_is_still_down_says_nothing_anew():
    defaults.give()
    make.user("engineer")
    now = time.time()
    back, still, fine = (make.check(make.equipment(f"tower-{n}", kind="ap", address=f"10.9.9.{n}")) for n in (1, 2, 3))
    for check in (back, still, fine):
        read(check, True, now - 200)
    fail(back, now - 100)
    fail(still, now - 100)
    read(fine, False, now - 5)  # a run that has just begun when the backup is made
    assert Outage.objects.open().count() == 2
    told = list(Notice.objects.values_list("pk", flat=True))
    path = backup.make()
    restore.restore(path, force=True)

    later = now + 86_400
    for seconds in (0, 10, 20, 25, 30):
        read(back, True, later + seconds)
        read(still, False, later + seconds)
        read(fine, True, later + seconds)
    assert [outage.equipment.name for outage in Outage.objects.open()] == ["tower-2"]
    assert Outage.objects.count() == 2
    closed = Outage.objects.get(ended_at__isnull=False)
    assert abs(closed.ended_at.timestamp() - later) < 11
    fine = Check.objects.get(pk=fine.pk)
    assert (fine.state, fine.run, fine.settled) == ("up", [], True)
    new = Notice.objects.exclude(pk__in=told)
    assert [notice.event for notice in new] == ["incident.closed"]
    assert {delivery.state for delivery in Delivery.objects.filter(notice__in=new)} == {"waiting"}


def test_one_bad_reading_of_before_and_two_of_after_are_no_outage():
    now = time.time()
    check = make.check()
    read(check, True, now - 100)
    read(check, False, now - 5)
    restore.restore(backup.make(), force=True)
    for seconds in (0, 5):
        read(check, False, now + 86_400 + seconds)
    assert not Outage.objects.exists()
    read(check, False, now + 86_410)
    assert abs(Outage.objects.get().started_at.timestamp() - now - 86_400) < 1
