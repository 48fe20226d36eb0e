"""Where a UISP is, behind a front server too, and by which header its CRM knows a key."""

import json

import pytest

from agents.clients.faults import FaultKind, UpstreamFault
from agents.clients.uisp import Uisp, front
from tests.agents.clients.wire import Wire, reply, wire

REFUSED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Choosy(Wire):
    """A CRM that takes a key in the header of its choice alone."""

    header, status = "x-auth-token", b""

    def converse(self, call):
        asked = call.recv(65536).decode()
        self.asked.append(asked)
        opened = f"\r\n{self.header}: c-key" in asked
        call.sendall((self.status or reply(json.dumps([{"id": 1}]).encode())) if opened else REFUSED)


@pytest.fixture
def choosy():
    server = Choosy(())
    yield server
    server.close()


@pytest.mark.parametrize(
    ("address", "begins"),
    [
        ("https://uisp.example", "https://uisp.example"),
        ("https://uisp.example:8443/", "https://uisp.example:8443"),
        ("https://uisp.example/nms/dashboard?a=1", "https://uisp.example"),
        ("https://uisp.example/crm", "https://uisp.example"),
        ("https://uisp.example/#/login", "https://uisp.example"),
        ("https://isp.example/uisp/", "https://isp.example/uisp"),
        ("https://isp.example/uisp/nms/api/v2.1/devices", "https://isp.example/uisp"),
        ("https://isp.example/our/crm/api/v1.0", "https://isp.example/our"),
        ("https://isp.example/nmsx", "https://isp.example/nmsx"),
    ],
)
def test_a_path_in_front_of_uisp_is_kept_and_a_page_of_it_is_not(address, begins):
    assert front(address) == begins


def test_a_uisp_behind_a_front_server_is_asked_below_its_path():
    with wire(reply(b"[]")) as server:
        uisp = Uisp(server.url + "/uisp/", "n-key", "c-key")
        uisp.devices()
        uisp.clients()
    assert [asked.split("?")[0].split()[1] for asked in server.asked] == [
        "/uisp/nms/api/v2.1/devices",
        "/uisp/crm/api/v1.0/clients",
    ]


def test_a_crm_that_takes_its_key_in_the_header_of_nms_is_asked_so_from_then_on(choosy):
    uisp = Uisp(choosy.url, "n-key", "c-key", page=1)
    assert [row.id for row in uisp.clients().rows] == [1]
    first, second, *later = choosy.asked
    assert "\r\nX-Auth-App-Key: c-key" in first and "x-auth-token" not in first
    assert "\r\nx-auth-token: c-key" in second and "X-Auth-App-Key" not in second
    assert later and all("\r\nx-auth-token: c-key" in asked for asked in later)
    assert not any("n-key" in asked for asked in choosy.asked)


def test_a_key_that_neither_header_opens_is_refused_once_for_all_and_may_be_tried_again(choosy):
    choosy.header = "no-such-header"
    uisp = Uisp(choosy.url, "n-key", "c-key")
    with pytest.raises(UpstreamFault) as caught:
        uisp.clients()
    assert caught.value.kind is FaultKind.UNAUTHORISED
    assert len(choosy.asked) == 2
    choosy.header = "X-Auth-App-Key"
    assert uisp.clients().rows


@pytest.mark.parametrize(("status", "kind"), [(401, "unauthorised"), (403, "unauthorised"), (404, "missing")])
def test_where_both_headers_fail_the_one_that_opened_is_believed(choosy, status, kind):
    choosy.status = f"HTTP/1.1 {status} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode()
    with pytest.raises(UpstreamFault) as caught:
        Uisp(choosy.url, "n-key", "c-key").crm_version()
    assert caught.value.kind == kind
