"""What UISP says of devices, services and clients, asked over HTTP of a server that speaks as it does."""

import time

import pytest

from agents.clients.faults import FaultKind
from agents.probes.readings import Target, UpstreamError
from agents.probes.uisp import UispProbe, Upstream
from agents.simulated.process import running
from agents.simulated.uisp import DEMO_CRM, DEMO_NMS
from tests.upstream import CRM_KEY, NMS_KEY
from tests.upstream import Upstream as Server

NOTHING_SAID = [
    "unknown", "unauthorized", "discovered", "disabled", "inactive", "custom", "unmonitored", "maintenance",
    "connecting", "proposed", "unplaced", "incompatible", "unassigned", "misconfigured", "preregistration", "", None,
    "Disconnecting", "down", "offline",
]  # fmt: skip


@pytest.fixture
def server():
    server = Server()
    yield server
    server.end()


@pytest.fixture
def ask(server):
    """Asks for (kind, id) pairs; the readings in their order."""

    def poll(*named, nms=NMS_KEY, crm=CRM_KEY, seconds=5.0, interval=60.0, home=True):
        upstream = Upstream(server.url, nms, crm, seconds=seconds, interval=interval)
        options = ({"upstream": upstream, "kind": kind, "id": name, "home": home} for kind, name in named)
        return UispProbe().probe([Target(key, "", given, tries=1) for key, given in enumerate(options)])

    return poll


def fault_of(ask, *named, **how):
    with pytest.raises(UpstreamError) as caught:
        ask(*named or [("device", "a")], **how)
    return caught.value


def test_disconnected_is_down_and_active_is_up(server, ask):
    server.device("a", "active")
    server.device("b", "disconnected")
    since = time.time()
    up, down = ask(("device", "a"), ("device", "b"))
    assert (up.key, up.up, up.message) == (0, True, "")
    assert (down.key, down.up, down.message) == (1, False, "UISP says disconnected")
    assert up.asked_at == down.asked_at
    assert since <= up.asked_at <= time.time()


@pytest.mark.parametrize("status", NOTHING_SAID)
def test_a_status_that_says_neither_is_not_known_and_never_down(server, ask, status):
    server.device("a", status)
    (reading,) = ask(("device", "a"))
    assert reading.up is None
    assert reading.message


@pytest.mark.parametrize("status", ["active", "disconnected"])
def test_what_is_in_maintenance_or_not_authorized_says_nothing(server, ask, status):
    server.device("a", status, meta={"maintenance": True})
    row = server.device("b", status)
    row["identification"]["authorized"] = False
    assert [reading.up for reading in ask(("device", "a"), ("device", "b"))] == [None, None]


def test_the_state_of_a_site_is_no_reading(server, ask):
    row = server.device("a", "active", site="s1")
    row["identification"]["site"]["status"] = "disconnected"
    assert ask(("device", "a"))[0].up is True


def test_everything_is_asked_once_whatever_the_number_of_targets(server, ask):
    for number in range(700):
        server.device(f"d{number}")
        server.service(number)
        server.client(number)
    readings = ask(*[("device", f"d{number}") for number in range(700)], ("service", "699"), ("connection", "0"))
    assert {reading.up for reading in readings} == {True}
    assert [reading.key for reading in readings] == list(range(702))
    assert server.polls() == 1
    # Two pages of 500 for each list of CRM.
    assert len(server.asked) == 5


@pytest.mark.parametrize(("nms", "crm", "lists"), [("", CRM_KEY, {"crm"}), (NMS_KEY, "", {"nms"})])
def test_what_there_is_no_key_for_is_not_asked_and_says_nothing(server, ask, nms, crm, lists):
    server.device("a", "disconnected")
    server.service(1, out=True)
    device, service = ask(("device", "a"), ("service", "1"), nms=nms, crm=crm)
    assert {path.split("/")[1] for path in server.asked} == lists
    assert [device.up, service.up] == ([None, False] if crm else [False, None])


def test_without_any_key_nothing_is_asked_and_that_is_a_fault(server, ask):
    assert fault_of(ask, nms="", crm="").kind == "settings"
    assert server.asked == []


def test_a_home_whose_service_has_an_outage_is_down_though_its_device_is_connected(server, ask):
    server.device("cpe", site="s1")
    server.device("other", site="s2")
    server.service(7, out=True, site="s1")
    server.service(8, out=False, site="s2")
    down, up = ask(("device", "cpe"), ("device", "other"))
    assert (down.up, up.up) == (False, True)
    assert "Home 7" in down.message
    assert down.values["service"]["id"] == 7
    assert down.values["device"]["identification"]["id"] == "cpe"
    assert ask(("device", "cpe"), home=False)[0].up is True


def test_of_two_services_at_one_place_one_outage_is_enough_but_not_that_of_a_suspended_one(server, ask):
    server.device("cpe", site="s1")
    server.service(1, out=False, site="s1")
    second = server.service(2, out=True, site="s1", status=3)
    assert ask(("device", "cpe"))[0].up is True
    second["status"] = 1
    assert ask(("device", "cpe"))[0].up is False


def test_a_home_of_unknown_status_stays_unknown_whatever_its_service_says(server, ask):
    server.device("cpe", "unknown", site="s1")
    server.service(1, out=True, site="s1")
    assert ask(("device", "cpe"))[0].up is None


@pytest.mark.parametrize(("out", "up"), [(True, False), (False, True), (None, None), ("yes", None)])
def test_a_service_and_a_client_are_read_by_their_outage(server, ask, out, up):
    server.service(5, out=out)
    server.client(6, out=out)
    assert [reading.up for reading in ask(("service", "5"), ("connection", "6"))] == [up, up]


@pytest.mark.parametrize("status", [0, 2, 3, 4, 5, 6, 7, 8, 99, None])
def test_a_service_that_is_not_delivered_says_nothing(server, ask, status):
    server.service(5, out=True, status=status)
    (reading,) = ask(("service", "5"))
    assert reading.up is None
    assert "UISP says that the service is" in reading.message


@pytest.mark.parametrize("name", ["isArchived", "isLead", "hasSuspendedService"])
def test_a_client_who_is_archived_a_lead_or_suspended_says_nothing(server, ask, name):
    server.client(6, out=True, **{name: True})
    assert ask(("connection", "6"))[0].up is None


def test_what_the_answer_does_not_name_is_not_down(server, ask):
    server.device("a")
    server.service(1)
    server.client(1)
    readings = ask(("device", "b"), ("service", "2"), ("connection", "3"), ("site", "s"), ("", ""))
    assert [reading.up for reading in readings] == [None] * 5
    assert "does not name this device" in readings[0].message


def test_what_comes_twice_or_in_a_wrong_shape_is_not_down(server, ask):
    server.device("good")
    server.device("twice", "active")
    server.device("twice", "disconnected")
    server.devices += [{"identification": "shapeless"}, None, {"identification": {"id": None}}]
    server.devices.append({"identification": {"id": "bare"}})
    server.services += [{"id": 4, "hasOutage": True}, {"id": 5, "clientId": 1, "status": "?", "hasOutage": True}]
    good, twice, bare, no_client, no_status = ask(
        ("device", "good"), ("device", "twice"), ("device", "bare"), ("service", "4"), ("service", "5")
    )
    assert good.up is True
    assert [reading.up for reading in (twice, bare, no_client, no_status)] == [None] * 4
    assert "cannot be read" in twice.message


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("401", FaultKind.UNAUTHORISED),
        ("403", FaultKind.FORBIDDEN),
        ("404", FaultKind.MISSING),
        ("429", FaultKind.THROTTLED),
        ("500", FaultKind.SERVER),
        ("502", FaultKind.SERVER),
        ("html", FaultKind.NOT_JSON),
        ("shape", FaultKind.SHAPE),
        ("strangers", FaultKind.SHAPE),
        ("empty", FaultKind.SHAPE),
        ("silent", FaultKind.TIMEOUT),
    ],
)
def test_a_faulty_upstream_raises_with_its_kind(server, ask, fault, kind):
    server.device("a")
    server.fault = fault
    caught = fault_of(ask, seconds=0.4 if fault == "silent" else 10)
    assert caught.kind == kind.value
    assert str(caught)
    assert NMS_KEY not in str(caught)
    assert caught.retry_after == (3.0 if fault == "429" else None)


def test_a_refused_connection_raises(server, ask):
    server.close()
    assert fault_of(ask).kind == FaultKind.REFUSED.value


def test_an_address_that_is_none_raises():
    target = Target(1, "", {"upstream": Upstream("gopher://uisp", "key"), "kind": "device", "id": "a"})
    with pytest.raises(UpstreamError, match="it cannot be asked"):
        UispProbe().probe([target])


@pytest.mark.processes
def test_all_answers_together_have_to_be_there_in_time(server, ask):
    server.device("a")
    server.seconds = 0.5
    started = time.monotonic()
    assert fault_of(ask, seconds=1.2).kind == FaultKind.TIMEOUT.value
    assert time.monotonic() - started < 1.6


def test_an_answer_that_comes_after_the_next_poll_was_due_is_too_old(server, ask):
    server.device("a", "disconnected")
    server.seconds = 0.2
    assert fault_of(ask, interval=0.5).kind == "slow"


def test_one_list_that_fails_freezes_all(server, ask):
    server.device("a", "disconnected")
    assert fault_of(ask, crm="another key").kind == FaultKind.UNAUTHORISED.value


def test_nothing_to_ask_asks_nothing(server):
    assert UispProbe().probe([]) == []
    assert UispProbe().probe([Target(1, "10.0.0.1")])[0].up is None
    assert server.asked == []


def test_a_key_is_in_no_words_of_a_target():
    assert "secret" not in repr(Target(1, "", {"upstream": Upstream("http://a", "secret-1", "secret-2")}))


@pytest.mark.processes
def test_the_invented_network_is_read_with_its_oddities():
    with running(40, uisp=True, odd=True) as demo:
        upstream = Upstream(demo.uisp, DEMO_NMS, DEMO_CRM)
        from agents.clients.uisp import Uisp

        rows = Uisp(demo.uisp, DEMO_NMS, DEMO_CRM).devices().rows
        targets = [
            Target(key, "", {"upstream": upstream, "kind": "device", "id": row.id, "home": row.role == "station"})
            for key, row in enumerate(rows)
        ]
        before = UispProbe().probe(targets)
        demo.send("fail", device="core-depot")
        after = UispProbe().probe(targets)
    assert sum(reading.up is True for reading in before) > len(rows) * 0.8
    assert not any(reading.up for reading in after)
    # The one in maintenance, and the one that came twice.
    assert [reading.up for reading in after].count(None) == 2
