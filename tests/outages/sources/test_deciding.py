"""What could be more than one of ours is not touched before somebody says which it is."""

import pytest
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from customers.models import Customer, Equipment
from outages.models import Check, SourceLink
from tests import make
from tests.outages.sources import upstream as up

MAC = "02:00:00:00:00:01"


def choose(client, link, what):
    return client.post(reverse("source_choose", args=[link.source_id, link.pk]), {"is": str(what)})


@pytest.fixture
def twins(db):
    """Two of ours with one MAC."""
    return [make.equipment("one", mac=MAC), make.equipment("other", mac=MAC)]


@pytest.fixture
def undecided(twins, synced, source):
    """A device of the source that could be either."""
    synced(devices=[up.device("d", mac=MAC, vendor="Mimosa")])
    return source.links.get()


def test_nothing_is_done_with_it(undecided, twins):
    assert sorted(undecided.candidates) == [row.pk for row in twins] and undecided.object_id is None
    assert Equipment.objects.count() == 2 and not Check.objects.exists()


def test_its_page_offers_them_and_a_new_one(engineer, undecided, source):
    page = engineer.get(source.get_absolute_url()).content.decode()
    assert "It is one" in page and "It is other" in page and "A new one" in page


def test_one_is_chosen_and_followed_from_then_on(engineer, undecided, twins, synced):
    assert choose(engineer, undecided, twins[1].pk).status_code == 302
    assert Check.objects.get().equipment == twins[1]
    synced(devices=[up.device("d", mac=MAC, vendor="Mimosa")])
    twins[1].refresh_from_db()
    assert (twins[1].vendor, twins[1].name, Equipment.objects.count()) == ("Mimosa", "other", 2)


def test_a_new_one_is_made(engineer, undecided, synced):
    choose(engineer, undecided, "new")
    assert not SourceLink.objects.get().candidates
    for _ in range(2):
        synced(devices=[up.device("d", mac=MAC, vendor="Mimosa")])
    assert Equipment.objects.count() == 3 and Check.objects.get().equipment.name == "device d"


@pytest.mark.parametrize("what", ["", "nobody", "-1", "0", "99999", "9" * 40])
def test_what_is_no_candidate_is_refused(what, engineer, undecided):
    choose(engineer, undecided, what)
    assert SourceLink.objects.get().object_id is None and not SourceLink.objects.get().as_new


def test_who_is_taken_or_put_away_meanwhile_is_refused(engineer, undecided, twins, source, synced):
    Equipment.objects.quietly().filter(pk=twins[0].pk).update(archived_at=timezone.now())
    choose(engineer, undecided, twins[0].pk)
    assert SourceLink.objects.get().object_id is None
    synced(devices=[up.device("d", mac=MAC)])
    assert SourceLink.objects.get().object_id == twins[1].pk


def test_one_of_ours_that_two_upstream_could_be_is_nobodys_yet(synced, source, engineer):
    ours = make.equipment("ours", mac=MAC)
    synced(devices=[up.device("d", mac=MAC), up.device("e", mac=MAC)])
    one, other = source.links.order_by("remote_id")
    assert one.candidates == other.candidates == [ours.pk] and Equipment.objects.count() == 1
    choose(engineer, one, ours.pk)
    choose(engineer, other, ours.pk)
    assert list(source.links.order_by("remote_id").values_list("object_id", flat=True)) == [ours.pk, None]
    synced(devices=[up.device("d", mac=MAC), up.device("e", mac=MAC)])
    assert Equipment.objects.count() == 2


def test_customers_with_one_number_are_decided_the_same_way(synced, source, engineer):
    first, _ = make.customer("Dean Irvine", account="A-1"), make.customer("Dee Irvine", account="A-1")
    synced(clients=[up.client(1, city="Overby")], services=[up.service(10, 1)])
    link = source.links.get(kind="client")
    assert len(link.candidates) == 2 and Equipment.objects.get().customer is None
    choose(engineer, link, first.pk)
    synced(clients=[up.client(1, city="Overby")], services=[up.service(10, 1)])
    assert Equipment.objects.get().customer == first and Customer.objects.get(pk=first.pk).town == "Overby"


def test_the_link_of_another_source_is_not_decided_here(engineer, undecided, source, upstream):
    from tests.outages.sources.conftest import made

    other = made(upstream, name="Another")
    answer = engineer.post(reverse("source_choose", args=[other.pk, undecided.pk]), {"is": "new"})
    assert answer.status_code == 404 and not SourceLink.objects.get().as_new


def test_choosing_has_it_synchronised_soon(engineer, undecided, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        choose(engineer, undecided, "new")
    assert OrmQ.objects.count() == 1


def test_many_to_decide_take_no_more_queries_than_few(engineer, source, django_assert_max_num_queries):
    for number in range(20):
        twin = make.equipment(f"twin {number}", customer=make.customer(f"Owner {number}"))
        source.links.create(kind="device", remote_id=f"d{number}", candidates=[twin.pk])
    with django_assert_max_num_queries(25):
        page = engineer.get(source.get_absolute_url()).content.decode()
    assert page.count("A new one") == 20


def test_when_it_ends_while_somebody_looks_on_the_whole_page_comes_anew(engineer, source):
    run = source.runs.create(sort="sync", state="working")
    answer = engineer.get(source.get_absolute_url(), headers={"HX-Target": "source-run"})
    assert "every 1s" in answer.content.decode() and "HX-Refresh" not in answer
    source.runs.filter(pk=run.pk).update(state="done")
    assert engineer.get(source.get_absolute_url(), headers={"HX-Target": "source-run"})["HX-Refresh"] == "true"
