"""A hint of UISP's CRM: worth a look, whoever sends it, and never more."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from customers.models import Customer
from outages.models import Source
from outages.sources import jobs
from tests.outages.sources import upstream as up


@pytest.fixture
def send(source, django_capture_on_commit_callbacks):
    """Sends a body to the source's address for hints, as UISP does: without cookies, and without a token of ours."""

    def do(body, token=None):
        address = reverse("source_hint", args=[token or source.hint_token])
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        with django_capture_on_commit_callbacks(execute=True):
            return Client(enforce_csrf_checks=True).post(address, sent, content_type="application/json").status_code

    return do


def hint(uuid="u-1", **fields):
    return {
        "uuid": uuid,
        "changeType": "edit",
        "entity": "client",
        "entityId": "1",
        "eventName": "client.edit",
    } | fields


def wait(source, seconds=11):
    Source.objects.quietly().filter(pk=source.pk).update(hinted_at=timezone.now() - timedelta(seconds=seconds))


def test_a_hint_has_the_source_asked_and_synchronised_soon(send, source):
    assert send(hint()) == 204
    source.refresh_from_db()
    assert source.ask_at is not None and OrmQ.objects.count() == 1


def test_what_it_says_is_not_believed(send, source, synced, upstream):
    synced(clients=[up.client(1)])
    assert send(hint(extraData={"entity": up.client(1, "Mallory") | {"isArchived": True}})) == 204
    jobs.sync_one(source.pk)
    assert Customer.objects.current().get().name == "Dean Irvine"


def test_the_same_hint_and_too_many_of_them_have_one_effect(send, source):
    for uuid in ("a", "a", "b", "c"):
        assert send(hint(uuid)) == 204
    assert OrmQ.objects.count() == 1
    wait(source)
    assert send(hint("a")) == 204 and OrmQ.objects.count() == 1
    source.runs.update(state="done")
    assert send(hint("d")) == 204 and OrmQ.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b"[]", 400), (b'"text"', 400), (b"\xff\xfe", 400), (b"[" * 60_000, 400),
        (b"x" * 70_000, 413), (b"x" * 3_000_000, 413), (b"{}", 204), (b'{"uuid": null}', 204),
        (b'{"uuid": {"a": 1}}', 204),
        (json.dumps({"uuid": "u" * 5000, "changeType": "test", "entity": "webhook"}).encode(), 204),
    ],
)  # fmt: skip
def test_whatever_comes_is_bounded(body, status, send, source):
    assert send(body) == status
    source.refresh_from_db()
    assert (source.hinted_at is not None) is (status == 204) and len(json.dumps(source.hints)) < 200


def test_nobody_is_told_what_is_wrong_with_a_token(send, source):
    assert send(hint(), token="x") == 404 and send(hint(), token="y" * 4000) == 404
    assert not OrmQ.objects.exists()


def test_it_only_takes_a_post(stranger, source):
    assert stranger.get(reverse("source_hint", args=[source.hint_token])).status_code == 405


def test_a_source_that_is_off_or_not_accepted_is_not_asked(send, source):
    for fields in ({"on": False}, {"on": True, "accepted_at": None}):
        Source.objects.quietly().update(**fields)
        assert send(hint()) == 204 and not OrmQ.objects.exists()


def test_what_is_asked_for_during_a_synchronisation_comes_after_it(
    source, upstream, django_capture_on_commit_callbacks
):
    upstream.set(clients=[up.client(1)])
    with django_capture_on_commit_callbacks(execute=True):
        jobs.sync_one(source.pk)
    assert not OrmQ.objects.exists()
    Source.objects.quietly().update(sync_asked_at=timezone.now() + timedelta(minutes=1))
    with django_capture_on_commit_callbacks(execute=True):
        jobs.sync_one(source.pk)
    assert OrmQ.objects.count() == 1


def test_another_address_makes_the_old_one_lead_nowhere(engineer, send, source):
    old = source.hint_token
    engineer.post(reverse("source_rotate", args=[source.pk]))
    source.refresh_from_db()
    assert source.hint_token != old and send(hint(), token=old) == 404 and send(hint()) == 204


def test_the_token_is_nowhere_in_the_database_as_it_is(source):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM outages_source")
        assert source.hint_token not in str(cursor.fetchall())
