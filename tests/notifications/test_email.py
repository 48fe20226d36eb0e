"""E-mail against a real mail server: what is in a message, and what each kind of refusal does."""

import re
import socket
from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from config import options
from notifications import actions, outbox, why
from notifications.channels.channel import named
from notifications.delivery import carriers, deliver
from notifications.models import Address, Delivery, Notice, Subscription
from tests import make
from tests.notifications.letterbox import Letterbox, authenticate, listening, use

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(settings):
    letterbox = Letterbox()
    with listening(letterbox) as port:
        use(settings, port)
        yield letterbox


def told(user, text="Tower North is down: 43 customers", link="/incidents/7/", **fields):
    """A notice to this user, on its way to everything they have; its e-mail."""
    outbox.tell([user], text, link, user, timezone.now())
    notice = Notice.objects.to(user).latest("pk")
    Notice.objects.filter(pk=notice.pk).update(**fields)
    return Delivery.objects.get(notice=notice, address__channel="email")


def sent(user, **fields):
    delivery = told(user, **fields)
    deliver.deliver(timezone.now())
    delivery.refresh_from_db()
    return delivery


def error(delivery):
    return delivery.attempts.last().error


def test_a_notice_arrives_with_the_line_the_link_the_reason_and_the_house(box):
    options.change(isp_name="Överby Fixed Wireless", time_zone="America/Denver")
    user = make.user(email="ada@isp.example")
    delivery = sent(user)
    assert delivery.state == Delivery.State.DONE
    (message,) = box.taken
    assert message["To"] == "ada@isp.example"
    assert message["From"] == "Towerwatch <desk@isp.example>"
    assert message["Subject"] == "Tower North is down: 43 customers"
    line, link = "Tower North is down: 43 customers", "http://localhost:8000/incidents/7/"
    for kind in ("plain", "html"):
        body = message.get_body((kind,)).get_content()
        for words in (
            line,
            link,
            "Överby Fixed Wireless",
            f"Why you got this: {why.reasons([delivery.notice])[delivery.notice_id]}",
            "(M",
        ):
            assert words in body, kind
    assert "<img" not in message.get_body(("html",)).get_content()


def test_mail_programs_learn_how_to_stop_it_and_that_no_person_wrote_it(box):
    sent(make.user())
    (message,) = box.taken
    assert re.fullmatch(r"<http://localhost:8000/stop/\S+/>", message["List-Unsubscribe"].strip())
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] is not None


def test_a_second_try_is_the_same_message_and_another_notice_of_the_object_is_in_its_thread(box):
    user = make.user()
    box.drop = True
    delivery = sent(user)
    box.drop = False
    deliver.deliver(delivery.due_at)
    told(user, "Tower North is back")
    deliver.deliver(timezone.now())
    down, up = box.taken
    assert down["Message-ID"] != up["Message-ID"]
    assert down["References"] == up["References"] == up["In-Reply-To"]
    Delivery.objects.filter(pk=delivery.pk).update(state="waiting", due_at=timezone.now())
    deliver.deliver(timezone.now())
    assert box.taken[-1]["Message-ID"] == down["Message-ID"]


def test_a_name_with_line_breaks_adds_no_header(box):
    text = "bh-1\r\nBcc: eve@evil.example\n\nhello\x07 is down"
    sent(make.user(), text=text)
    (message,) = box.taken
    assert message["Bcc"] is None
    assert message["Subject"] == "bh-1 Bcc: eve@evil.example hello is down"
    assert len(box.tried) == 1


def test_markup_in_a_name_is_only_text(box):
    sent(make.user(), text="<script>alert(1)</script> is down")
    html = box.taken[0].get_body(("html",)).get_content()
    assert "<script>" not in html and "&lt;script&gt;" in html


def test_who_is_not_there_has_the_address_turned_off_and_is_told_in_the_inbox(box):
    user = make.user(email="gone@isp.example")
    box.rcpt["gone@isp.example"] = "550 5.1.1 no such user"
    delivery = sent(user)
    assert delivery.state == Delivery.State.FAILED
    address = Address.objects.get(channel="email")
    assert "550 5.1.1 no such user" in address.off_reason
    news = Notice.objects.to(user).get(text__contains="turned off")
    assert "gone@isp.example" in news.text
    assert {one.address.channel for one in news.deliveries.all()} == {"inbox"}
    outbox.tell([user], "the next", "/", user, timezone.now())
    assert not Delivery.objects.filter(notice__text="the next", address__channel="email").exists()


@pytest.mark.parametrize("answer", ["450 4.2.1 greylisted", "554 5.7.1 relay access denied", "550 5.1.8 bad sender",
                                    "552 5.2.2 mailbox full", "451 try again"])  # fmt: skip
def test_a_refusal_that_is_not_the_recipients_fault_is_tried_again(box, answer):
    user = make.user()
    box.rcpt[user.email] = answer
    delivery = sent(user)
    assert delivery.state == Delivery.State.WAITING
    assert answer in error(delivery)
    assert Address.objects.get(channel="email").is_usable
    box.rcpt.clear()
    deliver.deliver(delivery.due_at)
    assert len(box.taken) == 1


@pytest.mark.parametrize("answer", ["550 no such user", "553 5.1.3 bad address", "550 5.2.1 mailbox disabled"])
def test_a_refusal_of_the_address_itself_is_for_good(box, answer):
    user = make.user()
    box.rcpt[user.email] = answer
    assert sent(user).state == Delivery.State.FAILED
    assert not Address.objects.get(channel="email").is_usable


def test_our_own_address_being_refused_is_not_the_recipients_fault(box):
    box.sender = "550 5.7.1 not you"
    delivery = sent(make.user())
    assert delivery.state == Delivery.State.WAITING
    assert "refuses our own address" in error(delivery)
    assert Address.objects.get(channel="email").is_usable


def test_a_message_that_is_refused_for_its_words_is_not_sent_again_and_the_address_stays(box):
    box.data = "554 5.6.0 looks like spam"
    delivery = sent(make.user())
    assert delivery.state == Delivery.State.FAILED
    assert Address.objects.get(channel="email").is_usable


def test_a_wrong_password_is_ours_to_mend(settings):
    box = Letterbox()
    with listening(box, authenticator=authenticate, auth_required=True, auth_require_tls=False) as port:
        use(settings, port, EMAIL_HOST_USER="desk", EMAIL_HOST_PASSWORD="wrong")
        delivery = sent(make.user())
        assert delivery.state == Delivery.State.WAITING
        assert "refuses our user or password: 535" in error(delivery)
        assert "wrong" not in error(delivery)
        settings.EMAIL_HOST_PASSWORD = "right"
        deliver.deliver(delivery.due_at)
    assert len(box.taken) == 1


def test_a_server_that_hangs_up_or_does_not_answer_in_time_is_asked_again(box, settings):
    settings.EMAIL_TIMEOUT = 0.3
    box.drop = True
    delivery = sent(make.user())
    assert "cannot be reached" in error(delivery)
    box.drop, box.slow = False, 1.0
    deliver.deliver(delivery.due_at)
    delivery.refresh_from_db()
    assert "timed out" in error(delivery)
    box.slow, settings.EMAIL_TIMEOUT = 0.0, 10
    deliver.deliver(delivery.due_at)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries) == (Delivery.State.DONE, 3)


def test_one_bad_address_in_a_round_does_not_disturb_the_others_and_one_connection_serves(box):
    users = [make.user() for _ in range(6)]
    deliveries = [told(user) for user in users]
    box.rcpt[users[2].email] = "550 5.1.1 no such user"
    deliver.deliver(timezone.now())
    states = [Delivery.objects.get(pk=one.pk).state for one in deliveries]
    assert states == ["done", "done", "failed", "done", "done", "done"]
    assert [message["To"] for message in box.taken] == [user.email for user in users if user != users[2]]
    assert box.connections == 2


def test_a_server_that_refuses_for_fifteen_seconds_loses_nothing_and_doubles_nothing(settings):
    # Bound, so that nobody else takes it, and not listening, so that whoever calls is refused.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        use(settings, port)
        deliveries = [told(make.user()) for _ in range(5)]
        began = timezone.now()
        deliver.by("email", began)
        assert {one.attempts.count() for one in deliveries} == {1}
        assert {Delivery.objects.get(pk=one.pk).due_at - began > timedelta(seconds=4.9) for one in deliveries} == {True}
        deliver.by("email", began + timedelta(seconds=15))
    box = Letterbox()
    with listening(box, port):
        for later in (16, 30, 70, 100):
            deliver.by("email", began + timedelta(seconds=later))
    assert sorted(message["To"] for message in box.taken) == sorted(one.to.value for one in deliveries)
    assert {Delivery.objects.get(pk=one.pk).state for one in deliveries} == {Delivery.State.DONE}


def test_without_a_server_nothing_is_offered_and_what_waited_says_why(settings, box):
    user = make.user()
    delivery = told(user)
    settings.EMAIL_READY = False
    assert "not set up" in named("email").lacks()
    deliver.deliver(timezone.now())
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.WAITING and "not set up" in error(delivery)
    outbox.tell([user], "the next", "/", user, timezone.now())
    assert [one.address.channel for one in Delivery.objects.filter(notice__text="the next")] == ["inbox"]


def test_another_address_of_a_person_is_used_at_once_and_a_choice_stays(box):
    user = make.user(email="old@isp.example")
    box.rcpt["old@isp.example"] = "550 5.1.1 no such user"
    sent(user)
    user.email = "new@isp.example"
    user.save()
    assert sent(user).state == Delivery.State.DONE
    assert box.taken[-1]["To"] == "new@isp.example"
    assert Address.objects.filter(channel="email").count() == 1
    Address.objects.filter(channel="email").update(wanted=False)
    user.email = "newest@isp.example"
    user.save()
    outbox.tell([user], "the next", "/", user, timezone.now())
    assert not Delivery.objects.filter(notice__text="the next", address__channel="email").exists()


def test_what_is_of_no_use_at_the_moment_of_sending_is_not_sent(box):
    left, muting, withdrawn = (make.user() for _ in range(3))
    thing = make.site()
    deliveries = [told(user) for user in (left, withdrawn)]
    left.is_active = False
    left.save()
    Notice.objects.filter(pk=deliveries[1].notice_id).update(withdrawn_at=timezone.now())
    kind = ContentType.objects.get_for_model(thing)
    muted = told(muting, event="incident.opened", object_type=kind, object_id=thing.pk)
    actions.mute(muting, thing, None)
    deliver.deliver(timezone.now())
    assert box.taken == []
    assert {Delivery.objects.get(pk=one.pk).state for one in (*deliveries, muted)} == {Delivery.State.WITHDRAWN}


def test_a_subscription_is_named_as_the_reason(box):
    user = make.user(role="office")
    row = Subscription.objects.create(event="incident.opened", recipient_kind="role", recipient_key="office")
    sent(user, event="incident.opened", why=[row.pk])
    assert "everybody in the role Office hears of it" in box.taken[0].get_body(("plain",)).get_content()


@pytest.mark.django_db(transaction=True)
def test_a_slow_mail_server_does_not_hold_up_the_inbox(settings):
    box = Letterbox()
    box.hold = True
    with listening(box) as port:
        use(settings, port)
        users = [make.user() for _ in range(3)]
        for user in users:
            told(user)
        carriers.carry(timezone.now())
        assert set(Delivery.objects.filter(address__channel="inbox").values_list("state", flat=True)) == {"done"}
        assert set(Delivery.objects.filter(address__channel="email").values_list("state", flat=True)) == {"waiting"}
        box.hold = False
        assert carriers.carriers.wait(10)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}
    assert len(box.taken) == 3
