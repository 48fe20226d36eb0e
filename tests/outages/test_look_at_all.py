"""One rule for all that nobody looks at yet, as after an import."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.models import Equipment
from outages import looking, unwatched
from outages.models import Check
from tests import make

pytestmark = pytest.mark.django_db
RULE = {"probe": "icmp", "port": "", "interval": "20", "count": "2", "window": "60"}
PAGE = "/equipment/look-at-all/"


def test_all_of_the_chosen_kinds_get_the_rule_and_what_has_a_check_keeps_its_own(engineer):
    ap, cpe = make.equipment(kind="ap", address="10.0.0.1"), make.equipment(address="10.0.0.2")
    watched = make.check(interval=5, window=20)
    make.equipment(kind="ap")
    make.equipment(kind="ap", address="10.0.0.4", archived_at=timezone.now())
    answer = engineer.post(PAGE, RULE | {"kinds": ["ap"]}, follow=True)
    assert "1 more is looked at from now on" in answer.content.decode()
    assert [(c.equipment, c.interval, c.count, c.window) for c in Check.objects.exclude(pk=watched.pk)] == [
        (ap, 20, 2, 60)
    ]
    assert not cpe.checks.exists()
    assert {job.target.address for job in looking.work(0)} == {"10.0.0.1", watched.equipment.address}


def test_the_page_counts_by_kind_and_says_when_nothing_is_left(engineer):
    make.equipment(kind="ap", address="10.0.0.1")
    make.equipment(address="10.0.0.2")
    page = engineer.get(PAGE).content.decode()
    assert "AP (1)" in page and "CPE (1)" in page and "Router" not in page
    engineer.post(PAGE, RULE | {"kinds": ["ap", "cpe"]})
    assert "Everything is looked at" in engineer.get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kinds": []}, "kinds"),
        ({"kinds": ["router"]}, "kinds"),
        ({"window": "1"}, "window"),
        ({"probe": "x"}, "probe"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_made(engineer, wrong, field):
    make.equipment(kind="ap", address="10.0.0.1")
    answer = engineer.post(PAGE, RULE | {"kinds": ["ap"]} | wrong)
    assert field in answer.context["form"].errors
    assert not Check.objects.exists()


def test_a_second_press_makes_no_second_check_even_when_both_have_read_the_same_list():
    one = make.equipment(address="10.0.0.1")
    rule = Check(probe="icmp", interval=20, count=2, window=60)
    assert unwatched.look_at_all(rule, ["cpe"]) == 1
    Check.objects.bulk_create([unwatched._like(rule, one.pk)], ignore_conflicts=True)
    assert unwatched.look_at_all(rule, ["cpe"]) == 0
    assert one.checks.count() == 1


def test_three_thousand_take_a_few_queries():
    Equipment.objects.quietly().bulk_create(
        Equipment(name=f"CPE {n}", address=f"10.{n // 250}.{n % 250}.1") for n in range(3000)
    )
    with CaptureQueriesContext(connection) as asked:
        assert unwatched.look_at_all(Check(probe="icmp", interval=20, count=2, window=60), ["cpe"]) == 3000
    assert len(asked) < 80


@pytest.mark.parametrize("role", ["stranger", "office", "technician", "manager"])
def test_only_who_may_set_checks_gets_there(request, role):
    make.equipment(address="10.0.0.1")
    answer = request.getfixturevalue(role).post(PAGE, RULE | {"kinds": ["cpe"]})
    assert answer.status_code == (302 if role == "stranger" else 403)
    assert role != "stranger" or answer["Location"].startswith(reverse("account_login"))
    assert not Check.objects.exists()
