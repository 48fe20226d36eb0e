"""The inbox as a desk: matters put together, pages of any length, snoozing, marking, acknowledging."""

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from django.utils import timezone

from notifications import matters, reading
from notifications.models import Notice, Topic
from outages.models import Incident
from tests import make
from tests.notifications.duty.making import NOW
from tests.notifications.test_inbox import ROWS, notice, texts

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOW, tick=False):
        yield


def do(client, what, *notices, query="", **more):
    keys = ",".join(str(one.pk) for one in notices)
    return client.post(reverse("inbox_act", args=[what]) + query, {"notices": keys, **more})


def fresh(one):
    return Notice.objects.get(pk=one.pk)


def incident(**fields):
    return Incident.objects.create(equipment=make.equipment(kind="ap"), opened_at=NOW, **fields)


# Matters


def test_an_incident_and_its_outages_are_one_matter_with_the_newest_on_top(office):
    one = incident()
    outage = one.outages.create(equipment=one.equipment, started_at=NOW, opened_at=NOW, opened_by={})
    for number, (about, words) in enumerate(((one, "it opened"), (outage, "a CPE went"), (one, "somebody works"))):
        notice(office.user, words, about=about, due_at=NOW - timedelta(minutes=9 - number))
    notice(office.user, "another thing", about=make.equipment(), due_at=NOW - timedelta(minutes=5))
    answer = office.get(reverse("inbox"))
    assert texts(answer) == ["another thing", "somebody works"]
    assert "and 2 more" in answer.text
    assert "Resolved" not in answer.text


def test_an_incident_stands_above_the_outages_that_were_told_of_after_it(office):
    one = incident()
    notice(office.user, "a tower went down", about=one, due_at=NOW - timedelta(minutes=2))
    for number in range(3):
        outage = one.outages.create(equipment=make.equipment(), started_at=NOW, opened_at=NOW, opened_by={})
        notice(office.user, f"CPE {number} went down", about=outage, due_at=NOW - timedelta(minutes=1))
    answer = office.get(reverse("inbox"))
    assert texts(answer) == ["a tower went down"]
    assert "and 3 more" in answer.text


@pytest.mark.parametrize("tone", ["down", "plain"])
def test_what_is_over_is_said_to_be_resolved_and_wants_no_acknowledgement(office, tone):
    notice(office.user, about=incident(closed_at=NOW), tone=tone, escalate_after=5)
    page = office.get(reverse("inbox")).text
    assert "Resolved" in page
    assert "Acknowledge" not in page


def test_an_outage_that_ended_leaves_the_open_incident_open(office):
    one = incident()
    outage = one.outages.create(equipment=one.equipment, started_at=NOW, opened_at=NOW, opened_by={}, ended_at=NOW)
    notice(office.user, "the incident", about=one, due_at=NOW - timedelta(minutes=1))
    notice(office.user, "the outage", about=outage, tone="up")
    (matter,) = office.get(reverse("inbox")).context["matters"]
    assert not matter.is_over
    assert matter.to_acknowledge.text == "the incident"


def test_of_what_has_no_end_of_its_own_the_newest_notice_says_whether_it_is_over():
    ada, thing = make.user(), make.equipment()
    down = notice(ada, about=thing, due_at=NOW - timedelta(minutes=1))
    assert [one.is_over for one in matters.together([down])] == [False]
    assert [one.is_over for one in matters.together([notice(ada, about=thing, tone="up"), down])] == [True]


def test_what_somebody_wrote_stands_by_itself(office):
    ben, thing = make.user(name="Ben Ode"), make.site()
    for words in ("look at this", "and at that"):
        notice(office.user, words, about=thing, event="notice.direct", sent_by=ben)
    answer = office.get(reverse("inbox"))
    assert len(texts(answer)) == 2
    assert "from Ben Ode" in answer.text


def test_what_it_was_about_may_be_gone(office):
    thing = make.equipment()
    notice(office.user, about=thing)
    type(thing).objects.quietly().filter(pk=thing.pk).delete()
    assert texts(office.get(reverse("inbox"))) == ["ap-1 is down"]


# Pages and search


def test_pages_follow_each_other_without_a_gap_or_a_double_also_at_one_moment(office):
    for number in range(230):
        notice(office.user, f"number {number}", about=make.equipment(), due_at=NOW - timedelta(minutes=number // 90))
    seen, query = [], {}
    for size in (100, 100, 30):
        answer = office.get(reverse("inbox"), query)
        assert len(texts(answer)) == size
        seen += texts(answer)
        query = {"before": answer.context["older"]}
    assert len(set(seen)) == 230
    assert answer.context["older"] == ""
    assert "Newest" in answer.text


@pytest.mark.parametrize("mark", ["x", "~", "2026-05-05T12:00:00", "2026-99-05T12:00:00+00:00~1", "~1", "\0", "9" * 99])
def test_a_page_that_is_none_is_the_first_one(office, mark):
    notice(office.user)
    assert texts(office.get(reverse("inbox"), {"before": mark})) == ["ap-1 is down"]


def test_search_finds_words_of_ones_own_notices(office):
    notice(office.user, "Tower North is down")
    notice(office.user, "100% of 5_GHz is down", about=make.equipment())
    notice(make.user(), "Tower North is down")
    assert texts(office.get(reverse("inbox"), {"q": "tower n"})) == ["Tower North is down"]
    assert texts(office.get(reverse("inbox"), {"q": "%"})) == ["100% of 5_GHz is down"]
    assert "No notice of yours has these words" in office.get(reverse("inbox"), {"q": "west"}).text
    assert office.get(reverse("inbox"), {"q": "\0", "show": "nonsense"}).status_code == 200


@pytest.mark.processes
def test_ten_thousand_are_shown_in_no_time(office):
    kind, thing = ContentType.objects.get_for_model(office.user), make.equipment()
    about = ContentType.objects.get_for_model(thing)
    Notice.objects.bulk_create(
        Notice(
            fingerprint=f"n{number}", object_type=about, object_id=thing.pk, recipient_type=kind, event="x.y",
            recipient_id=office.user.pk, text=f"number {number}", created_at=NOW,
            due_at=NOW - timedelta(seconds=number),
        )
        for number in range(10_000)
    )  # fmt: skip
    office.get(reverse("inbox"))
    with time_machine.travel(NOW, tick=True):
        for query in ({}, {"show": "unread"}, {"q": "number 99"}, {"before": f"{NOW - timedelta(hours=2)}~5"}):
            began = time.perf_counter()
            assert office.get(reverse("inbox"), query).status_code == 200
            assert time.perf_counter() - began < 2
    assert "99+" in office.get(reverse("bell")).text


# Marking


def test_marking_read_and_unread_and_back_to_the_same_list(office):
    one, other = notice(office.user), notice(office.user)
    answer = do(office, "read", one, other, query="?show=unread&q=down")
    assert answer.url == reverse("inbox") + "?show=unread&q=down"
    assert (fresh(one).read_at, fresh(other).read_at) == (NOW, NOW)
    do(office, "unread", one)
    assert fresh(one).read_at is None
    assert Topic.objects.get(pk=f"inbox:{office.user.pk}").changes == 2


def test_opening_a_matter_reads_all_of_it(office):
    one, other = notice(office.user), notice(office.user)
    office.post(reverse("notice", args=[one.pk]), {"notices": f"{one.pk},{other.pk}"})
    assert fresh(other).read_at == NOW


@pytest.mark.parametrize("what", ["read", "unread", "snooze", "unsnooze", "acknowledge"])
def test_nobody_does_anything_with_anothers_notices(office, administrator, stranger, what):
    one = notice(office.user, escalate_after=5, escalate_at=NOW)
    assert do(administrator, what, one, **{"for": "hour"}).status_code == 404
    assert do(stranger, what, one).status_code == 302
    found = fresh(one)
    assert (found.read_at, found.snoozed_until, found.acked_at) == (None, None, None)
    assert office.get(reverse("inbox_act", args=[what])).status_code == 405


@pytest.mark.parametrize("notices", ["", "x", "1,2,3" * 9999, "-1", "٣", "9" * 30])
def test_what_names_no_notice_of_ones_own_is_not_found(office, notices):
    assert office.post(reverse("inbox_act", args=["read"]), {"notices": notices}).status_code == 404


def test_what_is_no_act_is_not_found(office):
    one = notice(office.user)
    assert do(office, "burn", one).status_code == 404
    assert do(office, "snooze", one, **{"for": "ever"}).status_code == 404
    assert fresh(one).snoozed_until is None


def test_acknowledging_from_the_inbox(technician):
    one = notice(technician.user, about=incident())
    assert "Acknowledge" in technician.get(reverse("inbox")).text
    do(technician, "acknowledge", one)
    page = technician.get(reverse("inbox"))
    assert fresh(one).acked_by == technician.user
    assert "acknowledged" in page.text
    assert page.context["matters"][0].to_acknowledge is None


# Snoozing


@pytest.mark.parametrize(
    ("choice", "now", "until"),
    [
        ("hour", datetime(2026, 5, 5, 12, tzinfo=BERLIN), datetime(2026, 5, 5, 13, tzinfo=BERLIN)),
        ("tomorrow", datetime(2026, 5, 5, 23, 59, tzinfo=BERLIN), datetime(2026, 5, 6, 8, tzinfo=BERLIN)),
        ("tomorrow", datetime(2026, 5, 5, 0, 1, tzinfo=BERLIN), datetime(2026, 5, 6, 8, tzinfo=BERLIN)),
        ("tomorrow", datetime(2026, 10, 24, 12, tzinfo=BERLIN), datetime(2026, 10, 25, 8, tzinfo=BERLIN)),
        ("week", datetime(2026, 5, 5, 12, tzinfo=BERLIN), datetime(2026, 5, 12, 12, tzinfo=BERLIN)),
    ],
)
def test_until_when_by_the_clock_of_the_house(choice, now, until):
    assert reading.until(choice, now, BERLIN) == until


def test_what_is_snoozed_leaves_the_inbox_and_its_count_and_comes_back_unread_on_top(office):
    one = notice(office.user, "the older", read_at=NOW, due_at=NOW - timedelta(hours=2))
    notice(office.user, "the newer", about=make.equipment())
    do(office, "snooze", one, **{"for": "hour"})
    assert texts(office.get(reverse("inbox"))) == ["the newer"]
    assert "1 unread" in office.get(reverse("bell")).text
    assert texts(office.get(reverse("inbox"), {"show": "snoozed"})) == ["the older"]
    before = Topic.objects.get(pk=f"inbox:{office.user.pk}").changes
    back = NOW + timedelta(hours=1)
    assert not reading.returning(back - timedelta(seconds=1))
    with time_machine.travel(back, tick=False):
        assert texts(office.get(reverse("inbox"))) == ["the older", "the newer"]
        assert "2 unread" in office.get(reverse("bell")).text
        assert reading.returning(back)
        assert reading.bring_back(timezone.now()) == 1
        assert reading.bring_back(timezone.now()) == 0
        assert texts(office.get(reverse("inbox"), {"show": "snoozed"})) == []
    assert Topic.objects.get(pk=f"inbox:{office.user.pk}").changes == before + 1
    assert not one.deliveries.exists()


def test_what_is_snoozed_can_be_shown_again_at_once(office):
    one = notice(office.user)
    do(office, "snooze", one, **{"for": "week"})
    assert "back Tue 12 May 12:00" in office.get(reverse("inbox"), {"show": "snoozed"}).text
    do(office, "unsnooze", one)
    assert texts(office.get(reverse("inbox"))) == ["ap-1 is down"]
    assert fresh(one).snoozed_until is None


def test_nothing_is_put_off_to_the_past(office):
    with pytest.raises(ValueError, match="later"):
        reading.snooze(Notice.objects.all(), office.user, NOW, NOW)


def test_for_htmx_an_act_ends_in_the_rows_alone(office):
    one = notice(office.user)
    answer = office.post(reverse("inbox_act", args=["read"]), {"notices": one.pk}, headers=ROWS, follow=True)
    assert "<html" not in answer.text
    assert "Mark as unread" in answer.text
