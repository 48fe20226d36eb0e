"""What the health page says of e-mail and push."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from config import telling
from config.finding import State
from notifications import outbox
from notifications.channels import push_key
from notifications.delivery import deliver
from notifications.models import Address, Attempt, Delivery, Notice
from tests import make
from tests.notifications.letterbox import Letterbox, free_port, listening, use

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_known():
    cache.clear()


def told():
    user = make.user()
    outbox.tell([user], "hello", "/", user, timezone.now())
    deliver.deliver(timezone.now())


def test_without_a_server_it_says_what_to_set():
    finding = telling.email(timezone.now())
    assert finding.state is State.LOOK
    assert "EMAIL_URL" in finding.fix


def test_in_the_demo_there_is_nothing_to_set(settings):
    settings.DEMO = True
    assert telling.email(timezone.now()).state is State.WORKS


def test_a_server_that_lets_us_in_works_and_is_not_asked_at_each_look(settings):
    box = Letterbox()
    with listening(box) as port:
        use(settings, port)
        assert telling.email(timezone.now()).state is State.WORKS
        telling.email(timezone.now())
    assert box.connections == 1
    assert telling.email(timezone.now()).state is State.WORKS


def test_a_server_that_cannot_be_reached_is_broken(settings):
    use(settings, free_port())
    finding = telling.email(timezone.now())
    assert finding.state is State.BROKEN
    assert "cannot be reached" in finding.says


def test_mail_that_is_refused_is_said_until_the_next_one_goes(settings):
    box = Letterbox()
    with listening(box) as port:
        use(settings, port)
        box.sender = "550 5.7.1 not you"
        told()
        finding = telling.email(timezone.now())
        assert (finding.state, "550 5.7.1 not you" in finding.says) == (State.LOOK, True)
        box.sender = ""
        told()
        assert telling.email(timezone.now()).state is State.WORKS


def test_push_wants_https_but_on_this_machine(settings):
    assert telling.push(timezone.now()).state is State.WORKS
    settings.PUBLIC_URL = "http://desk.isp.example"
    assert telling.push(timezone.now()).state is State.LOOK
    settings.PUBLIC_URL = "https://desk.isp.example"
    assert telling.push(timezone.now()).state is State.WORKS


def test_a_push_key_that_cannot_be_opened_is_broken():
    push_key.private()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_pushkey SET private = 'sealed by another'")
    assert telling.push(timezone.now()).state is State.BROKEN


def test_sms_that_is_not_set_up_is_nobodys_fault(db):
    assert telling.sms(timezone.now()).state is State.WORKS


@pytest.mark.parametrize(
    ("channel", "ask"), [("sms", telling.sms), ("webhook", telling.others), ("apprise", telling.others)]
)
def test_the_last_fault_of_a_channel_is_said(db, settings, channel, ask):
    settings.SMS = settings.SMS | {"provider": "gateway"}
    user, now = make.user(), timezone.now()
    address = Address.objects.create(owner=user, channel=channel, value="x", verified_at=now)
    assert ask(now).state is State.WORKS
    outbox.tell([user], "hello", "", user, now)
    fields = {"due_at": now, "channel": channel}
    delivery, _ = Delivery.objects.get_or_create(notice=Notice.objects.get(), address=address, defaults=fields)
    Attempt.objects.create(delivery=delivery, started_at=now, ended_at=now, error="it said 404")
    finding = ask(now)
    assert finding.state is State.LOOK and "it said 404" in finding.says and finding.fix
