"""Subscriptions, dry runs, mutes, plans and the reference of events in the API."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from config import defaults
from notifications.event import declared
from notifications.models import Address, Mute, Notice, Plan, Subscription
from notifications.planning import plan_new
from outages.models import Outage
from tests import make
from tests.config.program import Program, outage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted():
    cache.clear()


@pytest.fixture
def boss(db):
    return Program(make.user("administrator"))


@pytest.fixture
def member(db):
    return Program(make.user("engineer"))


def test_all_terms_are_written_read_and_sent_back(boss):
    terms = {
        "asked": {"minutes": 90}, "tags_in": ["vip"], "tags_out": ["school"], "channels": ["inbox"],
        "own_acts": True, "now_too": True, "involved": False, "escalate_after": 15,
    }  # fmt: skip
    status, row = boss("post", "subscriptions/", {"event": "outage.still_open", **terms})
    assert status == 201 and {name: row[name] for name in terms} == terms
    path = f"subscriptions/{row['id']}/"
    assert boss("patch", path, terms) == (200, row)
    changed = boss("patch", path, {"channels": [], "escalate_after": None, "own_acts": False})[1]
    assert (changed["channels"], changed["escalate_after"], changed["own_acts"]) == ([], None, False)
    assert changed["tags_in"] == ["vip"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channels": ["carrier-pigeon"]}, "channels"),
        ({"channels": "inbox"}, "channels"),
        ({"tags_in": ["x" * 101]}, "tags_in"),
        ({"tags_out": [f"t{n}" for n in range(31)]}, "tags_out"),
        ({"asked": {"colour": 1}}, "asked"),
        ({"asked": {"minutes": 0}}, "asked"),
        ({"asked": {"minutes": "soon"}}, "asked"),
        ({"event": "customer.deleted", "involved": True}, "involved"),
        ({"involved": "perhaps"}, "involved"),
        ({"escalate_after": 0}, "escalate_after"),
        ({"escalate_after": 10**9}, "escalate_after"),
        ({"event": "notice.direct"}, "event"),
        ({"event": "customer.deleted", "now_too": True}, "now_too"),
        ({"loud": True}, "loud"),
    ],
)
@pytest.mark.parametrize("path", ["subscriptions/", "subscriptions/dry-run/"])
def test_what_is_unknown_is_refused_by_its_field(boss, path, body, field):
    status, said = boss("post", path, {"event": "outage.still_open"} | body)
    assert status == 400 and field in said["fields"]
    assert not Subscription.objects.exists()


def test_a_member_does_not_say_when_it_goes_on_and_nothing_of_others(member, boss):
    status, said = member("post", "subscriptions/", {"event": "outage.opened", "escalate_after": 5})
    assert status == 400 and "escalate_after" in said["fields"]
    row = boss("post", "subscriptions/", {"event": "outage.opened"})[1]
    for method, path in (("get", ""), ("patch", ""), ("delete", ""), ("get", "dry-run/")):
        body = {"own_acts": True} if method == "patch" else None
        assert member(method, f"subscriptions/{row['id']}/{path}", body)[0] == 404
    other = {"event": "outage.opened", "recipient_key": str(boss.user.pk)}
    assert member("post", "subscriptions/dry-run/", other)[0] == 403
    assert Program(member.user, "read")("post", "subscriptions/dry-run/", {"event": "outage.opened"})[0] == 403


def test_an_administrator_subscribes_others_who_are_told(boss, member):
    body = {"event": "outage.opened", "recipient_key": str(member.user.pk), "escalate_after": 30}
    status, row = boss("post", "subscriptions/", body)
    assert status == 201 and row["escalate_after"] == 30
    assert str(boss.user) in Notice.objects.to(member.user).get().text
    assert member("patch", f"subscriptions/{row['id']}/", (row["asked"] and {}) or {"own_acts": True})[0] == 200


def test_a_dry_run_says_what_would_have_been_sent(member):
    tower = make.site("Ridge", tags="north")
    outage(make.equipment("ap-1", site=tower), timezone.now() - timedelta(days=2), site=tower)
    outage(make.equipment("ap-2"), timezone.now() - timedelta(days=40))
    body = {"event": "outage.opened", "about": {"kind": "customers.site", "id": tower.pk}, "tags_in": ["north"]}
    status, found = member("post", "subscriptions/dry-run/", body)
    assert (status, found["count"], found["known"], found["more"]) == (200, 1, True, False)
    assert found["first"][0]["text"] == "ap-1 is down" and found["unknown_tags"] == []
    assert not Subscription.objects.exists()
    row = member("post", "subscriptions/", body)[1]
    assert member("get", f"subscriptions/{row['id']}/dry-run/") == (200, found)
    assert Program(member.user, "read")("get", f"subscriptions/{row['id']}/dry-run/") == (200, found)
    assert not Address.objects.exists()
    unknown = member("post", "subscriptions/dry-run/", {"event": "outage.opened", "tags_in": ["nrth"]})[1]
    assert (unknown["count"], unknown["unknown_tags"]) == (0, ["nrth"])
    assert member("post", "subscriptions/dry-run/", {"event": "incident.changed"})[1]["known"] is False


def test_ones_own_mutes_are_made_listed_and_ended(member, boss):
    tower, until = make.site("Ridge"), timezone.now() + timedelta(days=3)
    body = {"about": {"kind": "customers.site", "id": tower.pk}, "until": until.isoformat()}
    status, row = member("post", "mutes/", body)
    assert (status, row["about"]) == (201, body["about"])
    again = member("post", "mutes/", {"about": body["about"], "until": None})[1]
    assert again == row | {"until": None} and Mute.objects.get().until is None
    assert [one["id"] for one in member("get", "mutes/")[1]["results"]] == [row["id"]]
    assert boss("get", "mutes/")[1]["results"] == []
    assert boss("delete", f"mutes/{row['id']}/")[0] == boss("get", f"mutes/{row['id']}/")[0] == 404
    assert member("delete", f"mutes/{row['id']}/") == (204, None)
    assert not Mute.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "about"), ({"about": None}, "about"), ({"about": {"kind": "customers.site", "id": 10**9}}, "about"),
        ({"about": {"kind": "config.user", "id": 1}}, "about"), ({"until": "2001-01-01T00:00:00Z"}, "until"),
        ({"until": "soon"}, "until"),
    ],
)  # fmt: skip
def test_a_bad_mute_is_refused_by_its_field(member, body, field):
    site = make.site()
    about = {"about": {"kind": "customers.site", "id": site.pk}} if field == "until" else {}
    status, said = member("post", "mutes/", about | body)
    assert status == 400 and field in said["fields"]
    assert not Mute.objects.exists()


def test_what_waits_for_one_is_read_and_nobody_elses(member, boss):
    now = timezone.now()
    for program, minutes in ((member, 600), (boss, 900)):
        program("post", "subscriptions/", {"event": "outage.still_open", "asked": {"minutes": minutes}})
    thing = Outage.objects.create(equipment=make.equipment(), started_at=now, opened_at=now, opened_by={})
    Subscription._base_manager.update(planned=0)
    plan_new(now)
    (plan,) = member("get", "plans/")[1]["results"]
    assert plan["about"] == {"kind": "outages.outage", "id": thing.pk} and plan["event"] == "outage.still_open"
    assert plan["due_at"].startswith((now + timedelta(minutes=600)).isoformat()[:16])
    assert boss("get", f"plans/{plan['id']}/")[0] == 404
    assert member("get", "plans/?due_before=2001-01-01T00:00:00Z")[1]["results"] == []
    assert member("post", "plans/", {})[0] == 405 and Plan.objects.count() == 2


def test_the_reminders_of_others_are_not_among_what_waits_for_everybody(member):
    defaults.give()
    make.reminder(make.user("office"), "Talk about the raise")
    Subscription._base_manager.update(planned=0)
    plan_new(timezone.now())
    assert Plan.objects.filter(event="reminder.imminent").exists()
    assert member("get", "plans/")[1]["results"] == []


def test_the_events_are_read_searched_and_paged(member, stranger):
    status, first = member("get", "events/?limit=5")
    assert status == 200 and len(first["results"]) == 5
    keys, following = [row["key"] for row in first["results"]], first["next"]
    while following:
        page = member("get", following.split("/api/v1/")[1])[1]
        keys, following = keys + [row["key"] for row in page["results"]], page["next"]
    assert keys == sorted(declared())
    assert [row["key"] for row in member("get", "events/?limit=200&order=-key")[1]["results"]] == keys[::-1]
    found = {row["key"]: row for row in member("get", "events/?q=still down")[1]["results"]}
    assert set(found) == {"outage.still_open"} and found["outage.still_open"]["kind"] == "unless it changes"
    assert found["outage.still_open"]["asks"][0]["default"] == 60
    assert stranger.get("/api/v1/events/").status_code == 401


@pytest.mark.parametrize("query", ["colour=red", "limit=0", "order=age", "cursor=x", "q=" + "x" * 101])
def test_a_bad_question_for_events_is_refused_by_its_name(member, query):
    status, said = member("get", f"events/?{query}")
    assert status == 400 and query.split("=")[0] in said["fields"]
