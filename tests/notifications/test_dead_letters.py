"""What failed for good is sent once more or discarded, and addresses that do not work are tried again."""

import html
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from config import letters
from config.finding import State as Found
from notifications.delivery import replay
from notifications.models import Act, Address, Delivery, Notice
from tests import make
from tests.notifications.outgoing import State, failed, sent

pytestmark = pytest.mark.django_db
PAGES = ("deliveries", "dead_letters", "addresses", "dead_letters_replay", "dead_letters_discard")


@pytest.mark.parametrize("name", ["delivery_replay", "delivery_discard"])
def test_only_administrators_send_once_more_or_discard_and_only_by_post(engineer, stranger, administrator, name):
    one = failed()
    place = reverse(name, args=[one.pk])
    assert stranger.post(place).status_code == 302
    assert engineer.post(place).status_code == 403
    assert administrator.get(place).status_code == 405
    one.refresh_from_db()
    assert one.state == State.FAILED


def test_one_is_sent_once_more_with_its_attempts_kept_and_it_is_written_down(administrator):
    one = failed()
    Delivery.objects.filter(pk=one.pk).update(tries=9)
    administrator.post(reverse("delivery_replay", args=[one.pk]))
    one.refresh_from_db()
    assert (one.state, one.tries, one.attempts.count()) == (State.WAITING, 0, 1)
    act = Act.objects.get(what=replay.REPLAYED)
    assert (act.by, act.about) == (administrator.user, "1 failed delivery")
    again = administrator.post(reverse("delivery_replay", args=[one.pk]), follow=True)
    assert "It has not failed." in again.text


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"off_at": timezone.now()}, "Its address is off, because it did not work"),
        ({"wanted": False}, "Its owner has turned this address off"),
        ({"verified_at": None}, "Its address is not verified"),
        ({"channel": "pigeon"}, "There is no such channel any more"),
    ],
)
def test_to_an_address_that_takes_nothing_it_is_not_sent_and_says_so(administrator, broken, says):
    one = failed()
    Address.objects.filter(pk=one.address_id).update(**broken)
    assert says in administrator.get(one.get_absolute_url()).text
    assert says in administrator.post(reverse("delivery_replay", args=[one.pk]), follow=True).text
    one.refresh_from_db()
    assert one.state == State.FAILED
    assert not Act.objects.filter(what=replay.REPLAYED).exists()


def test_what_is_withdrawn_or_for_somebody_who_left_is_not_sent(administrator):
    over, left = failed(), failed(make.user(is_active=False))
    Notice.objects.filter(pk=over.notice_id).update(withdrawn_at=timezone.now())
    assert "has been withdrawn" in replay.obstacle(over)
    assert "has left" in replay.obstacle(left)


def test_all_that_the_filters_leave_is_sent_once_more_and_what_cannot_be_is_counted(administrator):
    person = make.user()
    mine = [failed(person, number) for number in range(3)]
    off = failed()
    Address.objects.filter(pk=off.address_id).update(off_at=timezone.now())
    other = failed(channel="webpush")
    place = reverse("dead_letters_replay") + "?channel=email"
    asked = administrator.get(place)
    assert "Send 4 failed deliveries once more?" in asked.text
    assert "3 can be sent, the others cannot" in asked.text and "1: Its address is off" in asked.text
    late = failed(person, 9)
    answer = administrator.post(place, {"last": asked.context["last"]}, follow=True)
    assert "3 deliveries are sent once more. 1 cannot be: Its address is off" in html.unescape(answer.text)
    states = {one.pk: one.state for one in Delivery.objects.all()}
    assert [states[one.pk] for one in mine] == [State.WAITING] * 3
    assert [states[one.pk] for one in (off, other, late)] == [State.FAILED] * 3


def test_where_none_can_be_sent_it_is_said_before_and_is_no_success(administrator):
    off = failed()
    Address.objects.filter(pk=off.address_id).update(wanted=False)
    asked = administrator.get(reverse("dead_letters_replay")).text
    assert "None can be sent" in asked and f'href="{reverse("addresses")}"' in asked
    answer = administrator.post(reverse("dead_letters_replay"), follow=True).text
    assert "alert-warning" in answer and "alert-success" not in answer
    assert "None is sent once more. 1 cannot be: Its owner has turned" in answer


def test_all_that_the_filters_leave_is_discarded_and_stays_in_the_inbox(administrator):
    mine, other = failed(), failed(channel="webpush")
    done = sent()
    place = reverse("dead_letters_discard") + "?channel=email"
    assert "Discard 1 failed delivery?" in administrator.get(place).text
    administrator.post(place)
    states = [Delivery.objects.get(pk=one.pk).state for one in (mine, other, done)]
    assert states == [State.WITHDRAWN, State.FAILED, State.DONE]
    assert Act.objects.get(what=replay.DISCARDED).about == "1 failed delivery"
    assert Notice.objects.count() == 3


@pytest.mark.parametrize(("query", "body"), [("?since=soon", {}), ("?channel=pigeon", {}), ("", {"last": "x"})])
@pytest.mark.parametrize("name", ["dead_letters_replay", "dead_letters_discard"])
def test_a_wrong_filter_never_means_everything(administrator, name, query, body):
    one = failed()
    answer = administrator.post(reverse(name) + query, body, follow=True)
    assert "Nothing was done" in answer.text
    one.refresh_from_db()
    assert one.state == State.FAILED


def test_an_address_that_is_off_says_why_and_is_turned_on_again(administrator):
    person = make.user(name="Emeka Obi")
    sent(person, channel="webpush")
    broken = failed(person, 1, channel="webpush")
    Address.objects.filter(pk=broken.address_id).update(off_at=timezone.now(), off_reason="550 no such mailbox")
    page = administrator.get(reverse("addresses"))
    (one,) = page.context["failing"]
    assert (one.owner, one.failed, one.is_off, one.worked_at is not None) == ("Emeka Obi", 1, True, True)
    assert "550 no such mailbox" in page.text and "Turn on again" in page.text
    assert administrator.post(reverse("address_test", args=[broken.address_id]), follow=True).text.count("It is off")
    again = administrator.post(reverse("address_on", args=[broken.address_id]), follow=True)
    assert f"Push {one.to} of Emeka Obi is on again." in again.text
    assert Address.objects.get(pk=broken.address_id).is_usable
    assert Act.objects.get(what="address_on").by == administrator.user
    administrator.post(reverse("address_test", args=[broken.address_id]))
    assert Delivery.objects.filter(address=broken.address_id, state=State.WAITING, notice__event="").count() == 1


def test_what_its_owner_turned_off_stays_off(administrator):
    broken = failed()
    Address.objects.filter(pk=broken.address_id).update(wanted=False, off_at=timezone.now())
    administrator.post(reverse("address_on", args=[broken.address_id]))
    assert not Address.objects.get(pk=broken.address_id).wanted


def test_what_failed_long_ago_or_works_is_not_among_the_failing(administrator):
    failed(at=timezone.now() - timedelta(days=8))
    sent()
    assert administrator.get(reverse("addresses")).context["failing"] == []


def test_nothing_is_sent_by_a_channel_to_which_its_owner_has_lost_the_right(administrator):
    one = failed(make.user("technician"), channel="apprise")
    page = administrator.post(reverse("delivery_replay", args=[one.pk]), follow=True)
    assert "has no right to this channel any more" in page.text
    page = administrator.post(reverse("address_test", args=[one.address_id]), follow=True)
    assert "has no right to this channel any more" in page.text
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.FAILED}


@pytest.mark.parametrize("name", ["address_on", "address_test"])
def test_addresses_of_others_are_for_administrators(engineer, stranger, name):
    broken = failed()
    Address.objects.filter(pk=broken.address_id).update(off_at=timezone.now())
    assert engineer.post(reverse(name, args=[broken.address_id])).status_code == 403
    assert stranger.post(reverse(name, args=[broken.address_id])).status_code == 302
    assert not Address.objects.get(pk=broken.address_id).is_usable


def test_health_says_what_was_given_up_within_a_day():
    now = timezone.now()
    assert letters.dead_letters(now).state is Found.WORKS
    failed(at=now - timedelta(days=2))
    assert letters.dead_letters(now).state is Found.WORKS
    one = failed(at=now - timedelta(hours=1))
    finding = letters.dead_letters(now)
    assert finding.state is Found.LOOK and "1 deliveries were given up" in finding.says
    assert any("550 no such mailbox" in value for _, value in finding.details)
    replay.discard(Delivery.objects.filter(pk=one.pk))
    Address.objects.filter(pk=one.address_id).update(off_at=now)
    assert "off because they do not work" in letters.dead_letters(now).says
