"""Notices and duty in the API: acknowledged, put off, marked; who is on duty at a time."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from config import tokens
from notifications.models import Notice
from tests import make
from tests.notifications.duty.making import NOW, all_week, told

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def api(technician):
    """The API, asked in the browser of somebody who has signed in."""
    return technician


def at(notice, what=""):
    return f"/api/v1/notices/{notice.pk}/{what}"


def test_acknowledging_ends_the_escalation_and_says_when(api):
    notice = told(api.user)
    assert api.get(at(notice)).json()["escalate_at"] == "2026-05-05T12:05:00Z"
    answer = api.post(at(notice, "acknowledge/"), content_type=JSON)
    assert (answer.status_code, answer.json()["acked_at"]) == (200, "2026-05-05T12:00:00Z")
    assert (answer.json()["escalate_at"], answer.json()["steps"]) == (None, [f"{api.user} acknowledged it"])
    assert api.post(at(notice, "acknowledge/"), content_type=JSON).status_code == 200


def test_read_and_unread(api):
    notice = told(api.user)
    assert api.post(at(notice, "read/"), content_type=JSON).json()["read_at"]
    assert api.post(at(notice, "unread/"), content_type=JSON).json()["read_at"] is None


def test_what_is_snoozed_is_listed_where_it_is_asked_for_and_comes_back(api):
    notice, other = told(api.user), told(api.user)
    until = (NOW + timedelta(hours=3)).isoformat()
    answer = api.post(at(notice, "snooze/"), {"until": until}, content_type=JSON)
    assert answer.json()["snoozed_until"] == "2026-05-05T15:00:00Z"

    def listed(query=""):
        return [row["id"] for row in api.get(f"/api/v1/notices/{query}").json()["results"]]

    assert listed() == listed("?snoozed=false") == [other.pk]
    assert listed("?snoozed=true") == [notice.pk]
    assert api.post(at(notice, "unsnooze/"), content_type=JSON).json()["snoozed_until"] is None
    assert sorted(listed()) == [notice.pk, other.pk]


@pytest.mark.parametrize("until", ["", "soon", None, "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", 5])
def test_a_wrong_time_names_the_field_and_changes_nothing(api, until):
    notice = told(api.user)
    answer = api.post(at(notice, "snooze/"), {"until": until}, content_type=JSON)
    assert (answer.status_code, "until" in answer.text) == (400, True)
    assert Notice.objects.get(pk=notice.pk).snoozed_until is None


@pytest.mark.parametrize("what", ["acknowledge/", "snooze/", "unsnooze/", "read/", "unread/"])
def test_of_anothers_notices_there_are_none(api, administrator, stranger, what):
    notice = told(api.user)
    body = {"until": (NOW + timedelta(hours=3)).isoformat()}
    assert administrator.post(at(notice, what), body, content_type=JSON).status_code == 404
    assert stranger.post(at(notice, what), body, content_type=JSON).status_code in (401, 403)
    found = Notice.objects.get(pk=notice.pk)
    assert (found.acked_at, found.snoozed_until, found.read_at) == (None, None, None)


def test_a_token_that_only_reads_acknowledges_nothing(technician):
    notice = told(technician.user)
    client = Client(headers={"Authorization": f"Token {tokens.make(technician.user, 'script', 'read', 7)}"})
    assert client.get(at(notice)).status_code == 200
    assert client.post(at(notice, "acknowledge/"), content_type=JSON).status_code == 403
    assert Notice.objects.get().acked_at is None


def on(api, **query):
    return [(row["name"], row["called"]) for row in api.get("/api/v1/duty/", query).json()["results"]]


def test_who_is_on_duty_at_a_time(api):
    ada, ben = make.user(name="Ada"), make.user(name="Ben")
    make.user("administrator", name="Cy")
    assert on(api) == [("Cy", "instead")]
    all_week(ada)
    all_week(ben, rank=2)
    assert on(api) == on(api, at="2026-07-01T03:00:00+02:00") == [("Ada", "first"), ("Ben", "second")]
    assert on(api, at="9000-01-01T00:00:00Z") == [("Cy", "instead")]


@pytest.mark.parametrize("query", [{"at": "soon"}, {"at": "9999-12-31T23:59:59-12:00"}, {"when": "x"}])
def test_a_wrong_question_is_refused_by_its_name(api, query):
    answer = api.get("/api/v1/duty/", query)
    assert (answer.status_code, next(iter(query)) in answer.text) == (400, True)


def test_a_stranger_learns_nothing(stranger):
    assert stranger.get("/api/v1/duty/").status_code in (401, 403)
