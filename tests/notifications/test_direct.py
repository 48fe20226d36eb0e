"""Writing to others from the page of an object: who gets it, what is refused, and what its sender sees of it."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from notifications import actions, direct
from notifications.channels import webpush
from notifications.delivery import deliver
from notifications.models import Act, Attempt, Delivery, Notice, Report
from notifications.writing import DirectForm
from tests import make
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db
ROLES = ("administrator", "engineer", "office", "technician", "manager")


def address(thing):
    return f"/notices/write/{thing._meta.label_lower}/{thing.pk}/"


def post(client, thing, to, text="Look at this one", **more):
    return client.post(address(thing), {"text": text, "to": to, "mark": "mark-0001", **more})


def told(user):
    return [(one.event, one.text, one.link) for one in Notice.objects.to(user)]


def test_a_notice_goes_to_a_user_with_the_link_to_the_object(engineer):
    thing, office = make.equipment("ap-1"), make.user("office")
    response = post(engineer, thing, [f"user:{office.pk}"])
    assert response.url == thing.get_absolute_url()
    assert told(office) == [("notice.direct", "Look at this one", thing.get_absolute_url())]
    notice = Notice.objects.get()
    assert notice.sent_by == engineer.user
    assert notice.about == thing
    assert Act.objects.get(what="wrote").by == engineer.user


def test_who_is_meant_by_a_role_and_by_name_hears_once_and_the_sender_not_at_all(engineer):
    other, office = make.user("engineer"), make.user("office")
    post(engineer, make.site(), ["role:engineer", "everybody:all", f"user:{other.pk}"])
    assert {one.recipient for one in Notice.objects.all()} == {other, office}


def test_who_has_left_or_waits_to_be_admitted_is_not_among_everybody(engineer):
    make.user("office", is_active=False)
    make.user("office").__class__.objects.filter(role="office").update(role="")
    here = make.user("technician")
    post(engineer, make.site(), ["everybody:all"])
    assert [one.recipient for one in Notice.objects.all()] == [here]


def test_280_signs_are_taken_whole_and_281_are_refused_and_kept(engineer):
    thing, office = make.site(), make.user("office")
    exact, over = "ä" * 279 + "🗼", "ä" * 280 + "🗼"
    page = post(engineer, thing, [f"user:{office.pk}"], over)
    assert page.status_code == 200
    assert "Text: At most 280 signs: this has 281." in page.content.decode()
    assert over in page.content.decode()
    assert f'value="user:{office.pk}" id="send-user{office.pk}" checked' in page.content.decode()
    assert not Notice.objects.exists()
    post(engineer, thing, [f"user:{office.pk}"], exact)
    assert [text for _, text, _ in told(office)] == [exact]


def test_line_breaks_and_runs_of_spaces_become_one_space_and_count_as_one(engineer):
    office = make.user("office")
    post(engineer, make.site(), [f"user:{office.pk}"], "  one\r\n\r\n  two\t three  ")
    assert [text for _, text, _ in told(office)] == ["one two three"]


@pytest.mark.parametrize(
    ("text", "to", "words"),
    [
        ("", "role:office", "Text: This field is required."),
        ("   \n ", "role:office", "Text: This field is required."),
        ("a\x00b", "role:office", "Text: "),
        ("a\x07b", "role:office", "Text: There is a sign in it that cannot be shown."),
        ("hello", [], "To: Say to whom it goes."),
        ("hello", "user:999999", "To: Select a valid choice."),
        ("hello", "role:king", "To: Select a valid choice."),
        ("hello", "nonsense", "To: Select a valid choice."),
        ("hello", "role:manager", "To: There is nobody but you among them."),
    ],
)
def test_what_is_wrong_is_said_by_its_field_and_nothing_is_sent(engineer, text, to, words):
    make.user("office")
    page = post(engineer, make.site(), to, text)
    assert page.status_code == 200
    assert words in page.content.decode()
    assert not Notice.objects.exists()


def test_an_attachment_that_there_is_not_is_refused(engineer):
    make.user("office")
    page = post(engineer, make.site(), "role:office", report="exe")
    assert "Attached: Select a valid choice" in page.content.decode()
    assert not Notice.objects.exists()


def test_oneself_is_no_choice(engineer):
    form = DirectForm({"text": "hello", "to": [f"user:{engineer.user.pk}"]}, sender=engineer.user, about=make.site())
    assert "to" in form.errors


def test_a_form_that_is_sent_twice_is_told_once(engineer):
    thing, office = make.site(), make.user("office")
    for _ in range(2):
        post(engineer, thing, [f"user:{office.pk}"], report="csv")
    assert len(told(office)) == 1
    assert Report.objects.count() == 1
    post(engineer, thing, [f"user:{office.pk}"], mark="mark-0002")
    assert len(told(office)) == 2


def test_the_form_of_somebody_else_with_the_same_mark_is_another_notice(engineer, technician):
    thing, office = make.site(), make.user("office")
    post(engineer, thing, [f"user:{office.pk}"])
    post(technician, thing, [f"user:{office.pk}"])
    assert len(told(office)) == 2


def test_a_notice_is_told_to_who_has_muted_its_object(engineer):
    thing, office = make.equipment("ap-1"), make.user("office")
    actions.mute(office, thing, None)
    post(engineer, thing, [f"user:{office.pk}"])
    deliver.deliver(timezone.now())
    assert {one.state for one in Delivery.objects.all()} == {Delivery.State.DONE}


@pytest.mark.parametrize("role", ROLES)
def test_everybody_of_the_staff_may_write_to_others(role, db):
    client, to = signed_in(role), make.user("office")
    thing = make.customer()
    page = client.get(address(thing))
    assert page.status_code == 200
    post(client, thing, [f"user:{to.pk}"])
    assert len(told(to)) == 1


def test_so_many_notices_within_an_hour_are_enough_for_one_sender(manager, engineer):
    office, thing, now = make.user("office"), make.site(), timezone.now()
    for number in range(direct.MOST_IN_AN_HOUR):
        at = now - timedelta(minutes=number)
        assert direct.send(direct.Draft("hello", [("role", "office")], f"mark-{number:04}", thing), manager.user, at)
    page = post(manager, thing, [f"user:{office.pk}"], "One more", mark="mark-more")
    assert "within an hour" in page.content.decode() and "One more" in page.content.decode()
    assert "within an hour" in manager.post("/notices/announce/", {"text": "All"}).content.decode()
    post(engineer, thing, [f"user:{office.pk}"], "From somebody else")
    assert len(told(office)) == direct.MOST_IN_AN_HOUR + 1
    Notice.objects.filter(created_at=now).update(created_at=now - timedelta(hours=2))
    post(manager, thing, [f"user:{office.pk}"], "One more", mark="mark-more")
    assert len(told(office)) == direct.MOST_IN_AN_HOUR + 2


def test_an_address_that_names_nobody_is_not_there(administrator):
    for key in ("abc", "9" * 30, "\u0663"):
        assert administrator.post(f"/notices/general/user/{key}/").status_code == 404
    assert administrator.get("/subscribe/a%00b/1/").status_code == 404


def test_a_stranger_is_led_to_the_sign_in_and_sends_nothing(stranger, db):
    thing, to = make.site(), make.user("office")
    for url in (address(thing), "/notices/sent/", "/notices/announce/", "/notices/sent/1/", "/reports/1/"):
        assert stranger.get(url).url.startswith("/account/login/")
    assert post(stranger, thing, [f"user:{to.pk}"]).url.startswith("/account/login/")
    assert not Notice.objects.exists()


def test_without_the_token_of_the_form_nothing_is_sent(engineer):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(engineer.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    make.user("office")
    assert post(strict, make.site(), "role:office").status_code == 403
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    "path", ["customers.site/999999", "no.such/1", "notifications.notice/1", "config.user/1", "x/1"]
)
def test_what_is_no_object_with_a_page_of_its_own_is_not_there(engineer, path):
    assert engineer.get(f"/notices/write/{path}/").status_code == 404


def test_the_panel_stands_on_the_page_of_an_object_and_opens_in_its_place(engineer):
    thing = make.equipment("ap-1")
    assert address(thing) in engineer.get(thing.get_absolute_url()).content.decode()
    panel = engineer.get(address(thing), headers={"HX-Request": "true", "HX-Target": "send-notice"})
    assert b"<html" not in panel.content
    assert b'data-most="280"' in panel.content
    assert b"maxlength" not in panel.content
    assert "HX-Target" in panel.headers["Vary"]


def test_a_name_that_is_markup_is_shown_as_it_is(engineer):
    make.user("office", name="<script>alert(1)</script>")
    page = engineer.get(address(make.site("<b>North</b>"))).content.decode()
    assert "<script>alert" not in page
    assert "<b>North" not in page


def test_the_sender_sees_who_has_read_it_and_by_which_channel_it_came(engineer, office):
    thing = make.site("Tower North")
    other = make.user("office", name="Ida Ohm")
    post(engineer, thing, ["role:office"])
    deliver.deliver(timezone.now())
    office.post(f"/inbox/{Notice.objects.to(office.user).get().pk}/")
    page = engineer.get("/notices/sent/").content.decode()
    assert "Look at this one" in page
    assert "1 of 2" in page
    one = engineer.get(f"/notices/sent/{Notice.objects.order_by('pk')[0].pk}/").content.decode()
    assert str(other) in one
    assert "of whom 1 has read it" in " ".join(one.split())
    assert "Inbox: delivered" in one


def test_the_sender_sees_why_an_address_did_not_take_it(engineer):
    office = make.user("office")
    post(engineer, make.site(), [f"user:{office.pk}"])
    delivery = Delivery.objects.first()
    Attempt.objects.create(
        delivery=delivery, started_at=timezone.now(), ended_at=timezone.now(), error="550 no such user"
    )
    Delivery.objects.filter(pk=delivery.pk).update(state="failed")
    page = engineer.get(f"/notices/sent/{Notice.objects.get().pk}/").content.decode()
    assert "failed for good: 550 no such user" in page


def test_what_somebody_else_sent_is_nobody_elses_to_see(engineer, administrator, office):
    post(engineer, make.site(), [f"user:{office.user.pk}"], "for the office alone")
    pk = Notice.objects.get().pk
    for client in (administrator, office):
        assert client.get(f"/notices/sent/{pk}/").status_code == 404
        assert "for the office alone" not in client.get("/notices/sent/").content.decode()


def test_the_list_of_what_was_sent_takes_the_same_queries_for_any_number(engineer, django_assert_max_num_queries):
    make.user("office")
    things = [make.site() for _ in range(12)]
    engineer.get("/notices/sent/")
    for number, thing in enumerate(things):
        post(engineer, thing, "role:office", mark=f"mark-{number:04}", report="csv" if number % 2 else "")
    with django_assert_max_num_queries(14):
        assert engineer.get("/notices/sent/").content.decode().count("0 of 1") == 12


def test_an_empty_page_says_how_something_comes_to_be_there(engineer):
    assert "Nothing sent yet" in engineer.get("/notices/sent/").content.decode()


def test_where_nobody_is_new_no_report_is_made(engineer):
    draft = direct.Draft("hello", [("role", "manager")], "mark-0001", make.site(), "csv")
    assert direct.send(draft, engineer.user, timezone.now()) == 0
    assert not Report.objects.exists()


def test_who_reads_it_sees_who_wrote_it_and_why(engineer, office):
    post(engineer, make.site(), [f"user:{office.user.pk}"], report="csv")
    page = office.get("/inbox/").content.decode()
    assert f"{engineer.user} wrote it to you; no subscription asked for it." in page
    assert f"/reports/{Report.objects.get().pk}/" in page


@pytest.mark.django_db(transaction=True)
def test_of_two_that_send_one_form_at_the_same_moment_one_is_told_and_leaves_a_report():
    thing, sender = make.site(), make.user("engineer")
    people = [make.user("office") for _ in range(3)]
    draft = direct.Draft("hello", [("role", "office")], "mark-0001", thing, "csv")
    start, counts = threading.Barrier(2), []

    def send():
        start.wait()
        counts.append(direct.send(draft, sender, timezone.now()))
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 3
    assert sorted(len(told(one)) for one in people) == [1, 1, 1]
    assert {one.report_id for one in Notice.objects.all()} == set(Report.objects.values_list("pk", flat=True))


def test_on_a_screen_it_says_who_wrote_about_what_and_takes_no_other_s_place(engineer, manager):
    thing, office = make.equipment("ap-1"), make.user("office")
    for number in range(2):
        post(engineer, thing, [f"user:{office.pk}"], mark=f"mark-000{number}")
    manager.post("/notices/announce/", {"text": "The depot is shut", "mark": "mark-0001"})
    shown = [json.loads(webpush.payload(one)) for one in Notice.objects.to(office).order_by("pk")]
    assert [one["title"] for one in shown] == [f"{engineer.user}: ap-1"] * 2 + [f"{manager.user}: Towerwatch"]
    assert len({one["tag"] for one in shown}) == 3
    assert shown[0]["url"] == thing.get_absolute_url()
