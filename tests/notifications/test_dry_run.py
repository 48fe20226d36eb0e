"""What a subscription would have sent in the last 30 days."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications import actions, dry_run
from notifications.event import declared
from notifications.models import Notice, Subscription
from outages.models import Incident, Outage
from tests import make

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def wish(event, to, about=None, **terms):
    return Subscription(event=event, recipient_kind="user", recipient_key=str(to.pk), about=about, **terms)


def outage(equipment, ago, lasted=None, **fields):
    at = timezone.now() - ago
    given = {"customer": equipment.customer, "site": equipment.site, "opened_by": {}} | fields
    end = None if lasted is None else at + lasted
    return Outage.objects.create(equipment=equipment, started_at=at, opened_at=at, ended_at=end, **given)


def incident(equipment, ago, lasted=HOUR, **fields):
    at = timezone.now() - ago
    end = None if lasted is None else at + lasted
    return Incident.objects.create(equipment=equipment, opened_at=at, closed_at=end, **fields)


def run(row):
    return dry_run.run(row, timezone.now())


def times(found):
    return [timezone.now() - hit.at for hit in found.first]


def test_what_was_opened_and_closed_in_the_last_30_days_is_counted_the_newest_first(settings):
    me, radio = make.user(), make.equipment("ap-1", kind="ap", site=make.site("Ridge"))
    for days in (1, 10, 29, 31):
        outage(radio, days * DAY, lasted=HOUR)
    outage(radio, HOUR)
    opened, closed = run(wish("outage.opened", me)), run(wish("outage.closed", me))
    assert (opened.count, opened.more, closed.count) == (4, False, 3)
    assert [hit.text for hit in opened.first] == ["ap-1 is down"] * 4
    assert [round(one / DAY) for one in times(opened)] == [0, 1, 10, 29]
    assert [hit.text for hit in closed.first] == ["ap-1 is back after 1 h 00 min"] * 3
    assert opened.first[0].about == "ap-1, Ridge" and opened.first[0].link.startswith("/outages/")
    assert not Notice.objects.exists()


def test_what_is_asked_counts_as_the_event_itself_judges_it():
    me, home = make.user(), make.equipment("cpe-1")
    incident(home, DAY, customers_behind=3)
    incident(home, 2 * DAY, customers_behind=7)
    incident(make.equipment("ap", kind="ap"), 3 * DAY)
    assert run(wish("incident.opened", me, asked={"at_least": 5})).count == 2
    assert run(wish("incident.opened", me, asked={"at_least": 1})).count == 3
    assert run(wish("incident.closed", me, asked={"at_least": 9})).count == 1


def test_what_lasted_long_enough_is_told_once_at_its_time():
    me, radio = make.user(), make.equipment("ap-1")
    outage(radio, 2 * DAY, lasted=2 * HOUR)
    outage(radio, DAY, lasted=HOUR / 2)
    outage(radio, 31 * DAY, lasted=2 * DAY)
    outage(make.equipment(), HOUR / 2)
    found = run(wish("outage.still_open", me, asked={"minutes": 60}))
    assert found.count == 1 and round(times(found)[0] / HOUR) == 47
    assert found.first[0].text == "ap-1 is still down, after 1 h 00 min"
    assert run(wish("outage.still_open", me, asked={"minutes": 20})).count == 3
    assert run(wish("outage.still_open", me, asked={"minutes": 60 * 36})).count == 1


def test_a_subscription_to_one_object_counts_what_belongs_to_it_alone():
    me, site, customer = make.user(), make.site(), make.customer()
    near, far = make.equipment(kind="ap", site=site, customer=customer), make.equipment(kind="ap")
    for one in (near, far):
        outage(one, DAY, HOUR)
        incident(one, DAY)
    for thing in (site, customer, near):
        assert run(wish("outage.opened", me, thing)).count == 1
        assert run(wish("incident.opened", me, thing)).count == 1
        assert run(wish("incident.still_open", me, thing, asked={"minutes": 5, "at_least": 1})).count == 1


def test_tags_count_from_all_that_an_object_belongs_to_and_unknown_ones_are_named():
    me = make.user()
    here = make.equipment(kind="ap", site=make.site(tags="North"), customer=make.customer(tags="school"))
    for one in (here, make.equipment(kind="ap")):
        outage(one, DAY, HOUR)
    assert run(wish("outage.opened", me, tags_in=["north"])).count == 1
    assert run(wish("outage.opened", me, tags_out=["School"])).count == 1
    assert run(wish("outage.opened", me, tags_in=["north"], tags_out=["school"])).count == 0
    assert run(wish("outage.opened", me, tags_in=["nrth", "north"])).unknown_tags == ["nrth"]


def test_what_is_muted_is_left_out_and_said():
    me, site = make.user(), make.site()
    for one in (make.equipment(site=site), make.equipment()):
        outage(one, DAY, HOUR)
    actions.mute(me, site, None)
    found = run(wish("outage.opened", me))
    assert (found.count, found.reasons) == (1, [(1, "of what is muted now")])


def test_a_role_counts_where_one_of_it_would_be_told():
    first, second = make.user("engineer"), make.user("engineer")
    outage(make.equipment(), DAY, HOUR)
    row = Subscription.objects.create(event="outage.opened", recipient_kind="role", recipient_key="engineer")
    actions.turn_off(first, row, first)
    assert (run(row).count, run(row).people) == (1, 2)
    actions.turn_off(second, row, second)
    assert (run(row).count, run(row).reasons) == (0, [(1, "of what was turned off")])
    row.recipient_key = "manager"
    assert (run(row).count, run(row).people) == (0, 0)


def test_what_is_not_kept_is_said():
    found = run(wish("incident.changed", make.user()))
    assert (found.known, found.count, found.not_kept) == (0, 0, ["Somebody worked on an incident"])


def test_a_personal_event_counts_what_involves_one():
    me, other = make.user(), make.user()
    make.reminder(me, by=other)
    make.reminder(other, by=me)
    found = run(wish("reminder.created", me))
    assert (found.count, found.dropped["not involved"]) == (1, 1)


def test_counting_ends_at_500_and_says_so():
    me, radio = make.user(), make.equipment()
    many(radio, 600)
    found = run(wish("outage.opened", me))
    assert (found.count, found.more, len(found.first)) == (500, True, 20)


def test_so_many_that_not_all_can_be_looked_at_are_said_to_be_at_least_so_many():
    me = make.user()
    many(make.equipment(), 2_001)
    found = run(wish("outage.opened", me, tags_in=["north"]))
    assert (found.count, found.more, found.partly) == (0, True, True)


def many(radio, count):
    at, apart = timezone.now(), timedelta(minutes=9)
    given = {"equipment": radio, "opened_at": at, "ended_at": at, "opened_by": {}}
    rows = (Outage(started_at=at - n * apart, **given) for n in range(count))
    Outage.objects.quietly().bulk_create(rows)


@pytest.mark.parametrize("key", [key for key, event in declared().items() if event.past is not None])
def test_every_event_whose_past_is_known_can_be_counted_for_each_kind_it_is_within(key):
    me, customer, site = make.user(), make.customer(), make.site()
    radio = make.equipment(customer=customer, site=site)
    things = {"customers.Customer": customer, "customers.Site": site, "customers.Equipment": radio}
    for label in declared()[key].within:
        if label in things:
            assert run(wish(key, me, things[label])).count >= 0
    assert run(wish(key, me)).known == 1


@pytest.mark.parametrize("terms", [{}, {"tags_in": ["north"]}])
def test_many_occurrences_cost_no_more_queries_than_few(terms):
    me = make.user()
    for _ in range(3):
        outage(make.equipment(site=make.site(tags="north"), customer=make.customer()), DAY, HOUR)
    run(wish("outage.opened", me, **terms))
    with CaptureQueriesContext(connection) as few:
        run(wish("outage.opened", me, **terms))
    for _ in range(30):
        outage(make.equipment(site=make.site(tags="north"), customer=make.customer()), DAY, HOUR)
    with CaptureQueriesContext(connection) as many:
        assert run(wish("outage.opened", me, **terms)).count == 33
    assert len(many) <= len(few)


def ask(client, **query):
    return client.get(reverse("dry_run"), query)


def test_the_fragment_counts_what_is_typed_and_names_the_field_of_bad_input(engineer):
    site = make.site("Ridge")
    incident(make.equipment(kind="cpe", site=site), DAY, customers_behind=7)
    about = {"event": "incident.opened", "about": f"customers.site:{site.pk}", "prefix": "incident.opened"}
    many = ask(engineer, **about, **{"incident.opened.at_least": "5", "incident.opened.tags_in": ""})
    assert "would have sent me" in many.text and "<strong>1</strong>" in many.text
    none = ask(engineer, **about, **{"incident.opened.at_least": "8", "incident.opened.tags_in": ""})
    assert "<strong>0</strong>" in none.text
    bad = ask(engineer, **about, **{"incident.opened.at_least": "0"})
    assert bad.status_code == 200 and "From how many customers" in bad.text and "greater than" in bad.text
    assert not Subscription.objects.filter(recipient_kind="user").exists()


def test_the_fragment_of_a_row_is_for_whom_it_belongs_to_and_for_administrators(engineer, administrator, stranger):
    other = make.user()
    row = Subscription.objects.create(event="outage.opened", recipient_kind="user", recipient_key=str(other.pk))
    assert ask(engineer, row=row.pk).status_code == 403
    assert ask(engineer, event="outage.opened", **{"for": f"user:{other.pk}"}).status_code == 403
    assert "would have sent them" in ask(administrator, row=row.pk).text
    assert ask(stranger, row=row.pk).status_code == 302


@pytest.mark.parametrize(
    "query",
    [
        {}, {"row": "x"}, {"row": "9" * 30}, {"event": "long.gone"}, {"event": "notice.direct"},
        {"event": "outage.opened", "about": "customers.site:x"}, {"event": "outage.opened", "about": "nothing"},
        {"event": "outage.opened", "about": "config.user:1"}, {"event": "upstream.silent", "about": "customers.site:1"},
    ],
)  # fmt: skip
def test_what_is_not_there_has_no_dry_run(engineer, query):
    make.site(pk=1)
    assert ask(engineer, **query).status_code == 404


def test_the_page_of_one_subscription_counts_and_tries_other_terms_without_saving(engineer):
    incident(make.equipment(kind="cpe"), DAY, customers_behind=7)
    row = Subscription.objects.create(
        event="incident.opened", recipient_kind="user", recipient_key=str(engineer.user.pk), asked={"at_least": 5}
    )
    address = reverse("subscription", args=[row.pk])
    assert "<strong>1</strong>" in engineer.get(address).text
    tried = engineer.post(address, {"at_least": "40", "tags_in": "", "tags_out": "", "try": "yes"})
    assert "<strong>0</strong>" in tried.text
    row.refresh_from_db()
    assert row.asked == {"at_least": 5}
