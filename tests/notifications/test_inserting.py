"""Inserting many rows by one statement: what is new is said, and what is there stays."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications import inserting
from notifications.models import Delivery, Notice
from notifications.outbox import DELIVERY, NOTICE
from tests import make

pytestmark = pytest.mark.django_db


def notices(count, text="hello"):
    user, now = make.user(), timezone.now()
    kind = ContentType.objects.get_for_model(user)
    return [
        Notice(
            fingerprint=f"{number}",
            object_type=kind,
            object_id=user.pk,
            recipient_type=kind,
            recipient_id=user.pk,
            text=text,
            why=[number],
            due_at=now,
            created_at=now,
        )
        for number in range(count)
    ]


def insert(rows):
    values = [[getattr(row, name) for name in NOTICE] for row in rows]
    return dict(inserting.insert(Notice, NOTICE, values, key="fingerprint"))


def test_every_field_is_kept_as_the_orm_keeps_it():
    (row,) = notices(1, "ap-1 \N{SATELLITE ANTENNA} 'is' \"down\" %s")
    found = Notice.objects.get(pk=insert([row])["0"])
    for name in NOTICE:
        assert getattr(found, name) == getattr(row, name), name


def test_what_is_there_stays_and_is_not_among_the_new():
    insert(notices(3, "first"))
    new = insert(notices(5, "second"))
    assert new.keys() == {"3", "4"}
    assert list(Notice.objects.order_by("pk").values_list("text", flat=True)) == ["first"] * 3 + ["second"] * 2


def test_what_no_row_names_has_its_default():
    (notice,) = insert(notices(1)).values()
    inserting.insert(Delivery, DELIVERY, [(notice, None, "email", "waiting", timezone.now())])
    row = Delivery.objects.get()
    assert (row.state, row.tries, row.lease, row.leased_until, row.gone) == ("waiting", 0, "", None, "")


def test_more_than_a_statement_takes_are_several(monkeypatch):
    monkeypatch.setattr(inserting, "MOST_VALUES", 3 * len(NOTICE))
    with CaptureQueriesContext(connection) as asked:
        assert len(insert(notices(8))) == 8
    assert sum("notifications_notice" in query["sql"] for query in asked) == 3
    assert insert([]) == {}
