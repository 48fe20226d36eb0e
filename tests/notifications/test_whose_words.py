"""To whom a page speaks: “I” and “you” are the one who looks, and nobody else; and on duty is who is on duty."""

import pytest
import time_machine
from django.urls import reverse

from notifications import actions, coverage, explaining, outbox
from notifications.models import Address, Subscription
from tests import make
from tests.notifications.duty.making import NOW, all_week, road

pytestmark = pytest.mark.django_db
OWN = ["None: by my defaults", "Only if I am involved", "Also what I do myself", "Also tell me what is true now"]
OTHERS = ["Only if they are involved", "Also what they do themselves", "Also tell them what is true now"]


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOW, tick=False):
        yield


def wants(kind, key, event="incident.opened", **fields):
    return Subscription.objects.create(event=event, recipient_kind=kind, recipient_key=str(key), **fields)


def lines(thing, person, key="incident.opened", **how):
    found = explaining.explain(thing, person, NOW, **how)
    return next(one for one in found.answers if one.event.key == key).lines


@pytest.mark.parametrize(
    ("whose", "own", "defaults"),
    [("self", True, ""), ("other", False, "None: by their defaults"), ("role", False, "None: by each one")],
)
def test_every_form_speaks_to_the_one_who_looks(administrator, whose, own, defaults):
    person = administrator.user if whose == "self" else make.user()
    to = ("role", "engineer") if whose == "role" else ("user", str(person.pk))
    row, site = wants(*to, "outage.still_open"), make.site()
    wants(*to, "incident.changed", involved=True)
    query = "" if own else f"?for={to[0]}:{to[1]}"
    for place in (
        reverse("subscription", args=[row.pk]),
        reverse("subscriptions") if own else reverse("subscriptions_of", args=to),
        reverse("subscribe", args=["customers.site", site.pk]) + query,
    ):
        page = administrator.get(place).text
        # An outage involves nobody: its own page has no such box.
        there = [
            words
            for words in (OWN if own else [*OTHERS, defaults])
            if "subscription/" not in place or "involved" not in words
        ]
        assert [words for words in there if words not in page] == []
        assert not any(words in page for words in ([*OTHERS, "their defaults"] if own else OWN))
        assert "involves them" not in page


@pytest.mark.parametrize("own", [True, False])
def test_why_speaks_to_the_one_who_looks(administrator, own):
    tomas = administrator.user if own else make.user("administrator", name="Tomas")
    site = make.site()
    wants("user", tomas.pk, about=site), wants("role", "administrator")
    off = wants("role", "administrator", "incident.closed")
    actions.turn_off(tomas, off, tomas)
    address = reverse("why", args=["customers.site", site.pk]) + ("" if own else f"?for=user:{tomas.pk}")
    page = administrator.get(address).text
    assert ("You are subscribed to it" in page, "They are subscribed to it" in page) == (own, not own)
    assert ("turned off for you" in page, "turned off for them" in page) == (own, not own)
    actions.mute(tomas, site, None)
    Address.objects.create(owner=tomas, channel="email", value="x@example.net", wanted=False)
    page = administrator.get(address).text
    assert ("but you have muted it" in page, "but they have muted it" in page) == (own, not own)
    assert ("No channel of yours" in page, "No channel of theirs" in page) == (own, not own)
    assert "this person" not in page


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("kind", ["asked", "written"])
def test_the_page_of_a_notice_speaks_to_the_one_who_looks(administrator, kind, own):
    tomas = administrator.user if own else make.user(name="Tomas")
    notice = outbox.written(tomas, "ap-1 is down", "/", make.site(), NOW)
    if kind == "asked":
        notice.event, notice.why = "incident.opened", [wants("user", tomas.pk).pk]
    notice.save()
    page = administrator.get(reverse("notice_why", args=[notice.pk])).text
    you, they = {
        "asked": ("You are subscribed to it", "They are subscribed to it"),
        "written": ("It was written to you", "It was written to them"),
    }[kind]
    assert (you in page, they in page) == (own, not own)


def test_an_administrator_who_is_told_because_nobody_is_on_duty_is_not_said_to_be_on_duty():
    ada, boss, site = make.user(), make.user("administrator"), make.site()
    row = wants("duty", "now")
    (line,) = lines(site, boss, to_them=True)
    assert line.because == "nobody is on duty, and so administrators are told"
    all_week(ada)
    assert [one.because for one in lines(site, ada, to_them=True)] == ["you are on duty"]
    assert [one.because for one in lines(site, ada)] == ["they are on duty"]
    assert (line.row, lines(site, boss)) == (row, ())


def test_the_page_of_a_notice_says_who_was_on_duty_then(administrator):
    notice = outbox.written(administrator.user, "ap-1 is down", "/", make.site(), NOW)
    notice.event, notice.why = "incident.opened", [wants("duty", "now").pk]
    notice.save()
    page = administrator.get(reverse("notice_why", args=[notice.pk])).text
    assert "Nobody is on duty, and so administrators are told" in page and "You are on duty" not in page


def test_who_is_second_on_duty_without_a_channel_is_named_too(administrator):
    first, second, idle = make.user(name="Fay"), make.user(name="Sam"), make.user(name="Ida")
    boss = administrator.user
    for person in (first, second, idle, boss):
        Address.objects.of(person).delete()
        Address.objects.create(owner=person, channel="email", value="x@example.net", off_at=NOW)
    assert coverage.unreached_on_duty(NOW) == [("nobody is on duty", boss)]
    all_week(second, rank=2)
    assert coverage.unreached_on_duty(NOW) == [("called second", second)]
    all_week(first)
    assert coverage.unreached_on_duty(NOW) == [("called first", first), ("called second", second)]
    page = administrator.get(reverse("coverage")).text
    assert "Sam</a> (called second)" in page and "Ida</a> (" not in page
    road(second)
    assert coverage.unreached_on_duty(NOW) == [("called first", first)]
