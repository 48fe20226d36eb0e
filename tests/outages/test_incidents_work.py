"""Working on an incident: who has it, what is refused, and what two people do at once."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from outages.models import Incident
from tests import make
from tests.outages.working import incident, work, working

pytestmark = pytest.mark.django_db


def errors(answer):
    assert answer.status_code == 200
    return answer.context["form"].errors


def local(moment):
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}"


def test_acknowledging_takes_it_on(engineer):
    found = incident()
    answer = engineer.post(reverse("incident_acknowledge", args=[found.pk]), {"next": "now"})
    assert answer.url == reverse("now")
    found.refresh_from_db()
    assert (found.state, found.owner) == ("acknowledged", engineer.user)


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "now/../evil"])
def test_acknowledging_leads_nowhere_else(engineer, place):
    found = incident()
    answer = engineer.post(reverse("incident_acknowledge", args=[found.pk]), {"next": place})
    assert answer.url == found.get_absolute_url()


def test_the_first_who_acknowledges_keeps_it(engineer, technician):
    found = incident()
    for client in (engineer, technician, engineer):
        client.post(reverse("incident_acknowledge", args=[found.pk]))
    found.refresh_from_db()
    assert found.owner == engineer.user
    assert found.notes.count() == 1


def test_acknowledging_with_an_old_view_of_it_takes_it_from_nobody(engineer, technician):
    from outages import actions

    found = incident()
    stale = Incident.objects.get(pk=found.pk)
    actions.acknowledge(found, engineer.user, timezone.now())
    actions.acknowledge(stale, technician.user, timezone.now())
    found.refresh_from_db()
    assert found.owner == engineer.user


def test_the_work_is_said_in_the_timeline_and_on_the_page(engineer):
    found, owner = incident(), make.user(name="Nora Field")
    back = timezone.now().replace(second=0, microsecond=0) + timedelta(hours=3)
    work(engineer, found, owner=owner.pk, expected_at=local(back), sentence="A mast has lost its power.")
    found.refresh_from_db()
    assert (found.state, found.owner, found.expected_at) == ("working", owner, back)
    page = engineer.get(found.get_absolute_url()).text
    assert page.count("A mast has lost its power.") >= 2
    assert "working, by Nora Field, expected back" in page


def test_work_that_changes_nothing_is_no_news(engineer):
    found = incident()
    work(engineer, found)
    before = Incident.objects.get(pk=found.pk).changed_at
    work(engineer, found)
    assert found.notes.count() == 1
    assert Incident.objects.get(pk=found.pk).changed_at == before


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("state", "resolved", "not one of the available choices"),
        ("state", "flying", "not one of the available choices"),
        ("state", "", "required"),
        ("expected_at", "2020-01-01T10:00", "has passed"),
        ("expected_at", "0001-01-01T00:00", "has passed"),
        ("expected_at", "9999-12-31T23:59", "more than a year"),
        ("expected_at", "tomorrow", "Enter a valid date"),
        ("expected_at", "2026-02-30T10:00", "Enter a valid date"),
        ("sentence", "x" * 201, "at most 200"),
        ("sentence", "a\0b", "Null characters"),
        ("owner", "9999999", "not one of the available choices"),
        ("owner", "x", "not one of the available choices"),
        ("owner", "9" * 30, "not one of the available choices"),
    ],
)
def test_work_that_cannot_be_is_refused_by_the_name_of_its_field_and_changes_nothing(engineer, field, value, words):
    found = incident()
    answer = work(engineer, found, **{"sentence": "Kept as typed.", field: value})
    assert list(errors(answer)) == [field]
    assert words in str(errors(answer)[field])
    if field != "sentence":
        assert "Kept as typed." in answer.text
    found.refresh_from_db()
    assert (found.state, found.sentence, found.owner, found.expected_at) == ("new", "", None, None)


def test_a_time_that_has_passed_since_does_not_hinder_other_work(engineer):
    past = timezone.now().replace(second=0, microsecond=0) - timedelta(hours=1)
    found = incident(expected_at=past)
    work(engineer, found, expected_at=local(past), sentence="It takes longer.")
    found.refresh_from_db()
    assert (found.sentence, found.expected_at) == ("It takes longer.", past)


def test_who_has_left_is_not_chosen_and_not_silently_dropped(engineer):
    gone, other = make.user(is_active=False), make.user(is_active=False)
    found = incident(owner=gone)
    assert "owner" in errors(work(engineer, found, owner=other.pk))
    work(engineer, found, owner=gone.pk, sentence="Still down.")
    found.refresh_from_db()
    assert (found.owner, found.sentence) == (gone, "Still down.")


def test_what_is_over_is_not_worked_on_any_more(engineer):
    found = incident(closed_at=timezone.now(), state="resolved")
    assert "Work on it" not in engineer.get(found.get_absolute_url()).text
    for name, values in (("work", working()), ("work", working(state="")), ("acknowledge", {})):
        answer = engineer.post(reverse(f"incident_{name}", args=[found.pk]), values, follow=True)
        assert answer.redirect_chain
        assert "over already" in answer.text
    found.refresh_from_db()
    assert found.state == "resolved"
    assert not found.notes.exists()


def test_what_was_learned_is_noted_even_when_it_is_over(engineer):
    found = incident(closed_at=timezone.now(), state="resolved")
    engineer.post(reverse("incident_note", args=[found.pk]), {"text": "The fuse was blown."})
    assert found.notes.get().text == "The fuse was blown."


@pytest.mark.parametrize("text", ["", "   ", "x" * 501, "a\0b"])
def test_a_note_that_cannot_be_is_refused_and_kept_in_the_form(engineer, text):
    found = incident()
    answer = engineer.post(reverse("incident_note", args=[found.pk]), {"text": text})
    assert answer.status_code == 200
    assert answer.context["note_form"].errors["text"]
    assert not found.notes.exists()


def shown(client, found):
    """The fields of the form as a browser would send them back untouched."""
    form = client.get(reverse("incident", args=[found.pk])).context["form"]
    fields = {field.html_name: field.value() or "" for field in form}
    return fields | {field.html_initial_name: field.value() or "" for field in form}


def test_two_people_at_once_undo_nothing_of_each_other(engineer, office):
    found = incident(sentence="A crew is on its way.")
    first, second = shown(engineer, found), shown(office, found)
    work(engineer, found, **first | {"state": "working"})
    work(office, found, **second | {"sentence": "Back by noon."})
    found.refresh_from_db()
    assert (found.state, found.sentence) == ("working", "Back by noon.")
    work(engineer, found, **first | {"state": "working", "sentence": ""})
    found.refresh_from_db()
    assert found.sentence == ""
