"""The pages of sources: who may see and do what, connecting one, and what its form refuses."""

import pytest
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from agents.simulated.uisp import DEMO_NMS
from config import demo, options
from customers.models import Equipment
from outages.models import Check, Source, SourceLink
from outages.sources import jobs
from outages.sources.asking import knock
from tests import make
from tests.outages.sources import upstream as up
from tests.outages.sources.conftest import made
from tests.outages.sources.upstream import CRM_KEY, NMS_KEY

CHANGING = ["source_look", "source_accept", "source_sync", "source_switch", "source_rotate"]


def typed(upstream, **fields):
    given = {"name": "Our UISP", "address": upstream.url, "nms_key": NMS_KEY, "crm_key": CRM_KEY, "verify_tls": "on"}
    return {**given, "interval": "30", "count": "3"} | fields


def errors(answer):
    return {name: " ".join(found) for name, found in answer.context["form"].errors.items()}


def test_a_stranger_sees_nothing_of_sources(stranger, source):
    for name in ("sources", "source_add"):
        assert stranger.get(reverse(name)).status_code == 302
    for name in ("source", "source_edit", "source_preview", "source_remove"):
        assert stranger.get(reverse(name, args=[source.pk])).status_code == 302
    for name in CHANGING:
        assert stranger.post(reverse(name, args=[source.pk])).status_code == 302
    assert Source.objects.get().on and not source.runs.exists()


@pytest.mark.parametrize("role", ["office", "technician", "manager"])
def test_whoever_may_not_change_sources_sees_them_and_changes_nothing(role, request, source):
    link = source.links.create(kind="device", remote_id="d", candidates=[1])
    client = request.getfixturevalue(role)
    assert client.get(reverse("sources")).status_code == 200
    page = client.get(source.get_absolute_url()).content.decode()
    assert source.hint_token not in page and "Remove" not in page and "A new one" not in page
    refused = [client.get(reverse("source_add")), client.post(reverse("source_add"), {})]
    refused += [
        client.get(reverse(name, args=[source.pk])) for name in ("source_edit", "source_preview", "source_remove")
    ]
    refused += [client.post(reverse(name, args=[source.pk])) for name in [*CHANGING, "source_remove", "source_edit"]]
    refused.append(client.post(reverse("source_choose", args=[source.pk, link.pk]), {"is": "new"}))
    assert {answer.status_code for answer in refused} == {403}
    assert Source.objects.get().on and not source.runs.exists()


@pytest.mark.parametrize("role", ["administrator", "engineer"])
def test_administrators_and_engineers_may_do_all_of_it(role, request, source):
    client = request.getfixturevalue(role)
    for name in ("source", "source_edit", "source_preview", "source_remove"):
        assert client.get(reverse(name, args=[source.pk])).status_code == 200
    assert source.hint_token in client.get(source.get_absolute_url()).content.decode()


def test_connecting_keeps_the_source_looks_at_it_and_imports_nothing(
    engineer, upstream, django_capture_on_commit_callbacks
):
    upstream.set(devices=[up.device("d", mac="02:00:00:00:00:01")], clients=[up.client(1)])
    with django_capture_on_commit_callbacks(execute=True):
        answer = engineer.post(reverse("source_add"), typed(upstream))
    source = Source.objects.get()
    assert answer.status_code == 302 and answer["Location"] == reverse("source_preview", args=[source.pk])
    assert (source.nms_key, source.crm_key, source.accepted_at) == (NMS_KEY, CRM_KEY, None)
    assert "Waiting to begin" in engineer.get(answer["Location"]).content.decode()
    assert OrmQ.objects.count() == 1
    jobs.look(source.pk)
    page = engineer.get(answer["Location"]).content.decode()
    assert "Accept, and import" in page and NMS_KEY not in page and CRM_KEY not in page
    assert not Equipment.objects.exists() and not SourceLink.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"nms_key": "wrong"}, "nms_key", "the key is not accepted"),
        ({"crm_key": "wrong"}, "crm_key", "the key is not accepted"),
        ({"nms_key": "", "crm_key": ""}, "nms_key", "Enter a key"),
        ({"nms_key": "kéy"}, "nms_key", "A key is plain letters"),
        ({"address": "http://127.0.0.1:9"}, "address", "cannot be reached"),
        ({"address": "no-scheme.example"}, "address", "looks like https://"),
        ({"address": "http://169.254.169.254"}, "address", "metadata address"),
        ({"address": "http://user@host.example"}, "address", "no user name"),
        ({"address": "http://no-such-host.invalid"}, "address", "is not known"),
        ({"interval": "1"}, "interval", "greater than or equal to 5"),
        ({"name": ""}, "name", "required"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_is_kept(fields, field, says, engineer, upstream):
    answer = engineer.post(reverse("source_add"), typed(upstream, **fields))
    assert answer.status_code == 200 and list(errors(answer)) == [field] and says in errors(answer)[field]
    page = answer.content.decode()
    assert NMS_KEY not in page and CRM_KEY not in page and "wrong" not in page
    assert not Source.objects.exists()


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"<html><h1>UISP</h1></html>", "a web page"), (502, "502 Bad Gateway"), (429, "429"), (b"", "answers nothing")],
)
def test_a_web_page_or_a_fault_in_place_of_an_answer_is_said_at_the_address(body, says, engineer, upstream):
    upstream.lists[f"{up.NMS}/nms/version"] = body
    answer = engineer.post(reverse("source_add"), typed(upstream))
    assert says in errors(answer)["address"] and upstream.url in answer.content.decode()


def test_a_server_that_speaks_no_tls_is_said_at_the_switch(engineer, upstream):
    answer = engineer.post(reverse("source_add"), typed(upstream, address=upstream.url.replace("http:", "https:")))
    assert list(errors(answer)) == ["verify_tls"]


def test_this_machine_is_refused_unless_that_was_allowed_at_the_start(engineer, upstream):
    with override_settings(LOOPBACK=False):
        for address in (upstream.url, upstream.url.replace("127.0.0.1", "localhost")):
            answer = engineer.post(reverse("source_add"), typed(upstream, address=address))
            assert "LOOPBACK=1" in errors(answer)["address"]
    assert not upstream.asked


def test_a_crm_that_has_nothing_but_clients_can_be_connected(engineer, upstream):
    upstream.lists = {f"{up.CRM}/clients": [up.client(1)]}
    answer = engineer.post(reverse("source_add"), typed(upstream, nms_key=""))
    assert answer.status_code == 302


def test_a_key_that_is_left_empty_stays(engineer, source, upstream):
    address = reverse("source_edit", args=[source.pk])
    page = engineer.get(address).content.decode()
    assert NMS_KEY not in page and "One is stored" in page
    assert engineer.post(address, typed(upstream, nms_key="", crm_key="", name="Another name")).status_code == 302
    source.refresh_from_db()
    assert (source.name, source.nms_key, source.crm_key) == ("Another name", NMS_KEY, CRM_KEY)


def test_a_stored_key_is_never_sent_to_another_address(engineer, source):
    with up.serving() as other:
        answer = engineer.post(reverse("source_edit", args=[source.pk]), typed(other, nms_key="", crm_key=""))
        assert set(errors(answer)) == {"nms_key", "crm_key"} and not other.asked
    assert Source.objects.get().address == source.address


def test_a_key_that_no_seal_opens_any_more_has_to_be_entered_again(engineer, source, upstream):
    Source.objects.quietly().filter(pk=source.pk).update(nms_key="")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE outages_source SET nms_key = 'gAAAA-sealed-with-another'")
    answer = engineer.post(reverse("source_edit", args=[source.pk]), typed(upstream, nms_key=""))
    assert "cannot be read any more" in errors(answer)["nms_key"]
    assert engineer.post(reverse("source_edit", args=[source.pk]), typed(upstream)).status_code == 302
    assert Source.objects.get().nms_key == NMS_KEY


def test_another_interval_or_count_reaches_the_checks_of_the_source_alone(engineer, synced, source, upstream):
    synced(devices=[up.device("d", ipAddress="10.0.0.9/24")])
    other = make.check(Equipment.objects.get())
    engineer.post(reverse("source_edit", args=[source.pk]), typed(upstream, interval="20", count="4"))
    check = Check.objects.get(probe="uisp")
    assert (check.interval, check.count, check.window) == (20, 4, 80)
    other.refresh_from_db()
    assert (other.interval, other.count, other.window) == (10, 3, 15)


def test_it_cannot_be_accepted_before_it_was_looked_at_to_the_end(engineer, upstream):
    source = made(upstream, accepted_at=None)
    address = reverse("source_accept", args=[source.pk])
    for _ in range(2):
        assert engineer.post(address)["Location"] == reverse("source_preview", args=[source.pk])
        upstream.set(devices=502)
        jobs.look(source.pk)
    assert "502 Bad Gateway" in engineer.get(reverse("source_preview", args=[source.pk])).content.decode()
    assert Source.objects.get().accepted_at is None


def test_accepting_follows_it_from_then_on(engineer, upstream):
    upstream.set(devices=[up.device("d")])
    source = made(upstream, accepted_at=None)
    jobs.sync_one(source.pk)
    assert not Equipment.objects.exists()
    jobs.look(source.pk)
    assert engineer.post(reverse("source_accept", args=[source.pk]), {"ping": "on"}).status_code == 302
    source.refresh_from_db()
    assert source.accepted_by == engineer.user and source.ping
    jobs.sync_one(source.pk)
    assert Equipment.objects.get().name == "device d"


def test_switched_off_its_checks_are_off_and_its_outages_end(engineer, synced, source):
    synced(devices=[up.device("d")])
    address = reverse("source_switch", args=[source.pk])
    engineer.post(address, {"on": "0"})
    assert not Check.objects.get().on and not Source.objects.asked().exists()
    assert "Switched off" in engineer.get(reverse("sources")).content.decode()
    engineer.post(address, {"on": "1"})
    assert Check.objects.get().on and Source.objects.asked().exists()


def test_removed_what_it_brought_stays_and_its_checks_go(engineer, synced, source):
    synced(devices=[up.device("d", ipAddress="10.0.0.9")], clients=[up.client(1)])
    mine = make.check(Equipment.objects.get(name="device d"))
    assert engineer.get(reverse("source_remove", args=[source.pk])).status_code == 200 and Source.objects.exists()
    assert engineer.post(reverse("source_remove", args=[source.pk])).status_code == 302
    assert not Source.objects.exists() and not SourceLink.objects.exists()
    assert list(Check.objects.all()) == [mine]
    assert Equipment.objects.current().count() == 2


def test_the_page_says_how_it_stands(engineer, synced, source):
    synced(devices=[up.device("d", mac="02:00:00:00:00:01"), up.device("e", mac="02:00:00:00:00:01"), {"odd": True}])
    page = engineer.get(source.get_absolute_url()).content.decode()
    assert "2 devices have the MAC 02:00:00:00:00:01" in page and "devices[2]" in page
    Source.objects.quietly().update(
        state="faulty", faulty_from=timezone.now(), fault_kind="time-out", fault="no answer"
    )
    page = engineer.get(source.get_absolute_url()).content.decode()
    assert "has not answered since" in page and "stays as it was" in page


def test_lists_take_a_constant_number_of_queries(engineer, upstream, django_assert_max_num_queries):
    for number in range(12):
        made(upstream, name=f"UISP {number}")
    with django_assert_max_num_queries(14):
        assert engineer.get(reverse("sources")).status_code == 200


def test_it_is_the_address_that_answers_which_is_judged_before_any_key_is_sent(upstream):
    tried = Source(address=upstream.url, nms_key=NMS_KEY, crm_key=CRM_KEY)
    assert knock(tried) == {}
    asked = len(upstream.asked)
    with override_settings(LOOPBACK=False):
        assert "is not asked" in knock(tried)["address"]
    assert len(upstream.asked) == asked


def test_the_demo_says_where_its_own_uisp_is_and_takes_it_away_with_itself(engineer, upstream):
    assert "invented network" not in engineer.get(reverse("source_add")).content.decode()
    options.change(demo=True)
    page = engineer.get(reverse("source_add")).content.decode()
    assert demo.uisp_address() in page and DEMO_NMS in page
    made(upstream, name="The demo's", address=demo.uisp_address())
    ours = made(upstream)
    demo.clear()
    assert Source.objects.get() == ours
