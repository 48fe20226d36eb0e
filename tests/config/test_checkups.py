"""Check-ups and backups as events: they happen, are told to who hears of operations, and are told again next time."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone

from config import checkups, options, rounds
from config.backups import backup
from config.models import BackupRun, Checkup
from notifications import actions, outbox
from notifications.delivery import addressing, deliver
from notifications.models import Address, Delivery, Notice
from outages.models import Incident, Outage
from tests import make

pytestmark = pytest.mark.django_db
DENVER = zoneinfo.ZoneInfo("America/Denver")


@pytest.fixture
def keeper():
    """Somebody with the one subscription to operations."""
    user = make.user("administrator")
    actions.subscribe(("user", str(user.pk)), "operations", None, user)
    return user


def told(user, event=""):
    rows = Notice.objects.to(user).exclude(event="").order_by("pk")
    return [one.text for one in rows if one.event == event or not event]


def at(hour, minute=0, day=5):
    return datetime(2026, 5, day, hour, minute, tzinfo=DENVER)


@pytest.fixture
def denver():
    options.change(time_zone="America/Denver", health_daily="08:00", health_nightly="04:00")


def days(kind):
    return [one.day for one in Checkup.objects.filter(kind=kind).order_by("pk")]


def test_the_check_up_of_the_morning_is_told_once_a_day_and_again_on_the_next(denver, keeper):
    for when in (at(7, 55), at(8), at(8, 5), at(12), at(23, 59)):
        rounds.go(when)
    (words,) = told(keeper, "system.health_daily")
    assert "0 open incidents; in a day 0 outages, which 0 customers felt." in words
    rounds.go(at(7, 59, day=6))
    assert len(told(keeper, "system.health_daily")) == 1
    rounds.go(at(8, 0, day=6))
    assert len(told(keeper, "system.health_daily")) == 2
    assert days("daily") == [date(2026, 5, 5), date(2026, 5, 6)]
    assert Notice.objects.filter(event="system.health_daily").first().link == "/health/"


def test_it_arrives_in_the_inbox(denver, keeper, client):
    rounds.go(at(8))
    deliver.deliver(timezone.now())
    assert Delivery.objects.filter(notice__event="system.health_daily", state="done").exists()
    client.force_login(keeper, backend="allauth.account.auth_backends.AuthenticationBackend")
    Notice.objects.update(due_at=timezone.now())
    assert "open incidents" in client.get("/inbox/").content.decode()


def test_the_one_of_the_night_says_how_towerwatch_does(denver, keeper):
    rounds.go(at(4, 3))
    (words,) = told(keeper, "system.health_nightly")
    assert "0 checks; in a day 0 deliveries, 0 failed; there is no backup" in words
    assert not told(keeper, "system.health_daily")


def test_it_names_what_needs_care_and_says_when_all_is_well():
    some = Checkup(looked_at=12, trouble=["Push", "Backup"], more="1 open incident.")
    assert some.words == "2 need care: Push, Backup. 1 open incident."
    assert Checkup(looked_at=12, trouble=["Push"]).words == "1 needs care: Push."
    assert Checkup(looked_at=12).words == "All well: 12 of 12 findings."
    many = Checkup(looked_at=19, trouble=[f"Finding number {number}" for number in range(19)], more="x" * 200)
    assert "and 13 more" in many.words
    assert len(many.verdict) < 180


def test_the_morning_counts_incidents_outages_and_customers_of_a_day(denver):
    ap, now = make.equipment("ap-1", kind="ap"), at(8)
    customer = make.customer()
    cpes = [make.equipment(customer=customer) for _ in range(2)]
    Incident.objects.create(equipment=ap, opened_at=now, customers_behind=1)
    for cpe, started in ((cpes[0], now - timedelta(hours=1)), (cpes[1], now - timedelta(hours=2))):
        Outage.objects.create(
            equipment=cpe, customer=customer, started_at=started, opened_at=started, ended_at=now, opened_by={}
        )
    old = now - timedelta(days=2)
    Outage.objects.create(equipment=ap, started_at=old, opened_at=old, ended_at=old, opened_by={})
    assert rounds.business(now) == "1 open incident; in a day 2 outages, which 1 customer felt."


def test_the_first_start_of_all_makes_up_for_nothing_and_a_later_one_does(denver):
    rounds.go(at(15))
    assert not Checkup.objects.exists()
    rounds.go(at(8, 30, day=6))
    assert days("daily") == [date(2026, 5, 6)]
    rounds.go(at(20, 0, day=9))
    assert days("daily") == [date(2026, 5, 6), date(2026, 5, 9)]


def test_a_time_that_is_empty_or_none_turns_it_off(denver):
    options.change(health_daily="", health_nightly="nonsense")
    rounds.go(at(8))
    rounds.go(at(4))
    assert not Checkup.objects.exists()


def test_clocks_that_are_turned_make_none_too_many(denver):
    # On 1 November 2026 Denver's clocks show each minute from one to two twice.
    options.change(health_nightly="01:30")
    start = datetime(2026, 11, 1, 6, 0, tzinfo=zoneinfo.ZoneInfo("UTC"))
    for quarter in range(24):
        rounds.go(start + timedelta(minutes=15 * quarter))
    assert days("nightly") == [date(2026, 11, 1)]
    # A clock that stood in the next year, and is put right, does not keep it from being made.
    rounds.go(datetime(2027, 11, 1, 6, 0, tzinfo=DENVER))
    rounds.go(datetime(2026, 11, 2, 6, 0, tzinfo=DENVER))
    assert date(2026, 11, 2) in days("nightly")


def test_two_that_make_it_at_once_make_it_once(denver, keeper):
    options.change(health_nightly="")
    assert rounds.due("daily", at(8)) == date(2026, 5, 5)
    Checkup.objects.create(kind="daily", day=date(2026, 5, 5), at=at(8), looked_at=1)
    assert rounds.go(at(8)) == 0
    assert len(told(keeper, "system.health_daily")) == 1


def test_the_times_are_set_on_the_page_of_settings_and_what_it_does_not_ask_stays(administrator):
    said = {"isp_name": "Överby", "time_zone": "Europe/Oslo"}
    assert administrator.post("/settings/", said).status_code == 302
    assert (options.fresh().health_daily, options.fresh().health_nightly) == ("08:00", "04:00")
    administrator.post("/settings/", {**said, "health_daily": "07:15", "health_nightly": ""})
    assert (options.fresh().health_daily, options.fresh().health_nightly) == ("07:15", "")
    page = administrator.post("/settings/", {**said, "health_daily": "25:99", "health_nightly": ""})
    assert "Check-up in the morning at: Enter a valid time." in page.content.decode()
    assert options.fresh().health_daily == "07:15"
    assert 'value="07:15"' in administrator.get("/settings/").content.decode()


def test_a_backup_is_told_when_it_is_made(settings, tmp_path, keeper):
    now = timezone.now()
    checkups.note_backup(now, name="towerwatch-1.backup", size=12_345_678)
    assert told(keeper) == ["A backup was made: towerwatch-1.backup, 11.8 MB"]
    checkups.note_backup(now + timedelta(days=1), name="towerwatch-2.backup", size=1)
    assert len(told(keeper, "system.backup")) == 2


def test_a_backup_that_fails_is_told_once_a_night_and_again_in_the_next(keeper):
    now = timezone.now()
    for hour in range(5):
        checkups.note_backup(now + timedelta(hours=hour), fault="the disk is full")
    assert told(keeper) == ["No backup was made: the disk is full"]
    checkups.note_backup(now + timedelta(hours=5), fault="the folder is gone")
    checkups.note_backup(now + timedelta(hours=30), fault="the disk is full")
    assert len(told(keeper)) == 3


def test_a_real_backup_leaves_its_row_and_so_does_one_that_cannot_be_made(settings, tmp_path, keeper):
    settings.BACKUP_FOLDER = tmp_path / "file"
    settings.BACKUP_FOLDER.write_text("no folder")
    with pytest.raises(backup.Failed):
        backup.make()
    run = BackupRun.objects.get()
    assert run.fault
    assert told(keeper) == [f"No backup was made: {run.fault}"]


def test_an_address_that_fails_is_told_to_who_hears_of_operations_and_to_its_owner(keeper, settings):
    settings.EMAIL_READY = True
    user, now = make.user("office", name="Ida Ohm"), timezone.now()
    outbox.tell([user], "hello", "/", user, now)
    address = Address.objects.of(user).get(channel="email")
    addressing.shut(address, "550 no such user", now)
    addressing.shut(address, "550 no such user", now)
    wanted = "E-mail to Ida Ohm does not work and was turned off: 550 no such user"
    assert told(keeper, "address.failed") == [wanted]
    assert any("does not work and was turned off" in text for text in told(user, "notice.general"))
    addressing.turn(address, True)
    addressing.shut(address, "550 no such user", now + timedelta(days=1))
    assert told(keeper, "address.failed") == [wanted, wanted]


def test_whose_own_address_fails_hears_of_it_once(keeper, settings):
    settings.EMAIL_READY = True
    now = timezone.now()
    outbox.tell([keeper], "hello", "/", keeper, now)
    addressing.shut(Address.objects.of(keeper).get(channel="email"), "550 no such user", now)
    assert len([text for text in told(keeper) if "550 no such user" in text]) == 1


def test_administrators_and_engineers_have_the_subscription_from_the_start():
    from config import defaults

    defaults.give()
    people = {role: make.user(role) for role in ("administrator", "engineer", "office", "technician", "manager")}
    checkups.note_backup(timezone.now(), name="one", size=1)
    assert {role for role, user in people.items() if told(user)} == {"administrator", "engineer"}
