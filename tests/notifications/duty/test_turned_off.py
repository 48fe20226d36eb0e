"""What somebody turned off for their role, and what comes by duty: the one never keeps the other away."""

import pytest
from django.urls import reverse

from notifications import actions, coverage, dry_run, explaining, hearing, matching, outbox, unsubscribing
from notifications.models import Delivery, Notice, Plan, Subscription
from outages.models import Incident
from tests import make
from tests.notifications.duty.making import NOW, all_week

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_with_mail")]


def wants(kind, key, event="incident.opened", **fields):
    return Subscription.objects.create(event=event, recipient_kind=kind, recipient_key=str(key), **fields)


def both(event="incident.opened"):
    """What the role of engineers and whoever is on duty hear."""
    return wants("role", "engineer", event), wants("duty", "now", event, escalate_after=5)


def incident():
    return Incident.objects.create(equipment=make.equipment(kind="ap"), opened_at=NOW)


def page_of(client):
    return client.get(reverse("subscriptions")).text


def test_who_turned_off_what_their_role_hears_is_called_by_duty_all_the_same():
    ada, ben = make.user(), make.user()
    role, duty = both()
    all_week(ada)
    for person in (ada, ben):
        actions.turn_off(person, role, person)
    one = incident()
    notice = Notice.objects.get(event="incident.opened")
    assert (notice.recipient, notice.why, notice.escalate_after) == (ada, [duty.pk], 5)
    assert matching.listeners(one, NOW) == {ada}


def test_why_the_list_the_coverage_and_the_dry_run_say_the_same():
    ada = make.user()
    role, duty = both()
    all_week(ada)
    actions.turn_off(ada, role, ada)
    assert {heard.row: heard.off for heard in hearing.of(ada)} == {role: True, duty: False}
    assert hearing.in_force(ada, [role, duty]) == [duty]
    one = incident()
    found = explaining.explain(one, ada, NOW)
    lines = next(one for one in found.answers if one.event.key == "incident.opened").lines
    assert {line.row: bool(line.not_told) for line in lines} == {role: True, duty: False}
    assert ada in next(one for one in coverage.listening() if one.event.key == "incident.opened").people
    assert (dry_run.run(duty, NOW).count, dry_run.run(role, NOW).count) == (1, 0)


def test_a_mute_is_heeded_by_duty_too():
    ada, radio = make.user(), make.equipment(kind="ap")
    both()
    all_week(ada)
    actions.mute(ada, radio, None)
    Incident.objects.create(equipment=radio, opened_at=NOW)
    assert not Notice.objects.to(ada).filter(event="incident.opened").exists()


def test_the_list_has_no_button_beside_what_comes_by_duty_and_says_why(engineer):
    _, duty = both()
    assert "so it stays on" not in page_of(engineer)
    all_week(engineer.user)
    page = page_of(engineer)
    assert "Told to whoever is on duty, so it stays on" in page
    assert page.count("Not for me") == 1
    assert reverse("subscription_turn", args=[duty.pk]) not in page


def test_the_press_is_answered_with_what_it_did_and_never_reaches_duty(engineer):
    role, duty = both()
    all_week(engineer.user)
    for row, fields, words in (
        (duty, {}, "Nothing was changed: what is told by duty is told to whoever is on duty."),
        (role, {}, "Turned off: An incident opened."),
        (role, {"on": "yes"}, "Turned on: An incident opened."),
    ):
        assert words in engineer.post(reverse("subscription_turn", args=[row.pk]), fields, follow=True).text
        assert Subscription.objects.filter(off=True).exists() is words.startswith("Turned off")
    actions.turn_off(engineer.user, duty, engineer.user)
    assert not Subscription.objects.filter(off=True).exists()


def mailed(user, *rows):
    """The path by which the reader of an e-mail, which these subscriptions caused, ends that."""
    outbox.tell([user], "ap-1 is down", "/", user, NOW)
    delivery = Delivery.objects.get(notice__recipient_id=user.pk, address__channel="email")
    Notice.objects.filter(pk=delivery.notice_id).update(event="incident.opened", why=[row.pk for row in rows])
    return unsubscribing.link(Delivery.objects.get(pk=delivery.pk)).removeprefix("http://localhost:8000")


def test_the_link_of_an_e_mail_ends_the_roles_and_says_that_duty_goes_on(client):
    ada = make.user()
    path = mailed(ada, *both())
    assert "Whoever is on duty is told of it all the same" in client.get(path).text
    client.post(path)
    assert Subscription.objects.get(off=True).recipient == ("user", str(ada.pk))
    assert "that cannot be stopped here" in client.get(path).text


def test_the_link_of_an_e_mail_that_came_by_duty_alone_ends_nothing(client):
    _, duty = both()
    path = mailed(make.user(), duty)
    assert "that cannot be stopped here" in client.get(path).text
    assert "Whoever is on duty is told of it: nothing is changed" in client.post(path).text
    assert not Subscription.objects.filter(off=True).exists() and Subscription.objects.count() == 2


def test_what_waits_for_duty_is_among_ones_plans_in_the_api(engineer):
    role, duty = both()
    all_week(engineer.user)
    actions.turn_off(engineer.user, role, engineer.user)
    one = incident()
    for row in (role, duty):
        Plan.objects.create(subscription=row, event=row.event, about=one, mark="x", due_at=NOW)
    rows = engineer.get("/api/v1/plans/").json()["results"]
    assert [row["subscription"] for row in rows] == [duty.pk]
