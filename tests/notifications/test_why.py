"""Why somebody hears of something, or does not; where nobody would; and the reference of all events."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications import actions, coverage, explaining, hearing, reference
from notifications import why as reasons
from notifications.event import declared
from notifications.models import Address, Notice, Subscription
from outages.models import Incident, Outage
from tests import make
from tests.asked import asked

pytestmark = pytest.mark.django_db


def wants(event, kind="role", key="engineer", **fields):
    return Subscription.objects.create(event=event, recipient_kind=kind, recipient_key=str(key), **fields)


def of(user):
    return "user", str(user.pk)


def outage(radio):
    now = timezone.now()
    found = {"customer": radio.customer, "site": radio.site}
    return Outage.objects.create(equipment=radio, started_at=now, opened_at=now, opened_by={}, **found)


def answer(thing, person, key):
    found = explaining.explain(thing, person, timezone.now())
    return next(one for one in found.answers if one.event.key == key)


def test_three_subscriptions_make_one_notice_that_names_all_three():
    me, site = make.user("engineer"), make.site("Ridge")
    radio = make.equipment("ap-1", kind="ap", site=site)
    rows = [wants("outage.opened"), wants("outage.opened", *of(me), about=site), wants("outage.opened", *of(me))]
    outage(radio)
    notice = Notice.objects.to(me).get(event="outage.opened")
    assert set(notice.why) == {row.pk for row in rows}
    words = reasons.reasons([notice])[notice.pk]
    for each in ("everybody in the role Engineer", "you are subscribed to it, for Ridge", "you are subscribed to it;"):
        assert each in words + ";"
    assert [row for row, _ in reasons.subscriptions(notice)] == [
        row for pk in notice.why for row in rows if row.pk == pk
    ]


def test_the_page_of_a_notice_names_the_subscriptions_and_what_came_of_each_delivery(engineer, administrator):
    wants("outage.opened")
    outage(make.equipment("ap-1"))
    notice = Notice.objects.to(engineer.user).get()
    address = reverse("notice_why", args=[notice.pk])
    page = engineer.get(address).text
    assert "Everybody in the role Engineer hears of it" in page and "Inbox" in page
    assert f"Why {engineer.user} got this" in administrator.get(address).text


@pytest.mark.parametrize("who", ["engineer", "office", "technician", "manager"])
def test_the_page_of_a_notice_is_for_whom_it_was_told_and_for_administrators(request, who, stranger):
    client, other = request.getfixturevalue(who), make.user("administrator")
    wants("outage.opened", *of(other))
    outage(make.equipment())
    address = reverse("notice_why", args=[Notice.objects.to(other).get().pk])
    assert client.get(address).status_code == 404
    assert stranger.get(address).status_code == 302


@pytest.mark.parametrize(
    ("how", "words"),
    [("off", "turned off for them"), ("muted", "they have muted it"), ("tags", "the tags do not let it through")],
)
def test_what_keeps_a_notice_away_is_named(how, words):
    me, radio = make.user("engineer"), make.equipment(kind="ap", site=make.site())
    thing = outage(radio)
    row = wants("outage.closed", tags_in=["vip"] if how == "tags" else [])
    if how == "off":
        actions.turn_off(me, row, me)
    elif how == "muted":
        actions.mute(me, radio.site, None)
    found = answer(thing, me, "outage.closed")
    assert not found.is_told and words in found.lines[0].not_told


def test_no_subscription_and_no_channel_are_said(engineer):
    site = make.site("Ridge")
    page = engineer.get(reverse("why", args=["customers.site", site.pk])).text
    assert "No subscription asks for it" in page
    Address.objects.of(engineer.user).update(wanted=False)
    Address.objects.create(owner=engineer.user, channel="email", value="x@example.net", wanted=False)
    page = engineer.get(reverse("why", args=["customers.site", site.pk])).text
    assert "No channel of yours works" in page


def test_a_personal_event_does_not_ask_its_people_of_another_object():
    me, customer = make.user("engineer"), make.customer()
    wants("reminder.created", *of(me))
    found = explaining.explain(customer, me, timezone.now())
    one = [line for each in found.answers if each.event.key == "reminder.created" for line in each.lines]
    assert all("on whom it involves" in line.depends for line in one)


def test_what_was_told_last_is_shown():
    me = make.user("engineer")
    wants("incident.closed", *of(me), asked={"at_least": 1})
    now = timezone.now()
    incident = Incident.objects.create(equipment=make.equipment(kind="ap"), opened_at=now)
    incident.closed_at = now
    incident.save()
    last = answer(incident, me, "incident.closed").last
    assert last is not None and last.event == "incident.closed"


def test_only_an_administrator_asks_for_another_person(engineer, administrator, stranger):
    other, site = make.user(), make.site()
    address = reverse("why", args=["customers.site", site.pk])
    assert engineer.get(address, {"for": f"user:{other.pk}"}).status_code == 403
    assert f"Why {other} hears" in administrator.get(address, {"for": f"user:{other.pk}"}).text
    assert administrator.get(address, {"for": "user:999999"}).status_code == 404
    assert administrator.get(address, {"for": "role:engineer"}).status_code == 404
    assert stranger.get(address).status_code == 302
    assert engineer.get(reverse("why", args=["config.user", other.pk])).status_code == 404


def test_why_costs_the_same_however_many_subscriptions_mean_somebody(administrator):
    site = make.site()
    address = reverse("why", args=["customers.site", site.pk])
    wants("outage.opened", *of(administrator.user), about=site)
    few = asked(administrator, address)
    for key in ("outage.closed", "incident.closed", "site.changed"):
        wants(key, *of(administrator.user), about=site)
        wants(key, "role", "administrator")
    assert len(asked(administrator, address)) <= len(few)


def test_events_that_nobody_hears_are_named_and_those_that_only_the_inbox_has():
    me = make.user("engineer")
    faults = {one.event.key: one.fault for one in coverage.listening()}
    assert faults["outage.opened"] == "Nobody hears of it"
    wants("outage.opened", *of(me), about=make.site())
    wants("outage.closed", *of(me))
    wants("incident.opened", *of(me), channels=["inbox"])
    Address.objects.create(owner=me, channel="webpush", value="https://push.example/1", wanted=False)
    faults = {one.event.key: one.fault for one in coverage.listening()}
    assert faults["outage.opened"] == "Heard of some objects alone"
    assert "working channel" in faults["incident.opened"]


def test_one_subscription_to_operations_covers_every_event_of_that_kind():
    me = make.user("engineer")
    wants("operations", *of(me))
    found = {one.event.key: one.people for one in coverage.listening()}
    operations = [key for key, event in declared().items() if event.operations and event.happens]
    assert operations and all(found[key] == {me} for key in operations)


def test_what_a_role_hears_less_what_each_turned_off():
    first, second = make.user("engineer"), make.user("engineer")
    actions.turn_off(first, wants("outage.opened"), first)
    found = {one.event.key: one.people for one in coverage.listening()}
    assert found["outage.opened"] == {second}


def test_a_subscription_of_a_month_that_never_told_anything_is_named():
    me, now = make.user("engineer"), timezone.now()
    silent, told = (wants(key, *of(me)) for key in ("outage.opened", "incident.opened"))
    wants("outage.closed", *of(me))
    old = now - timedelta(days=40)
    Subscription._base_manager.filter(pk__in=[silent.pk, told.pk]).update(created_at=old)
    Incident.objects.create(equipment=make.equipment(kind="ap"), opened_at=now)
    assert [one.row for one in coverage.never_fired(now)] == [silent]


def test_coverage_is_for_administrators(request, administrator, stranger):
    address = reverse("coverage")
    for who in ("engineer", "office", "technician", "manager"):
        assert request.getfixturevalue(who).get(address).status_code == 403
    assert stranger.get(address).status_code == 302
    page = administrator.get(address).text
    assert "Nobody hears of it" in page and reverse("subscriptions_of", args=["role", "engineer"]) in page


def test_a_gap_is_closed_where_it_is_shown(administrator, engineer):
    make.user("technician")
    address = reverse("coverage")
    for form in ({"for": "role:technician", "event": "site.deleted"}, {"for": "", "event": "contact.changed"}):
        assert f'<option value="{form["event"]}">' in administrator.get(address).text
        assert engineer.post(address, form).status_code == 403
        for _ in range(2):
            assert administrator.post(address, form, follow=True).redirect_chain == [(address, 302)]
        assert Subscription.objects.get(event=form["event"]).recipient == (
            ("role", "technician") if form["for"] else ("user", str(administrator.user.pk))
        )
    assert "site.deleted" not in {one.event.key for one in coverage.listening() if one.fault == "Nobody hears of it"}
    before = Subscription.objects.count()
    odd = [
        ("role:nobody", "site.deleted"), ("user:", "site.deleted"), ("role:technician", "no.such"),
        ("role:technician", "notice.direct"), ("role:technician", ""),
    ]  # fmt: skip
    for whom, event in odd:
        assert administrator.post(address, {"for": whom, "event": event}).status_code == 404
    assert Subscription.objects.count() == before


def test_coverage_costs_the_same_however_many_subscribe(administrator):
    for key in ("outage.opened", "outage.closed"):
        wants(key, *of(make.user()), about=make.site())
        wants(key, *of(make.user()))
    Subscription._base_manager.update(created_at=timezone.now() - timedelta(days=40))
    few = asked(administrator, reverse("coverage"))
    for key in ("incident.opened", "incident.closed", "site.changed"):
        wants(key, *of(make.user()), about=make.site())
        wants(key, *of(make.user()))
    Subscription._base_manager.update(created_at=timezone.now() - timedelta(days=40))
    assert len(asked(administrator, reverse("coverage"))) <= len(few)


def test_the_reference_has_every_event_and_finds_some(technician, stranger):
    page = technician.get(reverse("events")).text
    assert all(f"<code>{key}</code>" in page for key in declared())
    assert stranger.get(reverse("events")).status_code == 302
    found = technician.get(reverse("events"), {"q": "warranty end"}).text
    assert "equipment.warranty_expiring" in found and "outage.opened" not in found
    assert "No such event" in technician.get(reverse("events"), {"q": "unicorn"}).text


def test_the_reference_says_when_each_kind_is_told():
    kinds = {entry.event.key: entry.kind for entry in reference.entries()}
    assert kinds["outage.opened"] == "at once" and kinds["outage.still_open"] == "unless it changes"
    assert kinds["equipment.warranty_expiring"] == "lead times" and kinds["equipment.meter_multiple"] == "threshold"
    assert kinds["notice.direct"] == "written"


def test_what_somebody_turned_off_is_found_in_one_way():
    me = make.user("engineer")
    role, own = wants("outage.opened"), wants("outage.opened", *of(me))
    actions.turn_off(make.user("engineer"), role, me)
    assert hearing.in_force(me, [role, own]) == [role, own]
    own.delete()
    actions.turn_off(me, role, me)
    assert hearing.in_force(me, [role]) == []


def test_reasons_cost_the_same_however_many_notices(django_assert_max_num_queries):
    me = make.user("engineer")
    for _ in range(2):
        site = make.site()
        wants("outage.opened", *of(me), about=site)
        outage(make.equipment(site=site))
    with CaptureQueriesContext(connection) as few:
        reasons.reasons(Notice.objects.to(me))
    for _ in range(6):
        site = make.site()
        wants("outage.opened", *of(me), about=site)
        outage(make.equipment(site=site))
    with django_assert_max_num_queries(len(few)):
        reasons.reasons(Notice.objects.to(me))


def test_the_reference_says_what_is_told_in_words(engineer):
    told = {entry.event.key: entry.says for entry in reference.entries()}
    assert told["incident.closed"] == "[equipment name] is back after [lasted]"
    assert told["equipment.warranty_expiring"] == "The warranty of [equipment] ends on [warranty until]"
    assert "{" not in "".join(told.values()) and "{after" not in engineer.get(reverse("events")).text


def test_an_address_is_named_as_its_channel_shows_it(engineer):
    wants("outage.opened")
    value = "https://hooks.example/in?key=abc"
    Address.objects.create(owner=engineer.user, channel="webhook", value=value, verified_at=timezone.now())
    outage(make.equipment("ap-1"))
    page = engineer.get(reverse("notice_why", args=[Notice.objects.to(engineer.user).get().pk])).text
    assert "hooks.example" in page and "abc" not in page and "webhook https" not in page
