"""Each fault of an upstream has its kind and its words, and never a key in them."""

import json
import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agents.clients.faults import FaultKind, UpstreamFault, retry_after
from agents.clients.uisp import Uisp
from agents.simulated.uisp import DEMO_CRM, DEMO_NMS
from tests.agents.clients.wire import SECRET, client_of, fault_of, reply, wire


@pytest.mark.parametrize(
    ("fault", "kind", "words", "wait"),
    [
        ("401", FaultKind.UNAUTHORISED, "401 Unauthorized: the key is not accepted", None),
        ("403", FaultKind.FORBIDDEN, "403 Forbidden: the key may not read this", None),
        ("429", FaultKind.THROTTLED, "429 Too Many Requests", 30),
        ("429-date", FaultKind.THROTTLED, "429 Too Many Requests", 86_400),
        ("500", FaultKind.SERVER, "500 Internal Server Error", None),
        ("502", FaultKind.SERVER, "502 Bad Gateway", None),
        ("html", FaultKind.NOT_JSON, "answers a web page", None),
        ("shape", FaultKind.SHAPE, "expected a list, came an object (items, pagination)", None),
        ("off", FaultKind.REFUSED, "Connection refused", None),
    ],
)
def test_each_fault_has_its_kind_and_its_words_in_both_apis(server, fault, kind, words, wait):
    uisp = client_of(server)
    for ask in (uisp.devices, uisp.sites, uisp.data_links, uisp.clients, uisp.services):
        server.play(fault)
        with pytest.raises(UpstreamFault) as caught:
            ask()
        assert (caught.value.kind, caught.value.retry_after) == (kind, wait)
        assert words in caught.value.text
        assert DEMO_NMS not in repr(caught.value)
        server.play("none")
        assert ask().rows


def test_wrong_keys_are_unauthorised_and_the_keys_are_in_no_text(server):
    uisp = Uisp(server.url, SECRET, SECRET)
    for ask in (uisp.devices, uisp.clients, uisp.nms_version, uisp.crm_version):
        with pytest.raises(UpstreamFault) as caught:
            ask()
        assert caught.value.kind is FaultKind.UNAUTHORISED
        assert SECRET not in repr(caught.value)
    assert SECRET not in repr(uisp)
    with pytest.raises(UpstreamFault):
        Uisp(server.url, DEMO_CRM).devices()


def test_an_echoed_key_is_not_repeated():
    body = json.dumps({"message": f"the token {SECRET} is wrong"}).encode()
    with wire(reply(body, status="401 Unauthorized")) as server:
        assert fault_of(server.url).kind is FaultKind.UNAUTHORISED
    with wire(f"HTTP/1.1 {SECRET}\r\n\r\n".encode()) as server:
        assert fault_of(server.url).kind is FaultKind.NOT_JSON


def test_a_name_that_does_not_exist_is_said():
    fault = fault_of("https://uisp.invalid")
    assert fault.kind is FaultKind.REFUSED
    assert "uisp.invalid" in fault.text


def test_retry_after_is_seconds_or_a_date_and_at_most_a_day():
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert retry_after("120", now) == 120
    assert retry_after(format_datetime(now + timedelta(seconds=90), usegmt=True), now) == 90
    assert retry_after(format_datetime(now - timedelta(seconds=90), usegmt=True), now) == 0
    assert retry_after("9" * 400, now) == 86_400
    for nothing in (None, "", "soon", "-5", "1.5", "\u0663"):
        assert retry_after(nothing, now) is None


def test_a_fault_travels_between_processes():
    fault = pickle.loads(pickle.dumps(UpstreamFault(FaultKind.THROTTLED, "too much", 30.0)))
    assert (fault.kind, fault.text, fault.retry_after, str(fault)) == (
        FaultKind.THROTTLED,
        "too much",
        30.0,
        "too much",
    )
    assert {fault} and repr(fault)


def test_an_answer_of_which_no_row_can_be_read_is_of_the_wrong_shape():
    with wire(reply(b'[{"deviceId": 1}, {"deviceId": 2}]')) as server:
        fault = fault_of(server.url)
    assert fault.kind is FaultKind.SHAPE
    assert fault.text == ("none of 2 devices can be read; devices[0]: identification.id: expected a text, came nothing")
