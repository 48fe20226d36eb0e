"""The pages of reminders, the panel on the page of every object, and who sees what."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import options
from customers.models import Reminder
from customers.reminders import actions
from notifications.actions import mute
from outages.models import Incident, Outage
from tests import make
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
OF_ONE = ["reminder", "reminder_edit", "reminder_delete"]
POSTED = ["reminder_edit", "reminder_delete", "reminder_done", "reminder_later"]


def errors(answer):
    assert answer.status_code == 200
    return answer.context["form"].errors


def said(answer):
    return [str(one) for one in answer.wsgi_request._messages]


def quick(client, thing, at="hour", text=""):
    address = reverse("reminder_quick", args=[thing._meta.label_lower, thing.pk])
    return client.post(address, {"at": at, "text": text})


def local(moment):
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def things(db):
    """One object of each kind that has a page."""
    customer, site = make.customer("Dean Irvine"), make.site("North ridge")
    radio = make.equipment("roof radio", customer=customer, site=site)
    incident = Incident.objects.create(equipment=radio, opened_at=timezone.now())
    outage = Outage.objects.create(
        equipment=radio, opened_by={}, incident=incident, started_at=timezone.now(), opened_at=timezone.now()
    )
    return [customer, site, radio, incident, outage, make.source()]


def test_every_page_of_an_object_offers_to_remind_with_one_press(technician, things):
    for thing in things:
        page = technician.get(thing.get_absolute_url())
        assert reverse("reminder_quick", args=[thing._meta.label_lower, thing.pk]) in page.text, thing
        assert quick(technician, thing).url == thing.get_absolute_url()
        found = Reminder.objects.latest("pk")
        assert (found.thing, found.user, found.created_by) == (thing, technician.user, technician.user)
        assert found.text == f"Look at {thing}" and found.about == str(thing)
        assert timedelta(minutes=58) < found.due_at - timezone.now() <= HOUR
        assert found.text in technician.get(thing.get_absolute_url()).text


def test_tomorrow_is_eight_by_the_clock_of_the_house(office):
    options.change(time_zone="America/Denver")
    answer = quick(office, make.customer(), "tomorrow", "  Call   them\tback ")
    found = Reminder.objects.get()
    options.change(time_zone="America/Denver")
    assert found.text == "Call them back" and found.due_at.minute == 0
    assert "08:00." in said(answer)[0]


@pytest.mark.parametrize("label", ["customers.customer", "customers.reminder", "config.user", "x.y", "x", "auth.group"])
def test_only_of_what_is_there_and_has_a_page(office, label):
    assert office.post(reverse("reminder_quick", args=[label, 987_654]), {"at": "hour"}).status_code == 404
    assert office.post(reverse("reminder_quick", args=[label, office.user.pk]), {"at": "hour"}).status_code == 404
    assert office.get(reverse("reminder_add"), {"of": f"{label}:{office.user.pk}"}).status_code == 200
    assert not Reminder.objects.exists()


def test_a_time_that_is_not_on_offer_and_a_text_too_long_change_nothing(office):
    customer = make.customer()
    assert quick(office, customer, "yesterday").status_code == 404
    assert "280" in said(quick(office, customer, text="x" * 281))[0]
    assert not Reminder.objects.exists()


def test_whoever_muted_it_is_warned_that_they_will_not_be_told(office):
    customer = make.customer()
    mute(office.user, customer, None)
    assert "muted" in said(quick(office, customer))[1]


def test_one_for_a_colleague_by_the_form(office):
    ben, customer = make.user("technician", name="Ben"), make.customer("Dean Irvine")
    due = timezone.now() + 5 * HOUR
    address = reverse("reminder_add") + f"?of=customers.customer:{customer.pk}"
    assert "Dean Irvine" in office.get(address).text
    answer = office.post(address, {"text": "Bring\na ladder", "due_at": local(due), "user": ben.pk})
    assert answer.url == customer.get_absolute_url()
    found = Reminder.objects.get()
    assert (found.text, found.user, found.created_by, found.thing) == ("Bring a ladder", ben, office.user, customer)
    assert found.due_at == due.replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    ("field", "typed"),
    [("text", ""), ("text", "   "), ("text", "x" * 281), ("due_at", ""), ("due_at", "soon"),
     ("due_at", "0001-01-01T00:00"),
     ("due_at", "9999-12-31T23:59"), ("due_at", "2020-01-01T08:00"), ("due_at", "2026-02-30T08:00"), ("user", "0"),
     ("user", "x"), ("user", "")],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_field_and_kept_as_typed(office, field, typed):
    good = {"text": "Call", "due_at": local(timezone.now() + HOUR), "user": office.user.pk}
    answer = office.post(reverse("reminder_add"), {**good, field: typed})
    assert list(errors(answer)) == [field]
    assert answer.context["form"][field].value() == typed
    assert not Reminder.objects.exists()


def test_nobody_who_has_left_or_waits_can_be_reminded(office):
    for person in (make.user("engineer", is_active=False), make.user("")):
        data = {"text": "Call", "due_at": local(timezone.now() + HOUR), "user": person.pk}
        assert list(errors(office.post(reverse("reminder_add"), data))) == ["user"]


def test_the_text_of_one_whose_time_is_over_can_be_changed_and_its_time_stays(office):
    found = make.reminder(office.user, due_at=timezone.now() - HOUR)
    shown = office.get(reverse("reminder_edit", args=[found.pk])).context["form"]
    data = {field.name: field.value() for field in shown} | {"text": "Something else"}
    data["due_at"] = local(found.due_at)
    found.refresh_from_db()
    Reminder.objects.quietly().update(due_at=found.due_at.replace(second=0, microsecond=0))
    assert office.post(reverse("reminder_edit", args=[found.pk]), data).status_code == 302
    assert Reminder.objects.get().text == "Something else"


def test_done_not_done_later_and_deleted(office):
    found = make.reminder(office.user, of=make.customer())

    def press(name, **data):
        answer = office.post(reverse(name, args=[found.pk]), data)
        found.refresh_from_db()
        return answer.url

    assert press("reminder_done", back="list") == reverse("reminders") and found.is_done
    assert press("reminder_done", undo="1") == found.get_absolute_url() and not found.is_done
    assert press("reminder_done", back="thing") == found.thing.get_absolute_url()
    assert press("reminder_later", at="tomorrow") == found.get_absolute_url()
    assert not found.is_done and found.due_at > timezone.now() + 5 * HOUR / 60
    assert office.post(reverse("reminder_later", args=[found.pk]), {"at": "never"}).status_code == 404
    assert "Call them back" in office.get(reverse("reminder_delete", args=[found.pk])).text
    assert office.post(reverse("reminder_delete", args=[found.pk])).url == reverse("reminders")
    assert not Reminder.objects.exists()


def test_the_list_has_the_open_ones_the_done_ones_and_those_for_others(office):
    ben = make.user("technician", name="Ben Ode")
    now = timezone.now()
    make.reminder(office.user, "late", due_at=now + 9 * HOUR)
    make.reminder(office.user, "soon", by=ben)
    actions.done(make.reminder(office.user, "over"), office.user, now)
    make.reminder(ben, "for Ben", by=office.user)
    make.reminder(ben, "nobody's business")

    def texts(**query):
        return [one.text for one in office.get(reverse("reminders"), query).context["page_obj"]]

    assert texts() == ["soon", "late"] and texts(show="done") == ["over"] and texts(show="others") == ["for Ben"]
    assert (
        texts(show="nonsense") == ["soon", "late"] and texts(q="SOO") == ["soon"] and texts(q="\0") == ["soon", "late"]
    )
    assert "Ben Ode" in office.get(reverse("reminders")).text
    assert "<html" not in office.get(reverse("reminders"), headers={"HX-Request": "true", "HX-Target": "rows"}).text


@pytest.mark.parametrize("show", ["", "done", "others"])
def test_an_empty_list_says_what_will_be_there(technician, show):
    assert "empty-title" in technician.get(reverse("reminders"), {"show": show}).text


@pytest.mark.parametrize("role", ["administrator", "engineer", "office", "technician", "manager"])
def test_nobody_sees_or_touches_the_reminders_of_others(role):
    client, customer = signed_in(role), make.customer()
    found = make.reminder(make.user("administrator"), "nobody's business", of=customer)
    for name in OF_ONE:
        assert client.get(reverse(name, args=[found.pk])).status_code == 404, name
    for name in POSTED:
        assert client.post(reverse(name, args=[found.pk]), {"at": "hour"}).status_code == 404, name
    for page in (reverse("reminders"), customer.get_absolute_url(), "/subscribe/customers.reminder/1/"):
        assert "nobody's business" not in client.get(page).text.replace("&#x27;", "'")
    assert Reminder.objects.get().due_at == found.due_at


def test_those_two_whom_it_concerns_may_both_do_everything(technician, office):
    found = make.reminder(technician.user, by=office.user)
    for client in (technician, office):
        assert [client.get(reverse(name, args=[found.pk])).status_code for name in OF_ONE] == [200] * 3
        assert client.post(reverse("reminder_later", args=[found.pk]), {"at": "tomorrow"}).status_code == 302


def test_a_stranger_is_sent_to_sign_in_and_changes_nothing(stranger):
    found = make.reminder(make.user(), of=make.customer())
    addresses = [reverse(name, args=[found.pk]) for name in OF_ONE + POSTED]
    addresses += [
        reverse("reminders"),
        reverse("reminder_add"),
        reverse("reminder_quick", args=["customers.customer", 1]),
    ]
    for address in addresses:
        for answer in (stranger.get(address), stranger.post(address, {"at": "hour"})):
            assert answer.status_code == 302 and answer.url.startswith(reverse("account_login")), address
    assert Reminder.objects.get().due_at == found.due_at


def test_who_waits_to_be_admitted_gets_nowhere():
    client = signed_in("engineer")
    type(client.user).objects.filter(pk=client.user.pk).update(role="")
    assert client.get(reverse("reminders")).status_code in (302, 403)


def test_a_form_without_a_token_is_refused():
    client = Client(enforce_csrf_checks=True)
    client.force_login(make.user(), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert quick(client, make.customer()).status_code == 403
