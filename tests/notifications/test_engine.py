"""From a change to the notices that somebody wants, each of them once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications import engine, interest, recipients
from notifications.models import Address, Delivery, Notice, Subscription
from notifications.observe import Unobserved
from outages.models import Incident
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def wants(event, kind="role", key="engineer", **fields):
    return Subscription.objects.create(event=event, recipient_kind=kind, recipient_key=str(key), **fields)


def incident(**fields):
    return Incident.objects.create(**({"equipment": make.equipment(kind="ap"), "opened_at": NOW} | fields))


def test_nobody_interested_costs_no_query(django_assert_num_queries):
    equipment = make.equipment(kind="ap")
    # A subscription of an earlier test was rolled back, which leaves everybody asking for a while.
    interest.Version(settings.VAR / "interest").write(1, 0.0)
    interest.wanted("outages.Incident")
    with transaction.atomic(), django_assert_num_queries(1):
        Incident.objects.create(equipment=equipment, opened_at=NOW)


def test_everybody_of_a_role_is_told_once():
    first, second = make.user(role="engineer"), make.user(role="engineer")
    make.user(role="engineer", is_active=False)
    wants("incident.opened")
    found = incident()
    assert {notice.recipient for notice in Notice.objects.all()} == {first, second}
    assert {d.address.channel for d in Delivery.objects.all()} == {"inbox"}
    assert Notice.objects.first().about == found


def test_a_person_who_matches_by_two_subscriptions_hears_once_and_why_names_both():
    user = make.user(role="engineer")
    both = {wants("incident.opened").pk, wants("incident.opened", "user", user.pk).pk}
    incident()
    assert set(Notice.objects.get().why) == both


def test_a_subscription_to_one_object_hears_of_that_one_alone():
    user, equipment = make.user(), make.equipment(kind="ap")
    wants("incident.opened", "user", user.pk, about=equipment)
    incident()
    assert not Notice.objects.exists()
    incident(equipment=equipment)
    assert Notice.objects.get().recipient == user


def test_a_subscription_to_a_site_hears_of_what_stands_there():
    user, site = make.user(), make.site()
    wants("incident.opened", "user", user.pk, about=site)
    incident(equipment=make.equipment(kind="ap", site=site))
    assert Notice.objects.get().recipient == user


def test_the_same_occurrence_is_never_told_twice_even_after_delivery():
    make.user(role="engineer")
    wants("incident.opened")
    found = incident()
    Delivery.objects.update(state=Delivery.State.DONE)
    assert engine.consider([(None, found)], NOW + timedelta(days=1)) == 0
    assert Notice.objects.count() == 1


def test_each_change_of_the_work_is_an_occurrence_of_its_own():
    make.user(role="engineer")
    wants("incident.changed")
    found = incident()
    for number, state in enumerate(["acknowledged", "working", "acknowledged"]):
        found.state, found.changed_at = state, NOW + timedelta(minutes=number)
        found.save()
    assert Notice.objects.count() == 3


def test_a_roll_back_tells_nobody():
    make.user(role="engineer")
    wants("incident.opened")
    with pytest.raises(RuntimeError), transaction.atomic():
        incident()
        raise RuntimeError
    assert not Notice.objects.exists()


def test_an_unknown_event_or_recipient_in_the_database_is_passed_over():
    make.user(role="engineer")
    wants("long.gone")
    wants("incident.opened", "astronaut", "1")
    wants("incident.opened", "user", "999999")
    incident()
    assert not Notice.objects.exists()


def test_bulk_changes_refuse_unless_they_are_quiet():
    incident()
    for change in (lambda: Incident.objects.update(sites_behind=1), lambda: Incident.objects.all().delete()):
        with pytest.raises(Unobserved):
            change()
    assert Incident.objects.quietly().update(sites_behind=1) == 1


def test_everybody_has_one_inbox_however_often_they_are_told():
    make.user(role="engineer")
    wants("incident.opened")
    incident()
    incident()
    assert Address.objects.count() == 1


def test_a_long_text_is_cut_at_280_signs():
    make.user(role="engineer")
    wants("incident.closed")
    found = incident(equipment=make.equipment("x" * 120, kind="ap"), sentence="y" * 200)
    found.closed_at = NOW + timedelta(hours=3)
    found.save()
    assert len(Notice.objects.get().text) <= 280


def test_a_subscription_of_another_process_is_seen_by_the_very_next_question():
    assert not interest.wanted("outages.Outage")
    memory = interest.Memory()
    memory.refresh()
    wants("outage.opened")
    memory.refresh()
    assert "outages.Outage" in memory.labels


def test_who_is_meant_is_asked_once_however_much_changes():
    make.user(role="engineer")
    wants("incident.opened")
    found = [(None, incident()) for _ in range(3)]
    Notice.objects.all().delete()
    with CaptureQueriesContext(connection) as asked:
        assert engine.consider(found, NOW) == 3
    assert sum('FROM "config_user"' in query["sql"] for query in asked) == 1


def test_more_than_a_thousand_recipients_have_their_inboxes():
    people = [make.user() for _ in range(2)]
    for person in people:
        person.pk += 10_000
    many = [type(people[0])(pk=number) for number in range(1, 1200)]
    assert len(recipients.addresses([*people, *many])) == 1201


def test_subscriptions_that_many_change_at_once_are_seen_by_the_very_next_question():
    wants("outage.opened")
    memory = interest.Memory()
    memory.version = version = interest.Version(settings.VAR / "interest")
    version.write(1, 0.0)
    memory.refresh()
    Subscription.objects.all().delete()
    memory.refresh()
    assert "outages.Outage" not in memory.labels


def test_a_change_that_is_in_flight_stays_so_when_another_one_ends():
    version = interest.Version(settings.VAR / "interest")
    version.write(0, 100.0)
    version.write(0, 200.0)
    version.write(1, 0.0, instead_of=100.0)
    assert version.read()[1] == 200.0
    version.write(1, 0.0, instead_of=200.0)
    assert version.read()[1] == 0.0
