"""General notices: everyone has them, nobody loses them, and each chooses by which channels they come."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from config import staff
from notifications import actions, general, hearing, outbox
from notifications.channels import letter
from notifications.delivery import deliver
from notifications.event import GENERAL
from notifications.models import Act, Address, Delivery, Notice, Subscription
from tests import make
from tests.conftest import signed_in
from tests.notifications.letterbox import Letterbox, listening, use

pytestmark = pytest.mark.django_db
MARK = {"mark": "mark-0001"}


@pytest.fixture
def mail(settings):
    settings.EMAIL_READY = True


def tell(*people):
    return outbox.tell(people, "The depot is shut on Monday", "/", people[0], timezone.now())


def roads(user):
    return set(Delivery.objects.filter(notice__in=Notice.objects.to(user)).values_list("address__channel", flat=True))


def section(page):
    return page.content.decode().partition('aria-labelledby="everyone"')[2].partition("</section>")[0]


@pytest.mark.parametrize("role", ["administrator", "manager"])
def test_an_announcement_reaches_everybody_but_who_wrote_it(role):
    client, others = signed_in(role), [make.user(each) for each in ("office", "engineer", "technician")]
    response = client.post("/notices/announce/", {"text": "The depot is shut", **MARK})
    assert response.url == "/notices/sent/"
    assert {one.recipient for one in Notice.objects.all()} == set(others)
    assert {(one.event, one.sent_by, one.text) for one in Notice.objects.all()} == {
        (GENERAL, client.user, "The depot is shut")
    }
    assert Act.objects.get(what="wrote").about == "everybody"
    page = client.get("/notices/sent/").content.decode()
    assert "The depot is shut" in page
    assert "0 of 3" in page


@pytest.mark.parametrize("role", ["engineer", "office", "technician"])
def test_others_announce_nothing(role):
    client = signed_in(role)
    make.user("office")
    assert client.get("/notices/announce/").status_code == 403
    assert client.post("/notices/announce/", {"text": "hello", **MARK}).status_code == 403
    assert not Notice.objects.exists()
    assert "/notices/announce/" not in client.get("/notices/sent/").content.decode()


def test_an_announcement_that_is_too_long_is_refused_and_kept(manager):
    make.user("office")
    page = manager.post("/notices/announce/", {"text": "x" * 281, **MARK}).content.decode()
    assert "Text: At most 280 signs: this has 281." in page
    assert "x" * 281 in page
    assert not Notice.objects.exists()


def test_without_a_choice_they_come_by_the_defaults(mail):
    user = make.user("office")
    assert tell(user) == 1
    assert roads(user) == {"inbox", "email"}


def test_whoever_chose_the_inbox_alone_gets_them_there_alone(mail):
    user, other = make.user("office"), make.user("office")
    general.choose(user, ["inbox"])
    tell(user, other)
    assert roads(user) == {"inbox"}
    assert roads(other) == {"inbox", "email"}


def test_choosing_nothing_goes_back_to_the_defaults_and_leaves_no_row_behind(mail):
    user = make.user("office")
    general.choose(user, ["inbox"])
    general.choose(user, [])
    assert not Subscription.objects.exists()
    tell(user)
    assert roads(user) == {"inbox", "email"}


def test_for_a_thousand_people_the_channels_are_asked_for_once(django_assert_num_queries):
    people = [make.user("office") for _ in range(20)]
    general.choose(people[3], ["inbox"])
    with django_assert_num_queries(1):
        found = general.channels(people)
    assert found[people[3]] == {"inbox"}
    assert found[people[4]] == {""}


def test_my_subscriptions_say_that_everyone_has_this_and_let_me_choose_the_channels(office, mail):
    page = section(office.get("/subscriptions/"))
    assert "General notices" in page
    assert "Nobody can turn them off" in page
    url = re.search(r'action="(/notices/general/[^"]+)"', page)[1]
    assert office.post(url, {"general-channels": ["email"]}).url == "/subscriptions/"
    assert general.channels([office.user])[office.user] == {"email"}
    assert re.search(r'value="email"[^>]*checked', section(office.get("/subscriptions/")))


def test_what_was_chosen_is_no_subscription_that_could_be_removed_among_the_others(office):
    general.choose(office.user, ["inbox"])
    assert hearing.of(office.user) == []
    assert GENERAL not in office.get("/subscriptions/").content.decode()


def test_a_channel_that_does_not_reach_me_is_refused(office):
    url = f"/notices/general/user/{office.user.pk}/"
    office.post(url, {"general-channels": ["pigeon"]})
    assert general.channels([office.user])[office.user] == {""}
    assert "pigeon" in office.get("/subscriptions/").content.decode()


@pytest.mark.parametrize("role", ["engineer", "office", "technician", "manager"])
def test_nobody_chooses_for_others_but_who_may(role, administrator):
    client, other = signed_in(role), make.user("office")
    url = f"/notices/general/user/{other.pk}/"
    assert client.post(url, {"general-channels": ["inbox"]}).status_code == 403
    assert general.channels([other])[other] == {""}
    assert administrator.post(url, {"general-channels": ["inbox"]}).url == f"/subscriptions/of/user/{other.pk}/"
    assert general.channels([other])[other] == {"inbox"}


def test_a_stranger_chooses_nothing_and_a_role_has_nothing_to_choose(stranger, administrator):
    other = make.user("office")
    assert stranger.post(f"/notices/general/user/{other.pk}/").url.startswith("/account/login/")
    assert administrator.post("/notices/general/role/office/").status_code == 404
    assert administrator.get(f"/notices/general/user/{other.pk}/").status_code == 405
    assert section(administrator.get("/subscriptions/of/role/office/")) == ""


def test_it_cannot_be_subscribed_to_or_asked_for(office):
    for event in (GENERAL, "notice.direct"):
        assert office.post("/subscriptions/", {"event": event}).status_code == 404
    assert not Subscription.objects.exists()


def test_one_click_ends_the_e_mails_of_general_notices_and_the_inbox_keeps_them(settings, client):
    user, box = make.user("office", email="ida@isp.example"), Letterbox()
    with listening(box) as port:
        use(settings, port)
        tell(user)
        deliver.deliver(timezone.now())
        (message,) = box.taken
        stop = message["List-Unsubscribe"].strip("<>").partition("localhost:8000")[2]
        assert "General notices are for everybody here" in client.get(stop).content.decode()
        done = client.post(stop, {"List-Unsubscribe": "One-Click"}).content.decode()
        assert "general notices to ida@isp.example; they stay in the inbox" in done
        assert "It had ended before" in client.post(stop).content.decode()
        tell(user)
        deliver.deliver(timezone.now())
        assert len(box.taken) == 1
        assert Notice.objects.to(user).count() == 2
        # What others subscribe to, and what is written to them, still goes by e-mail.
        assert Address.objects.of(user).get(channel="email").wanted
        client.post(stop, {"all": "yes"})
    assert not Address.objects.of(user).get(channel="email").wanted


def test_what_is_told_of_an_account_is_a_general_notice(administrator, engineer):
    user = make.user("office", name="Ida Ohm", email="ida@isp.example")
    staff.change(user, administrator.user, name="Ida Ohm", email="ida@isp.example", role="manager")
    staff.change(user, administrator.user, name="Ida Volt", email="ida@isp.example", role="manager")
    actions.subscribe(("user", str(user.pk)), "incident.opened", None, administrator.user)
    found = [(one.event, one.text) for one in Notice.objects.to(user).order_by("pk")]
    assert found == [
        (GENERAL, f"{administrator.user} gave you another role: Manager"),
        (GENERAL, f"{administrator.user} subscribed you to “An incident opened”"),
    ]


def test_a_general_notice_is_told_to_who_has_muted_its_object_and_says_why(office):
    thing = make.site()
    actions.mute(office.user, thing, None)
    outbox.tell([office.user], "Its owner has changed", "/", thing, timezone.now())
    deliver.deliver(timezone.now())
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}
    assert "It is a general notice, which everybody gets." in office.get("/inbox/").content.decode()


def test_an_e_mail_of_an_announcement_says_whose_it_is(mail, manager):
    make.user("office")
    manager.post("/notices/announce/", {"text": "The depot is shut", **MARK})
    message = letter.compose(Delivery.objects.get(address__channel="email"))
    assert f"From {manager.user}" in message.body
    assert f"which everybody gets, by {manager.user}." in message.body
