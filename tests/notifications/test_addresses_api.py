"""One's own addresses in the API: listed, added, verified, tried out and removed, and no secret on any answer."""

import json

import pytest
from django.core.cache import cache
from django.utils import timezone

from notifications import verifying
from notifications.channels.channel import named
from notifications.delivery import deliver
from notifications.models import Address
from tests import make
from tests.config.program import Program
from tests.notifications.chatting import SLACK
from tests.notifications.toy import Toy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def toy(settings):
    settings.CHANNELS = settings.CHANNELS | {"toy": "tests.notifications.toy.Toy"}
    Toy.codes.clear()
    Toy.flown.clear()
    cache.clear()


@pytest.fixture
def program():
    return Program(make.user("technician"))


def added(program, loft="North", **more):
    return program("post", "addresses/", {"channel": "toy", "fields": {"loft": loft}, **more})


def test_an_address_is_added_verified_tried_out_changed_and_removed(program):
    status, row = added(program, label="Roof")
    assert status == 201
    assert (row["channel"], row["shown"], row["label"], row["verified"]) == ("toy", "North", "Roof", False)
    path = f"addresses/{row['id']}/"
    assert program("post", f"{path}test/")[0] == 400
    assert program("post", f"{path}verify/", {"code": "000"})[1]["fields"]["code"]
    assert program("post", f"{path}verify/", {"code": Toy.codes[0][1]})[1]["verified"] is True
    assert program("post", f"{path}test/")[0] == 200
    deliver.deliver(timezone.now())
    assert Toy.flown == [("North", "This is a test of Roof: it works if you read it there")]
    assert program("patch", path, {"by_default": False, "wanted": False})[1]["wanted"] is False
    row = program("get", path)[1]
    assert program("patch", path, row) == (200, row)
    assert program("delete", path)[0] == 204
    assert not Address.objects.filter(channel="toy").exists()


def test_the_code_never_leaves_by_the_api(program):
    _, row = added(program)
    assert Toy.codes[0][1] not in json.dumps(row)
    assert program("post", f"addresses/{row['id']}/code/")[0] == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "channel"),
        ({"channel": "pigeon"}, "channel"),
        ({"channel": "sms", "fields": {"number": "1"}}, "channel"),
        ({"channel": "inbox"}, "channel"),
        ({"channel": "webpush"}, "channel"),
        ({"channel": "toy"}, "fields"),
        ({"channel": "toy", "fields": {"loft": "sea"}}, "fields"),
        ({"channel": "toy", "fields": {"loft": "x" * 51}}, "fields"),
        ({"channel": "toy", "fields": "North"}, "fields"),
        ({"channel": "toy", "fields": {"loft": "North"}, "colour": "grey"}, "colour"),
        ({"channel": "webhook", "fields": {"url": "https://127.0.0.1/"}}, "fields"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(program, body, field):
    status, said = program("post", "addresses/", body)
    assert (status, list(said["fields"])) == (400, [field])
    assert not Address.objects.filter(given=False).exists()


def test_a_chat_is_for_administrators(program):
    body = {"channel": "apprise", "fields": {"url": SLACK}}
    assert program("post", "addresses/", body)[0] == 403


def test_no_answer_holds_a_secret(program, settings):
    settings.WEBHOOK_PRIVATE = True
    body = {"channel": "webhook", "fields": {"url": "http://127.0.0.1:1/x?key=hunter2"}}
    status, row = program("post", "addresses/", body)
    assert status == 201
    everything = json.dumps([row, program("get", "addresses/")[1], program("get", f"addresses/{row['id']}/")[1]])
    assert "whsec_" not in everything and "hunter2" not in everything and "secrets" not in everything


def test_nobody_elses_address_is_there_not_even_for_an_administrator(program):
    _, row = added(program)
    other = Program(make.user("administrator"))
    path = f"addresses/{row['id']}/"
    assert other("get", "addresses/")[1]["results"] == []
    for method, where in [
        ("get", path),
        ("patch", path),
        ("delete", path),
        ("post", f"{path}verify/"),
        ("post", f"{path}test/"),
    ]:
        assert other(method, where, {"get": None, "post": {"code": Toy.codes[0][1]}}.get(method, {}))[0] == 404
    assert not Address.objects.get(pk=row["id"]).verified_at


def test_what_everybody_has_stays(program):
    user = program.user
    Address.objects.create(owner=user, channel="inbox", given=True, verified_at=timezone.now())
    Address.objects.create(owner=user, channel="email", value=user.email, given=True, verified_at=timezone.now())
    for row in program("get", "addresses/")[1]["results"]:
        assert program("delete", f"addresses/{row['id']}/")[0] == 400
    inbox = Address.objects.get(channel="inbox")
    assert program("patch", f"addresses/{inbox.pk}/", {"wanted": False})[0] == 400
    assert Address.objects.usable().count() == 2


def test_a_token_that_only_reads_adds_nothing():
    assert added(Program(make.user("technician"), scope="read"))[0] == 403


def test_a_stranger_gets_nothing(stranger):
    assert stranger.get("/api/v1/addresses/").status_code == 401
    assert stranger.post("/api/v1/addresses/", "{}", content_type="application/json").status_code == 401


def test_a_list_is_narrowed_by_channel(program):
    added(program)
    parts = verifying.parts_of(named("toy"), program.user, {"loft": "South"})
    verifying.add(program.user, "toy", parts, timezone.now())
    assert len(program("get", "addresses/?channel=toy")[1]["results"]) == 2
    assert program("get", "addresses/?channel=email")[1]["results"] == []
