"""The whole way: a tower fails, who is on duty is told, does not answer, and the next one acknowledges by a link."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from notifications import jobs
from notifications.channels import browsers
from notifications.delivery import deliver
from notifications.duty import escalation
from notifications.models import Address, Notice, Subscription
from outages.models import Incident
from tests import make
from tests.notifications.duty.making import all_week
from tests.notifications.letterbox import Letterbox, listening, use
from tests.notifications.pushed import serving
from tests.outages.desk import START, Desk, check_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def roads(settings):
    """A mail server and a push service that answer."""
    settings.PUSH_HOSTS = ["127.0.0.1"]
    box = Letterbox()
    with listening(box) as port, serving() as service:
        use(settings, port)
        yield box, service


def at(minutes):
    """Everything that the clusters would do, as so many minutes after the outage."""
    with time_machine.travel(START + timedelta(minutes=minutes), tick=False):
        escalation.escalate(timezone.now())
        deliver.deliver(timezone.now())


def to(box, person):
    return [message for message in box.taken if person.email in str(message["To"])]


def test_from_the_outage_to_the_answer(roads):
    box, service = roads
    ada, ben, boss = make.user(name="Ada"), make.user(name="Ben"), make.user("administrator", name="Cy")
    all_week(ada)
    all_week(ben, rank=2)
    browser = service.browser()
    with time_machine.travel(START, tick=False):
        browsers.register(ada, browsers.read(browser.subscription), "Firefox", "")
    Address.objects.of(ada).filter(channel="webpush").update(by_default=False)
    wish = {"event": "incident.opened", "recipient_kind": "duty", "recipient_key": "now", "escalate_after": 10}
    Subscription.objects.create(**wish, channels=["email"])

    desk, check = Desk(), check_of(kind="ap", name="Tower North", interval=5, count=1)
    desk.read(0, up=[check])
    desk.read(10, down=[check])
    incident = Incident.objects.get()
    at(1)
    assert [len(to(box, person)) for person in (ada, ben, boss)] == [1, 0, 0]
    assert service.came == []

    at(9)
    assert service.came == []
    at(11)
    assert "Tower North" in browser.read(service.came[0][2])["body"]
    assert browser.read(service.came[0][2])["acknowledge"]
    assert to(box, ben) == []

    at(22)
    (letter,) = to(box, ben)
    text = letter.get_body(("plain",)).get_content()
    assert "Ada did not answer: Tower North is down" in " ".join(text.split())
    assert "you are the next on duty" in " ".join(text.split())

    (link,) = re.findall(r"Acknowledge it: (\S+)", text)
    with time_machine.travel(START + timedelta(minutes=25), tick=False):
        path = link.removeprefix("http://localhost:8000")
        assert "You acknowledge for Ben" in Client().get(path).text
        assert "Nobody else is called" in Client().post(path).text
    incident.refresh_from_db()
    assert (incident.state, incident.owner) == ("acknowledged", ben)

    sent = len(box.taken), len(service.came)
    for minutes in (33, 44, 600):
        at(minutes)
    assert (len(box.taken), len(service.came)) == sent
    assert not Notice.objects.to(boss).exists()
    root = Notice.objects.to(ada).get(event="incident.opened")
    assert [step.kind for step in root.steps.all()] == ["louder", "next", "ended"]


@pytest.mark.usefixtures("roads")
def test_recovery_stops_it():
    ada, boss = make.user(name="Ada"), make.user("administrator")
    all_week(ada)
    wish = {"event": "incident.opened", "recipient_kind": "duty", "recipient_key": "now", "escalate_after": 10}
    Subscription.objects.create(**wish)
    desk, check = Desk(), check_of(kind="ap", interval=5, count=1)
    desk.read(0, up=[check])
    desk.read(10, down=[check])
    at(1)
    desk.read(300, up=[check])
    assert Incident.objects.get().closed_at
    at(60)
    assert not Notice.objects.to(boss).exists()
    (root,) = Notice.objects.filter(event="incident.opened")
    assert [step.text for step in root.steps.all()] == ["It is over"]


def test_the_job_does_both_and_a_second_time_nothing():
    ada = make.user()
    kind = ContentType.objects.get_for_model(ada)
    now = timezone.now()
    Notice.objects.create(
        fingerprint="1", object_type=kind, object_id=ada.pk, recipient_type=kind, recipient_id=ada.pk, text="x",
        due_at=now, created_at=now, snoozed_until=now - timedelta(seconds=1), escalate_after=5,
        escalate_at=now - timedelta(seconds=1),
    )  # fmt: skip
    assert jobs.escalate() == 2
    assert jobs.escalate() == 0
