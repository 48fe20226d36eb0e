"""The client of UISP: its keys and addresses, its pages, and the invented network read whole."""

import json
import time
from contextlib import closing, contextmanager

import pytest

from agents.clients.shapes import RowReader
from agents.clients.uisp import Uisp
from agents.clients.uisp_objects import device
from agents.simulated.uisp import DEMO_CRM, DEMO_NMS, UispServer
from tests.agents.clients.wire import SECRET, Wire, client_of, reply, wire


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


@pytest.mark.processes
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
