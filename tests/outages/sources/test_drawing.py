"""What the lists of a source come to, before anything is compared with ours."""

import pytest

from agents.clients import uisp_objects
from agents.clients.shapes import RowReader
from outages.sources.allowed import refusal
from outages.sources.picture import draw
from outages.sources.rows import Answer
from tests.outages.sources import upstream as up


def drawn(*, crm=True, **lists):
    """The picture of these rows."""
    read = {"devices": uisp_objects.device, "sites": uisp_objects.site, "links": uisp_objects.link}
    read |= {"clients": uisp_objects.client, "services": uisp_objects.service}
    rows = {}
    for name, found in lists.items():
        path = ("id",) if name in ("clients", "services", "links") else ("identification", "id")
        reader = RowReader(name, read[name], path)
        reader.add(found)
        rows[name] = reader.done()
    return draw(Answer(**rows, has_crm=crm))


def one(picture, kind="device", of="equipment"):
    (found,) = [row for row in getattr(picture, of) if row.kind == kind]
    return found


def by_id(picture):
    return {row.id: row for row in picture.equipment}


HOME = up.site("h", "Home", kind="endpoint", parent="t")
TOWER = up.site("t", "Ridge tower")


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"firstName": "Dean", "lastName": "Irvine"}, ("Dean", "Irvine", "")),
        ({"firstName": None, "lastName": "Irvine"}, ("", "Irvine", "")),
        ({"firstName": None, "lastName": None}, ("", "A-1000", "")),
        ({"firstName": None, "lastName": None, "userIdent": None}, ("", "Client 1000", "")),
        ({"firstName": "", "lastName": " ", "companyName": "Nameless"}, ("", "", "Nameless")),
        (
            {"clientType": 2, "firstName": None, "lastName": None, "companyName": "Irvine Ltd",
             "companyContactFirstName": "Dean", "companyContactLastName": "Irvine"},
            ("Dean", "Irvine", "Irvine Ltd"),
        ),
        ({"clientType": 2, "firstName": None, "lastName": None, "companyName": "Irvine Ltd"}, ("", "", "Irvine Ltd")),
        ({"clientType": 2, "firstName": None, "lastName": None, "companyName": None}, ("", "A-1000", "")),
    ],
)  # fmt: skip
def test_a_customer_is_never_without_a_name(fields, names):
    values = one(drawn(clients=[up.client(1000, **fields)]), "client", "customers").values
    assert (values["given_name"], values["family_name"], values["company_name"]) == names


def test_leads_and_archived_clients_are_left_out_even_if_they_are_sent():
    rows = [up.client(1), up.client(2, isLead=True), up.client(3, isArchived=True)]
    assert [row.id for row in drawn(clients=rows).customers] == ["1"]


def test_who_hears_of_outages_comes_before_who_pays():
    people = [
        up.contact("Bill", "bill@example.net", "1", general=False),
        up.contact("Gena", "gena@example.net", "22 33"),
    ]
    values = one(drawn(clients=[up.client(1, contacts=people)]), "client", "customers")
    assert (values.values["email"], values.values["phone"]) == ("gena@example.net", "22 33")
    assert values.contacts == [("Bill", "bill@example.net", "")]


def test_a_company_has_all_its_contacts_and_what_nobody_could_write_to_is_none():
    people = [up.contact(), up.contact("Nobody", "not an address", ""), up.contact("", "desk@example.net", None)]
    row = one(drawn(clients=[up.client(1, clientType=2, companyName="Ltd", contacts=people)]), "client", "customers")
    expected = [("Rosa Field", "rosa@example.net", "+1 907 555 0100"), ("Dean Irvine", "desk@example.net", "")]
    assert row.contacts == expected


@pytest.mark.parametrize(("states", "suspended"), [((), True), ((1,), True), ((3,), True), ((3, 1), False)])
def test_suspended_is_who_has_nothing_else_that_runs(states, suspended):
    services = [up.service(number, 1, status=status) for number, status in enumerate(states)]
    picture = drawn(clients=[up.client(1, hasSuspendedService=True)], services=services)
    assert one(picture, "client", "customers").values["suspended"] is suspended


@pytest.mark.parametrize(
    ("fields", "at", "kind"),
    [
        ({"role": "ap"}, "t", "ap"),
        ({"role": "gateway"}, "t", "router"),
        ({"role": "router", "type": "blackBox"}, "t", "router"),
        ({"role": "switch"}, "t", "switch"),
        ({"role": "ptp"}, "t", "ptp"),
        ({"role": "station"}, "t", "cpe"),
        ({"role": "station"}, None, "cpe"),
        ({"role": "router"}, "h", "cpe"),
        ({"role": "homeWiFi"}, "h", "cpe"),
        ({"role": None, "type": "eswitch"}, "t", "switch"),
        ({"role": "ups", "type": "epower"}, "t", "other"),
        ({"role": "no such role", "type": None}, None, "other"),
    ],
)
def test_the_kind_follows_role_type_and_place(fields, at, kind):
    assert one(drawn(devices=[up.device("d", at=at, **fields)], sites=[TOWER, HOME])).when_new["kind"] == kind


def test_a_station_on_a_tower_at_an_ap_of_another_tower_is_half_of_a_link():
    devices = [up.device("ap", at="t", role="ap"), up.device("far", at="u", attributes=up.at_ap("ap"))]
    assert by_id(drawn(devices=devices, sites=[TOWER, up.site("u")]))["far"].values["kind"] == "ptp"


def test_an_address_loses_its_prefix_and_what_is_missing_is_not_known():
    values = one(drawn(devices=[up.device("d", mac="E0-63-DA-00-00-01", ipAddress="100.64.66.172/24")])).values
    assert (values["address"], values["mac"]) == ("100.64.66.172", "e0:63:da:00:00:01")
    bare = up.device(
        "d", status="disconnected", vendor=None, model=None, ipAddress=None, attributes=None, overview=None
    )
    assert one(drawn(devices=[bare])).values == {"name": "device d"}


def test_the_same_address_as_ipv6_is_the_same():
    assert one(drawn(devices=[up.device("d", ipAddress="::ffff:10.0.0.1")])).values["address"] == "10.0.0.1"


@pytest.mark.parametrize(
    ("sites", "services", "owner"),
    [
        ([up.site("h", kind="endpoint", client=1)], [], ("client", "1")),
        ([up.site("h", kind="subscriber", client=1)], [], ("client", "1")),
        ([up.site("h", kind="endpoint")], [up.service(5, 1, at="h")], ("client", "1")),
        ([], [up.service(5, 1, at="h")], ("client", "1")),
        ([up.site("h", kind="endpoint")], [], ("site", "h")),
        ([up.site("h")], [], None),
        ([up.site("h", kind="endpoint", client=77)], [], None),
    ],
)
def test_a_device_is_whose_place_it_stands_at(sites, services, owner):
    row = one(drawn(devices=[up.device("d", at="h")], sites=sites, services=services, clients=[up.client(1)]))
    assert row.points["customer_id"] == owner


def test_of_a_place_that_is_not_listed_nothing_is_known():
    row = one(drawn(devices=[up.device("d", at="nowhere")], sites=[], clients=[up.client(1)]))
    assert row.points == {}
    assert one(drawn(devices=[up.device("d")], sites=[])).points == {"site_id": None, "customer_id": None}


def test_whose_client_could_not_be_read_this_time_is_not_nobodys():
    sites = [up.site("h", kind="endpoint", client=1)]
    devices = [up.device("d", at="h")]
    assert "customer_id" not in one(drawn(devices=devices, sites=sites, clients=[up.client(2), {"id": None}])).points
    assert one(drawn(devices=devices, sites=sites, clients=[up.client(2), up.client(2)])).points["customer_id"] is None


def test_without_a_key_for_crm_places_speak_for_their_customers():
    sites = [up.site("a", "12 Elm", kind="endpoint", client=7), up.site("b", "14 Elm", kind="endpoint", client=7)]
    sites += [up.site("c", "The Irvines", kind="endpoint", contact={"email": "c@example.net", "phone": "907 555"})]
    picture = drawn(crm=False, sites=sites, devices=[up.device("d", at="b")])
    assert [(row.key, row.label) for row in picture.customers] == [
        (("client", "7"), "client 7"),
        (("site", "c"), "The Irvines"),
    ]
    assert picture.customers[1].values["email"] == "c@example.net"
    assert one(picture).points["customer_id"] == ("client", "7")


def test_what_has_no_device_is_a_connection():
    clients = [up.client(1), up.client(2, "Ada", "Lovell"), up.client(3, hasOutage=True), up.client(4)]
    services = [
        up.service(10, 1, at="h"),
        up.service(11, 2, hasOutage=True),
        up.service(12, 2, name="Office"),
        up.service(13, 2, status=2),
        up.service(14, 4, servicePlanType="General"),
    ]
    sites = [up.site("h", kind="endpoint", client=1)]
    picture = drawn(devices=[up.device("d", at="h")], sites=sites, clients=clients, services=services)
    found = {row.key: (row.label, row.down) for row in picture.equipment if row.kind != "device"}
    assert found == {
        ("service", "11"): ("Connection of Ada Lovell (Home 50)", True),
        ("service", "12"): ("Connection of Ada Lovell (Office)", False),
        ("connection", "3"): ("Connection of Dean Irvine", True),
    }
    assert picture.bare_customers == ["Ada Lovell", "Dean Irvine", "Dean Irvine"]


def test_a_second_service_without_a_place_is_not_served_by_the_device_of_the_first():
    sites = [up.site("h", kind="endpoint", client=1, service=10)]
    lists = {"devices": [up.device("d", at="h")], "sites": sites, "clients": [up.client(1)]}
    alone = drawn(**lists, services=[up.service(10, 1)])
    assert [row.kind for row in alone.equipment] == ["device"]
    both = drawn(**lists, services=[up.service(10, 1), up.service(11, 1)])
    assert [row.key for row in both.equipment] == [("device", "d"), ("service", "11")]


def test_clients_alone_are_enough():
    picture = drawn(clients=[up.client(1), up.client(2, hasOutage=True)])
    assert [row.key for row in picture.equipment] == [("connection", "1"), ("connection", "2")]
    assert picture.down() == ["Connection of Dean Irvine"]


def hanging(**lists):
    return {row.id: row.above and row.above[1] for row in drawn(**lists).equipment}


def test_a_radio_hangs_on_its_ap_whatever_else_is_said():
    devices = [
        up.device("ap", role="ap"),
        up.device("x"),
        up.device("d", attributes=up.at_ap("ap"), uplinkDevice=up.via("x")),
    ]
    assert hanging(devices=devices, links=[up.link("d", "x")])["d"] == "ap"


def test_links_lead_away_from_the_gateway():
    devices = [
        up.device("gw", role="gateway"),
        up.device("sw", role="switch"),
        up.device("ap", role="ap"),
        up.device("lost"),
    ]
    links = [up.link("ap", "sw"), up.link("sw", "gw"), up.link("lost", "ap", state="proposed")]
    assert hanging(devices=devices, links=links) == {"gw": None, "sw": "gw", "ap": "sw", "lost": None}


def test_places_fill_what_nobody_has_told():
    devices = [
        up.device("core", at="p", role="gateway"),
        up.device("r", at="t", role="router"),
        up.device("ap", at="t", role="ap"),
    ]
    devices += [up.device("cpe", at="h"), up.device("wifi", at="h", role="homeWiFi")]
    sites = [up.site("p"), up.site("t", parent="p"), HOME]
    expected = {"core": None, "r": "core", "ap": "r", "cpe": "r", "wifi": "cpe"}
    assert {id: above for id, above in hanging(devices=devices, sites=sites).items() if id in expected} == expected


def test_two_aps_without_a_router_are_no_answer():
    devices = [up.device("a", at="t", role="ap"), up.device("b", at="t", role="ap"), up.device("cpe", at="h")]
    assert hanging(devices=devices, sites=[TOWER, HOME])["cpe"] is None


def test_a_ring_is_never_made():
    devices = [
        up.device("a", uplinkDevice=up.via("b")),
        up.device("b", uplinkDevice=up.via("c")),
        up.device("c", uplinkDevice=up.via("a")),
    ]
    devices += [up.device("self", uplinkDevice=up.via("self")), up.device("far", uplinkDevice=up.via("gone"))]
    found = hanging(devices=devices, links=[up.link("c", "a"), up.link("self", "self")])
    assert found == {"a": "b", "b": "c", "c": None, "self": None, "far": None}


def test_parents_in_a_ring_end():
    sites = [up.site("t", parent="u"), up.site("u", parent="t")]
    devices = [up.device("a", at="t", role="ap"), up.device("b", at="t", role="ap")]
    assert hanging(devices=devices, sites=sites) == {"a": None, "b": None}


def test_what_contradicts_itself_is_said():
    clients = [up.client(1, userIdent="9"), up.client(2, userIdent="9")]
    devices = [up.device(id, mac="02:00:00:00:00:01", ipAddress="10.0.0.1/24") for id in ("d", "e")]
    sites = [up.site("t", "Twin"), up.site("u", "twin"), up.site("h", kind="endpoint", client=1)]
    said = drawn(
        clients=clients, devices=devices, sites=sites, services=[up.service(5, 2, at="h"), up.service(6, 66)]
    ).conflicts
    words = ["have the MAC 02:00:00:00:00:01", "have the address 10.0.0.1", "have the number 9", "are called twin"]
    words += ["a service there of client 2", "of client 66, who is not listed"]
    assert len(said) == len(words) and all(any(part in line for line in said) for part in words)


def test_what_uisp_has_not_adopted_is_left_out():
    devices = [up.device("d"), up.device("e", status="discovered"), up.device("f", status="unauthorized")]
    picture = drawn(devices=devices)
    assert [row.id for row in picture.equipment] == ["d"] and picture.counts["not_adopted"] == 2
    assert picture.seen["device"].unknown == {"e", "f"}


def test_nothing_at_all_is_an_empty_picture():
    picture = drawn(devices=[], sites=[], links=[], clients=[], services=[])
    assert not (picture.sites or picture.customers or picture.equipment or picture.conflicts)


@pytest.mark.parametrize(
    ("address", "loopback", "refused"),
    [
        ("10.0.0.1", False, False), ("192.168.1.1", False, False), ("100.64.0.9", False, False),
        ("fd12::1", False, False), ("8.8.8.8", False, False),
        ("169.254.169.254", True, True), ("fe80::1%eth0", True, True),
        ("::ffff:169.254.169.254", True, True), ("fd00:ec2::254", True, True), ("100.100.100.200", True, True),
        ("127.0.0.1", False, True), ("::1", False, True), ("::ffff:127.0.0.1", False, True), ("127.0.0.1", True, False),
        ("0.0.0.0", True, True), ("224.0.0.1", True, True), ("255.255.255.255", True, True),
    ],
)  # fmt: skip
def test_private_networks_are_asked_the_link_and_its_metadata_never(address, loopback, refused):
    assert bool(refusal(address, loopback)) is refused
