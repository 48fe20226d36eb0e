"""Lists and pages of things: as many questions to the database for 500 rows as for one, and quick last pages."""

from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.models import User
from customers.lists import SHORT, Pages
from customers.models import Contact, Customer, Equipment, MeterReading, Reminder, Site
from notifications.models import Notice, Subscription
from outages.models import Check, Incident, Outage
from tests import make

KINDS = (User, Customer, Contact, Site, Equipment, Check, Incident, Outage, Notice, Subscription, Reminder)
LISTS = ("customers", "sites", "network", "outages", "incidents", "users", "inbox", "reminders", "notices/sent")
API = ("customers", "contacts", "sites", "equipment", "checks", "outages", "incidents", "notices", "subscriptions",
       "meter-readings", "reminders", "sent-notices")  # fmt: skip
PAGES = (
    "customers/{customer}",
    "equipment/{equipment}",
    "equipment/{equipment}/meter",
    "sites/{site}",
    "incidents/{incident}",
)


class Rows:
    """So many rows of everything, all about the first customer, site and piece of equipment."""

    def __init__(self, reader):
        self.reader, self.count, self.now = reader, 0, timezone.now()
        self.customer, self.site = make.customer("The First", tags="a, b"), make.site("The first", tags="a")
        self.equipment = make.equipment("the-first", site=self.site, customer=self.customer, address="10.0.0.1")
        make.check(self.equipment)
        self.incident = Incident.objects.create(equipment=self.equipment, opened_at=self.now)

    def keys(self):
        names = ("customer", "site", "equipment", "incident")
        return {name: getattr(self, name).pk for name in names}

    def grow(self, to):
        """Until there are so many of each."""
        numbers = range(self.count, to)
        self.count = to
        people = [Customer(given_name="Person", family_name=f"{n:03}", name=f"Person {n:03}") for n in numbers]
        Customer.objects.quietly().bulk_create(people)
        Contact.objects.quietly().bulk_create(Contact(customer=self.customer, name=f"Contact {n}") for n in numbers)
        Site.objects.quietly().bulk_create(Site(name=f"Site {n:03}", customer=self.customer) for n in numbers)
        User.objects.bulk_create(User(username=f"u{n}", email=f"u{n}@example.net", name=f"User {n}") for n in numbers)
        self._network(numbers, people)
        self._past(numbers)
        self._told(numbers)
        self._kept(numbers)

    def _network(self, numbers, people):
        above = {"uplink": self.equipment, "site": self.site}
        rows = [
            Equipment(name=f"cpe-{n:03}", customer=person, **above) for n, person in zip(numbers, people, strict=True)
        ]
        self.made = Equipment.objects.quietly().bulk_create(rows)
        Check.objects.bulk_create(Check(equipment=one) for one in self.made)

    def _kept(self, numbers):
        times = [self.now - timedelta(days=n + 1) for n in numbers]
        given = {"equipment": self.equipment, "by": self.reader}
        MeterReading.objects.bulk_create(MeterReading(value=900_000 - n, read_at=at, **given)
                                         for n, at in zip(numbers, times, strict=True))  # fmt: skip
        Equipment.objects.quietly().filter(pk=self.equipment.pk).update(
            meter=900_000, meter_unit="h", meter_at=self.now
        )
        whose = {"user": self.reader, "created_by": self.reader}
        things = [self.incident, self.customer.contacts.first()]
        Reminder.objects.quietly().bulk_create(
            Reminder(text=f"Number {n}", due_at=at, thing=things[n // 10 % 2], about=f"Thing {n}", **whose)
            for n, at in zip(numbers, times, strict=True)
        )

    def _past(self, numbers):
        times = [self.now - timedelta(minutes=n + 2) for n in numbers]
        over = {"closed_at": self.now, "state": "resolved"}
        rows = [Incident(equipment=one, opened_at=at, **over) for one, at in zip(self.made, times, strict=True)]
        found = Incident.objects.quietly().bulk_create(rows)
        where = {"equipment": self.equipment, "customer": self.customer, "site": self.site, "opened_by": {}}
        spans = [{"started_at": at, "opened_at": at, "ended_at": self.now} for at in times]
        Outage.objects.quietly().bulk_create(
            Outage(incident=cause, **where, **span) for cause, span in zip(found, spans, strict=True)
        )
        Outage.objects.quietly().bulk_create(Outage(incident=self.incident, **where, **span) for span in spans)

    def _told(self, numbers):
        kind = ContentType.objects.get_for_model(User)
        who = {"recipient_type": kind, "recipient_id": self.reader.pk, "object_type": kind, "object_id": self.reader.pk}
        who["sent_by"] = self.reader
        Notice.objects.bulk_create(
            Notice(
                text=f"Notice {n}", event="notice.direct", fingerprint=f"n{n}", due_at=self.now, created_at=at, **who
            )
            for n, at in ((n, self.now - timedelta(seconds=n)) for n in numbers)
        )
        Subscription.objects.bulk_create(
            Subscription(event="outage.opened", recipient_kind="user", recipient_key=str(10_000 + n), about=self.site)
            for n in numbers
        )


def questions(client, path):
    """What a page asks the database, once that knows what is kept in memory between requests."""
    ContentType.objects.get_for_models(*KINDS)
    cache.clear()
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200, path
    return [one["sql"] for one in seen if "config_option" not in one["sql"]]


def addresses(rows):
    """Every list as it begins, searched, and at its end; the pages of things; the search; the lists of the API."""
    for name in LISTS:
        yield from (f"/{name}/", f"/{name}/?q=0", f"/{name}/?page=999")
    yield from (f"/{page.format(**rows.keys())}/" for page in PAGES)
    yield "/search/?q=0"
    yield from (f"/api/v1/{name}/" for name in API)
    yield f"/api/v1/incidents/{rows.incident.pk}/notes/"


def test_every_list_and_page_asks_the_database_as_often_for_500_rows_as_for_fifty(administrator):
    rows = Rows(administrator.user)
    rows.grow(1)
    one = {path: len(questions(administrator, path)) for path in addresses(rows)}
    rows.grow(50)
    fifty = {path: len(questions(administrator, path)) for path in addresses(rows)}
    rows.grow(500)
    many = {path: questions(administrator, path) for path in addresses(rows)}
    more = {path: (one[path], fifty[path], len(asked)) for path, asked in many.items() if len(asked) > fifty[path]}
    assert more == {}
    # A list of one row may have nothing to fetch in addition: a tag, a label.
    assert {path: (one[path], count) for path, count in fifty.items() if not 0 <= count - one[path] <= 2} == {}
    assert max(len(asked) for asked in many.values()) < 30


@pytest.mark.parametrize("sort", ["name", "-name", "state", "-state", "added", ""])
def test_all_pages_together_are_all_rows_once_and_in_their_order(administrator, sort):
    for number in range(23):
        make.customer(f"Person {number % 4}", state=["up", "down"][number % 2])
    rows = Customer.objects.order_by(*(["name", "pk"] if sort in ("", "name") else ["pk"]))
    pages = Pages(rows, 5)
    found = [row.pk for number in pages.page_range for row in pages.page(number)]
    assert found == list(rows.values_list("pk", flat=True)) and pages.num_pages == 5
    answer = administrator.get("/customers/", {"sort": sort, "page": 9})
    assert len(answer.context["page_obj"].object_list) == 23


def test_counting_ends_where_nobody_turns_pages_any_more(administrator):
    for number in range(12):
        make.customer(f"Person {number:02}")
    pages = Pages(Customer.objects.all(), 5)
    pages.most = 10
    assert (pages.count, pages.more, pages.num_pages, pages.short) == (10, True, 2, False)
    assert [str(row) for row in pages.page(2)] == [f"Person {number:02}" for number in range(5, 10)]
    with CaptureQueriesContext(connection) as seen:
        Pages(Customer.objects.all(), 5).page(3)
    assert all("OFFSET" not in one["sql"] for one in seen), "the last page is sought from the end"


def test_a_long_list_says_that_it_goes_on_and_sorts_only_by_its_own_columns(administrator):
    rows = Rows(administrator.user)
    rows.grow(1)
    assert "sort=equipment" in administrator.get("/outages/").text
    what = {"equipment": rows.equipment, "opened_at": rows.now, "ended_at": rows.now, "opened_by": {}}
    spans = (rows.now - timedelta(seconds=n) for n in range(SHORT + 1))
    Outage.objects.quietly().bulk_create((Outage(started_at=at, **what) for at in spans), batch_size=1000)
    page = administrator.get("/outages/?sort=equipment&page=99999")
    assert "more than 10,000" in page.text and "sort it the other way round" in page.text
    assert "sort=equipment" not in page.text.split("<thead>")[1].split("</thead>")[0]
    assert page.context["page_obj"].number == SHORT // 50
    started = [row.started_at for row in page.context["page_obj"]]
    assert started == sorted(started, reverse=True)
    first = administrator.get("/outages/?sort=started").context["page_obj"].object_list[0]
    assert first == Outage.objects.order_by("started_at").first()


def test_outages_that_go_on_end_last_in_either_order(administrator):
    rows = Rows(administrator.user)
    rows.grow(3)
    goes_on = Outage.objects.create(
        equipment=rows.equipment, started_at=rows.now, opened_at=rows.now, opened_by={}, site=rows.site
    )

    def found(sort):
        return [row.pk for row in administrator.get("/outages/", {"sort": sort}).context["page_obj"]]

    assert found("ended")[-1] == goes_on.pk == found("-ended")[0]
    assert found("ended") == found("-ended")[::-1]
