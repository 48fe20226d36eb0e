"""Storms: the first 20 notices of a minute go out, the others by one digest, and the inbox keeps them all."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import options
from notifications import acknowledging, jobs, outbox, reading
from notifications.delivery import addressing, deliver, pause, storm
from notifications.models import Address, Delivery, Notice, Storm
from tests import make
from tests.notifications.letterbox import Letterbox, listening, use

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
State = Delivery.State


@pytest.fixture
def box(settings):
    """A mail server, and e-mail set up."""
    box = Letterbox()
    with listening(box) as port:
        use(settings, port)
        yield box


@pytest.fixture
def person(box):
    return make.user()


def letter(person, number, at=NOW, **fields):
    kind = ContentType.objects.get_for_model(person)
    given = {"fingerprint": f"mark-{person.pk}-{number}", "event": "outage.opened", "tone": "down"}
    row = {"object_type": kind, "object_id": person.pk, "recipient_type": kind, "recipient_id": person.pk}
    return outbox.Letter(
        Notice(**(given | row | {"text": f"Notice {number}", "due_at": at, "created_at": at} | fields)), person
    )


def post(person, count, at=NOW, start=0, **fields):
    return outbox.post([letter(person, number, at, **fields) for number in range(start, start + count)], at)


def make_push(person):
    return Address.objects.create(
        owner=person, channel="webpush", value="https://push.example.net/1", verified_at=NOW, given=True
    )


def by_email(person=None):
    """How many deliveries by e-mail stand where."""
    rows = Delivery.objects.filter(address__channel="email")
    rows = rows.filter(notice__recipient_id=person.pk) if person else rows
    states = list(rows.values_list("state", flat=True))
    return {state: states.count(state) for state in set(states)}


def digests():
    return [notice for notice in Notice.objects.order_by("pk") if notice.is_digest]


def test_twenty_in_a_minute_are_told_one_by_one(person):
    assert post(person, 20) == 20
    assert by_email() == {State.WAITING: 20}
    assert not storm.is_due(NOW + timedelta(hours=1))


def test_what_one_save_brings_beyond_twenty_is_held_and_the_inbox_keeps_all(person):
    assert post(person, 300) == 300
    assert by_email() == {State.WAITING: 20, State.HELD: 280}
    inbox = Delivery.objects.filter(address__channel="inbox")
    assert list(inbox.values_list("state", flat=True).distinct()) == [State.WAITING]
    assert Notice.objects.to(person).told(NOW).count() == 300


def test_notices_that_come_one_by_one_are_counted_together(person):
    for number in range(30):
        post(person, 1, NOW + timedelta(seconds=number), start=number)
    assert by_email() == {State.WAITING: 20, State.HELD: 10}


def test_a_notice_a_minute_later_is_told_by_itself(person):
    post(person, 20)
    post(person, 1, NOW + storm.WITHIN, start=20)
    assert by_email() == {State.WAITING: 21}


def test_each_person_is_counted_alone(person):
    others = [make.user() for _ in range(30)]
    outbox.post([letter(one, number) for one in others for number in range(2)], NOW)
    post(person, 21)
    assert by_email(person) == {State.WAITING: 20, State.HELD: 1}
    assert by_email() == {State.WAITING: 80, State.HELD: 1}


def test_one_digest_says_how_many_and_since_when_and_leads_to_them(person, box):
    options.change(time_zone="America/Denver")
    post(person, 50)
    post(person, 4, NOW + timedelta(seconds=10), start=50, tone="up")
    assert storm.gather(NOW + storm.GATHER - timedelta(seconds=1)) == 0
    assert not storm.is_due(NOW + storm.GATHER - timedelta(seconds=1))
    assert storm.is_due(NOW + storm.GATHER)
    assert storm.gather(NOW + storm.GATHER) == 1
    options.change(time_zone="UTC")
    (digest,) = digests()
    assert digest.text == "34 more notices since 05:00: 30 down, 4 up"
    assert digest.tone == "down"
    assert Notice.objects.gathered_in(digest.pk).count() == 34
    assert digest.link == f"/inbox/?digest={digest.pk}"
    # It is about no object: to acknowledge it would acknowledge nothing that it stands for.
    assert acknowledging.link(digest) == ""
    assert by_email() == {State.WAITING: 21, State.DIGESTED: 34}
    assert sorted(digest.deliveries.values_list("address__channel", flat=True)) == ["email", "inbox"]
    assert storm.gather(NOW + timedelta(hours=1)) == 0


def test_the_job_finds_it_and_twenty_one_letters_leave(person, box):
    at = timezone.now() - timedelta(minutes=2)
    post(person, 120, at)
    jobs.deliver()
    deliver.by("email", timezone.now())
    assert len(box.taken) == 21
    subjects = [message["Subject"] for message in box.taken]
    assert sum(subject.startswith("100 more notices since ") for subject in subjects) == 1
    assert by_email() == {State.DONE: 21, State.DIGESTED: 100}


def test_by_push_it_is_one_as_well(person):
    push = make_push(person)
    post(person, 100)
    storm.gather(NOW + storm.GATHER)
    assert push.deliveries.filter(state=State.WAITING).count() == 21
    assert {one.address.channel for one in digests()[0].deliveries.all()} == {"inbox", "email", "webpush"}


def test_a_storm_that_goes_on_has_its_next_digest_later_or_when_it_is_calm():
    told = NOW + storm.GATHER
    soon, late = told + timedelta(seconds=5), told + timedelta(minutes=20)
    assert storm.due_at(soon, late, told) == told + storm.AGAIN
    assert storm.due_at(soon, soon, told) == soon + storm.CALM
    after_all = told + storm.CALM + timedelta(seconds=1)
    assert storm.due_at(after_all, after_all, told) == after_all + storm.GATHER
    assert storm.due_at(NOW, NOW, None) == NOW + storm.GATHER


def test_ten_minutes_of_storm_are_a_few_digests_that_stand_for_everything_once(person):
    written = 0
    for second in range(0, 600, 10):
        at = NOW + timedelta(seconds=second)
        written += post(person, 15, at, start=written)
        storm.gather(at)
    storm.gather(NOW + timedelta(seconds=700))
    found = digests()
    assert len(found) == 3
    let_through = by_email()[State.WAITING] - len(found)
    assert by_email()[State.DIGESTED] + let_through == written == 900
    assert let_through == 20
    assert sum(int(one.text.split()[0]) for one in found) == 880
    assert State.HELD not in by_email()


def test_what_waits_to_be_acknowledged_was_written_by_hand_or_is_urgent_is_told_by_itself(person):
    post(person, 40)
    boss = make.user()
    post(person, 1, start=100, escalate_after=5, escalate_at=NOW + timedelta(minutes=5))
    post(person, 1, start=101, sent_by=boss)
    # It came because somebody else did not answer, and goes on to nobody itself.
    post(person, 1, start=102, escalate_after=5)
    outbox.tell([person], "Your e-mail does not work", "/", person, NOW, urgent=True)
    addressing.test(Address.objects.of(person).get(channel="email"), NOW)
    assert by_email(person) == {State.WAITING: 25, State.HELD: 20}
    storm.gather(NOW + timedelta(seconds=1))
    assert by_email(person) == {State.WAITING: 25, State.HELD: 20}


def test_that_an_address_does_not_work_is_told_in_the_worst_storm(person):
    push = make_push(person)
    post(person, 100, timezone.now())
    addressing.shut(push, "410 Gone", timezone.now())
    row = Delivery.objects.get(address__channel="email", notice__text__contains="does not work")
    assert row.state == State.WAITING


def test_what_was_read_acknowledged_or_withdrawn_meanwhile_is_not_counted(person):
    post(person, 26)
    late = list(Notice.objects.order_by("pk")[20:])
    for notice, field in zip(late, ("read_at", "acked_at", "withdrawn_at"), strict=False):
        Notice.objects.filter(pk=notice.pk).update(**{field: NOW})
    storm.gather(NOW + storm.GATHER)
    assert digests()[0].text.startswith("3 more notices since")
    assert by_email() == {State.WAITING: 21, State.DIGESTED: 3, State.WITHDRAWN: 3}


def test_where_everything_was_read_there_is_no_digest(person):
    post(person, 26)
    Notice.objects.update(read_at=NOW)
    assert storm.gather(NOW + storm.GATHER) == 0
    assert by_email() == {State.WAITING: 20, State.WITHDRAWN: 6}
    assert not storm.is_due(NOW + timedelta(days=1))


def test_where_the_address_was_turned_off_meanwhile_nothing_is_sent_there(person):
    post(person, 26)
    Address.objects.filter(channel="email").update(off_at=NOW)
    assert storm.gather(NOW + storm.GATHER) == 0
    assert by_email()[State.WITHDRAWN] == 6


def test_what_somebody_else_has_gathered_is_not_gathered_again(person):
    post(person, 30)
    row = (ContentType.objects.get_for_model(person).pk, person.pk)
    assert storm._digest(row, NOW + storm.GATHER)
    assert not storm._digest(row, NOW + storm.GATHER)
    assert len(digests()) == 1
    assert Storm.objects.get().told_at == NOW + storm.GATHER


def test_what_several_wrote_without_knowing_of_each_other_is_held_before_it_is_sent(person):
    # As two transactions leave it that did not see each other's rows.
    post(person, 35)
    Delivery.objects.filter(state=State.HELD).update(state=State.WAITING)
    storm.gather(NOW + timedelta(seconds=1))
    assert by_email() == {State.WAITING: 20, State.HELD: 15}
    storm.gather(NOW + timedelta(seconds=1))
    assert by_email() == {State.WAITING: 20, State.HELD: 15}


def test_what_is_in_hand_or_was_tried_is_not_held(person):
    post(person, 35)
    rows = list(Delivery.objects.filter(state=State.HELD).order_by("pk").values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=rows).update(state=State.WAITING)
    Delivery.objects.filter(pk__in=rows[:3]).update(tries=1)
    Delivery.objects.filter(pk__in=rows[3:6]).update(leased_until=NOW + timedelta(minutes=1))
    storm.gather(NOW + timedelta(seconds=1))
    assert by_email() == {State.WAITING: 26, State.HELD: 9}


def test_a_hundred_people_cost_one_question_more_than_none(person):
    people = [make.user() for _ in range(100)]
    outbox.post([letter(one, 0) for one in people], NOW)
    with CaptureQueriesContext(connection) as many:
        outbox.post([letter(one, 1) for one in people], NOW)
    asked = [one["sql"] for one in many if "notifications_notice" in one["sql"] and "COUNT" in one["sql"]]
    assert len(asked) == 1
    with CaptureQueriesContext(connection) as one:
        post(person, 1)
    assert len(many) <= len(one)


def test_while_sending_is_paused_nothing_is_gathered_and_what_is_discarded_is_in_no_digest(person):
    post(person, 30)
    pause.pause()
    assert storm.gather(NOW + storm.GATHER) == 0
    assert not storm.is_due(NOW + storm.GATHER)
    pause.discard(NOW)
    pause.resume()
    assert storm.gather(NOW + storm.GATHER) == 0
    assert by_email() == {State.WITHDRAWN: 30}


def test_the_inbox_shows_what_a_digest_stands_for_to_its_reader_alone(engineer, office, box):
    at = timezone.now() - timedelta(minutes=2)
    post(engineer.user, 25, at)
    storm.gather(timezone.now())
    (digest,) = digests()
    page = engineer.get(digest.link)
    found = [one for matter in page.context["matters"] for one in matter.notices]
    assert {one.text for one in found} == {f"Notice {number}" for number in range(20, 25)}
    assert "The notices that one digest stands for" in page.text
    assert "Notice 2" not in office.get(digest.link).text
    assert engineer.get(f"{digest.link}9x٣").status_code == 200
    assert "this one stands for the further ones" in engineer.get("/inbox/").text


def test_words_of_a_digest():
    options.change(time_zone="UTC")
    assert storm.words(["plain"], NOW, NOW) == "1 more notice since 12:00"
    assert storm.words(["down", "plain", "plain"], NOW, NOW) == "3 more notices since 12:00: 1 down, 2 other"
    assert storm.words(["up"] * 2, NOW, NOW + timedelta(days=2)) == "2 more notices since 2026-03-01 12:00: 2 up"


def test_what_somebody_snoozed_makes_no_storm_of_what_comes_next(person):
    for number in range(25):
        post(person, 1, NOW - timedelta(hours=25 - number), start=number)
    tomorrow = NOW + timedelta(hours=20)
    reading.snooze(Notice.objects.to(person), person, tomorrow, NOW)
    post(person, 1, NOW, start=25)
    post(person, 1, tomorrow + timedelta(seconds=5), start=26)
    assert by_email() == {State.WAITING: 27}


def test_a_digest_does_not_wait_for_what_was_snoozed(person):
    post(person, 25)
    reading.snooze(Notice.objects.to(person), person, NOW + timedelta(days=7), NOW + timedelta(seconds=5))
    assert storm.gather(NOW + storm.GATHER) == 1


def test_a_fault_in_one_storm_keeps_no_other_from_its_digest(person, caplog):
    other = make.user()
    post(other, 21)
    post(person, 21)
    first = Delivery.objects.filter(state=State.HELD, notice__recipient_id=other.pk).get()
    kind = ContentType.objects.get_for_model(other).pk
    # Its mark is taken: the digest cannot be written.
    taken = letter(other, 99, NOW - timedelta(days=1), fingerprint=f"digest.{kind}.{other.pk}.{first.pk}").notice
    taken.save()
    assert storm.gather(NOW + storm.GATHER) == 1
    assert [one.recipient_id for one in digests() if one != taken] == [person.pk]
    assert "could not be worked on" in caplog.text
