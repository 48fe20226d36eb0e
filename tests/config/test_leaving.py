"""Somebody leaves: one step ends what they could do, and hands over what they had in hand."""

import threading

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import invitations, leaving, staff, tokens
from config.accounts import BACKEND
from config.models import Invitation, Token, User
from customers.reminders import actions as reminders
from notifications import actions
from notifications.audit import Act
from notifications.models import Address, Mute, Subscription
from outages.models import Incident
from tests import make

PASSWORD = "quite a long one"


def incident(owner, name="bh-ridge"):
    equipment = make.equipment(name, kind="ptp")
    return Incident.objects.create(equipment=equipment, opened_at=timezone.now(), owner=owner)


def busy(by):
    """Somebody with something of every kind."""
    user = make.user("engineer", name="Ben Ode", password=PASSWORD)
    key, kind = ("user", str(user.pk)), ContentType.objects.get_for_model(User)
    tokens.make(user, "script", "read", 30)
    Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
    SocialAccount.objects.create(user=user, provider="github", uid="4711")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    Address.objects.create(owner_type=kind, owner_id=user.pk, channel="inbox", given=True)
    actions.subscribe(key, "outage.opened", None, user)
    actions.subscribe(("role", "office"), "outage.closed", None, user)
    actions.mute(user, make.equipment(), None)
    return user


def end(client, user, heir=""):
    return client.post(reverse("user_leave", args=[user.pk]), {"heir": heir and heir.pk})


def test_before_it_is_done_it_says_what_there_is(administrator):
    user = busy(administrator.user)
    incident(user)
    over = incident(user, "closed-already")
    Incident.objects.quietly().filter(pk=over.pk).update(closed_at=timezone.now())
    page = administrator.get(reverse("user_leave", args=[user.pk]))
    for text in (
        "bh-ridge is down",
        "everybody in the role Office",
        "1 API token",
        "1 GitHub account",
        "1 second factor",
    ):
        assert text in page.text
    assert "closed-already" not in page.text
    user.refresh_from_db()
    assert user.is_active


def test_everything_ends_in_one_step(administrator):
    user = busy(administrator.user)
    theirs = Client()
    theirs.force_login(user, backend=BACKEND)
    assert end(administrator, user).url == user.get_absolute_url()
    user.refresh_from_db()
    assert (user.is_active, user.has_usable_password(), bool(user.left_at)) == (False, False, True)
    assert theirs.get(reverse("me")).status_code == 302
    assert not Client().login(email=user.email, password=PASSWORD)
    for rows in (Token.objects, Authenticator.objects, SocialAccount.objects, EmailAddress.objects, Mute.objects):
        assert not rows.filter(user=user).exists()
    assert not Subscription.objects.to(("user", str(user.pk))).exists()
    kind = ContentType.objects.get_for_model(User)
    assert not Address.objects.usable().filter(owner_type=kind, owner_id=user.pk).exclude(channel="inbox").exists()
    assert Subscription.objects.to(("role", "office")).count() == 1


def test_open_incidents_go_to_whom_one_names_and_closed_ones_stay(administrator, engineer):
    user = busy(administrator.user)
    mine, others, over = incident(user), incident(administrator.user, "other"), incident(user, "over")
    Incident.objects.quietly().filter(pk=over.pk).update(closed_at=timezone.now())
    end(administrator, user, engineer.user)
    for row in (mine, others, over):
        row.refresh_from_db()
    assert (mine.owner, others.owner, over.owner) == (engineer.user, administrator.user, user)
    assert engineer.user.name in mine.notes.get().text
    page = administrator.get(reverse("user", args=[user.pk])).text
    assert f"Handed to {engineer.user}: bh-ridge is down" in page
    assert "Goes on: everybody in the role Office" in page


def test_reminders_alone_are_handed_over_as_well(administrator, engineer):
    user = make.user("office", name="Ben Ode")
    mine, done = make.reminder(user), make.reminder(user, "Done already")
    reminders.done(done, user, timezone.now())
    page = administrator.get(reverse("user_leave", args=[user.pk]))
    assert "Whoever takes over gets their 1 open reminder." in page.text
    assert f'<option value="{engineer.user.pk}">' in page.text
    end(administrator, user, engineer.user)
    for row in (mine, done):
        row.refresh_from_db()
    assert (mine.user, done.user) == (engineer.user, user)
    assert "open reminders, 1" in administrator.get(reverse("user", args=[user.pk])).text


def test_where_there_is_nothing_to_take_over_nobody_is_asked_who_does(administrator):
    user = busy(administrator.user)
    over = incident(user)
    Incident.objects.quietly().filter(pk=over.pk).update(closed_at=timezone.now())
    reminders.done(make.reminder(user), user, timezone.now())
    assert "Who takes over" not in administrator.get(reverse("user_leave", args=[user.pk])).text


def test_nobody_may_take_over(administrator):
    user = busy(administrator.user)
    mine = incident(user)
    end(administrator, user)
    mine.refresh_from_db()
    assert mine.owner is None
    assert "Handed to nobody yet: bh-ridge is down" in administrator.get(reverse("user", args=[user.pk])).text


def test_done_twice_it_is_done_once(administrator, engineer):
    user = busy(administrator.user)
    mine = incident(user)
    end(administrator, user, engineer.user)
    left_at = User.objects.get(pk=user.pk).left_at
    end(administrator, user, administrator.user)
    mine.refresh_from_db()
    assert mine.owner == engineer.user
    assert mine.notes.count() == 1
    assert Act.objects.filter(what="left").count() == 1
    assert User.objects.get(pk=user.pk).left_at == left_at


def test_their_open_invitations_let_nobody_in(administrator):
    other = make.user("administrator")
    _, link = invitations.invite("Cid", "cid@example.net", "office", [], other, timezone.now())
    end(administrator, other)
    assert Invitation.objects.get().revoked_at
    assert Client().get("/" + link.split("/", 3)[3]).status_code == 410


@pytest.mark.parametrize("heir", ["manager", "off", "waiting", "nobody"])
def test_only_who_works_on_incidents_may_take_over(administrator, heir):
    user = busy(administrator.user)
    mine = incident(user)
    off = make.user(is_active=False)
    pk = {"manager": make.user("manager").pk, "off": off.pk, "waiting": make.user("").pk, "nobody": 999_999}[heir]
    answer = administrator.post(reverse("user_leave", args=[user.pk]), {"heir": pk})
    assert "heir" in answer.context["form"].errors
    mine.refresh_from_db()
    user.refresh_from_db()
    assert (mine.owner, user.is_active) == (user, True)


def test_nobody_leaves_by_themselves_and_the_last_administrator_not_at_all(administrator):
    end(administrator, administrator.user)
    answer = administrator.get(reverse("me"))
    assert "You cannot turn your own account off" in answer.text
    with pytest.raises(staff.Refused, match="last active administrator"):
        leaving.leave(administrator.user, make.user(), None)
    administrator.user.refresh_from_db()
    assert administrator.user.is_active and administrator.user.left_at is None


def test_what_fails_on_the_way_changes_nothing(administrator):
    user = busy(administrator.user)
    mine = incident(user)
    with pytest.raises(ValueError, match="unsaved"):
        leaving.leave(user, administrator.user, User(name="Nobody"))
    user.refresh_from_db()
    mine.refresh_from_db()
    assert (user.is_active, mine.owner) == (True, user)
    assert Token.objects.filter(user=user).exists()


def test_who_comes_back_chooses_a_password_anew(administrator):
    user = busy(administrator.user)
    end(administrator, user)
    answer = administrator.post(reverse("user_active", args=[user.pk]), {"active": "yes"}, follow=True)
    assert "with a password link from here" in answer.text
    user.refresh_from_db()
    assert (user.is_active, user.left_at, user.has_usable_password()) == (True, None, False)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_send_each_other_away_leave_one():
    pair = [make.user("administrator"), make.user("administrator")]
    start, said = threading.Barrier(2), []

    def send_away(user, by):
        start.wait()
        try:
            leaving.leave(user, by, None)
            said.append("gone")
        except staff.Refused:
            said.append("refused")
        connection.close()

    threads = [threading.Thread(target=send_away, args=(pair[0], pair[1]))]
    threads.append(threading.Thread(target=send_away, args=(pair[1], pair[0])))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["gone", "refused"]
    assert User.objects.filter(is_active=True).count() == 1


@pytest.mark.parametrize("role", ["engineer", "office", "technician", "manager"])
def test_only_administrators_send_somebody_away(db, role):
    user, client = make.user(), Client()
    client.force_login(make.user(role=role), backend=BACKEND)
    assert client.get(reverse("user_leave", args=[user.pk])).status_code == 403
    assert end(client, user).status_code == 403
    user.refresh_from_db()
    assert user.is_active


def test_a_stranger_is_sent_to_sign_in(stranger, db):
    user = make.user()
    assert end(stranger, user).url.startswith(reverse("account_login"))
    user.refresh_from_db()
    assert user.is_active
