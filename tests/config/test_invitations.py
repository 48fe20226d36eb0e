"""Invitations: a link to hand over, once, within seven days, and an account only when it is used."""

import re
import threading
from datetime import timedelta

import pytest
from django.contrib.auth import SESSION_KEY
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from config import invitations, jobs, starters
from config.models import Invitation, Role, User
from notifications.audit import Act
from notifications.event import declared
from notifications.models import Notice, Subscription
from tests import make
from tests.notifications.letterbox import Letterbox, listening, use

NEW = {"name": "Ben Ode", "email": "Ben@Example.net", "role": "manager", "shown_role": "manager"}
ME = {"name": "Ben Ode", "password": "quite a long one"}


def path_of(link):
    return "/" + link.split("/", 3)[3]


def invited(by, **terms):
    terms = {"name": "Ben Ode", "email": "ben@example.net", "role": "manager", "chosen": []} | terms
    row, link = invitations.invite(**terms, by=by, now=timezone.now())
    return row, path_of(link)


def test_an_invitation_makes_no_account_and_its_link_is_shown_once(administrator):
    answer = administrator.post(reverse("user_add"), NEW | {"chosen": ["incident.opened"]})
    assert answer["Cache-Control"] == "no-store"
    path = path_of(answer.context["link"])
    assert path in answer.text
    assert not User.objects.filter(email="ben@example.net").exists()
    users = administrator.get(reverse("users")).text
    assert "Invited, not yet in" in users
    assert "ben@example.net" in users
    assert path not in users
    assert path.split("/")[-2] not in str(Invitation.objects.values().get())


def test_who_opens_it_sees_who_invites_them_to_what_and_comes_in(administrator):
    _, path = invited(administrator.user, chosen=["incident.opened", "no.such_event"])
    theirs = Client()
    page = theirs.get(path)
    assert f"{administrator.user} invites you to Towerwatch" in page.text
    assert "as manager" in page.text
    assert theirs.post(path, ME | {"name": "Benjamin Ode"}).url == reverse("now")
    user = User.objects.get(email="ben@example.net")
    assert (user.name, user.role, user.check_password("quite a long one")) == ("Benjamin Ode", "manager", True)
    assert theirs.get(reverse("me")).status_code == 200
    own = Subscription.objects.to(("user", str(user.pk)))
    assert [(one.event, one.created_by) for one in own] == [("incident.opened", user)]
    assert not Notice.objects.to(user).exists()
    assert "Invited, not yet in" not in administrator.get(reverse("users")).text
    assert list(Act.objects.filter(by=user).values_list("what", flat=True)) == ["signed_in", "came_in"]


def test_a_link_works_once(administrator):
    _, path = invited(administrator.user)
    Client().post(path, ME)
    for answer in (Client().get(path), Client().post(path, ME)):
        assert answer.status_code == 410
        assert "has been used already" in answer.text
    assert User.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_a_link_at_once_one_comes_in():
    administrator = make.user(role="administrator")
    _, path = invited(administrator)
    start, codes = threading.Barrier(2), []

    def press():
        theirs = Client()
        start.wait()
        codes.append(theirs.post(path, ME).status_code)
        connection.close()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [302, 410]
    assert User.objects.filter(email="ben@example.net").count() == 1


def test_after_seven_days_it_says_so_and_whom_to_ask(administrator):
    row, path = invited(administrator.user)
    assert row.expires_at - row.created_at == timedelta(days=7)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = Client().get(path)
    assert answer.status_code == 410
    assert f"more than seven days old. Ask {administrator.user} for another one." in answer.text
    assert Client().post(path, ME).status_code == 410
    assert User.objects.count() == 1
    assert "the link is too old" in administrator.get(reverse("users")).text


def test_one_that_is_taken_back_opens_nothing(administrator):
    row, path = invited(administrator.user)
    administrator.post(reverse("invitation_revoke", args=[row.pk]))
    assert "This invitation was taken back" in Client().get(path).text
    assert Client().post(path, ME).status_code == 410
    administrator.post(reverse("invitation_revoke", args=[row.pk]))
    assert Act.objects.filter(what="invitation_revoked").count() == 1
    assert User.objects.count() == 1


def test_a_new_link_ends_the_one_before(administrator):
    row, old = invited(administrator.user)
    new = path_of(administrator.post(reverse("invitation_renew", args=[row.pk])).context["link"])
    assert Client().get(old).status_code == 410
    assert Client().get(new).status_code == 200


def test_a_new_link_is_that_of_whoever_made_it(administrator):
    first = make.user("administrator")
    row, _ = invited(first)
    User.objects.filter(pk=first.pk).update(is_active=False)
    new = path_of(administrator.post(reverse("invitation_renew", args=[row.pk])).context["link"])
    assert Client().get(new).status_code == 200


def test_no_new_link_is_made_of_one_that_is_used(administrator):
    row, path = invited(administrator.user)
    Client().post(path, ME)
    answer = administrator.post(reverse("invitation_renew", args=[row.pk]), follow=True)
    assert "used or taken back meanwhile" in answer.text


@pytest.mark.parametrize("gone", [{"is_active": False}, {"role": "office"}])
def test_what_an_administrator_who_is_none_any_more_handed_out_opens_nothing(administrator, gone):
    other = make.user(role="administrator")
    _, path = invited(other)
    User.objects.filter(pk=other.pk).update(**gone)
    assert "This invitation was taken back" in Client().get(path).text
    assert Client().post(path, ME).status_code == 410


def test_a_link_that_nobody_made_is_no_secret_of_ours(db):
    answer = Client().get(reverse("invitation", args=["x" * 43]))
    assert answer.status_code == 410
    assert "Ask an administrator" in answer.text


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"password": "short"}, "This password is too short"),
        ({"password": "ben@example.net"}, "too similar to the"),
        ({"password": "1234567890"}, "too common"),
        ({"name": " "}, "This field is required"),
    ],
)
def test_a_weak_password_or_no_name_leaves_the_invitation_open(administrator, typed, fault):
    _, path = invited(administrator.user)
    answer = Client().post(path, ME | typed)
    assert fault in answer.text
    assert Invitation.objects.open().count() == 1
    assert User.objects.count() == 1


def test_an_account_that_was_made_meanwhile_is_not_taken_over(administrator):
    _, path = invited(administrator.user)
    other = make.user(email="ben@example.net", password="another long one")
    answer = Client().post(path, ME)
    assert "Somebody signs in with ben@example.net already" in answer.text
    other.refresh_from_db()
    assert other.check_password("another long one")
    assert Invitation.objects.open().count() == 1


def test_who_is_signed_in_as_somebody_else_is_told_and_stays(administrator, engineer):
    _, path = invited(administrator.user)
    assert "Sign out first" in engineer.get(path).text
    engineer.post(path, ME)
    assert engineer.session[SESSION_KEY] == str(engineer.user.pk)
    assert User.objects.count() == 2


def test_an_address_that_is_invited_already_is_refused_and_what_was_typed_stays(administrator):
    invited(administrator.user)
    answer = administrator.post(reverse("user_add"), NEW)
    assert "There is an open invitation to this address" in answer.text
    assert 'value="Ben Ode"' in answer.text
    assert Invitation.objects.count() == 1


def test_with_another_role_its_own_starters_are_shown_before_anything_is_sent(administrator):
    answer = administrator.post(reverse("user_add"), NEW | {"role": "engineer"})
    assert "look at them, and send again" in answer.text
    assert answer.context["form"]["shown_role"].value() == "engineer"
    assert not Invitation.objects.exists()
    shown = administrator.get(reverse("user_add"), {"role": "engineer"}).text
    assert all(label in shown for _, label in starters.of("engineer"))


def test_a_starter_of_another_role_is_refused(administrator):
    answer = administrator.post(reverse("user_add"), NEW | {"chosen": ["outage.opened"]})
    assert "chosen" in answer.context["form"].errors
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("role", Role.values)
def test_what_everybody_of_a_role_hears_of_is_no_starter(db, role):
    Subscription.objects.create(event="incident.changed", recipient_kind="role", recipient_key=role)
    keys = [key for key, _ in starters.of(role)]
    assert "incident.changed" not in keys
    assert keys == [key for key in starters.STARTERS[role] if key in keys]


def test_every_starter_is_an_event():
    wanted = {key for keys in starters.STARTERS.values() for key in keys}
    assert wanted <= declared().keys()


def test_without_a_way_to_send_mail_none_is_offered(administrator, settings):
    settings.EMAIL_READY = False
    row, _ = invited(administrator.user)
    assert "Mail it again" not in administrator.get(reverse("users")).text
    assert "e-mail</button>" not in administrator.get(reverse("user_add")).text
    assert administrator.post(reverse("invitation_renew", args=[row.pk]), {"mail": "yes"}).context["link"]


@pytest.fixture
def letterbox(settings):
    box = Letterbox()
    with listening(box) as port:
        use(settings, port)
        yield box


def test_by_e_mail_the_link_is_made_where_it_is_sent(administrator, letterbox):
    row, before = invited(administrator.user, name="Łucja {by} Ode")
    assert "Mail it again" in administrator.get(reverse("users")).text
    jobs.mail_invitation(row.pk)
    [mail] = letterbox.taken
    link = re.search(r"http\S+", mail.get_content())[0]
    assert mail["To"] == "ben@example.net"
    assert "Hello Łucja {by} Ode" in mail.get_content()
    assert Client().get(before).status_code == 410
    assert Client().get(path_of(link)).status_code == 200
    row.refresh_from_db()
    assert row.mailed_at and not row.mail_fault


def test_an_e_mail_that_does_not_go_is_said_on_the_page(administrator, letterbox):
    letterbox.rcpt["ben@example.net"] = "550 5.1.1 No such user"
    row, _ = invited(administrator.user)
    jobs.mail_invitation(row.pk)
    page = administrator.get(reverse("users")).text
    assert "The e-mail did not go" in page
    assert "No such user" in page


def test_what_is_used_or_taken_back_is_not_mailed(administrator, letterbox):
    row, _ = invited(administrator.user)
    invitations.revoke(row, timezone.now())
    jobs.mail_invitation(row.pk)
    jobs.mail_invitation(999_999)
    assert not letterbox.tried


def test_the_queue_never_holds_a_link(administrator, letterbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert administrator.post(reverse("user_add"), NEW | {"mail": "yes"}).url == reverse("users")
    [task] = OrmQ.objects.all()
    assert task.task["func"] == "config.jobs.mail_invitation"
    assert task.task["args"] == (Invitation.objects.get().pk,)


@pytest.mark.parametrize("role", ["engineer", "office", "technician", "manager"])
def test_only_administrators_invite(db, role, client):
    row, _ = invited(make.user(role="administrator"))
    client.force_login(make.user(role=role), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(reverse("user_add")).status_code == 403
    assert client.post(reverse("user_add"), NEW).status_code == 403
    assert client.post(reverse("invitation_renew", args=[row.pk])).status_code == 403
    assert client.post(reverse("invitation_revoke", args=[row.pk])).status_code == 403
    assert "ben@example.net" not in client.get(reverse("users")).text
    row.refresh_from_db()
    assert row.revoked_at is None


def test_a_stranger_is_sent_to_sign_in(stranger, db):
    row, _ = invited(make.user(role="administrator"))
    for name, args in (("user_add", []), ("invitation_renew", [row.pk]), ("invitation_revoke", [row.pk])):
        assert stranger.post(reverse(name, args=args)).url.startswith(reverse("account_login"))


def test_an_invitation_survives_whoever_made_it_only_as_a_line_in_the_log(administrator):
    other = make.user(role="administrator", name="Cid Moss")
    _, path = invited(other)
    other.delete()
    assert Client().get(path).status_code == 410
    assert "somebody who has left" in administrator.get(reverse("users")).text
