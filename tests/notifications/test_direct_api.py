"""Writing to others by the API: by the rules of the pages, and what breaks them changes nothing."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from config import tokens
from notifications.models import Notice, Report
from tests import make
from tests.config.program import Program

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted():
    cache.clear()


@pytest.fixture
def program():
    return Program(make.user("engineer"))


def about(thing):
    return {"kind": thing._meta.label_lower, "id": thing.pk}


def body(thing, **more):
    return {"about": thing and about(thing), "text": "Look at this one", "to": ["role:office"]} | more


def test_a_notice_is_written_once_for_each_key(program):
    office, thing = make.user("office"), make.equipment("ap-1")
    assert program("post", "notices/", body(thing, key="a-key-of-mine")) == (201, {"people": 1})
    assert program("post", "notices/", body(thing, key="a-key-of-mine")) == (201, {"people": 0})
    assert program("post", "notices/", body(thing)) == (201, {"people": 1})
    assert program("post", "notices/", body(thing)) == (201, {"people": 1})
    first = Notice.objects.to(office).order_by("pk")[0]
    assert (first.event, first.text, first.link) == ("notice.direct", "Look at this one", thing.get_absolute_url())
    assert Notice.objects.count() == 3


def test_what_was_sent_is_listed_with_who_has_read_it_and_its_report(program):
    office, thing = make.user("office", name="Ida Ohm"), make.equipment("ap-1")
    program("post", "notices/", body(thing, report="csv"))
    (row,) = program("get", "sent-notices/")[1]["results"]
    assert row["recipient"] == "Ida Ohm"
    assert row["read_at"] is None
    assert row["deliveries"] == [{"channel": "inbox", "state": "waiting"}]
    assert row["report"].endswith(f"/api/v1/reports/{Report.objects.get().pk}/")
    assert program("get", f"sent-notices/{row['id']}/") == (200, row)
    (got,) = Program(office)("get", "notices/")[1]["results"]
    assert got["sent_by"] == str(program.user)
    assert got["report"] == row["report"]
    assert Program(office)("get", "sent-notices/")[1]["results"] == []
    assert Program(office)("get", f"sent-notices/{row['id']}/")[0] == 404


def test_a_report_is_for_its_recipients_and_its_sender_alone(program):
    office = make.user("office")
    program("post", "notices/", body(make.site(), report="pdf"))
    path = f"/api/v1/reports/{Report.objects.get().pk}/"
    for user, status in ((program.user, 200), (office, 200), (make.user("administrator"), 404)):
        answer = Program(user).client.get(path)
        assert answer.status_code == status
        if status == 200:
            assert answer.content.startswith(b"%PDF")
            assert answer.headers["Content-Disposition"].startswith("attachment;")
            assert answer.headers["Content-Type"] == "application/pdf"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"text": "x" * 281}, "text"),
        ({"text": ""}, "text"),
        ({"text": None}, "text"),
        ({"text": "a\u0007b"}, "text"),
        ({"to": []}, "to"),
        ({"to": ["role:king"]}, "to"),
        ({"to": "role:office"}, "to"),
        ({"to": [["role:office"]]}, "to"),
        ({"to": ["role:office"] * 201}, "to"),
        ({"to": ["role:engineer"]}, "to"),
        ({"report": "exe"}, "report"),
        ({"key": "short"}, "key"),
        ({"about": {"kind": "customers.site", "id": 999999}}, "about"),
        ({"about": {"kind": "notifications.address", "id": 1}}, "about"),
        ({"about": {"kind": "config.user", "id": 1}}, "about"),
        ({"about": 7}, "about"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_sent(program, change, field):
    make.user("office")
    status, answer = program("post", "notices/", body(make.site()) | change)
    assert status == 400
    assert field in answer["fields"]
    assert not Notice.objects.exists()


def test_an_announcement_is_for_who_may_and_takes_no_recipients(program):
    make.user("office")
    assert program("post", "notices/", {"about": None, "text": "The depot is shut"})[0] == 403
    manager = Program(make.user("manager"))
    status, answer = manager("post", "notices/", {"about": None, "text": "hello", "to": ["role:office"]})
    assert (status, list(answer["fields"])) == (400, ["to"])
    assert not Notice.objects.exists()
    assert manager("post", "notices/", {"about": None, "text": "The depot is shut"}) == (201, {"people": 2})


def test_a_token_that_may_only_read_and_a_stranger_send_nothing(client):
    user, thing = make.user("engineer"), make.site()
    make.user("office")
    headers = {"Authorization": f"Token {tokens.make(user, 'test', 'read', 7)}"}
    for more, status in (({"headers": headers}, 403), ({}, 401)):
        answer = client.post("/api/v1/notices/", body(thing), content_type="application/json", **more)
        assert answer.status_code == status
    assert not Notice.objects.exists()
    assert client.get("/api/v1/sent-notices/").status_code == 401
    assert client.get("/api/v1/reports/1/").status_code == 401


def test_the_list_of_what_was_sent_takes_the_same_queries_for_any_number(program, django_assert_max_num_queries):
    for _ in range(3):
        make.user("office")
    program("get", "sent-notices/")
    for _ in range(5):
        program("post", "notices/", body(make.site(), report="csv"))
    with django_assert_max_num_queries(9):
        assert len(program("get", "sent-notices/")[1]["results"]) == 15
