"""The staff's pages: who may see and change whom, the link for a password, and the end of sessions."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config import invitations, options, people, staff
from config.models import Role, User
from notifications.models import Subscription
from tests import make

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
NEW = {"name": "Ben Ode", "email": "Ben@Example.net", "role": "engineer", "shown_role": "engineer"}


def browser_of(user):
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def path_of(link):
    return "/" + link.split("/", 3)[3]


def changed(user, **fields):
    return {"name": user.name, "email": user.email, "role": user.role} | fields


@pytest.mark.parametrize("name", ["users", "roles", "me", "user_add"])
def test_a_stranger_is_sent_to_sign_in(stranger, db, name):
    answer = stranger.get(reverse(name))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("role", ["engineer", "office", "technician", "manager"])
def test_everybody_sees_the_staff_and_only_administrators_change_it(db, role):
    one = make.user(role=role)
    other = make.user(role="office")
    client = browser_of(one)
    for address in (reverse("users"), reverse("roles"), reverse("me"), reverse("user", args=[other.pk])):
        assert client.get(address).status_code == 200
    assert client.get(reverse("user_add")).status_code == 403
    assert client.post(reverse("user_add"), NEW).status_code == 403
    assert client.post(reverse("user", args=[other.pk])).status_code == 403
    assert client.post(reverse("user_edit", args=[other.pk]), changed(other, name="X")).status_code == 403
    assert client.post(reverse("user_active", args=[other.pk]), {"active": "no"}).status_code == 403
    other.refresh_from_db()
    assert (other.is_active, other.name) == (True, other.get_full_name())
    assert User.objects.count() == 2


def test_pages_of_one_who_may_change_nobody_offer_no_way_to(engineer):
    other = make.user()
    assert reverse("user_add") not in engineer.get(reverse("users")).text
    assert reverse("user_edit", args=[other.pk]) not in engineer.get(reverse("user", args=[other.pk])).text


def test_a_forgotten_password_is_chosen_anew_by_a_link_that_is_shown_once_and_works_once(administrator):
    user = make.user(email="ben@example.net", password="the one before")
    answer = administrator.post(reverse("user", args=[user.pk]))
    assert answer["Cache-Control"] == "no-store"
    path = path_of(answer.context["link"])
    assert path in answer.text
    assert path not in administrator.get(reverse("user", args=[user.pk])).text
    theirs = Client()
    form = theirs.get(path)
    theirs.post(form.url, {"password1": "quite a long one", "password2": "quite a long one"})
    user.refresh_from_db()
    assert user.check_password("quite a long one")
    assert theirs.login(email="ben@example.net", password="quite a long one")
    assert "This link no longer works" in Client().get(path).text


def test_a_link_dies_after_three_days(administrator, settings):
    user = make.user()
    path = path_of(administrator.post(reverse("user", args=[user.pk])).context["link"])
    assert settings.PASSWORD_RESET_TIMEOUT == 3 * 86400
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert "This link no longer works" in Client().get(path).text


def test_no_link_is_made_for_an_account_that_is_off(administrator):
    user = make.user(is_active=False)
    assert administrator.post(reverse("user", args=[user.pk])).status_code == 403


def test_an_address_that_is_taken_is_refused_and_what_was_typed_stays(administrator):
    taken = make.user(name="Ada Whitlock")
    answer = administrator.post(reverse("user_add"), NEW | {"email": taken.email.upper()})
    assert answer.context["form"].errors == {"email": ["Ada Whitlock signs in with this address already."]}
    assert 'value="Ben Ode"' in answer.text
    assert User.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("email", "nowhere"), ("role", "king"), ("email", f"{'x' * 150}@example.net")]
)
def test_a_bad_value_names_its_field(administrator, field, value):
    answer = administrator.post(reverse("user_add"), NEW | {field: value})
    assert list(answer.context["form"].errors) == [field]


def test_a_changed_address_is_the_one_to_sign_in_with_and_the_old_one_is_not(administrator):
    user = make.user(email="old@example.net", password="quite a long one")
    assert Client().login(email="old@example.net", password="quite a long one")
    staff.password_link(user)
    administrator.post(reverse("user_edit", args=[user.pk]), changed(user, email="new@example.net"))
    user.refresh_from_db()
    assert (user.email, user.username) == ("new@example.net", "new@example.net")
    assert Client().login(email="new@example.net", password="quite a long one")
    assert not Client().login(email="old@example.net", password="quite a long one")


def test_a_new_role_ends_the_sessions_of_its_owner_and_nobody_else(administrator, engineer):
    other = browser_of(make.user())
    assert engineer.get(reverse("me")).status_code == 200
    administrator.post(reverse("user_edit", args=[engineer.user.pk]), changed(engineer.user, role="manager"))
    engineer.user.refresh_from_db()
    assert engineer.user.role == "manager"
    assert engineer.get(reverse("me")).status_code == 302
    assert other.get(reverse("me")).status_code == 200
    assert administrator.get(reverse("me")).status_code == 200


def test_a_new_name_ends_no_session(administrator, engineer):
    administrator.post(reverse("user_edit", args=[engineer.user.pk]), changed(engineer.user, name="Emeka"))
    assert "Emeka" in engineer.get(reverse("me")).text


def test_an_account_that_is_turned_off_is_out_at_once_and_its_old_sessions_stay_ended(administrator, engineer):
    address = reverse("user_active", args=[engineer.user.pk])
    assert "Turn off the account of" in administrator.get(address).text
    assert engineer.get(reverse("me")).status_code == 200
    administrator.post(address, {"active": "no"})
    assert engineer.get(reverse("me")).status_code == 302
    assert not Client().login(email=engineer.user.email, password="")
    administrator.post(address, {"active": "yes"})
    engineer.user.refresh_from_db()
    assert engineer.user.is_active
    assert engineer.get(reverse("me")).status_code == 302


def test_turning_off_needs_a_post(administrator, engineer):
    administrator.get(reverse("user_active", args=[engineer.user.pk]), {"active": "no"})
    engineer.user.refresh_from_db()
    assert engineer.user.is_active


def test_the_forms_ask_for_the_token_against_forgery(administrator, engineer):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(administrator.user, backend=BACKEND)
    assert careful.post(reverse("user_active", args=[engineer.user.pk]), {"active": "no"}).status_code == 403
    assert careful.post(reverse("user_add"), NEW).status_code == 403


def test_nobody_turns_themselves_off(administrator):
    answer = administrator.post(reverse("user_active", args=[administrator.user.pk]), {"active": "no"}, follow=True)
    assert "You cannot turn your own account off" in answer.text
    administrator.user.refresh_from_db()
    assert administrator.user.is_active


def test_nobody_changes_their_own_role(administrator):
    other = make.user(role="administrator")
    mine = administrator.user
    administrator.post(reverse("user_edit", args=[mine.pk]), changed(mine, role="manager", name="Ada"))
    mine.refresh_from_db()
    assert (mine.name, mine.role) == ("Ada", "administrator")
    with pytest.raises(staff.Refused, match="their own role"):
        staff.change(mine, mine, **changed(mine, role="manager"))
    staff.change(mine, other, **changed(mine, role="manager"))


def test_the_last_active_administrator_stays_one(db):
    last, engineer = make.user(role="administrator"), make.user(role="engineer")
    make.user(role="administrator", is_active=False)
    with pytest.raises(staff.Refused, match="last active administrator"):
        staff.turn_off(last, engineer)
    with pytest.raises(staff.Refused, match="last active administrator"):
        staff.change(last, engineer, **changed(last, role="office"))
    last.refresh_from_db()
    assert last.is_administrator


def test_a_refusal_is_said_on_the_form(administrator, monkeypatch):
    other = make.user(role="administrator")
    # Between the page and its form the other one became the last: nobody else is active any more.
    User.objects.filter(pk=administrator.user.pk).update(role="administrator", is_active=True)
    staff.turn_off(administrator.user, other)
    with pytest.raises(staff.Refused):
        staff.change(other, administrator.user, **changed(other, role="office"))


def test_the_list_costs_the_same_for_few_and_for_many(administrator, django_assert_max_num_queries):
    administrator.get(reverse("users"))
    with CaptureQueriesContext(connection) as few:
        administrator.get(reverse("users"))
    for role in Role.values * 6:
        make.user(role=role)
    for number in range(12):
        make.user(role="", email=f"waits{number}@example.net")
        terms = ("Ben Ode", f"invited{number}@example.net", "office", [])
        invitations.invite(*terms, administrator.user, timezone.now())
    options.current()
    with django_assert_max_num_queries(len(few)):
        administrator.get(reverse("users"))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["Ada", "Ben", "Cid"]),
        ({"q": "ben"}, ["Ben"]),
        ({"q": "ADA@"}, ["Ada"]),
        ({"role": "office"}, ["Ben", "Cid"]),
        ({"state": "off"}, ["Cid"]),
        ({"sort": "-name"}, ["Cid", "Ben", "Ada"]),
        ({"role": "king", "state": "?", "sort": "password"}, ["Ada", "Ben", "Cid"]),
    ],
)
def test_the_list_is_filtered_and_sorted(db, query, names):
    ada = make.user(role="administrator", name="Ada", email="ada@example.net")
    make.user(role="office", name="Ben")
    make.user(role="office", name="Cid", is_active=False)
    answer = browser_of(ada).get(reverse("users"), query)
    assert [user.name for user in answer.context["page_obj"]] == names


def test_while_one_types_only_the_rows_are_sent(administrator):
    answer = administrator.get(reverse("users"), headers={"HX-Request": "true", "HX-Target": "rows"})
    assert "<html" not in answer.text
    assert administrator.user.name in answer.text


def test_the_roles_page_says_yes_or_no_for_every_right_and_role(manager):
    answer = manager.get(reverse("roles"))
    cells = len(people.MAY) * len(Role)
    yes = sum(len(right.roles) for right in people.MAY)
    assert answer.text.count(">Yes<") == yes
    assert answer.text.count(">No<") == cells - yes


def test_ones_own_page_changes_the_name_alone(technician):
    answer = technician.post(reverse("me"), {"name": "Tomás", "role": "administrator", "email": "x@example.net"})
    assert answer.url == reverse("me")
    before = technician.user.email
    technician.user.refresh_from_db()
    assert (technician.user.name, technician.user.role, technician.user.email) == ("Tomás", "technician", before)
    assert "This field is required" in technician.post(reverse("me"), {"name": " "}).text


def test_ones_own_page_says_what_one_hears_of_and_by_what(office):
    thing = make.equipment("ap-ridge-1")
    Subscription.objects.create(event="incident.closed", recipient_kind="role", recipient_key="office")
    Subscription.objects.create(
        event="outage.opened", recipient_kind="user", recipient_key=str(office.user.pk), about=thing
    )
    Subscription.objects.create(event="incident.opened", recipient_kind="role", recipient_key="engineer")
    Subscription.objects.create(event="gone.event", recipient_kind="role", recipient_key="office")
    heard = [(one.label, one.about, one.by) for one in staff.hears(office.user)]
    assert heard == [
        ("An incident is over", None, "everybody in the role Office"),
        ("A piece of equipment went down", thing, ""),
    ]
    assert "A piece of equipment went down: ap-ridge-1" in office.get(reverse("me")).text


def test_the_page_of_oneself_is_my_account(office):
    assert office.get(office.user.get_absolute_url()).url == reverse("me")


def test_a_user_who_does_not_exist_is_not_found(administrator):
    assert administrator.get(reverse("user", args=[999_999])).status_code == 404
