"""The audit log: what is kept of who changed what, what is not, and the page that shows it."""

import json
import threading

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import audit as log
from config import options, staff
from config.accounts import BACKEND
from config.models import Option, User
from notifications import actions, audit
from notifications.audit import Act
from notifications.models import Subscription
from outages import actions as checks
from outages.models import Check, Source
from tests import make


def lines(**wanted):
    entries, _ = log.read(log.Wanted(**wanted))
    return [(one.by, one.kind, one.verb, one.about, one.changes) for one in entries]


def browser_of(user):
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def changed(user, **fields):
    return {"name": user.name, "email": user.email, "role": user.role} | fields


def test_a_role_that_is_changed_says_by_whom_from_what_to_what(administrator):
    user = make.user("office", name="Ben Ode")
    User.history.model.objects.all().delete()
    administrator.post(reverse("user_edit", args=[user.pk]), changed(user, role="engineer", name="Benjamin Ode"))
    assert lines() == [
        (administrator.user.name, "User", "changed", "Benjamin Ode",
         ["Name: Ben Ode → Benjamin Ode", "Role: Office → Engineer"])
    ]  # fmt: skip
    page = administrator.get(reverse("audit")).text
    assert "Role: Office → Engineer" in page


def test_turning_off_and_on_again_are_two_lines(administrator):
    user = make.user("office")
    for active in ("no", "yes"):
        administrator.post(reverse("user_active", args=[user.pk]), {"active": active})
    assert [one[4] for one in lines(kind="user")[:2]] == [["Active: no → yes"], ["Active: yes → no"]]


def test_a_password_and_a_sign_in_leave_no_row_of_changes(db):
    user = make.user(password="quite a long one")
    before = User.history.count()
    user.set_password("another long one")
    user.save()
    user.last_login = timezone.now()
    user.save(update_fields=["last_login"])
    assert User.history.count() == before
    assert "password" not in {field.name for field in User.history.model._meta.fields}


def test_a_sign_in_is_an_act(db):
    user = make.user(password="quite a long one", name="Ben Ode")
    Client().post(reverse("account_login"), {"login": user.email, "password": "wrong"})
    assert not Act.objects.exists()
    Client().post(reverse("account_login"), {"login": user.email, "password": "quite a long one"})
    act = Act.objects.get()
    assert (act.what, act.by, act.by_name, act.address) == ("signed_in", user, "Ben Ode", "127.0.0.1")


def test_what_becomes_of_the_keys_of_an_account_is_an_act_without_the_keys(db):
    user = make.user(password="quite a long one", name="Ben Ode")
    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": "quite a long one"})
    said = {"oldpassword": "quite a long one", "password1": "another long one", "password2": "another long one"}
    client.post(reverse("account_change_password"), said)
    user.refresh_from_db()
    by_link = Client()
    form = by_link.get("/" + staff.password_link(user).split("/", 3)[3])
    by_link.post(form.url, {"password1": "a third long one", "password2": "a third long one"})
    acts = list(Act.objects.values_list("what", "by_name", "about", "text"))
    own = [(what, "Ben Ode", "Ben Ode", "") for what in ("password_set", "password_set", "signed_in")]
    assert acts == [own[0], ("password_link", "", "Ben Ode", ""), *own[1:]]


def test_who_makes_a_link_by_which_one_could_be_somebody_else_is_written_down(administrator, technician):
    page = administrator.post(reverse("user", args=[technician.user.pk]))
    assert page.status_code == 200
    act = Act.objects.get(what="password_link")
    assert (act.by, act.about) == (administrator.user, technician.user.name)
    assert page.context["link"] not in act.text
    assert "made a link to choose a password for" in administrator.get(reverse("audit")).text


def test_options_are_kept_but_no_secret_and_nothing_that_towerwatch_notes_for_itself(administrator):
    options.change(disk_free=[[1.0, 2.0]], isp_name="By a job")
    assert not Option.history.exists()
    administrator.post(reverse("settings"), {"isp_name": "Windrow", "time_zone": "Europe/Berlin"})
    assert ["Value: By a job → Windrow"] in [one[4] for one in lines(kind="option")]
    with audit.acting(administrator.user):
        options.change(demo_token="very-secret-one")
        options.change(demo_token="very-secret-two")
    assert "very-secret" not in json.dumps(list(Option.history.values("value", "changes")))
    assert lines(kind="option")[0][3:] == ("Demo token", ["Value: (not shown) → (not shown)"])


def test_a_subscription_says_who_hears_of_what(administrator):
    role = ("role", "office")
    thing = make.equipment("ap-ridge")
    with audit.acting(administrator.user):
        actions.subscribe(role, "outage.opened", thing, administrator.user)
        row = Subscription.objects.get()
        actions.change(row, administrator.user, tags_in=["vip"])
        actions.unsubscribe(row, administrator.user)
    about = "everybody in the role Office: “A piece of equipment went down”: ap-ridge"
    assert [(one[2], one[3], one[4]) for one in lines(kind="subscription")] == [
        ("deleted", about, []), ("changed", about, ["Tags in: nothing → vip"]), ("added", about, [])
    ]  # fmt: skip


def test_a_rule_says_what_it_was_and_what_judging_writes_leaves_nothing(administrator):
    check = make.check(make.equipment("ap-ridge", address="10.8.0.1"))
    before = Check.history.count()
    check.state = "up"
    check.save(update_fields=["state", "state_since", "run", "settled"])
    check.save()
    Check.objects.filter(pk=check.pk).update(state="down", run=[1.0])
    assert Check.history.count() == before
    check.interval, check.window = 30, 90
    with audit.acting(administrator.user):
        checks.save_check(check)
    assert lines(kind="check")[0] == (
        administrator.user.name, "Check and rule", "changed", "ap-ridge: icmp",
        ["Interval (s): 10 → 30", "Within (s): 15 → 90"],
    )  # fmt: skip


def test_a_check_that_was_made_in_bulk_says_what_it_was_before(db):
    [check] = Check.objects.bulk_create([Check(equipment=make.equipment(address="10.8.0.1"))])
    assert not Check.history.exists()
    check.interval = 20
    check.save()
    assert lines(kind="check")[0][4] == ["Interval (s): 10 → 20"]


def test_a_save_of_what_is_not_kept_asks_the_database_nothing_more(db, django_assert_num_queries):
    check = make.check()
    with django_assert_num_queries(1):
        check.save(update_fields=["state"])
    user = make.user()
    with django_assert_num_queries(1):
        user.save(update_fields=["last_login"])


def test_a_source_without_its_keys(administrator):
    with audit.acting(administrator.user):
        source = Source.objects.create(name="UISP", address="https://uisp.example.net", nms_key="very-secret-one")
        source.nms_key, source.fault, source.interval = "very-secret-two", "no answer", 60
        source.save()
    assert lines(kind="source")[0][4] == ["Ask every (s): 30 → 60"]
    assert "very-secret" not in str(list(Source.history.values()))


def test_what_a_job_does_towerwatch_did_itself(db):
    make.check()
    assert lines(kind="check")[0][0] == log.ITSELF
    assert lines(who="itself", kind="check") == lines(kind="check")


def test_lines_of_who_is_deleted_stay_with_their_name(administrator):
    other = make.user("administrator", name="Cid Moss")
    user = make.user("office", name="Ben Ode")
    browser_of(other).post(reverse("user_edit", args=[user.pk]), changed(user, role="manager"))
    other.delete()
    user.delete()
    found = lines(kind="user")
    assert ("Cid Moss", "User", "changed", "Ben Ode", ["Role: Office → Manager"]) in found
    assert [one[2] for one in found if one[3] == "Cid Moss"] == ["deleted", "added"]
    assert lines(who="itself", kind="user") != []
    assert "Cid Moss" not in [one[0] for one in lines(who="itself")]


def test_an_export_is_written_down(office):
    office.get(reverse("csv", args=["customers"]) + "?state=down")
    assert lines(kind="act")[0] == (office.user.name, "What was done", "exported", "customers", ["state=down"])


def test_a_stranger_is_sent_to_sign_in(stranger, db):
    for name in ("audit", "audit_csv"):
        assert stranger.get(reverse(name)).url.startswith(reverse("account_login"))


def test_a_name_that_is_markup_stays_text(administrator):
    staff.rename(administrator.user, "<script>alert(1)</script>")
    assert "<script>alert(1)" not in administrator.get(reverse("audit")).text


def test_who_acts_is_told_apart_when_two_act_at_once(transactional_db):
    pair, start = [make.user(name="Ada"), make.user(name="Ben")], threading.Barrier(2)

    def act(user):
        with audit.acting(user):
            start.wait()
            audit.note("export", about=user)
        connection.close()

    threads = [threading.Thread(target=act, args=(user,)) for user in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(one.by_name, one.about) for one in Act.objects.all()} == {("Ada", "Ada"), ("Ben", "Ben")}
    assert audit.whoever() is None
    assert not AnonymousUser().is_authenticated
