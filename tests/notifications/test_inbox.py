"""The inbox: one's own notices, read and unread."""

from datetime import timedelta
from itertools import count

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.models import Notice, Subscription, Topic
from tests import make
from tests.asked import asked

ROWS = {"HX-Request": "true", "HX-Target": "rows"}
numbers = count(1)


def notice(to, text="ap-1 is down", **fields):
    thing = fields.pop("about", None) or to
    now = timezone.now()
    given = {"event": "incident.opened", "link": "/me/", "tone": "down", "due_at": now, "created_at": now}
    return Notice.objects.create(
        fingerprint=str(next(numbers)),
        object_type=ContentType.objects.get_for_model(thing),
        object_id=thing.pk,
        recipient_type=ContentType.objects.get_for_model(to),
        recipient_id=to.pk,
        text=text,
        **(given | fields),
    )


def texts(answer):
    """The newest notice of each matter on the page."""
    return [matter.head.text for matter in answer.context["matters"]]


@pytest.mark.parametrize(("method", "name"), [("get", "inbox"), ("post", "inbox_read"), ("get", "bell")])
def test_a_stranger_is_sent_to_sign_in(stranger, db, method, name):
    assert getattr(stranger, method)(reverse(name)).status_code == 302


def test_an_empty_inbox_says_what_will_be_in_it(office):
    assert "What you are told will be here" in office.get(reverse("inbox")).text
    assert "Nothing unread" in office.get(reverse("inbox"), {"show": "unread"}).text


def test_it_shows_ones_own_notices_by_day_newest_first(office):
    now = timezone.now()
    notice(office.user, "the older", due_at=now - timedelta(days=2))
    notice(office.user, "the newer", about=make.equipment())
    notice(make.user(), "of another")
    notice(office.user, "to come", due_at=now + timedelta(hours=1))
    notice(office.user, "withdrawn", withdrawn_at=now)
    answer = office.get(reverse("inbox"))
    assert texts(answer) == ["the newer", "the older"]
    assert answer.text.count('class="inbox-day"') == 2


def test_the_same_number_elsewhere_is_not_ones_own(office):
    thing = make.customer()
    Notice.objects.filter(pk=notice(office.user).pk).update(
        recipient_type=ContentType.objects.get_for_model(thing), recipient_id=office.user.pk
    )
    assert texts(office.get(reverse("inbox"))) == []


def test_a_notice_says_why_it_came(office):
    by_role = Subscription.objects.create(event="incident.opened", recipient_kind="role", recipient_key="office")
    myself = Subscription.objects.create(
        event="incident.opened", recipient_kind="user", recipient_key=str(office.user.pk)
    )
    notice(office.user, why=[by_role.pk, myself.pk])
    text = office.get(reverse("inbox")).text
    assert "“An incident opened”: everybody in the role Office hears of it; you are subscribed to it." in text


def test_a_notice_whose_subscription_is_gone_says_so(office):
    notice(office.user, why=[999_999])
    assert "the subscription has been deleted since" in office.get(reverse("inbox")).text


def test_opening_marks_as_read_and_leads_to_the_object(office):
    one = notice(office.user)
    answer = office.post(reverse("notice", args=[one.pk]))
    assert answer.url == "/me/"
    one.refresh_from_db()
    assert one.read_at is not None
    assert Topic.objects.get(pk=f"inbox:{office.user.pk}").changes == 1
    office.post(reverse("notice", args=[one.pk]))
    assert Topic.objects.get(pk=f"inbox:{office.user.pk}").changes == 1


def test_a_notice_of_something_that_is_gone_stays_in_the_inbox_and_says_so(office):
    site = make.site("Ridge")
    one = notice(office.user, about=site, link=site.get_absolute_url())
    site.delete()
    answer = office.post(reverse("notice", args=[one.pk]), follow=True)
    assert answer.redirect_chain == [(reverse("inbox"), 302)]
    assert "What this notice is about has been deleted since." in answer.text
    one.refresh_from_db()
    assert one.read_at is not None


def test_opening_needs_a_post_and_ones_own_notice(office, engineer):
    one = notice(office.user)
    assert office.get(reverse("notice", args=[one.pk])).status_code == 405
    assert engineer.post(reverse("notice", args=[one.pk])).status_code == 404
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(office.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert careful.post(reverse("notice", args=[one.pk])).status_code == 403
    one.refresh_from_db()
    assert one.read_at is None


def test_everything_is_read_at_once_and_nobody_elses(office, engineer):
    mine, theirs = notice(office.user), notice(engineer.user)
    assert "Mark all as read" in office.get(reverse("inbox")).text
    assert office.post(reverse("inbox_read")).url == reverse("inbox")
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.read_at is not None, theirs.read_at) == (True, None)
    assert "Mark all as read" not in office.get(reverse("inbox")).text


def test_unread_alone(office):
    notice(office.user, "read", read_at=timezone.now())
    notice(office.user, "unread")
    answer = office.get(reverse("inbox"), {"show": "unread"})
    assert texts(answer) == ["unread"]


def test_a_new_notice_brings_the_rows_alone(office):
    notice(office.user)
    answer = office.get(reverse("inbox"), {"show": "unread"}, headers=ROWS)
    assert "<html" not in answer.text
    # What asks for the rows stands beside them: what is drawn anew itself forgets what it was to ask for next.
    assert "live:inbox" not in answer.text
    head, _, _ = office.get(reverse("inbox")).text.partition('id="rows"')
    assert 'hx-get="" hx-trigger="live:inbox from:body" hx-target="#rows"' in head
    assert "HX-Target" in answer["Vary"]
    assert "Mark all as read" in answer.text and "Unread (1)" in answer.text
    office.post(reverse("inbox_read"))
    answer = office.get(reverse("inbox"), headers=ROWS)
    assert 'hx-swap-oob="innerHTML:#inbox-read-all"' in answer.text
    assert "Mark all as read" not in answer.text and "Unread (" not in answer.text
    assert "hx-swap-oob" not in office.get(reverse("inbox")).text


def test_the_bell_counts_the_unread(office):
    notice(office.user)
    notice(office.user, read_at=timezone.now())
    assert "1 unread" in office.get(reverse("bell")).text


def test_a_text_is_never_markup(office):
    notice(office.user, "<b>down</b>")
    assert "&lt;b&gt;down" in office.get(reverse("inbox")).text


def test_many_notices_cost_no_more_queries_than_few(office):
    for _ in range(2):
        notice(office.user, about=make.equipment())
    few = asked(office, reverse("inbox"))
    for _ in range(150):
        notice(office.user, about=make.equipment())
    assert len(asked(office, reverse("inbox"))) == len(few) <= 12
    assert len(texts(office.get(reverse("inbox")))) == 100
