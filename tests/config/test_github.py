"""Signing in by GitHub: the whole round against a server that plays GitHub, waiting, admitting, connecting."""

import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.urls import get_resolver, reverse

from config import accounts, leaving, staff
from config.models import User
from notifications import recipients
from notifications.audit import Act
from tests import make
from tests.config.octocat import GitHub
from tests.config.test_env import refused

PASSWORD = "quite a long one"
BACKEND = accounts.BACKEND


@pytest.fixture
def github(settings):
    server = GitHub()
    app = {"client_id": "our-id", "secret": "our-secret"}
    settings.GITHUB_URL = server.url
    settings.SOCIALACCOUNT_PROVIDERS = {"github": {"provider_class": "config.github.GitHub", "APP": app}}
    yield server
    server.close()


def went_there(browser, process=""):
    """Press the button, let GitHub answer, and come back: the answer of the callback."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    away = browser.post(reverse("github_login") + process)
    if away.status_code != 302 or not away.url.startswith("http://127.0.0.1"):
        return away
    try:
        urllib.request.build_opener(Stay).open(away.url)
    except urllib.error.HTTPError as answer:
        back = urlsplit(answer.headers["Location"])
    return browser.get(f"{back.path}?{back.query}")


def test_half_of_what_it_needs_stops_the_start(tmp_path):
    assert refused(tmp_path, GITHUB_CLIENT_ID="x") == "GITHUB_CLIENT_ID needs GITHUB_CLIENT_SECRET beside it"
    assert "GITHUB_URL" in refused(tmp_path, GITHUB_URL="github.example.net")


def test_without_the_operators_word_there_is_no_github(client, db):
    assert "GitHub" not in client.get(reverse("account_login")).text
    assert client.post(reverse("github_login")).status_code == 404
    assert client.get(reverse("github_callback")).status_code == 404


def test_with_it_the_door_has_a_button_and_only_a_post_leads_away(client, db, github):
    assert "Sign in by GitHub" in client.get(reverse("account_login")).text
    assert client.get(reverse("github_login")).status_code == 200
    assert not github.asked


def test_somebody_unknown_gets_an_account_that_may_nothing_and_waits(client, db, github):
    assert went_there(client).url == reverse("waiting")
    user = User.objects.get()
    assert (user.name, user.role, user.has_usable_password()) == ("Octavia Cat", "", False)
    assert user.email == "4711+octo@users.noreply.github.com"
    assert not user.get_all_permissions() and not user.has_perm("customers.view")
    assert "An administrator has to admit you" in client.get(reverse("waiting")).text
    assert github.asked[0]["client_id"] == "our-id"
    assert not github.asked[0].get("scope")
    assert not github.strange
    assert list(Act.objects.order_by("pk").values_list("what", "by_name")) == [
        ("knocked", "Octavia Cat"), ("signed_in", "Octavia Cat")
    ]  # fmt: skip


def is_a_page(pattern):
    return not pattern.pattern.converters and getattr(pattern.callback, "login_required", True)


def test_while_they_wait_every_other_page_is_refused(client, db, github):
    went_there(client)
    names = {one.name for one in get_resolver().url_patterns if getattr(one, "name", None) and is_a_page(one)}
    for name in names - {"waiting", "account_logout"}:
        answer = client.get(reverse(name))
        assert answer.status_code == 403, name
        assert "An administrator has to admit you" in answer.text
    assert len(names) > 8
    for name in ("customers", "incidents", "inbox", "subscriptions"):
        assert client.get(reverse(name)).status_code == 403
        assert client.post(reverse(name)).status_code == 403


def test_who_waits_hears_of_nothing_and_is_offered_nowhere(client, db, github):
    went_there(client)
    user = User.objects.get()
    assert recipients.resolve("user", str(user.pk)) == []
    assert recipients.resolve("role", "") == []
    assert str(user.pk) not in dict(recipients.kinds()["user"].choices())
    assert list(User.objects.working()) == []


def test_an_administrator_admits_them_with_a_role(administrator, github):
    theirs = Client()
    went_there(theirs)
    user = User.objects.get(role="")
    page = administrator.get(reverse("users")).text
    assert "Wait to be admitted" in page and "Octavia Cat" in page
    assert "to be admitted" in (theirs_page := administrator.get(user.get_absolute_url()).text)
    assert "This role may" not in theirs_page
    said = {"name": "Octavia Cat", "email": "octavia@example.net", "role": "office"}
    assert administrator.post(reverse("user_admit", args=[user.pk]), said).url == reverse("users")
    assert theirs.get(reverse("customers")).status_code == 200
    user.refresh_from_db()
    assert (user.role, user.email) == ("office", "octavia@example.net")
    assert "Wait to be admitted" not in administrator.get(reverse("users")).text
    assert Act.objects.get(what="admitted").by == administrator.user
    again = Client()
    assert went_there(again).url == reverse("now")
    assert again.session[SESSION_KEY] == str(user.pk)


def test_one_who_is_refused_stays_out(administrator, github):
    theirs = Client()
    went_there(theirs)
    user = User.objects.get(role="")
    administrator.post(reverse("user_refuse", args=[user.pk]))
    assert theirs.get(reverse("waiting")).url.startswith(reverse("account_login"))
    assert went_there(Client()).url == reverse("account_inactive")
    assert User.objects.count() == 2


def test_of_two_administrators_the_first_decides(administrator, github):
    went_there(Client())
    user = User.objects.get(role="")
    said = {"name": "Octavia Cat", "email": "octavia@example.net", "role": "office"}
    administrator.post(reverse("user_admit", args=[user.pk]), said)
    late = administrator.post(reverse("user_refuse", args=[user.pk]), follow=True)
    assert "another administrator has decided" in late.text
    user.refresh_from_db()
    assert (user.is_active, user.role) == (True, "office")


@pytest.mark.parametrize("role", ["engineer", "office", "technician", "manager"])
def test_only_administrators_see_and_admit_those_who_wait(db, role, github):
    went_there(Client())
    user = User.objects.get()
    client = Client()
    client.force_login(make.user(role=role), backend=BACKEND)
    assert "Octavia Cat" not in client.get(reverse("users")).text
    for name in ("user_admit", "user_refuse"):
        assert client.post(reverse(name, args=[user.pk]), {"role": "administrator"}).status_code == 403


def test_an_account_with_the_same_address_is_not_touched(client, db, github):
    ours = make.user(email="octo@example.net", role="administrator", password=PASSWORD)
    went_there(client)
    assert client.session[SESSION_KEY] != str(ours.pk)
    assert User.objects.waiting().count() == 1
    ours.refresh_from_db()
    assert ours.check_password(PASSWORD)
    assert not ours.socialaccount_set.exists()


def signed_in(user):
    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    return client


def test_who_is_signed_in_connects_their_account_after_giving_the_password_again(db, github):
    user = make.user(password=PASSWORD)
    mine = signed_in(user)
    assert "Connect it" in mine.get(reverse("socialaccount_connections")).text
    asked = went_there(mine, "?process=connect")
    assert asked.url.startswith(reverse("account_reauthenticate"))
    mine.post(asked.url, {"password": PASSWORD}, follow=True)
    assert user.socialaccount_set.get().uid == "4711"
    assert "octo" in mine.get(reverse("socialaccount_connections")).text
    by_github = Client()
    assert went_there(by_github).url == reverse("now")
    assert by_github.session[SESSION_KEY] == str(user.pk)
    assert User.objects.count() == 1
    mine.post(reverse("socialaccount_connections"), {"account": user.socialaccount_set.get().pk})
    assert not user.socialaccount_set.exists()


def test_an_account_that_is_connected_elsewhere_is_not_taken(db, github):
    first, second = make.user(password=PASSWORD), make.user(password=PASSWORD)
    for user in (first, second):
        mine = signed_in(user)
        asked = went_there(mine, "?process=connect")
        mine.post(asked.url, {"password": PASSWORD}, follow=True)
    assert first.socialaccount_set.count() == 1
    assert not second.socialaccount_set.exists()


def test_a_name_that_changes_there_is_the_same_account_and_the_same_name_of_another_is_not(client, db, github):
    went_there(client)
    github.is_account(4711, "new-name")
    went_there(Client())
    assert User.objects.count() == 1
    github.is_account(4712, "octo")
    went_there(Client())
    assert User.objects.count() == 2


def test_saying_no_at_github_leads_back(client, db, github):
    github.refuses = True
    assert went_there(client).url == reverse("socialaccount_login_cancelled")
    assert "You did not sign in" in client.get(reverse("socialaccount_login_cancelled")).text
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("status", "answer"),
    [(500, "{}"), (200, "<html>"), (200, "{}"), (200, "[]"), (200, '{"id": null}'), (200, '{"id": "1"}'), (401, "{}")],
)
def test_an_answer_that_names_nobody_lets_nobody_in(client, db, github, status, answer):
    github.status, github.answer = status, answer
    found = went_there(client)
    assert found.status_code == 401
    assert "GitHub did not say who you are" in found.text
    assert not User.objects.exists()


def test_a_callback_that_nobody_asked_for_lets_nobody_in(client, db, github):
    for query in ({"code": "the-code", "state": "guessed"}, {"code": "the-code"}, {}):
        assert client.get(reverse("github_callback"), query).status_code == 401
    assert not github.sent


def test_an_address_that_is_taken_is_refused_at_admission(administrator, github):
    went_there(Client())
    user = User.objects.get(role="")
    said = {"name": "Octavia Cat", "email": administrator.user.email, "role": "office"}
    assert "signs in with this address already" in administrator.post(reverse("user_admit", args=[user.pk]), said).text
    with pytest.raises(staff.Refused, match="signs in with"):
        staff.admit(user, **said)
    user.refresh_from_db()
    assert user.is_waiting


def test_too_many_who_wait_are_told_to_ask_for_an_invitation(client, db, github):
    for number in range(accounts.MOST_WAITING):
        make.user(role="", email=f"{number}@example.net")
    assert "Too many wait" in went_there(client).text
    assert User.objects.count() == accounts.MOST_WAITING


def test_nobody_types_an_address_of_their_own(client, db, github):
    assert client.get("/account/social/signup/").status_code in (302, 404)
    assert client.post("/account/social/signup/", {"email": "ada@example.net"}).status_code in (302, 404)
    assert not User.objects.exists()


def test_who_left_and_comes_again_by_github_is_told_whom_to_ask(administrator, github):
    went_there(Client())
    person = User.objects.get(name="Octavia Cat")
    staff.admit(person, name=person.name, email=person.email, role="technician")
    leaving.leave(person, administrator.user, None)
    answer = went_there(Client())
    assert answer.status_code == 403
    assert "Ask an administrator" in answer.text
    assert User.objects.waiting().count() == 0
