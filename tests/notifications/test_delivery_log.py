"""The delivery log and what failed for good: who sees it, what the filters leave, and sending once more."""

import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config import options
from config.models import Role
from notifications.delivery import log
from notifications.models import Address, Attempt, Delivery, Notice
from tests import make
from tests.config.program import Program
from tests.conftest import signed_in
from tests.notifications.outgoing import State, failed, keep_options, sent, shown

pytestmark = pytest.mark.django_db
LONG = "Donaudampfschifffahrtsgesellschaft" * 4
PAGES = ("deliveries", "dead_letters", "addresses", "dead_letters_replay", "dead_letters_discard")


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("name", PAGES)
def test_the_pages_are_for_administrators(role, name):
    assert signed_in(role).get(reverse(name)).status_code in ((200, 302) if role == "administrator" else (403,))


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_is_led_to_the_door(stranger, name):
    assert stranger.get(reverse(name)).url.startswith("/account/login/")


def test_a_key_in_the_address_of_a_webhook_is_shown_nowhere_not_even_once_the_channel_is_gone(administrator, settings):
    one = failed(channel="webhook")
    Address.objects.filter(pk=one.address_id).update(value="https://hooks.example.net/in?key=a-capability")
    for channels in (settings.CHANNELS, {name: path for name, path in settings.CHANNELS.items() if name != "webhook"}):
        settings.CHANNELS = channels
        pages = [
            reverse("deliveries"),
            reverse("dead_letters"),
            reverse("addresses"),
            reverse("delivery", args=[one.pk]),
        ]
        said = [administrator.get(page).text for page in pages]
        assert all("hooks.example.net/in" in text and "a-capability" not in text for text in said)


def test_an_empty_log_says_what_will_be_there(administrator):
    assert "Nothing was sent yet" in administrator.get(reverse("deliveries")).text
    assert "Nothing has failed" in administrator.get(reverse("dead_letters")).text
    assert "Every address works" in administrator.get(reverse("addresses")).text
    assert "Nothing fits these filters" in administrator.get(reverse("deliveries"), {"text": "x"}).text


def test_a_line_says_what_went_to_whom_how_and_what_came_of_it(administrator):
    options.change(time_zone="America/Denver")
    at = timezone.now().replace(hour=12, minute=34)
    person = make.user(name="Emeka Obi")
    failed(person, at=at, text="cpe-1 is down")
    page = administrator.get(reverse("deliveries"))
    for words in ("Emeka Obi", "cpe-1 is down", "E-mail", f"email-{person.pk}", "550 no such mailbox", "Failed"):
        assert words in page.text
    assert f"{timezone.localtime(at, timezone.zoneinfo.ZoneInfo('America/Denver')):%H:%M}" in page.text


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ({"channel": "webpush"}, {"push"}),
        ({"state": "failed"}, {"broken"}),
        ({"event": "outage.closed"}, {"closed"}),
        ({"text": "NEEDLE"}, {"needle"}),
        ({"since": "2026-03-02", "until": "2026-03-02"}, {"old"}),
        ({"until": "2026-03-01"}, set()),
        ({"state": "failed", "channel": "webpush"}, set()),
    ],
)
def test_each_filter_leaves_what_fits(administrator, query, left):
    found = {
        "push": sent(channel="webpush"),
        "broken": failed(),
        "closed": sent(event="outage.closed"),
        "needle": sent(text="a needle in it"),
        "old": sent(at=timezone.datetime(2026, 3, 2, 12, tzinfo=timezone.get_fixed_timezone(0))),
    }
    page = administrator.get(reverse("deliveries"), query)
    assert not page.context["form"].errors
    assert {name for name, one in found.items() if one in shown(page)} == left


def test_the_filter_by_person_leaves_theirs(administrator):
    person = make.user()
    mine, _ = sent(person), sent()
    assert shown(administrator.get(reverse("deliveries"), {"person": person.pk})) == [mine]


@pytest.mark.parametrize(
    ("field", "value"),
    [("person", "9999"), ("person", "x"), ("channel", "pigeon"), ("state", "lost"), ("event", "x"), ("since", "soon"),
     ("until", "9999-12-31"), ("text", "x" * 101)],
)  # fmt: skip
def test_a_filter_that_is_wrong_names_its_field_and_keeps_what_was_typed(administrator, field, value):
    answer = administrator.get(reverse("deliveries"), {field: value, "since": "2026-01-01"} | {field: value})
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert value in answer.text or field in ("person", "channel", "state", "event")


@pytest.mark.parametrize("after", ["x", "-1", "0", "9" * 30, "٣", ""])
def test_a_place_that_is_none_is_the_beginning(administrator, after):
    one = sent()
    assert shown(administrator.get(reverse("deliveries"), {"after": after})) == [one]


def test_pages_follow_each_other_without_a_gap(administrator):
    person = make.user()
    made = {sent(person, number).pk for number in range(120)}
    seen, query = [], ""
    while True:
        answer = administrator.get(reverse("deliveries") + query)
        seen += [one.pk for one in shown(answer)]
        if answer.context["older"] is None:
            break
        query = html.unescape(re.search(r'href="([^"]+)" rel="next"', answer.text)[1])
    assert seen == sorted(made, reverse=True)


def test_a_page_costs_the_same_for_one_and_for_many(administrator):
    sent()
    costs = []
    for name in ("deliveries", "dead_letters", "addresses"):
        failed()
        administrator.get(reverse(name))
        keep_options()
        with CaptureQueriesContext(connection) as few:
            administrator.get(reverse(name))
        for number in range(30):
            failed(number=number)
        keep_options()
        with CaptureQueriesContext(connection) as many:
            assert administrator.get(reverse(name)).status_code == 200
        costs.append((len(few), len(many)))
    assert all(few == many <= 16 for few, many in costs), costs


def test_for_htmx_it_is_the_rows_alone(administrator):
    sent()
    answer = administrator.get(reverse("deliveries"), headers={"HX-Request": "true", "HX-Target": "rows"})
    assert "<html" not in answer.text and "Notice 0" in answer.text
    assert "HX-Target" in answer["Vary"]


def test_the_page_of_one_shows_every_try(administrator):
    one = failed(error="421 try later")
    Attempt.objects.create(delivery=one, started_at=timezone.now(), error="550 gone for good")
    Attempt.objects.create(delivery=one, started_at=timezone.now())
    text = administrator.get(one.get_absolute_url()).text
    for words in ("421 try later", "550 gone for good", "2.0 s", "Its end is not known", "Send once more"):
        assert words in text
    assert administrator.get(reverse("delivery", args=[10**6])).status_code == 404


def test_the_page_of_one_asks_again_while_it_waits_and_says_its_event_by_its_label(administrator):
    one = sent(state=State.WAITING)
    page = administrator.get(one.get_absolute_url()).text
    assert f'hx-get="{one.get_absolute_url()}" hx-trigger="every 2s"' in page
    assert "A piece of equipment went down" in page and "outage.opened" not in page
    Delivery.objects.update(state=State.DONE)
    assert "every 2s" not in administrator.get(one.get_absolute_url()).text


def test_what_cannot_be_shown_does_not_break_the_page(administrator):
    one = failed(text=f"<script>alert(1)</script> {LONG}", error=LONG[:400])
    Delivery.objects.filter(pk=one.pk).update(address=None, gone="Firefox on a phone")
    other = failed(channel="pigeon")
    Notice.objects.filter(pk=other.notice_id).update(recipient_id=10**6)
    for place in (reverse("deliveries"), reverse("addresses"), one.get_absolute_url(), other.get_absolute_url()):
        text = administrator.get(place).text
        assert "<script>alert" not in text
    assert "Its address is gone" in administrator.get(one.get_absolute_url()).text
    assert "somebody who is gone" in text


def test_the_api_reads_filters_replays_and_discards(db):
    program = Program(make.user("administrator"))
    person = make.user(name="Emeka Obi")
    one, other = failed(person, 1, text="a needle"), sent(number=2, channel="webpush")
    status, answer = program("get", "deliveries/")
    assert status == 200 and [row["id"] for row in answer["results"]] == [other.pk, one.pk]
    for query in ("state=failed", "channel=email", "text=needle", f"notice={one.notice_id}"):
        assert [row["id"] for row in program("get", f"deliveries/?{query}")[1]["results"]] == [one.pk]
    for query in ("state=lost", "channel=pigeon", "written_after=soon", "colour=1"):
        assert program("get", f"deliveries/?{query}")[0] == 400
    row = program("get", f"deliveries/{one.pk}/")[1]
    assert (row["recipient"], row["channel"], row["state"]) == ("Emeka Obi", "email", "failed")
    assert row["attempts"][0]["error"] == "550 no such mailbox"
    assert program("post", f"deliveries/{one.pk}/replay/")[1]["state"] == "waiting"
    assert program("post", f"deliveries/{one.pk}/replay/")[0] == 409
    assert program("post", f"deliveries/{other.pk}/discard/")[0] == 409
    Delivery.objects.filter(pk=one.pk).update(state=State.FAILED)
    assert program("post", f"deliveries/{one.pk}/discard/")[1]["state"] == "withdrawn"
    assert program("delete", f"deliveries/{one.pk}/")[0] == program("patch", f"deliveries/{one.pk}/", {})[0] == 405


@pytest.mark.parametrize("role", [role for role in Role.values if role != "administrator"])
def test_the_api_of_deliveries_is_for_administrators(role):
    program, one = Program(make.user(role)), failed()
    for method, path in (("get", ""), ("get", f"{one.pk}/"), ("post", f"{one.pk}/replay/")):
        assert program(method, f"deliveries/{path}")[0] == 403
    reader = Program(make.user("administrator"), scope="read")
    assert reader("get", "deliveries/")[0] == 200
    assert reader("post", f"deliveries/{one.pk}/replay/")[0] == 403


def test_a_list_of_the_api_costs_the_same_for_one_and_for_many():
    program, costs = Program(make.user("administrator")), []
    for _ in range(2):
        failed()
        program("get", "deliveries/")
        keep_options()
        with CaptureQueriesContext(connection) as seen:
            program("get", "deliveries/")
        costs.append(len(seen))
        for number in range(30):
            failed(number=number)
    assert costs[0] == costs[1]


def test_a_page_reads_no_more_than_it_shows():
    for number in range(3):
        sent(number=number)
    found, older = log.read(log.Wanted(), most=2)
    assert len(found) == 2 and older == found[-1].pk
    assert log.read(log.Wanted(after=older), most=2)[1] is None


def test_on_my_channels_everybody_sees_what_was_sent_to_themselves_alone(engineer):
    failed(engineer.user, text="mine, and it failed")
    sent(make.user(), text="of somebody else")
    sent(engineer.user, channel="inbox", text="in the inbox anyway")
    text = engineer.get(reverse("channels")).text
    assert "mine, and it failed" in text and "550 no such mailbox" in text
    assert "of somebody else" not in text and "in the inbox anyway" not in text


def test_the_filter_by_channel_works_after_the_description_of_the_api_was_read(db, administrator):
    program, one = Program(make.user("administrator")), failed()
    administrator.get(reverse("api_schema"))
    assert [row["id"] for row in program("get", "deliveries/?channel=email")[1]["results"]] == [one.pk]
    assert program("get", "deliveries/?channel=pigeon")[0] == 400
