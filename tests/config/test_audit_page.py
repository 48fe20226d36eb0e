"""The page of the audit log: filtered, page by page, as fast for much as for little, and as CSV."""

import csv
import html
import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config import audit as log
from config import options
from config.accounts import BACKEND
from config.models import Option, Role, User
from notifications.audit import Act
from outages.models import Check
from tests import make


def browser_of(user):
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


@pytest.mark.parametrize(
    ("query", "abouts"),
    [
        ({}, ["new", "middle", "old"]),
        ({"who": "ben"}, ["middle"]),
        ({"who": "itself"}, ["old"]),
        ({"kind": "check"}, []),
        ({"since": "2026-03-02"}, ["new", "middle"]),
        ({"until": "2026-03-02"}, ["middle", "old"]),
        ({"since": "2026-03-02", "until": "2026-03-02"}, ["middle"]),
        ({"after": "rubbish"}, ["new", "middle", "old"]),
        ({"after": "2026-03-03T12:00:00+00:00~99~1"}, ["new", "middle", "old"]),
        ({"after": f"2026-03-03T12:00:00+00:00~0~{9**30}"}, ["new", "middle", "old"]),
        ({"after": "2026-03-03T12:00:00~0~1"}, ["new", "middle", "old"]),
        ({"after": "0001-01-01T00:00:00+14:00~0~1"}, ["new", "middle", "old"]),
        ({"after": "9999-12-31T23:59:59-14:00~0~1"}, ["new", "middle", "old"]),
    ],
)
def test_the_page_is_filtered(manager, query, abouts):
    ben = make.user(name="Ben Ode")
    User.history.model.objects.all().delete()
    Act.objects.all().delete()
    for day, about, by in ((1, "old", None), (2, "middle", ben), (3, "new", manager.user)):
        at = timezone.now().replace(year=2026, month=3, day=day, hour=12)
        Act.objects.create(at=at, by=by, by_name=by.name if by else "", what="export", about=about)
    options.change(time_zone="America/Denver")
    said = {key: str(ben.pk) if value == "ben" else value for key, value in query.items()}
    answer = manager.get(reverse("audit"), said)
    assert [one.about for one in answer.context["entries"]] == abouts


@pytest.mark.parametrize(
    ("field", "value"),
    [("since", "0001-01-01"), ("until", "9999-12-31"), ("since", "soon"), ("who", "x"), ("kind", "x")],
)
def test_a_filter_that_is_wrong_names_its_field(manager, field, value):
    answer = manager.get(reverse("audit"), {field: value})
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert manager.get(reverse("audit_csv"), {field: value}).status_code == 400


def test_pages_follow_each_other_without_a_gap_even_within_one_moment(manager):
    User.history.model.objects.all().delete()
    at = timezone.now()
    Act.objects.bulk_create(Act(at=at, what="export", about=f"act {number}") for number in range(70))
    kept = {"history_date": at, "history_type": "+", "value": 1}
    Option.history.model.objects.bulk_create(
        Option.history.model(name="isp_name", about=f"option {number}", **kept) for number in range(70)
    )
    Act.objects.create(at=at - timedelta(days=1), what="export", about="the oldest")
    seen, query = [], ""
    for _ in range(4):
        answer = manager.get(reverse("audit") + query)
        seen += [one.about for one in answer.context["entries"]]
        more = answer.context["more"]
        if more is None:
            break
        query = html.unescape(re.search(r'href="([^"]+)" rel="next"', answer.text)[1])
    assert len(seen) == len(set(seen)) == 141
    assert seen[-1] == "the oldest"


@pytest.mark.processes
def test_a_page_costs_the_same_for_few_and_for_a_hundred_thousand(manager, django_assert_max_num_queries):
    manager.get(reverse("audit"))
    with CaptureQueriesContext(connection) as few:
        manager.get(reverse("audit"))
    start = timezone.now() - timedelta(days=400)
    row = Check.history.model
    row.objects.bulk_create(
        (
            row(id=1, probe="icmp", history_date=start + timedelta(minutes=number), history_type="~", about=str(number),
                interval=1, count=1, window=1, on=True, changes={"interval": [1, number]})
            for number in range(100_000)
        ),
        batch_size=5000,
    )  # fmt: skip
    deep = str(log.Place(start + timedelta(minutes=5000), 4, 0))
    for query in ({}, {"after": deep}, {"who": str(manager.user.pk)}, {"kind": "check", "until": "2020-01-01"}):
        options.current()
        with django_assert_max_num_queries(len(few)):
            began = timezone.now()
            manager.get(reverse("audit"), query)
            assert timezone.now() - began < timedelta(seconds=2)


def test_the_csv_is_safe_for_spreadsheets_whole_and_written_down(manager):
    Act.objects.bulk_create(Act(at=timezone.now(), what="export", about="=cmd()", text="@x") for _ in range(1200))
    answer = manager.get(reverse("audit_csv"), {"kind": "act"})
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode().removeprefix("\ufeff"))))
    assert rows[0][0] == "Time (UTC)"
    assert len(rows) == 1 + 1200 + 1
    assert {row[4] for row in rows[2:]} == {"'=cmd()"}
    assert {row[5] for row in rows[2:]} == {"'@x"}
    assert Act.objects.get(about="the audit log").by == manager.user


def test_what_was_done_is_a_sentence_and_what_was_changed_says_what_it_is(manager):
    manager.get(reverse("audit_csv"))
    text = manager.get(reverse("audit")).text
    assert '<span class="quiet">User</span> added' in text
    assert "exported" in text and '<span class="quiet">What was done' not in text


@pytest.mark.parametrize("role", Role.values)
def test_administrators_and_managers_read_it(db, role):
    client = browser_of(make.user(role=role))
    status = 200 if role in ("administrator", "manager") else 403
    assert client.get(reverse("audit")).status_code == status
    assert client.get(reverse("audit_csv")).status_code == status
