import gzip
import json
import pickle
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.clients.faults import FaultKind, UpstreamFault, retry_after
from agents.clients.shapes import Fields, RowError, RowReader
from agents.clients.uisp import Uisp
from agents.clients.uisp_objects import client, device, link, service, site
from agents.simulated.devices import Devices, free_port
from agents.simulated.network import build
from agents.simulated.uisp import DEMO_CRM, DEMO_NMS, UispServer

SECRET = "s3cret-0f-the-isp"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
DEVICE = {"identification": {"id": "d-1", "name": "cpe", "status": "active"}, "overview": {"signal": -61}}


@pytest.fixture(scope="module")
def network():
    return Devices(build(port=free_port(build())))


@pytest.fixture(scope="module")
def devices(network):
    with network:
        yield network


@pytest.fixture
def server(devices):
    devices.set_failed([])
    with UispServer(devices) as server:
        yield server


@pytest.fixture
def odd_server(devices):
    devices.set_failed([])
    with UispServer(devices, odd=True) as server:
        yield server


def client_of(server, **options):
    return Uisp(server.url, **{"nms_key": DEMO_NMS, "crm_key": DEMO_CRM, "seconds": 10, **options})


class Wire:
    """Sends prepared bytes to whoever asks, in pieces and with pauses, and keeps what was asked."""

    def __init__(self, pieces, pause=0.0, context=None):
        self.pieces, self.pause, self.context, self.asked = pieces, pause, context, []
        self.ended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                call = self.listener.accept()[0]
            except OSError:
                return
            with suppress(OSError), call:
                self.converse(self.context.wrap_socket(call, server_side=True) if self.context else call)

    def converse(self, call):
        with call:
            asked = b""
            while b"\r\n\r\n" not in asked:
                received = call.recv(65536)
                if not received:
                    return
                asked += received
            self.asked.append(asked.decode())
            for piece in self.pieces:
                call.sendall(piece)
                self.ended.wait(self.pause)

    def close(self):
        self.ended.set()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


@contextmanager
def wire(*pieces, **options):
    with closing(Wire(pieces, **options)) as running:
        yield running


def reply(body, *headers, status="200 OK"):
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def fault_of(url, **options):
    with pytest.raises(UpstreamFault) as caught:
        Uisp(url, **{"nms_key": SECRET, "crm_key": SECRET, "seconds": 5, **options}).devices()
    assert SECRET not in f"{caught.value!r} {caught.value} {caught.value.text}"
    return caught.value


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


@pytest.mark.parametrize("fault", ["timeout", "slow"])
def test_a_server_that_is_silent_or_trickles_is_left_at_the_deadline(server, fault):
    server.play(fault)
    started = time.monotonic()
    with pytest.raises(UpstreamFault, match=r"does not answer within 0.4 s") as caught:
        client_of(server, seconds=0.4).devices()
    assert caught.value.kind is FaultKind.TIMEOUT
    assert time.monotonic() - started < 2


def test_a_trickle_of_headers_does_not_stretch_the_deadline():
    with wire(*[bytes([sign]) for sign in reply(b"[]")], pause=0.2) as server:
        started = time.monotonic()
        assert fault_of(server.url, seconds=0.4).kind is FaultKind.TIMEOUT
        assert time.monotonic() - started < 2


def test_a_slow_answer_that_comes_in_time_is_taken(devices):
    with UispServer(devices, slow=0.3) as server:
        server.play("slow")
        assert len(client_of(server).devices().rows) == 146


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


@pytest.mark.parametrize("key", [f"{SECRET}\nx-other: 1", f" {SECRET}", f"{SECRET}\N{SNOWMAN}"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_repeated(key):
    with pytest.raises(ValueError, match="a key is plain") as caught:
        Uisp("https://uisp.example", key)
    assert SECRET not in repr(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "uisp.example",
        "ftp://uisp.example",
        "https://",
        "https://a:99999",
        "https://me:pw@uisp.example",
        "https://a b",
        "https://a..b",
        "https://a\x01",
        "https://[::1",
    ],
)
def test_an_address_that_cannot_be_is_refused(url):
    with pytest.raises(ValueError, match="an address"):
        Uisp(url, "k")


def test_what_staff_copy_from_the_browser_is_an_address(server):
    assert client_of(server, nms_key=DEMO_NMS).nms_version() == "2.4.93"
    assert Uisp(server.url + "/nms/dashboard?a=1", DEMO_NMS).nms_version() == "2.4.93"
    assert Uisp(server.url + "/", DEMO_NMS, DEMO_CRM).crm_version() == "4.4.30"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (b"", FaultKind.REFUSED, "hung up"),
        (b"220 mail.example ESMTP\r\n\r\n", FaultKind.NOT_JSON, "does not speak HTTP"),
        (reply(b"[1, 2]")[:-3], FaultKind.REFUSED, "hung up in the middle"),
        (reply(b""), FaultKind.NOT_JSON, "answers nothing"),
        (reply(b"[" * 200_000), FaultKind.NOT_JSON, "not JSON"),
        (reply(b"\xff\xfe\xfd\xfc"), FaultKind.NOT_JSON, "not JSON"),
        (reply(b"", status="404 Not Found"), FaultKind.SHAPE, "is this the address of the API"),
        (reply(b"", status="204 No Content"), FaultKind.SHAPE, "204 No Content"),
        (reply(b"", "Location: https://evil.example", status="302 Found"), FaultKind.SHAPE, "which is not followed"),
        (reply(b"x", "Content-Encoding: br"), FaultKind.NOT_JSON, "an encoding that was not asked for"),
        (reply(b"x" * 99, "Content-Encoding: gzip"), FaultKind.REFUSED, "hung up in the middle"),
        (
            reply(gzip.compress(b"[]", mtime=0)[:-4], "Content-Encoding: gzip"),
            FaultKind.REFUSED,
            "hung up in the middle",
        ),
        (reply(b"null"), FaultKind.SHAPE, "expected a list, came nothing"),
        (CHUNKED + b"5\r\n[1,", FaultKind.REFUSED, "hung up"),
        (CHUNKED + b"-5\r\n[]\r\n", FaultKind.NOT_JSON, "does not speak HTTP"),
        (CHUNKED + b"no\r\n[]\r\n", FaultKind.REFUSED, "hung up"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", FaultKind.NOT_JSON, "does not speak HTTP"),
    ],
)
def test_what_no_api_should_answer_is_said_in_words(answer, kind, words):
    with wire(answer) as server:
        fault = fault_of(server.url)
    assert fault.kind is kind
    assert words in fault.text


def test_chunks_and_answers_without_a_length_are_read():
    body = json.dumps([DEVICE]).encode()
    chunked = CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    for answer in (chunked, b"HTTP/1.0 200 OK\r\n\r\n" + body):
        with wire(answer) as server:
            assert [row.id for row in Uisp(server.url, "k").devices().rows] == ["d-1"]


def test_only_gets_are_sent_with_the_right_key_in_the_right_header():
    with wire(reply(b"[]")) as server:
        uisp = Uisp(server.url, "the-nms-key", "the-crm-key")
        for ask in (uisp.devices, uisp.sites, uisp.data_links, uisp.clients, uisp.services):
            assert ask().rows == ()
    lines = [asked.split("\r\n")[0] for asked in server.asked]
    assert lines == [
        "GET /nms/api/v2.1/devices HTTP/1.1",
        "GET /nms/api/v2.1/sites?ucrmDetails=true HTTP/1.1",
        "GET /nms/api/v2.1/data-links HTTP/1.1",
        "GET /crm/api/v1.0/clients?lead=0&isArchived=0&limit=500&offset=0 HTTP/1.1",
        "GET /crm/api/v1.0/clients/services?limit=500&offset=0 HTTP/1.1",
    ]
    for asked, key in zip(
        server.asked, ["x-auth-token: the-nms-key"] * 3 + ["X-Auth-App-Key: the-crm-key"] * 2, strict=True
    ):
        assert key in asked.split("\r\n")
        assert asked.count("the-") == 1


def test_an_answer_over_the_limit_is_refused_before_it_is_read():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n"
    with wire(head, pause=9) as server:
        started = time.monotonic()
        fault = fault_of(server.url)
        assert time.monotonic() - started < 3
    assert fault.kind is FaultKind.TOO_LARGE
    assert "more than 67 MB" in fault.text


def test_a_body_that_grows_over_the_limit_is_refused_whatever_it_says_of_itself():
    flood = [b" " * 1_000_000] * 200
    for head in (b"HTTP/1.0 200 OK\r\n\r\n", CHUNKED + b"-1\r\n"):
        with wire(head, *flood) as server:
            assert fault_of(server.url).kind is FaultKind.TOO_LARGE
    bomb = gzip.compress(b" " * 200_000_000, 9)
    assert len(bomb) < 1_000_000
    with wire(reply(bomb, "Content-Encoding: gzip")) as server:
        assert fault_of(server.url).kind is FaultKind.TOO_LARGE


def test_fifteen_megabytes_of_4000_devices_are_asked_and_read_in_seconds(devices):
    with UispServer(devices, least=4000) as server:
        started = time.monotonic()
        answer = client_of(server, seconds=30).devices()
        assert time.monotonic() - started < 8
    assert len(answer.rows) == 4000
    assert answer.faults == ()
    raw = json.dumps([row.raw for row in answer.rows]).encode()
    assert 14e6 < len(raw) < 16e6
    started = time.process_time()
    reader = RowReader("devices", device, ("identification", "id"))
    reader.add(json.loads(raw))
    assert len(reader.done().rows) == 4000
    assert time.process_time() - started < 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=uisp.example -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_certificate_of_ones_own_needs_the_switch(certificate):
    with wire(reply(json.dumps([DEVICE]).encode()), context=certificate) as server:
        fault = fault_of(server.url)
        assert fault.kind is FaultKind.TLS
        assert "is not trusted: self-signed certificate" in fault.text
        assert server.asked == []
        assert Uisp(server.url, "k", verify_tls=False).devices().rows[0].signal == -61


def test_tls_to_a_plain_port_and_a_silent_handshake_are_named():
    with wire(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        listening = server.url.replace("http:", "https:")
        assert fault_of(listening, seconds=0.5).kind is FaultKind.TIMEOUT
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        threading.Thread(target=lambda: silent.accept()[0].sendall(b"220 hello\r\n"), daemon=True).start()
        assert fault_of(url).kind is FaultKind.TLS


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


def test_pages_are_read_to_the_end_whatever_the_size_of_a_page(server):
    for page in (7, 40, 60, 120, 500):
        answer = client_of(server, page=page).clients()
        assert [row.id for row in answer.rows] == list(range(10_001, 10_121))
        assert answer.faults == ()
        assert len(client_of(server, page=page).services().rows) == 120


@contextmanager
def crm_of(pages):
    """A CRM that cuts its list its own way: `pages` takes limit and offset."""

    class Crm(Wire):
        def converse(self, call):
            asked = call.recv(65536).decode()
            query = dict(part.split("=") for part in asked.split(" ")[1].partition("?")[2].split("&"))
            self.asked.append(asked)
            rows = pages(int(query["limit"]), int(query["offset"]))
            call.sendall(reply(json.dumps(rows).encode()))

    with closing(Crm(())) as crm:
        yield crm


ALL = [{"id": number} for number in range(1, 251)]


@pytest.mark.parametrize(
    ("pages", "calls"),
    [
        (lambda limit, offset: ALL[offset : offset + limit], 2),
        (lambda limit, offset: ALL[offset : offset + min(limit, 100)], 3),
        (lambda limit, offset: ALL, 2),
    ],
)
def test_a_server_that_caps_or_ignores_the_limit_is_read_whole_and_once(pages, calls):
    with crm_of(pages) as crm:
        answer = Uisp(crm.url, "k", "c").clients()
    assert [row.id for row in answer.rows] == list(range(1, 251))
    assert answer.faults == ()
    assert len(crm.asked) == calls


def test_leads_and_archived_clients_are_not_asked_for(server):
    clients = client_of(server).clients().rows
    assert not any(row.is_lead or row.is_archived for row in clients)
    assert max(row.id for row in clients) < 900_000


def test_the_invented_network_is_read_as_it_is(server, devices):
    uisp, network = client_of(server), devices.network
    rows = {row.name: row for row in uisp.devices().rows}
    sites = {row.id: row for row in uisp.sites().rows}
    assert rows.keys() == {each.name for each in network.devices}
    for each in network.devices:
        row = rows[each.name]
        assert (row.mac, row.address, row.vendor, row.model) == (each.mac, each.address, each.vendor, each.model)
        assert sites[row.site_id].name == each.site
        assert row.uplink_id == (rows[each.uplink].id if each.uplink else "")
        assert row.up is (each.name not in network.never_online)
    clients = {row.number: row for row in uisp.clients().rows}
    services = {row.client_id: row for row in uisp.services().rows}
    for customer in network.customers:
        row = clients[customer.number]
        assert row.name == customer.name
        assert row.company == bool(customer.company)
        assert row.contact_name == (f"{customer.given_name} {customer.family_name}" if customer.company else "")
        assert row.contacts[0].phone == customer.phone
        assert row.tags == customer.tags
        assert services[row.id].active is ("suspended" not in customer.tags)
        place = sites[services[row.id].site_id]
        assert (place.crm_client_id, place.crm_service_id) == (row.id, services[row.id].id)
        assert sites[place.parent_id].type == "site"
    ids = {row.id for row in rows.values()}
    links = uisp.data_links().rows
    assert len(links) == len(ids) - 1
    assert {end for row in links for end in (row.from_device, row.to_device)} == ids


def test_the_oddities_are_faults_of_their_rows_and_nothing_else(odd_server, devices):
    devices.set_failed(["cpe-10005"])
    uisp = client_of(odd_server)
    answer = uisp.devices()
    rows = {row.name: row for row in answer.rows}
    assert len(rows) == 146
    assert [fault.text for fault in answer.faults] == [
        f"identification.id: {answer.rows[-1].id!r} came before, this one is left out",
        "identification.id: expected a text, came nothing",
        "identification.id: expected a text, came nothing",
        "expected an object, came nothing",
    ]
    assert [fault.place for fault in answer.faults] == [f"devices[{place}]" for place in range(146, 150)]
    assert all(fault.dropped for fault in answer.faults)
    assert not any("/" in row.address for row in answer.rows)
    assert {row.name for row in answer.rows if row.up is not True} == {"cpe-10005"} | devices.network.never_online
    dark = rows["cpe-10005"]
    assert (dark.up, dark.signal, dark.uptime, dark.last_seen, dark.latitude) == (False, None, None, None, None)
    assert (dark.uplink_id, dark.maintenance) == ("", False)
    assert dark.address == devices.network.device("cpe-10005").address


def test_towers_of_unknown_status_are_not_down(odd_server):
    answer = client_of(odd_server).sites()
    towers = [row for row in answer.rows if row.type == "site"]
    assert {row.status for row in towers} == {"unknown"}
    assert {row.up for row in towers} == {None}
    assert len(answer.faults) == 1


def test_odd_clients_and_services_have_names_and_states(odd_server):
    uisp = client_of(odd_server)
    clients = uisp.clients()
    assert {fault.text for fault in clients.faults} == {
        "id: 10001 came before, this one is left out",
        "id: expected a whole number, came nothing",
    }
    company = next(row for row in clients.rows if row.company)
    assert company.name
    assert company.contact_name == ""
    assert next(row for row in clients.rows if row.id == 800_001).name == "Client 800001"
    services = uisp.services()
    first = [row for row in services.rows if row.client_id == 10_001]
    assert {row.has_outage for row in first} == {True, False}
    assert services.faults[0].text == "clientId: expected a whole number, came nothing"
    assert services.faults[0].id == 700_002


@pytest.mark.parametrize(
    ("read", "row"),
    [
        (device, {"identification": {"id": "x"}}),
        (site, {"identification": {"id": "x"}}),
        (link, {"id": "x"}),
        (client, {"id": 1}),
        (service, {"id": 1, "clientId": 2}),
    ],
)
def test_a_row_of_nothing_but_its_ids_is_good_and_extra_fields_are_kept(read, row):
    for sent in (row, row | {"somethingNew": {"x": [1]}}):
        fields = Fields(sent)
        assert read(fields).raw == sent
        assert fields.faults == []
    with pytest.raises(RowError, match="expected an object, came a list"):
        read(Fields([row]))


def read_device(**parts):
    fields = Fields({**DEVICE, **parts})
    return device(fields), fields.faults


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"overview": {"signal": "strong"}}, "overview.signal: expected a number, came 'strong'"),
        ({"overview": {"signal": True}}, "overview.signal: expected a number, came True"),
        ({"overview": {"uptime": float("inf")}}, "overview.uptime: expected a number, came inf"),
        ({"overview": "gone"}, "overview: expected an object, came 'gone'"),
        ({"overview": {"lastSeen": "yesterday"}}, "overview.lastSeen: expected a time, came 'yesterday'"),
        ({"overview": {"lastSeen": 17}}, "overview.lastSeen: expected a time, came 17"),
        ({"ipAddress": "10.0.0.1.2"}, "ipAddress: expected an IP address, came '10.0.0.1.2'"),
        ({"ipAddress": 10}, "ipAddress: expected an IP address, came 10"),
        ({"location": {"latitude": 91}}, "location.latitude: expected from -90 to 90 degrees, came 91.0"),
        ({"meta": {"maintenance": "yes"}}, "meta.maintenance: expected true or false, came 'yes'"),
        ({"attributes": {"apDevice": []}}, "attributes.apDevice: expected an object, came a list"),
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_kind_is_named_and_the_row_stays(parts, fault):
    row, faults = read_device(**parts)
    assert row.id == "d-1"
    assert faults == [fault]


@pytest.mark.parametrize(
    ("sent", "address"),
    [("100.64.66.172/24", "100.64.66.172"), ("10.0.0.1", "10.0.0.1"), ("fd00::5/64", "fd00::5"), ("", ""), (None, "")],
)
def test_addresses_lose_their_prefix(sent, address):
    assert read_device(ipAddress=sent) == (device(Fields({**DEVICE, "ipAddress": address})), [])


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-10T04:58:11.959Z",
        "2026-06-10T06:58:11.959+0200",
        "2026-06-10T04:58:11.959+00:00",
        "2026-06-10T04:58:11.959",
    ],
)
def test_times_become_utc(text):
    seen = read_device(overview={"lastSeen": text})[0].last_seen
    assert seen == datetime(2026, 6, 10, 4, 58, 11, 959_000, UTC)
    assert seen.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("status", "up"),
    [
        ("active", True),
        ("Disconnected", False),
        ("unknown", None),
        ("inactive", None),
        ("unauthorized", None),
        (None, None),
    ],
)
def test_only_active_is_up_and_only_disconnected_is_down(status, up):
    assert read_device(identification={"id": "x", "status": status})[0].up is up


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        ({"clientType": 1, "firstName": "Ada", "lastName": "Quill"}, ("Ada Quill", "", False)),
        ({"clientType": 2, "companyName": "Quill Ltd", "firstName": None}, ("Quill Ltd", "", True)),
        ({"clientType": 2, "companyName": "Quill Ltd", "companyContactFirstName": "Ada"}, ("Quill Ltd", "Ada", True)),
        ({"clientType": 2, "companyName": "Quill Ltd", "lastName": "Moor"}, ("Quill Ltd", "Moor", True)),
        ({"clientType": 2, "companyContactLastName": "Moor"}, ("Moor", "Moor", True)),
        ({"clientType": 1, "companyName": "Quill Ltd"}, ("Quill Ltd", "", False)),
        ({"firstName": "  ", "lastName": None}, ("Client 5", "", False)),
    ],
)
def test_everybody_is_called_by_the_name_they_have(sent, names):
    row = client(Fields({"id": 5, **sent}))
    assert (row.name, row.contact_name, row.company) == names


def test_ids_are_texts_in_nms_and_numbers_in_crm_whatever_they_came_as():
    place = site(Fields({"identification": {"id": "s"}, "ucrm": {"client": {"id": "12"}, "service": {"id": 13}}}))
    assert (place.crm_client_id, place.crm_service_id) == (12, 13)
    assert site(Fields({"identification": {"id": "s"}, "description": {"ucrmId": "12"}})).crm_client_id == 12
    assert service(Fields({"id": "7", "clientId": "8"})).client_id == 8
    for wrong in (True, 1.5, "x", "", -(10**30), [1]):
        with pytest.raises(RowError, match="id: expected a whole number"):
            client(Fields({"id": wrong}))


def test_texts_that_no_database_holds_are_cleaned():
    row, faults = read_device(identification={"id": "x", "name": " a\x00b\ud800 ", "vendor": 7})
    assert (row.name, row.vendor, faults) == ("ab?", "7", [])


def test_faults_of_contacts_are_named_by_their_place():
    fields = Fields({"id": 1, "contacts": [{"phone": "+1 406 555 0100"}, {"phone": []}, None], "tags": "vip"})
    assert [contact.phone for contact in client(fields).contacts] == ["+1 406 555 0100", ""]
    assert fields.faults == [
        "contacts: expected a list of objects, came a list",
        "contacts[1].phone: expected a text, came a list",
        "tags: expected a list, came 'vip'",
    ]


def test_an_answer_of_which_no_row_can_be_read_is_of_the_wrong_shape():
    with wire(reply(b'[{"deviceId": 1}, {"deviceId": 2}]')) as server:
        fault = fault_of(server.url)
    assert fault.kind is FaultKind.SHAPE
    assert fault.text == ("none of 2 devices can be read; devices[0]: identification.id: expected a text, came nothing")


NAMES = ("id", "clientId", "identification", "overview", "ipAddress", "lastSeen", "signal", "site", "contacts", "ucrm")
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
OBJECTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)
)


@given(st.lists(OBJECTS, max_size=4) | OBJECTS, st.sampled_from([device, site, link, client, service]))
def test_whatever_comes_is_read_or_is_a_fault(answer, read):
    reader = RowReader("rows", read, ("id",))
    try:
        reader.add(answer)
        rows = reader.done()
    except UpstreamFault as fault:
        assert fault.kind is FaultKind.SHAPE
    else:
        assert len(rows.rows) + sum(fault.dropped for fault in rows.faults) == len(answer)


@given(st.binary(max_size=200))
def test_whatever_bytes_come_are_a_fault_or_an_answer(noise):
    with wire(b"HTTP/1.1 200 OK\r\n" + noise) as server:
        try:
            Uisp(server.url, "k", seconds=5).devices()
        except UpstreamFault as fault:
            assert fault.text
