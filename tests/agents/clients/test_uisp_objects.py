"""Devices, sites, links, clients and services: fields of any kind are read, or are faults of their row."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.clients.faults import FaultKind, UpstreamFault
from agents.clients.shapes import Fields, RowError, RowReader
from agents.clients.uisp_objects import client, device, link, service, site
from tests.agents.clients.wire import DEVICE


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
    numbered = site(Fields({"identification": {"id": 31, "parent": {"id": 30}}}))
    assert (numbered.id, numbered.parent_id) == ("31", "30")
    for wrong in (True, 1.5, "", None, [1]):
        with pytest.raises(RowError, match=r"identification\.id: expected a text"):
            site(Fields({"identification": {"id": wrong}}))
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


NAMES = ("id", "clientId", "identification", "overview", "ipAddress", "lastSeen", "signal", "site", "contacts", "ucrm")
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
OBJECTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)
)


@pytest.mark.processes
@given(st.lists(OBJECTS, max_size=4) | OBJECTS, st.sampled_from([device, site, link, client, service]))
def test_whatever_comes_is_read_or_is_a_fault(answer, read):
    reader = RowReader("rows", read, ("id",))
    try:
        reader.add(answer)
        rows = reader.done()
    except UpstreamFault as fault:
        assert fault.kind is FaultKind.SHAPE
    else:
        left_out = [fault for fault in rows.faults if fault.dropped or "came before" in fault.text]
        assert len(rows.rows) + len(left_out) == len(answer)
