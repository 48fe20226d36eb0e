"""Looking before anything is imported: what is counted, what is said, and what is not written."""

import socket

import pytest
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from agents import roster
from customers.models import Customer, Equipment, Site
from outages.looking import is_own
from outages.models import Check, SourceLink
from outages.sources import jobs, preview, progress
from tests import make
from tests.outages.sources import upstream as up
from tests.outages.sources.conftest import made

MAC = "02:00:00:00:00:01"


@pytest.fixture
def fresh(db, upstream):
    """A source that nobody has accepted."""
    return made(upstream, accepted_at=None)


@pytest.fixture
def looked(fresh, upstream):
    """Puts lists in, and looks: gives what was found."""

    def do(**lists):
        upstream.set(**lists)
        assert preview.look(fresh), fresh.runs.get().said
        return fresh.runs.get().found

    return do


@pytest.fixture
def own():
    """An address of this machine that is no loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
        try:
            tried.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address in a network")
        address = tried.getsockname()[0]
    if is_own(address):
        pytest.skip("this machine has no address in a network")
    return address


def test_nothing_is_written_and_all_is_counted(looked):
    make.equipment("one", mac=MAC)
    make.customer("Dean Irvine", account="A-1")
    twins = [make.equipment(name, mac="02:00:00:00:00:02") for name in ("left", "right")]
    found = looked(
        devices=[
            up.device("d", mac=MAC),
            up.device("e", mac=twins[0].mac),
            up.device("f", role="ap", status="disconnected"),
        ],
        sites=[up.site("t")],
        clients=[up.client(1), up.client(2, "Ada", "Lovell", hasOutage=True)],
        services=[],
    )
    sites, customers, equipment = found["tables"]
    assert (sites["new"], customers["new"], customers["known"]) == (1, 1, 1)
    assert (equipment["new"], equipment["known"], equipment["unclear"]) == (3, 1, 1)
    assert equipment["to_decide"] == [{"label": "device e", "may_be": ["left", "right"]}]
    assert found["kinds"] == {"AP": 1, "CPE": 2}
    assert found["down"] == {"count": 2, "rows": ["device f", "Connection of Ada Lovell"]}
    assert found["bare_customers"]["rows"] == ["Dean Irvine", "Ada Lovell"]
    assert (Site.objects.count(), Customer.objects.count(), Equipment.objects.count()) == (0, 1, 3)
    assert not SourceLink.objects.exists() and not Check.objects.exists()


def test_of_what_is_much_only_some_is_named(looked):
    found = looked(devices=[up.device(f"d{number}", status="disconnected") for number in range(300)])
    assert found["down"]["count"] == 300 and len(found["down"]["rows"]) == 50


@pytest.mark.root
def test_what_answers_from_here_is_known_by_name(looked, fresh, own):
    devices = [up.device("near", ipAddress=f"{own}/24"), up.device("tower", role="ap", ipAddress=own)]
    devices += [up.device("none"), up.device("silent", ipAddress="240.0.0.1")]
    found = looked(devices=devices)
    assert found["reach"]["cpes"] == {"asked": 2, "answered": 1}
    assert found["reach"]["network"] == {"asked": 1, "answered": 1}
    assert fresh.runs.get().answered == ["near", "tower"]


@pytest.mark.root
def test_those_who_cannot_be_asked_from_here_hide_no_answer_of_the_others(looked, fresh, own):
    nowhere = [up.device(f"n{number}", ipAddress="255.255.255.255") for number in range(preview.AT_ONCE)]
    found = looked(devices=[*nowhere, up.device("near", ipAddress=own)])
    assert found["reach"]["cpes"] == {"asked": len(nowhere) + 1, "answered": 1}
    assert fresh.runs.get().answered == ["near"]
    assert "may not ask" in looked(devices=nowhere)["reach"]["why"]
    assert fresh.runs.get().answered == []


@pytest.mark.root
@pytest.mark.parametrize(("ticked", "probes"), [({"ping": "on"}, ["icmp", "uisp"]), ({}, ["uisp"])])
def test_what_answered_is_pinged_from_then_on_if_that_is_wanted(ticked, probes, looked, fresh, engineer, own):
    looked(devices=[up.device("near", ipAddress=own), up.device("none")])
    engineer.post(reverse("source_accept", args=[fresh.pk]), ticked)
    jobs.sync_one(fresh.pk)
    checks = Check.objects.filter(equipment__name="device near").values_list("probe", flat=True)
    assert sorted(checks) == probes
    assert [check.probe for check in Equipment.objects.get(name="device none").checks.all()] == ["uisp"]


def test_this_host_and_its_link_are_not_pinged_for_they_answer_whatever_the_device_does(looked):
    roster.simulate(True)
    found = looked(devices=[up.device("d", ipAddress="127.0.0.1"), up.device("e", ipAddress="169.254.1.1")])
    assert found["reach"] == {"network": {"asked": 0, "answered": 0}, "cpes": {"asked": 0, "answered": 0}}


@pytest.mark.parametrize(
    ("devices", "says"), [(502, "502 Bad Gateway"), (b"<html>", "a web page"), ({"items": []}, "expected a list")]
)
def test_what_goes_wrong_is_said_and_it_can_be_looked_at_again(devices, says, fresh, upstream, engineer):
    upstream.set(devices=devices)
    assert not preview.look(fresh)
    address = reverse("source_preview", args=[fresh.pk])
    page = engineer.get(address).content.decode()
    assert says in page and "Nothing is imported" in page and "Accept" not in page
    upstream.set(devices=[])
    engineer.post(reverse("source_look", args=[fresh.pk]))
    jobs.look(fresh.pk)
    assert "Accept, and import" in engineer.get(address).content.decode()


def test_a_look_that_ended_without_a_word_is_said_and_can_be_begun_again(fresh, engineer):
    progress.claim(fresh, "preview")
    address = reverse("source_preview", args=[fresh.pk])
    assert "hx-get" in engineer.get(address, headers={"HX-Target": "preview"}).content.decode()
    assert not preview.look(fresh)
    fresh.runs.update(moved_at=timezone.now() - 2 * progress.STALLED_AFTER)
    page = engineer.get(address).content.decode()
    assert "has stopped" in page and 'hx-trigger="every 1s"' not in page
    assert preview.look(fresh)


def test_looking_is_a_job_of_the_queue_once(fresh, engineer, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        engineer.post(reverse("source_look", args=[fresh.pk]))
        engineer.post(reverse("source_look", args=[fresh.pk]))
    assert OrmQ.objects.count() == 1
    progress.claim(fresh, "preview")
    with django_capture_on_commit_callbacks(execute=True):
        engineer.post(reverse("source_look", args=[fresh.pk]))
    assert OrmQ.objects.count() == 1
