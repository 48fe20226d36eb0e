"""What every channel keeps to, whichever it is."""

from contextlib import ExitStack

import pytest
from django.conf import settings as configured
from django.utils import timezone

from config.templatetags.shell import icon as render_icon
from notifications import outbox, verifying
from notifications.channels import browsers
from notifications.channels.channel import Channel, named
from notifications.delivery import carriers, deliver
from notifications.models import Address, Delivery, Notice
from tests import make
from tests.notifications.answering import answering, twilio
from tests.notifications.chatting import SLACK, chatting
from tests.notifications.letterbox import Letterbox, listening, use
from tests.notifications.pushed import serving

CHANNELS = sorted(configured.CHANNELS)
ODD = "\N{SATELLITE ANTENNA} <b>bh-1</b>\r\nBcc: x\n\tÅland & 'north' \\ \"quoted\" " * 4


class Outside:
    """What stands at the other end of each channel, and somebody whom all of them reach."""

    def __init__(self, settings, stack, folder, environment):
        self.box, self.service = Letterbox(), stack.enter_context(serving())
        use(settings, stack.enter_context(listening(self.box)))
        settings.PUSH_HOSTS = ["127.0.0.1"]
        self.browser = self.service.browser()
        self.webhook, self.provider = stack.enter_context(answering()), stack.enter_context(answering())
        self.provider.status, self.provider.body = 201, b'{"sid": "SM1"}'
        settings.WEBHOOK_PRIVATE, settings.SMS = True, twilio(self.provider.url)
        self.chats = stack.enter_context(chatting(folder, environment))
        self.user = self.reached(make.user("administrator"))

    def reached(self, user):
        browsers.register(user, browsers.read(self.browser.subscription), "")
        self.known(user, "sms", number="+1 201 555 0123")
        self.known(user, "webhook", url=f"{self.webhook.url}/notices?key=1")
        self.known(user, "apprise", url=SLACK)
        return user

    def known(self, user, name, **data):
        """An address that is verified."""
        address = verifying.add(user, name, verifying.parts_of(named(name), user, data), timezone.now())
        Address.objects.filter(pk=address.pk).update(verified_at=timezone.now(), by_default=True)

    @property
    def came(self):
        """Whatever left the house."""
        return [*self.box.taken, *self.service.came, *self.webhook.came, *self.provider.came, *self.chats.came]

    def delivery(self, name, text="hello", link="/"):
        outbox.tell([self.user], text, link, self.user, timezone.now())
        notice = Notice.objects.filter(text=text[:280]).latest("pk")
        return Delivery.objects.get(notice=notice, address__channel=name)


@pytest.fixture
def outside(db, settings, tmp_path, monkeypatch):
    with ExitStack() as stack:
        yield Outside(settings, stack, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", CHANNELS)
def test_it_says_what_it_is(name):
    channel = named(name)
    assert isinstance(channel, Channel)
    assert channel.label and render_icon(channel.icon)
    assert channel.loudness in range(4)
    assert channel.explains or not channel.fields()
    assert channel.per_minute is None or channel.per_minute > 0


@pytest.mark.parametrize("name", CHANNELS)
def test_what_can_be_added_takes_a_code_first_and_nothing_else_before(outside, name):
    channel = named(name)
    if not channel.fields():
        assert not channel.verifies or channel.given(outside.user) is not None
        return
    assert channel.verifies
    if name == "email":
        outside.known(outside.user, name, mailbox="other@isp.example")
    mine = Address.objects.filter(channel=name, given=False)
    mine.update(verified_at=None)
    outbox.tell([outside.user], "secret words", "/", outside.user, timezone.now())
    assert not Delivery.objects.filter(address__in=mine).exists()
    for address in mine:
        verifying.send_code(address, timezone.now())
    assert len(outside.came) == len(mine) == 1
    assert "secret words" not in str(outside.came)


@pytest.mark.parametrize("name", CHANNELS)
def test_it_delivers_once_and_the_attempt_is_written_down(outside, name):
    delivery = outside.delivery(name)
    assert deliver.by(name, timezone.now()) == 1
    assert deliver.by(name, timezone.now()) == 0
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries) == (Delivery.State.DONE, 1)
    assert [(one.error, one.ended_at is not None) for one in delivery.attempts.all()] == [("", True)]


@pytest.mark.parametrize("name", CHANNELS)
def test_odd_signs_and_the_longest_line_go_through(outside, name):
    delivery = outside.delivery(name, ODD[:280], "/" + "x" * 290)
    deliver.by(name, timezone.now())
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.DONE, delivery.attempts.last().error


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("off", ["unwanted", "does not work", "left", "withdrawn"])
def test_it_sends_nothing_where_nothing_is_wanted(outside, name, off):
    delivery = outside.delivery(name)
    if off == "unwanted":
        Address.objects.update(wanted=False)
    elif off == "does not work":
        Address.objects.update(off_at=timezone.now())
    elif off == "left":
        type(outside.user).objects.update(is_active=False)
    else:
        Notice.objects.update(withdrawn_at=timezone.now())
    deliver.by(name, timezone.now())
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts.count()) == (Delivery.State.WITHDRAWN, 0)
    assert outside.came == []


@pytest.mark.django_db(transaction=True)
def test_no_channel_waits_for_another(settings, tmp_path, monkeypatch):
    with ExitStack() as stack:
        outside = Outside(settings, stack, tmp_path, monkeypatch)
        outside.box.hold = True
        outside.delivery("email")
        carriers.carry(timezone.now())
        others = [thread for name, thread in list(carriers.carriers.threads.items()) if name != "email"]
        for thread in others:
            thread.join(8)
        assert states() == {name: "waiting" if name == "email" else "done" for name in CHANNELS}
        outside.box.hold = False
        assert carriers.carriers.wait(10)
    assert states()["email"] == "done"


def states():
    """How each channel's delivery stands."""
    return dict(Delivery.objects.values_list("address__channel", "state"))


@pytest.mark.django_db(transaction=True)
def test_what_is_written_while_a_channel_is_at_work_is_not_left_behind(settings, tmp_path, monkeypatch):
    with ExitStack() as stack:
        outside = Outside(settings, stack, tmp_path, monkeypatch)
        outside.box.hold = True
        outside.delivery("email", "first")
        carriers.carry(timezone.now())
        outside.delivery("email", "second")
        carriers.carry(timezone.now())
        outside.box.hold = False
        assert carriers.carriers.wait(10)
    assert [message["Subject"] for message in outside.box.taken] == ["first", "second"]
