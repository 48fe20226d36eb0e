"""The bell of an object: how many of us listen, and the menu behind it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config import options
from notifications import actions, matching
from notifications.event import concerning, declared, of_one
from notifications.models import Mute, Notice, Subscription
from outages.models import Incident, Outage
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KINDS = ["customer", "site", "equipment", "incident", "outage"]
EVERYBODY = ["administrator", "engineer", "office", "technician", "manager"]
HTMX = {"HX-Request": "true", "HX-Target": "subscribe"}


@pytest.fixture
def things():
    """One of each kind that has a page."""
    customer, site = make.customer(), make.site("Ridge")
    equipment = make.equipment("sector-1", kind="ap", customer=customer, site=site)
    return {
        "customer": customer,
        "site": site,
        "equipment": equipment,
        "incident": Incident.objects.create(equipment=equipment, opened_at=NOW),
        "outage": Outage.objects.create(
            equipment=equipment, customer=customer, site=site, started_at=NOW, opened_at=NOW, opened_by={}
        ),
        "source": make.source(),
    }


def menu(thing, query=""):
    return reverse("subscribe", args=[thing._meta.label_lower, thing.pk]) + query


def mute(thing):
    return reverse("subscribe_mute", args=[thing._meta.label_lower, thing.pk])


def wants(event, kind="role", key="engineer", **fields):
    return Subscription.objects.create(event=event, recipient_kind=kind, recipient_key=str(key), **fields)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", EVERYBODY)
def test_every_page_of_a_thing_has_the_bell_and_everybody_the_menu(request, things, who, kind):
    client, thing = request.getfixturevalue(who), things[kind]
    assert menu(thing) in client.get(thing.get_absolute_url()).text
    page = client.get(menu(thing)).text
    assert "<h1" in page and all(event.label in page for event in of_one(thing._meta.label))
    of_all = client.get(menu(thing) + "?of=all").text
    assert all(event.label in of_all for event in concerning(thing._meta.label))
    alone = client.get(menu(thing), headers=HTMX).text
    assert "<h1" not in alone and 'id="subscribe"' in alone


def test_what_is_over_for_one_object_is_offered_of_all_of_its_kind_alone(engineer, things):
    page = engineer.get(menu(things["incident"])).text
    assert "An incident opened" not in page and "An incident is over" in page
    assert "An incident opened" in engineer.get(menu(things["site"])).text


def test_the_menu_is_by_kind_and_what_is_chosen_is_open(engineer, things):
    wants("site.tagged", "user", engineer.user.pk, about=things["customer"])
    groups = engineer.get(menu(things["customer"])).context["form"].groups
    assert [group.label for group in groups][:3] == ["Incidents", "Outages", "Customers"]
    there = {group.label: (group.is_open, group.chosen) for group in groups}
    assert there.pop("Incidents") == (True, 0)
    assert there.pop("Sites") == (True, 1)
    assert set(there.values()) == {(False, 0)}


def test_a_page_about_something_without_events_has_no_bell(administrator):
    page = administrator.get(make.user().get_absolute_url()).text
    assert 'id="subscribe"' not in page


@pytest.mark.parametrize("event", declared().values(), ids=declared())
def test_what_an_event_is_within_is_what_its_model_says_it_belongs_to(things, event):
    thing = things.get(event.of.split(".")[1].lower())
    scopes = thing.scopes() if hasattr(thing, "scopes") else ()
    if thing is not None:
        assert {label for label, _ in scopes} <= set(event.within) | {"customers.Reminder"}
    assert all(apps.get_model(label) for label in event.within)


def test_a_stranger_is_sent_to_sign_in(stranger, things):
    for address in (menu(things["site"]), mute(things["site"])):
        for answer in (stranger.get(address), stranger.post(address)):
            assert answer.status_code == 302 and answer.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("label", ["customers.site", "config.user", "customers.contact", "nothing", "a.b.c"])
@pytest.mark.parametrize("name", ["subscribe", "subscribe_mute"])
def test_what_is_not_there_is_not_found(engineer, label, name):
    assert engineer.post(reverse(name, args=[label, 10**30])).status_code == 404


def test_who_wants_only_what_involves_them_may_be_told_of_what_belongs_to_it(engineer, things):
    row = wants("incident.changed", "user", engineer.user.pk)
    row.involved = True
    row.save()
    for thing in things.values():
        assert matching.listeners(thing, NOW) <= {engineer.user}
    assert matching.listeners(things["site"], NOW) == {engineer.user}


def test_the_bell_counts_who_listens(things):
    site, equipment = things["site"], things["equipment"]
    first, second, off = make.user(), make.user(), make.user()
    make.user(is_active=False)
    assert matching.listeners(site, NOW) == set()
    wants("incident.opened", "user", first.pk, about=site)
    assert matching.listeners(site, NOW) == matching.listeners(equipment, NOW) == {first}
    assert matching.listeners(make.site(), NOW) == set()
    row = wants("incident.opened")
    actions.turn_off(off, row, off)
    assert matching.listeners(site, NOW) == {first, second}
    actions.mute(second, site, None)
    assert matching.listeners(equipment, NOW) == {first}


@pytest.mark.parametrize("where", ["site", "equipment"])
@pytest.mark.parametrize(
    ("until", "words"),
    [(None, "Muted by you for good"), (NOW + timedelta(days=3), "Muted by you until Wed 4 Mar 12:00")],
)
def test_the_bell_says_that_one_has_muted_it_or_what_it_belongs_to(engineer, office, things, where, until, words):
    with time_machine.travel(NOW, tick=False):
        actions.mute(engineer.user, things[where], until)
        assert words in engineer.get(things["equipment"].get_absolute_url()).text
        assert "Muted by you" not in office.get(things["equipment"].get_absolute_url()).text
        assert ("Muted by you" in engineer.get(things["site"].get_absolute_url()).text) is (where == "site")
    with time_machine.travel(NOW + timedelta(days=3), tick=False):
        assert ("Muted by you" in engineer.get(things["equipment"].get_absolute_url()).text) is (until is None)


def test_what_a_role_hears_as_operations_is_said_beside_each_of_these(engineer, things):
    wants("operations")
    choices = engineer.get(menu(things["source"])).context["form"].choices
    said = {
        choice.event.key
        for choice in choices
        if "Already so for everybody in the role Engineer" in choice.box.help_text
    }
    assert said == {choice.event.key for choice in choices if choice.event.operations} != set()


@pytest.mark.parametrize("kind", KINDS)
def test_the_bell_costs_the_same_however_many_listen(administrator, things, kind):
    thing = things[kind]
    address, first, *_, last = thing.get_absolute_url(), *(event.key for event in concerning(thing._meta.label))
    wants(first, "user", administrator.user.pk, about=thing)
    wants(first, "role", "administrator")
    # Kept for two seconds, which may end in the middle.
    cache.set(options.KEY, options.fresh(), 60)
    administrator.get(address)
    with CaptureQueriesContext(connection) as few:
        administrator.get(address)
    for role in EVERYBODY:
        wants(last, "role", role)
        wants(last, "user", make.user(role).pk, about=thing)
    with CaptureQueriesContext(connection) as fresh:
        page = administrator.get(address).text
    with CaptureQueriesContext(connection) as many:
        administrator.get(address)
    # What they ask for is read once.
    assert len(fresh) <= len(few) + 1
    assert len(many) <= len(few)
    assert "6 of us listen" in page


def test_one_subscribes_to_a_thing_and_ends_it(engineer, things):
    site = things["site"]
    form = {"incident.opened": "on", "incident.opened.at_least": "1", "outage.closed": "on"}
    for _ in range(2):
        assert engineer.post(menu(site), form).url == site.get_absolute_url()
    rows = {row.event: row for row in Subscription.objects.all()}
    assert set(rows) == {"incident.opened", "outage.closed"}
    assert rows["incident.opened"].asked == {"at_least": 1} and rows["incident.opened"].about == site
    assert rows["incident.opened"].recipient == ("user", str(engineer.user.pk))
    engineer.post(menu(site), {"outage.closed": "on"})
    assert Subscription.objects.get().event == "outage.closed"
    assert not Notice.objects.exists()


def test_what_is_saved_again_keeps_its_tags(engineer, things):
    wants("outage.closed", "user", engineer.user.pk, about=things["site"], tags_in=["vip"])
    engineer.post(menu(things["site"]), {"outage.closed": "on"})
    assert Subscription.objects.get().tags_in == ["vip"]


def test_all_of_this_kind_is_apart_from_this_one(engineer, things):
    engineer.post(menu(things["site"], "?of=all"), {"outage.opened": "on"})
    assert Subscription.objects.get().object_id is None
    engineer.post(menu(things["site"]), {})
    assert Subscription.objects.count() == 1
    assert 'name="outage.opened" class="form-check-input" id="id_outage.opened" checked' in engineer.get(
        menu(things["site"], "?of=all")
    ).text.replace(' aria-describedby="id_outage.opened_helptext"', "")


def test_a_number_out_of_range_is_said_and_nothing_is_saved(engineer, things):
    answer = engineer.post(menu(things["site"]), {"incident.opened": "on", "incident.opened.at_least": "0"})
    assert answer.status_code == 200 and "greater than or equal to 1" in answer.text
    assert not Subscription.objects.exists()


def test_what_ones_role_hears_of_anyway_is_said(engineer, things):
    wants("incident.opened")
    assert "Already so for everybody in the role Engineer" in engineer.get(menu(things["site"])).text


@pytest.mark.parametrize("who", ["engineer", "office", "technician", "manager"])
def test_nobody_but_an_administrator_chooses_for_others(request, things, who):
    client, other = request.getfixturevalue(who), make.user()
    page = client.get(menu(things["site"])).text
    assert str(other) not in page and "For</label>" not in page
    for to in (f"user:{other.pk}", "role:engineer"):
        address = menu(things["site"], f"?for={to}")
        assert client.get(address).status_code == 403
        assert client.post(address, {"outage.opened": "on"}).status_code == 403
    assert not Subscription.objects.exists()


def test_an_administrator_chooses_for_a_user_and_for_a_role_and_they_are_told(administrator, things):
    other = make.user("office")
    for to in (f"user:{other.pk}", "role:office"):
        for _ in range(2):
            administrator.post(menu(things["site"], f"?for={to}"), {"outage.opened": "on"})
    assert {row.recipient for row in Subscription.objects.all()} == {("user", str(other.pk)), ("role", "office")}
    assert {row.created_by for row in Subscription.objects.all()} == {administrator.user}
    by = str(administrator.user)
    assert {notice.text for notice in Notice.objects.to(other)} == {
        f"{by} subscribed you to “A piece of equipment went down”: Ridge",
        f"{by} subscribed everybody in the role Office to “A piece of equipment went down”: Ridge",
    }


def test_what_was_saved_says_for_whom_and_leads_to_all_that_they_hear_of(administrator, things):
    page = administrator.post(menu(things["site"]), {"outage.opened": "on"}, follow=True).text
    assert f'Saved. What I hear of: <a href="{reverse("subscriptions")}">' in page
    page = administrator.post(menu(things["site"], "?for=role:office"), {"outage.opened": "on"}, follow=True).text
    theirs = reverse("subscriptions_of", args=["role", "office"])
    assert f'Saved for everybody in the role Office. <a href="{theirs}">' in page


def test_why_is_asked_of_one_person_alone(administrator, things):
    place, other = reverse("why", args=["customers.site", things["site"].pk]), make.user()
    assert place in administrator.get(menu(things["site"])).text
    of_one_person = f"{place}?for=user:{other.pk}"
    assert of_one_person in administrator.get(menu(things["site"], f"?for=user:{other.pk}")).text
    assert administrator.get(of_one_person).status_code == 200
    assert place not in administrator.get(menu(things["site"], "?for=role:office")).text


def test_the_title_is_stepped_to_only_where_the_menu_opens_in_its_place(engineer, things):
    assert "autofocus" in engineer.get(menu(things["site"]), headers=HTMX).text
    assert "autofocus" not in engineer.get(menu(things["site"], "?of=all"), headers=HTMX).text
    assert "autofocus" not in engineer.get(menu(things["site"])).text


@pytest.mark.parametrize("to", ["user:999999", "role:astronaut", "nobody", ":"])
def test_an_administrator_chooses_for_nobody_who_is_not_there(administrator, things, to):
    assert administrator.get(menu(things["site"], f"?for={to}")).status_code == 404


@pytest.mark.parametrize(("time", "days"), [("day", 1), ("week", 7), ("month", 30), ("good", None)])
def test_a_thing_is_muted_for_a_time_and_heard_again(engineer, things, time, days):
    site = things["site"]
    before = datetime.now(UTC)
    assert engineer.post(mute(site), {"for": time}).url == site.get_absolute_url()
    until = Mute.objects.get().until
    assert (until is None) if days is None else (until - before).days == days
    assert "You hear nothing of it" in engineer.get(menu(site)).text
    assert "Hear of it again" in engineer.get(reverse("subscriptions")).text
    for _ in range(2):
        assert engineer.post(mute(site), {"for": "", "back": "list"}).url == reverse("subscriptions")
    assert not Mute.objects.exists()


def test_an_unknown_time_mutes_nothing(engineer, things):
    assert engineer.post(mute(things["site"]), {"for": "year"}).status_code == 404
    assert engineer.get(mute(things["site"])).status_code == 405
    assert not Mute.objects.exists()
