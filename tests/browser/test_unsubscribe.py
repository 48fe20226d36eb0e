"""The page behind the link at the foot of an e-mail: sound on every screen, and it does what it says."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from notifications import outbox, unsubscribing
from notifications.models import Delivery, Notice, Subscription
from tests import make
from tests.browser.conftest import Visitors
from tests.browser.examined import SIZES, faults


@pytest.mark.parametrize("size", SIZES)
def test_a_stranger_stops_what_a_message_told_of(visitors: Visitors, settings: Any, size: str):
    settings.EMAIL_READY = True
    user = make.user("technician", name="Tomás Núñez")
    row = Subscription.objects.create(event="incident.opened", recipient_kind="user", recipient_key=str(user.pk))
    outbox.tell([user], "Tower North is down", "/", user, timezone.now())
    Notice.objects.update(event="incident.opened", why=[row.pk])
    link = unsubscribing.link(Delivery.objects.get(address__channel="email")).removeprefix("http://localhost:8000")
    page = visitors.context(size=size).new_page()
    assert list(faults(page, link)) == []
    assert list(faults(page, f"{link[:-2]}/", 404)) == []
    page.goto(link)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    assert not Subscription.objects.exists()
