"""The pages of checks: what is looked at, how often, by which rule, and what is refused."""

import threading

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agents import roster
from outages import actions, looking
from outages.models import Check
from tests import make
from tests.outages.checking import RULE, errors

pytestmark = pytest.mark.django_db
PAGES = ["equipment_add", "check_add", "check_edit", "check_delete"]
EVIL = "<script>alert(1)</script>"


def address(name):
    if name == "equipment_add":
        return reverse(name)
    check = Check.objects.first() or make.check()
    return reverse(name, args=[check.equipment_id if name == "check_add" else check.pk])


def add(client, equipment, **fields):
    return client.post(reverse("check_add", args=[equipment.pk]), RULE | fields)


def edit(client, check, **fields):
    return client.post(reverse("check_edit", args=[check.pk]), RULE | fields)


# Who may what


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_sign_in(stranger, name, method):
    answer = getattr(stranger, method)(address(name))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["office", "technician", "manager"])
def test_only_those_who_know_the_network_set_checks(request, name, method, who):
    place = address(name)
    before = Check.objects.count()
    assert getattr(request.getfixturevalue(who), method)(place, RULE).status_code == 403
    assert Check.objects.count() == before


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("who", ["administrator", "engineer"])
def test_those_get_the_forms(request, name, who):
    assert request.getfixturevalue(who).get(address(name)).status_code == 200


@pytest.mark.parametrize("name", ["check_add", "check_edit", "check_delete"])
@pytest.mark.parametrize("pk", [9_999_999, 10**30])
def test_what_is_not_there_is_not_found(engineer, name, pk):
    assert engineer.get(reverse(name, args=[pk])).status_code == 404
    assert engineer.post(reverse(name, args=[pk]), RULE).status_code == 404


def test_who_may_not_set_checks_is_not_offered_it(technician, engineer):
    check = make.check()
    links = [reverse("check_edit", args=[check.pk]), reverse("check_add", args=[check.equipment_id])]
    page = check.equipment.get_absolute_url()
    assert all(f'"{link}"' in engineer.get(page).text for link in links)
    assert not any(f'"{link}"' in technician.get(page).text for link in links)


# Setting a check


def test_a_check_is_added_and_changed(engineer):
    equipment = make.equipment(address="10.0.0.5")
    assert add(engineer, equipment).url == equipment.get_absolute_url()
    check = Check.objects.get()
    edit(engineer, check, probe="tcp", port="443", interval="1", count="5", window="30")
    check.refresh_from_db()
    assert (check.probe, check.port, check.interval, check.count, check.window) == ("tcp", 443, 1, 5, 30)


def test_what_is_judged_while_a_check_is_being_changed_stays_judged(engineer):
    check = make.check(state="up", settled=True)
    read_before = Check.objects.get(pk=check.pk)
    Check.objects.update(state="down", settled=False)
    read_before.interval = 7
    actions.save_check(read_before)
    assert Check.objects.values_list("state", "settled", "interval").get() == ("down", False, 7)


def test_those_who_look_are_told(engineer):
    before = roster.work_changes()
    add(engineer, make.equipment(address="10.0.0.5"))
    assert roster.work_changes() == before + 1
    check = Check.objects.get()
    edit(engineer, check)
    engineer.post(reverse("check_delete", args=[check.pk]))
    assert roster.work_changes() == before + 3


@pytest.mark.parametrize(("count", "window"), [("10", "1"), ("3", "4"), ("100", "149")])
def test_a_rule_that_cannot_work_names_both_fields_and_changes_nothing(engineer, count, window):
    check = make.check()
    answer = edit(engineer, check, count=count, window=window)
    assert set(errors(answer)) == {"count", "window"}
    assert "do not fit into" in answer.text
    assert f'value="{window}"' in answer.text
    check.refresh_from_db()
    assert (check.count, check.window) == (3, 15)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("interval", "0"), ("interval", "86401"), ("interval", "-1"), ("interval", "1.5"), ("interval", ""),
        ("interval", "9" * 30), ("count", "0"), ("count", "101"), ("count", "x"), ("window", "0"), ("window", ""),
        ("window", "86401"), ("probe", "crystal ball"), ("probe", ""), ("probe", "\0"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_by_the_name_of_its_field(engineer, field, value):
    check = make.check()
    assert field in errors(edit(engineer, check, **{field: value}))
    before = vars(check)
    check.refresh_from_db()
    assert {name: getattr(check, name) for name in RULE} == {name: before[name] for name in RULE}


@pytest.mark.parametrize("port", ["", "0", "65536", "-1", "http", "9" * 30])
def test_a_way_of_looking_that_needs_a_port_says_so(engineer, port):
    equipment = make.equipment(address="10.0.0.5")
    assert list(errors(add(engineer, equipment, probe="tcp", port=port))) == ["port"]
    assert not Check.objects.exists()


@pytest.mark.parametrize("port", ["443", "0", "http"])
def test_a_way_of_looking_without_a_port_drops_what_was_typed(engineer, port):
    check = make.check(probe="tcp", port=80)
    assert edit(engineer, check, probe="icmp", port=port).status_code == 302
    check.refresh_from_db()
    assert (check.probe, check.port) == ("icmp", None)


@pytest.mark.parametrize("how", [{"probe": "icmp"}, {"probe": "tcp", "port": "80"}, {"probe": "icmp", "port": "9"}])
def test_the_same_check_twice_is_refused_in_words(engineer, how):
    equipment = make.equipment(address="10.0.0.5")
    add(engineer, equipment, **how)
    answer = add(engineer, equipment, **how)
    assert "This equipment has that check already." in str(errors(answer))
    assert Check.objects.count() == 1


def test_a_check_is_not_changed_into_one_that_is_there(engineer):
    ping = make.check()
    web = make.check(ping.equipment, probe="tcp", port=443)
    assert "__all__" in errors(edit(engineer, web))
    assert edit(engineer, web, probe="tcp", port="80").status_code == 302
    assert add(engineer, make.equipment(address="10.0.0.6")).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_a_button_that_is_pressed_twice_at_once_adds_one_check(engineer):
    equipment = make.equipment(address="10.0.0.5")
    start, answers = threading.Barrier(4), []

    def press():
        client = Client()
        client.cookies = engineer.cookies
        start.wait()
        try:
            answers.append(add(client, equipment).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Check.objects.count() == 1
    assert set(answers) <= {200, 302} and len(answers) == 4


def test_a_check_by_a_way_of_looking_that_is_gone_can_be_changed_and_deleted(engineer):
    check = make.check(probe="removed")
    assert engineer.get(check.equipment.get_absolute_url()).status_code == 200
    assert engineer.get(reverse("check_edit", args=[check.pk])).status_code == 200
    assert "probe" in errors(edit(engineer, check, probe="removed"))
    assert edit(engineer, check).status_code == 302
    assert engineer.post(reverse("check_delete", args=[check.pk])).status_code == 302


def test_names_are_shown_and_never_obeyed(engineer):
    check = make.check(make.equipment(EVIL, address="10.0.0.1"), probe=EVIL[:20])
    pages = [reverse("check_edit", args=[check.pk]), reverse("check_delete", args=[check.pk]),
             reverse("check_add", args=[check.equipment_id]), check.equipment.get_absolute_url()]  # fmt: skip
    for page in pages:
        text = engineer.get(page).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


# What is never asked, and says so


OWN = ["127.0.0.1", "127.200.3.4", "::1", "169.254.1.1", "fe80::1"]


@pytest.mark.parametrize("own", OWN)
def test_the_addresses_of_this_machine_are_asked_in_the_demo_alone_and_the_page_says_so(engineer, own):
    check = make.check(make.equipment(address=own))
    roster.simulate(False)
    assert looking.work(0) == []
    assert "It is not asked" in engineer.get(check.equipment.get_absolute_url()).text
    roster.simulate(True)
    assert [job.target.address for job in looking.work(0)] == [own]
    assert "It is not asked" not in engineer.get(check.equipment.get_absolute_url()).text


@pytest.mark.parametrize("other", ["10.0.0.1", "192.168.1.1", "8.8.8.8", "2001:db8::1", "fd00::1"])
def test_the_addresses_of_a_network_are_always_asked(engineer, other):
    check = make.check(make.equipment(address=other))
    assert len(looking.work(0)) == 1
    assert "It is not asked" not in engineer.get(check.equipment.get_absolute_url()).text


@pytest.mark.parametrize(
    ("fields", "words"), [({"address": None}, "no IP address"), ({"archived_at": timezone.now()}, "archived")]
)
def test_a_check_that_cannot_be_asked_says_why(engineer, fields, words):
    check = make.check(make.equipment(**({"address": "10.0.0.1"} | fields)))
    assert looking.work(0) == []
    page = engineer.get(reverse("equipment_looking", args=[check.equipment_id])).text
    assert "not asked" in page and words in page
