"""Acknowledging from the notice itself: the signed link of a letter or an SMS, and the button of a push message."""

import json
import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications import acknowledging
from notifications.channels import letter, sms, webpush
from notifications.delivery import deliver
from notifications.models import Delivery, Notice
from outages.models import Incident
from tests import make
from tests.notifications.duty.making import NOW, road, told
from tests.notifications.letterbox import Letterbox, listening, use

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_with_mail")]


@pytest.fixture
def careful():
    """A mail program's browser: no cookies, and no token against forgery."""
    return Client(enforce_csrf_checks=True)


# The link


def path(notice):
    return acknowledging.link(notice).removeprefix("http://localhost:8000")


def test_looking_changes_nothing_and_a_post_acknowledges_once(careful):
    ada = make.user(name="Ada Whitlock")
    notice = told(ada)
    link = path(notice)
    for method in (careful.get, careful.head, careful.get):
        page = method(link)
        assert page.status_code == 200
    assert "You acknowledge for Ada Whitlock" in page.text
    assert Notice.objects.get().acked_at is None
    done = careful.post(link)
    assert "Nobody else is called for it" in done.text
    notice.refresh_from_db()
    assert (notice.acked_at, notice.acked_by) == (NOW, ada)
    again = careful.post(link)
    assert (again.status_code, "Acknowledged already" in again.text) == (200, True)
    assert "By Ada Whitlock" in careful.get(link).text
    assert "<form" not in careful.get(link).text


def test_what_is_over_needs_nobody_any_more(careful):
    incident = Incident.objects.create(equipment=make.equipment(), opened_at=NOW)
    link = path(told(make.user(), incident))
    assert "<form" in careful.get(link).text
    incident.closed_at = NOW
    incident.save()
    page = careful.get(link)
    assert "It is over" in page.text and "<form" not in page.text


def test_the_page_leaks_its_address_to_nobody(careful):
    page = careful.get(path(told(make.user())))
    assert page["Referrer-Policy"] == "no-referrer"
    assert "noindex" in page["X-Robots-Tag"]
    assert "no-store" in page["Cache-Control"]


def test_a_link_lasts_a_week(careful):
    link = path(told(make.user()))
    with time_machine.travel(NOW + timedelta(days=7) - timedelta(seconds=1), tick=False):
        assert careful.get(link).status_code == 200
    with time_machine.travel(NOW + timedelta(days=7, seconds=1), tick=False):
        for answer in (careful.get(link), careful.post(link)):
            assert (answer.status_code, "This link is too old" in answer.text) == (404, True)
    assert Notice.objects.get().acked_at is None


def test_a_forged_link_is_of_no_use(careful):
    notice, other = told(make.user()), told(make.user())
    good = acknowledging.token(notice)
    forged = [
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good.replace(f"{notice.pk}.", f"{other.pk}.", 1),
        good.upper(), "x", "1", "1.", f"{notice.pk}..", "٣.x.y", "9" * 30 + ".a.b", "%00", "a" * 3000,
    ]  # fmt: skip
    for token in forged:
        address = reverse("acknowledge", args=[token])
        for answer in (careful.get(address), careful.post(address)):
            assert (answer.status_code, "of no use" in answer.text) == (404, True), token
    assert not Notice.objects.filter(acked_at__isnull=False).exists()


def test_a_link_of_who_left_or_of_what_was_withdrawn_is_of_no_use(careful):
    ada = make.user()
    gone, withdrawn = told(ada), told(make.user())
    links = [path(gone), path(withdrawn)]
    type(ada).objects.filter(pk=ada.pk).update(is_active=False)
    Notice.objects.filter(pk=withdrawn.pk).update(withdrawn_at=NOW)
    for link in links:
        assert careful.get(link).status_code == careful.post(link).status_code == 404


def test_after_a_restore_the_same_number_is_another_notice(careful):
    notice = told(make.user())
    link = path(notice)
    Notice.objects.filter(pk=notice.pk).update(fingerprint="of another one")
    assert careful.post(link).status_code == 404


# Where it stands


def test_the_letter_carries_it_in_both_versions():
    delivery = Delivery.objects.select_related("notice", "address").get(
        notice=told(make.user()), address__channel="email"
    )
    message = letter.compose(delivery)
    html = message.alternatives[0].content
    (link,) = re.findall(r"Acknowledge it: (\S+)", message.body)
    assert f'href="{link}"' in html
    assert acknowledging.read(link.rstrip("/").rpartition("/")[2]) == delivery.notice
    plain = told(make.user(), after=None, tone="plain").deliveries.get(address__channel="email")
    assert "cknowledge" not in letter.compose(plain).body


def test_an_sms_has_it_where_it_costs_nothing(settings):
    settings.PUBLIC_URL = "https://desk.example"
    brief = told(make.user(), make.equipment("ap-1"))
    text = sms.text(brief)
    assert " Ack: https://desk.example/a/" in text
    assert len(text) <= 160
    Notice.objects.filter(pk=brief.pk).update(text="ap-1 is down: " + "43 customers, " * 5)
    assert "Ack" not in sms.text(Notice.objects.get(pk=brief.pk))


def test_by_a_real_letter_from_the_link_to_the_end(careful, settings):
    ada, box = make.user(), Letterbox()
    notice = told(ada)
    with listening(box) as port:
        use(settings, port)
        deliver.deliver(timezone.now())
    (message,) = box.taken
    (link,) = re.findall(r"Acknowledge it: (\S+)", message.get_body(("plain",)).get_content())
    assert careful.post(link.removeprefix(settings.PUBLIC_URL)).status_code == 200
    notice.refresh_from_db()
    assert notice.acked_by == ada


# The push button


def pressed(client, **body):
    return client.post(reverse("push_acknowledge"), body, content_type="application/json")


def test_the_button_of_a_push_acknowledges_without_a_sign_in(careful):
    ada = make.user()
    road(ada)
    notice = told(ada)
    token = json.loads(webpush.payload(notice))["acknowledge"]
    assert pressed(careful, token=token).json() == {"new": True}
    assert pressed(careful, token=token).json() == {"new": False}
    notice.refresh_from_db()
    assert notice.acked_by == ada


@pytest.mark.parametrize("token", ["", "x", None, 1, ["a"], {"a": 1}, "1.a.b"])
def test_a_wrong_token_of_a_push_changes_nothing(careful, token):
    told(make.user())
    assert pressed(careful, token=token).status_code == 404
    assert Notice.objects.get().acked_at is None


def test_a_form_of_a_foreign_page_is_refused(careful):
    token = acknowledging.token(told(make.user()))
    assert careful.post(reverse("push_acknowledge"), {"token": token}).status_code == 400
    assert careful.get(reverse("push_acknowledge")).status_code == 405
    assert Notice.objects.get().acked_at is None
