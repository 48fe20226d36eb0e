"""Who is on duty: the recipient, the page of the rota, and what is done to it."""

from datetime import time, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from config import options
from notifications import outbox, recipients, why
from notifications.duty import actions, on_duty, week
from notifications.models import Cover, Notice, Subscription, Turn
from tests import make
from tests.asked import asked
from tests.notifications.duty.making import NOW, all_week, road

pytestmark = pytest.mark.django_db
DUTY = ("duty", "now")
TURN = {"rank": "1", "from_day": "0", "from_time": "08:00", "to_day": "4", "to_time": "18:00"}
COVER = {"rank": "1", "starts_at": "2026-05-09T08:00", "ends_at": "2026-05-10T08:00", "note": "wedding"}
PAGES = ["duty", "duty_turn_add", "duty_cover_add"]
READERS, CHANGERS = ["office", "technician", "manager"], ["administrator", "engineer"]


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOW, tick=False):
        yield


# Whom it means


def test_whoever_is_on_duty_is_the_first_and_the_second_where_nobody_is_first():
    ada, ben = make.user(), make.user()
    all_week(ben, rank=2)
    assert recipients.resolve(*DUTY) == [ben]
    all_week(ada)
    assert recipients.resolve(*DUTY) == [ada]
    assert on_duty.at(NOW).in_order == [ada, ben]


def test_nobody_on_duty_means_the_administrators_and_says_so():
    boss, other = make.user("administrator"), make.user("technician")
    assert recipients.resolve(*DUTY) == [boss]
    assert recipients.because_then(*DUTY, [(boss.pk, NOW)]) == ["nobody is on duty, and so administrators are told"]
    all_week(other)
    assert recipients.because_then(*DUTY, [(other.pk, NOW)]) == ["you are on duty"]
    assert recipients.reaching(other)[-1] == DUTY
    assert DUTY not in recipients.reaching(boss)


def test_who_may_not_sign_in_any_more_is_not_on_duty():
    boss, gone = make.user("administrator"), make.user(is_active=False)
    all_week(gone)
    assert recipients.resolve(*DUTY) == [boss]


def test_who_stands_in_and_may_not_sign_in_any_more_leaves_it_to_the_rota_as_the_page_says():
    ada, gone = make.user(), make.user(is_active=False)
    all_week(ada)
    make.user("administrator")
    Cover.objects.create(person=gone, starts_at=NOW - timedelta(hours=1), ends_at=NOW + timedelta(hours=1))
    assert recipients.resolve(*DUTY) == [ada]
    today = next(row for row in week.of(week.monday("", NOW), NOW).rows if row.is_today)
    assert next(shift.people for shift in today.first if shift.is_now) == [ada]


def test_it_is_resolved_when_it_happens_and_why_says_what_was_so_then():
    ada, boss = make.user(), make.user("administrator")
    row = Subscription.objects.create(event="outage.opened", recipient_kind="duty", recipient_key="now")
    Cover.objects.create(person=ada, starts_at=NOW, ends_at=NOW + timedelta(hours=1))
    seen = {}
    for hours in (0, 2):
        with time_machine.travel(NOW + timedelta(hours=hours), tick=False):
            seen[hours] = recipients.resolve(*DUTY)
    assert seen == {0: [ada], 2: [boss]}
    notices = [_written(ada, row, NOW), _written(boss, row, NOW + timedelta(hours=2))]
    with time_machine.travel(NOW + timedelta(days=3), tick=False):
        words = why.reasons(notices)
    assert "you are on duty" in words[notices[0].pk]
    assert "nobody is on duty" in words[notices[1].pk]


def _written(person, row, now):
    one = outbox.written(person, "down", "/", person, now)
    one.event, one.why = row.event, [row.pk]
    one.save()
    return one


def test_administrators_subscribe_whoever_is_on_duty(administrator):
    make.user()
    site = make.site()
    page = administrator.get(reverse("subscriptions_of", args=DUTY))
    assert page.status_code == 200
    assert "hoever is on duty" in page.text
    answer = administrator.get(reverse("subscribe", args=["customers.site", site.pk]))
    assert "Whoever is on duty" in answer.text or "whoever is on duty" in answer.text


# The page


def test_a_stranger_is_sent_to_sign_in(stranger):
    for name in PAGES:
        assert stranger.get(reverse(name)).status_code == 302


@pytest.mark.parametrize("role", READERS)
def test_all_read_it_and_those_who_may_not_change_it_see_no_way_to(request, role):
    client = request.getfixturevalue(role)
    turn = all_week(make.user())
    page = client.get(reverse("duty"))
    assert page.status_code == 200
    assert reverse("duty_turn_add") not in page.text
    assert reverse("duty_turn", args=[turn.pk]) not in page.text
    for name in PAGES[1:]:
        assert client.get(reverse(name)).status_code == 403
        assert client.post(reverse(name), TURN).status_code == 403
    for name in ("duty_turn", "duty_turn_remove"):
        assert client.post(reverse(name, args=[turn.pk]), TURN).status_code == 403
    assert Turn.objects.get() == turn


@pytest.mark.parametrize("role", CHANGERS)
def test_administrators_and_engineers_change_it_and_whom_it_concerns_is_told(request, role):
    client, ada, ben = request.getfixturevalue(role), make.user(name="Ada"), make.user(name="Ben")
    assert client.post(reverse("duty_turn_add"), TURN | {"person": ada.pk}).url == reverse("duty")
    turn = Turn.objects.get()
    assert (
        Notice.objects.to(ada)
        .get()
        .text.endswith("put you on duty: Monday 08:00 to Friday 18:00, every week, called first")
    )
    client.post(reverse("duty_turn", args=[turn.pk]), TURN | {"person": ben.pk})
    assert "took you off duty" in Notice.objects.to(ada).latest("pk").text
    assert "put you on duty" in Notice.objects.to(ben).get().text
    client.post(reverse("duty_turn_remove", args=[turn.pk]))
    client.post(reverse("duty_turn_remove", args=[turn.pk]))
    assert Notice.objects.to(ben).count() == 2
    assert not Turn.objects.exists()
    assert Turn.history.count() == 3


def test_the_same_saved_again_tells_nobody(administrator):
    ada = make.user()
    for path in (reverse("duty_turn_add"), None):
        administrator.post(path or reverse("duty_turn", args=[Turn.objects.get().pk]), TURN | {"person": ada.pk})
    assert Notice.objects.to(ada).count() == 1


def test_covers_are_kept_by_the_clock_of_the_house(engineer):
    options.change(time_zone="America/Denver")
    ada = make.user()
    assert engineer.post(reverse("duty_cover_add"), COVER | {"person": ada.pk}).status_code == 302
    cover = Cover.objects.get()
    assert cover.starts_at.isoformat() == "2026-05-09T14:00:00+00:00"
    assert "Sat 9 May 08:00 to Sun 10 May 08:00, called first" in Notice.objects.to(ada).get().text
    assert "08:00 to Sun 10 May 08:00" in engineer.get(reverse("duty")).text
    page = engineer.get(reverse("duty_cover", args=[cover.pk]))
    assert 'value="2026-05-09T08:00"' in page.text
    engineer.post(reverse("duty_cover_remove", args=[cover.pk]))
    assert not Cover.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"ends_at": "2026-05-09T08:00"}, "Until: It has to end after it begins."),
        ({"ends_at": "2026-05-01T08:00"}, "Until: It has to end after it begins."),
        ({"ends_at": "2027-05-10T08:00"}, "Until: It lasts more than three months"),
        ({"starts_at": "soon"}, "From: Enter a valid date/time."),
        ({"starts_at": ""}, "From: This field is required."),
        ({"person": "999999"}, "Person: Select a valid choice"),
        ({"rank": "3"}, "Called: Select a valid choice"),
    ],
)
def test_a_wrong_cover_names_the_field_and_keeps_what_was_typed(engineer, wrong, words):
    answer = engineer.post(reverse("duty_cover_add"), COVER | {"person": make.user().pk} | wrong)
    assert words in answer.text
    assert 'value="wedding"' in answer.text
    assert not Cover.objects.exists()


def test_nobody_who_waits_or_has_left_can_be_put_on_duty(engineer):
    for person in (make.user(""), make.user(is_active=False)):
        answer = engineer.post(reverse("duty_turn_add"), TURN | {"person": person.pk})
        assert "Select a valid choice" in answer.text


def test_it_says_who_is_on_by_which_roads_and_whom_nothing_reaches(office, settings):
    settings.EMAIL_READY = False
    ada, ben = make.user(name="Ada Whitlock"), make.user(name="Ben Ode")
    all_week(ada)
    all_week(ben, rank=2)
    road(ada, label="Firefox on Linux")
    page = office.get(reverse("duty")).text
    assert "Firefox on Linux" in page
    assert "<strong>Ben Ode</strong> is down for duty, and has no channel that works" in page
    assert "<strong>Ada Whitlock</strong>" not in page
    assert "Nobody is on duty now" not in page


def test_it_shows_gaps_and_overlaps_of_the_week_asked_for(office):
    ada, ben = make.user(name="Ada"), make.user(name="Ben")
    Turn.objects.create(person=ada, from_day=0, from_time=time(0), to_day=5, to_time=time(0))
    Turn.objects.create(person=ben, from_day=4, from_time=time(12), to_day=6, to_time=time(12))
    page = office.get(reverse("duty"), {"week": "2026-05-07"}).text
    assert "Nobody from Sun 12:00 to Mon 00:00" in page
    assert "Ada and Ben are both first from Fri 12:00 to Sat 00:00" in page
    assert "Week of 4 May 2026" in page


@pytest.mark.parametrize("text", ["", "yesterday", "9999-12-31", "0001-01-01", "2026-13-01", "2026-W19", "\0"])
def test_any_week_can_be_asked_for(office, text):
    all_week(make.user())
    assert office.get(reverse("duty"), {"week": text}).status_code == 200


def test_a_week_in_which_the_clock_changes_has_seven_days(settings):
    options.change(time_zone="Europe/Berlin")
    all_week(ada := make.user())
    found = week.of(week.monday("2026-03-25", NOW), NOW)
    assert len(found.rows) == 7
    assert [shift.people for row in found.rows for shift in row.first] == [[ada]] * 7
    assert not found.gaps


def test_an_empty_rota_says_what_will_be_here(office):
    assert "No rota yet" in office.get(reverse("duty")).text
    assert "administrators are told instead" in office.get(reverse("duty")).text


def test_many_turns_cost_no_more_queries_than_few(office):
    for _ in range(2):
        road(all_week(make.user()).person)
    few = asked(office, reverse("duty"))
    for _ in range(30):
        road(all_week(make.user()).person)
    assert asked(office, reverse("duty")) == few


def test_who_leaves_is_on_duty_no_more():
    ada = make.user()
    all_week(ada)
    Cover.objects.create(person=ada, starts_at=NOW, ends_at=NOW + timedelta(hours=1))
    old = Cover.objects.create(person=ada, starts_at=NOW - timedelta(days=2), ends_at=NOW - timedelta(days=1))
    assert actions.forget(ada) == 2
    assert list(Cover.objects.all()) == [old]
    assert timezone.now() == NOW
