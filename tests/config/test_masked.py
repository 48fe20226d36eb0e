"""Lines of the log: no address that opens something by itself is whole in them, and what is refused takes one."""

import io
import logging
import secrets

import pytest
from django.urls import reverse
from django.utils import timezone

from config.masked import Masked
from notifications import acknowledging, outbox
from notifications.channels import chat
from notifications.models import Notice
from outages.models import Source
from tests import make


@pytest.fixture
def lines():
    """What goes to the console."""
    [console] = [one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler]
    stream = io.StringIO()
    before = console.setStream(stream)
    yield stream.getvalue
    console.setStream(before)


def test_a_hint_that_cannot_be_read_does_not_tell_its_address(stranger, db, lines):
    source = Source.objects.create(name="North", address="https://uisp.example.net")
    address = reverse("source_hint", args=[source.hint_token])
    assert stranger.post(address, "rubbish", content_type="application/json").status_code == 400
    assert "Bad Request: /sources/hint/***/" in lines()
    assert source.hint_token not in lines()


@pytest.mark.parametrize("name", ["setup", "demo_link", "invitation", "unsubscribe", "source_hint"])
def test_no_address_with_a_token_in_it_is_whole(name):
    token = secrets.token_urlsafe(24)
    record = logging.makeLogRecord({"msg": "%s: %s", "args": ("Internal Server Error", reverse(name, args=[token]))})
    assert Masked().filter(record)
    assert token not in record.getMessage()


def test_nor_the_one_by_which_a_notice_is_acknowledged(db):
    user = make.user()
    outbox.tell([user], "core-1 is down", "/", user, timezone.now())
    path = reverse("acknowledge", args=[acknowledging.token(Notice.objects.get())])
    record = logging.makeLogRecord({"msg": "%s: %s", "args": ("Not Found", path)})
    Masked().filter(record)
    assert record.getMessage() == "Not Found: /a/***/"


def test_what_apprise_says_of_a_mistyped_address_of_a_chat_is_not_in_the_log(lines):
    with pytest.raises(ValueError, match="no whole address"):
        chat.opened("slack://T1JJ3T3L2/A1BRTD4JD/half-of-a-secret!")
    assert lines() == ""


def test_nor_the_one_by_which_a_password_is_chosen():
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "1", "key": "a1-0123456789abcdef"})
    record = logging.makeLogRecord({"msg": f"Not Found: {path}"})
    Masked().filter(record)
    assert record.getMessage() == "Not Found: /account/password/reset/key/***/"


def test_a_page_that_is_refused_is_one_line(technician, lines):
    path = reverse("user_leave", args=[technician.user.pk])
    assert technician.get(path).status_code == 403
    [line] = lines().splitlines()
    assert line.endswith(f"WARNING django.request: Forbidden (Permission denied): {path}")


def test_a_fault_of_ours_keeps_its_traceback(lines):
    for logger, more in (("django.request", {"status_code": 500}), ("outages", {})):
        try:
            raise OSError("the machine went away")
        except OSError:
            logging.getLogger(logger).exception("It failed", extra=more)
    assert lines().count("Traceback") == lines().count("OSError: the machine went away") == 2


def test_other_lines_stay_as_they_are():
    record = logging.makeLogRecord({"msg": "%s took %d ms: %s", "args": ("core-1", 7, "/customers/7/")})
    Masked().filter(record)
    assert record.getMessage() == "core-1 took 7 ms: /customers/7/"
