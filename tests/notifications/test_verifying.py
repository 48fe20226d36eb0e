"""Adding an address by a channel that only the settings name: its form, the code, the limits, and what it leads to."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from notifications import outbox, verifying
from notifications.delivery import deliver, pause
from notifications.models import Address, CodeSent, Notice
from tests import make
from tests.notifications.toy import Toy, add, mine, typed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def toy(settings):
    settings.CHANNELS = settings.CHANNELS | {"toy": "tests.notifications.toy.Toy"}
    Toy.codes.clear()
    Toy.flown.clear()
    Toy.fault = ""
    yield
    Toy.fault = ""


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_one_file_and_one_line_are_enough_for_a_channel_on_the_page(technician):
    page = technician.get(reverse("channels")).text
    assert "Pigeon" in page and "A bird that knows the way." in page
    form = technician.get(reverse("channel_add", args=["toy"])).text
    assert "Loft" in form and "Where it sleeps." in form
    answer = add(technician, label="Roof")
    assert answer.url == reverse("channel_code", args=[mine(technician).pk])
    assert 'name="code"' in technician.get(answer.url).text
    assert typed(technician, Toy.codes[0][1]).url == reverse("channels")
    page = technician.get(reverse("channels")).text
    assert "Roof" in page and "A test is 1 pea." in page
    technician.post(reverse("channel_test", args=[mine(technician).pk]))
    deliver.deliver(timezone.now())
    assert Toy.flown == [("North", "This is a test of Roof: it works if you read it there")]
    assert "Last delivered" in technician.get(reverse("channels")).text
    change = reverse("channel_change", args=[mine(technician).pk])
    assert "Another ring" in technician.get(change).text
    assert "ring-2" in technician.post(reverse("channel_renew", args=[mine(technician).pk])).text
    technician.post(reverse("channel_turn", args=[mine(technician).pk]))
    assert not mine(technician).is_usable
    technician.post(reverse("channel_remove", args=[mine(technician).pk]))
    assert not Address.objects.filter(channel="toy").exists()


def test_nothing_goes_there_before_the_code_was_typed_in(technician):
    add(technician)
    outbox.tell([technician.user], "too early", "", technician.user, timezone.now())
    technician.post(reverse("channel_test", args=[mine(technician).pk]))
    deliver.deliver(timezone.now())
    assert Toy.flown == []
    assert not Notice.objects.filter(text__startswith="This is a test").exists()
    assert Address.objects.usable().filter(channel="toy").count() == 0
    typed(technician, Toy.codes[0][1])
    outbox.tell([technician.user], "now", "", technician.user, timezone.now())
    deliver.deliver(timezone.now())
    assert Toy.flown == [("North", "now")]


def test_the_code_is_six_digits_and_only_its_hash_is_kept(technician):
    add(technician)
    code = Toy.codes[0][1]
    assert len(code) == 6 and code.isdecimal()
    assert code not in mine(technician).code
    assert not Notice.objects.filter(text__contains=code).exists()


def test_five_wrong_codes_end_it_and_another_one_begins_anew(technician):
    add(technician)
    code = Toy.codes[0][1]
    for left in (4, 3, 2, 1):
        assert f"{left} more" in typed(technician, wrong(code)).text
    assert "ask for another one" in typed(technician, wrong(code)).text
    assert "no longer good" in typed(technician, code).text
    assert mine(technician).verified_at is None
    Address.objects.update(code_sent_at=timezone.now() - timedelta(minutes=2))
    technician.post(reverse("channel_code_again", args=[mine(technician).pk]))
    assert "no longer good" not in typed(technician, wrong(Toy.codes[1][1])).text
    typed(technician, Toy.codes[1][1])
    assert mine(technician).is_usable


def test_a_code_ends_after_a_quarter_of_an_hour(technician):
    add(technician)
    address, code, now = mine(technician), Toy.codes[0][1], timezone.now()
    with pytest.raises(verifying.Refused, match="no longer good"):
        verifying.confirm(address, code, now + timedelta(minutes=15, seconds=1))
    verifying.confirm(address, code, now + timedelta(minutes=14))
    assert mine(technician).verified_at


def test_only_the_newest_code_is_good(technician):
    add(technician)
    Address.objects.update(code_sent_at=timezone.now() - timedelta(minutes=2))
    technician.post(reverse("channel_code_again", args=[mine(technician).pk]))
    (_, first), (_, second) = Toy.codes
    if first != second:
        typed(technician, first)
        assert mine(technician).verified_at is None
    typed(technician, second)
    assert mine(technician).verified_at


def test_another_code_has_to_wait_a_minute(technician):
    add(technician)
    again = reverse("channel_code_again", args=[mine(technician).pk])
    assert "A code was sent just now" in technician.post(again, follow=True).text
    assert len(Toy.codes) == 1


def test_so_many_codes_go_out_for_one_person_in_an_hour_whatever_they_remove(technician):
    for number in range(verifying.MOST_IN_AN_HOUR):
        add(technician, loft=f"loft {number}")
        technician.post(reverse("channel_remove", args=[mine(technician).pk]))
    assert "codes were sent within an hour" in add(technician, loft="one more").text
    assert len(Toy.codes) == verifying.MOST_IN_AN_HOUR
    assert not Address.objects.filter(channel="toy").exists()
    CodeSent.objects.update(at=timezone.now() - timedelta(hours=2))
    assert add(technician, loft="one more").status_code == 302


def test_what_was_typed_stays_when_something_is_wrong(technician):
    page = add(technician, loft="sea", label="My name").text
    assert "Pigeons cannot swim." in page and 'value="My name"' in page and 'value="sea"' in page
    Toy.fault = "It is asleep"
    page = add(technician, loft="North")
    assert page.status_code == 200 and "It is asleep" in page.text and 'value="North"' in page.text
    assert not Address.objects.filter(channel="toy").exists()
    Toy.fault = ""
    assert add(technician).status_code == 302


@pytest.mark.parametrize("loft", ["", "x" * 51, "a\x00b"])
def test_bad_input_is_said_by_its_field_and_changes_nothing(technician, loft):
    page = add(technician, loft=loft)
    assert page.status_code == 200 and "id_loft_error" in page.text
    assert not Address.objects.filter(channel="toy").exists()


@pytest.mark.parametrize("code", ["", " ", "12345", "١٢٣٤٥٦", "x" * 21, "\x00", "-1", "🐦"])
def test_odd_codes_are_wrong_ones(technician, code):
    add(technician)
    page = typed(technician, code)
    assert page.status_code == 200 and "id_code_error" in page.text
    assert mine(technician).verified_at is None


def test_a_code_with_blanks_in_it_is_read(technician):
    add(technician)
    code = Toy.codes[0][1]
    typed(technician, f" {code[:3]} {code[3:]} ")
    assert mine(technician).verified_at


def test_the_same_address_is_not_added_twice(technician):
    add(technician)
    assert "You have this address already" in add(technician).text
    assert Address.objects.filter(channel="toy").count() == 1


def test_there_is_an_end_to_addresses(technician):
    kind = {"owner": technician.user, "channel": "toy", "verified_at": timezone.now()}
    for number in range(verifying.MOST_ADDRESSES):
        Address.objects.create(value=str(number), **kind)
    assert "remove one of them first" in add(technician).text


def test_no_code_leaves_while_sending_is_paused(technician):
    pause.pause()
    assert "paused" in add(technician).text
    assert Toy.codes == []


def test_a_code_of_one_address_opens_no_other(technician):
    add(technician)
    add(technician, loft="South")
    north, south = (Address.objects.get(value=value) for value in ("North", "South"))
    codes = dict(Toy.codes)
    if codes["North"] != codes["South"]:
        typed(technician, codes["North"], south)
        assert Address.objects.get(pk=south.pk).verified_at is None
    typed(technician, codes["North"], north)
    assert Address.objects.get(pk=north.pk).verified_at


@pytest.mark.django_db(transaction=True)
def test_many_at_once_have_no_more_tries_than_one():
    user = make.user()
    parts = verifying.Parts("North")
    address = verifying.add(user, "toy", parts, timezone.now())
    verifying.send_code(address, timezone.now())
    code, said = Toy.codes[0][1], []

    def guess(number):
        try:
            verifying.confirm(address, f"{(int(code) + 1 + number) % 1_000_000:06}", timezone.now())
        except verifying.Refused as fault:
            said.append(str(fault))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sum("This is not the code" in one for one in said) == verifying.TRIES
    assert len(said) == 12
