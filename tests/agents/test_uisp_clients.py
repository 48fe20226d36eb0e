"""The outage flag of a client, where neither a service nor a device tells which of them it is."""

import pytest

from agents.probes.readings import Target, UpstreamError
from agents.probes.uisp import UispProbe, Upstream
from tests.upstream import CRM_KEY, NMS_KEY
from tests.upstream import Upstream as Server


@pytest.fixture
def server():
    server = Server()
    yield server
    server.end()


@pytest.fixture
def ask(server):
    """Asks for (kind, id) pairs, all of the client 1; whether each is up."""

    def poll(*named, home=True):
        upstream = Upstream(server.url, NMS_KEY, CRM_KEY, seconds=5.0)
        asked = [{"kind": kind, "id": name, "home": home, "client": "1"} for kind, name in named]
        targets = [Target(key, "", {"upstream": upstream, **given}, tries=1) for key, given in enumerate(asked)]
        return UispProbe().probe(targets)

    return poll


def ups(readings):
    return [reading.up for reading in readings]


def test_the_flag_alone_puts_a_connected_home_out_with_both_objects_kept(server, ask):
    server.device("cpe")
    row = server.client(1, out=True)
    (down,) = ask(("device", "cpe"))
    assert (down.up, down.message) == (False, "UISP says connected, and that the client has an outage")
    assert down.values["client"]["id"] == 1
    assert down.values["device"]["identification"]["id"] == "cpe"
    assert ups(ask(("device", "cpe"), home=False)) == [True]
    row["hasOutage"] = False
    assert ups(ask(("device", "cpe"))) == [True]


@pytest.mark.parametrize("said", [False, None])
def test_the_flag_counts_for_a_service_that_does_not_say_so_itself(server, ask, said):
    server.client(1, out=True)
    server.service(7, out=said)
    server.service(8, out=said, status=3)
    active, suspended = ask(("service", "7"), ("service", "8"))
    assert (active.up, active.message) == (False, "UISP says that the client has an outage")
    assert active.values.keys() == {"service", "client"}
    assert suspended.up is None


def test_of_two_services_the_one_that_says_so_is_out_and_the_other_is_not(server, ask):
    server.client(1, out=True)
    server.service(7, out=True)
    server.service(8, out=False)
    assert ups(ask(("service", "7"), ("service", "8"))) == [False, True]


@pytest.mark.parametrize(("status", "up"), [("disconnected", False), ("unknown", None)])
def test_of_two_homes_the_one_that_is_not_connected_explains_the_flag(server, ask, status, up):
    server.device("first", status)
    server.device("second")
    server.client(1, out=True)
    assert ups(ask(("device", "first"), ("device", "second"))) == [up, True]


@pytest.mark.parametrize("name", ["isArchived", "isLead", "hasSuspendedService"])
def test_the_flag_of_a_client_who_is_not_served_says_nothing(server, ask, name):
    server.device("cpe")
    server.client(1, out=True, **{name: True})
    assert ups(ask(("device", "cpe"))) == [True]


def test_a_list_of_services_that_is_gone_is_a_fault_where_services_are_followed(server, ask):
    server.device("cpe")
    server.client(1)
    server.services = None
    assert ups(ask(("device", "cpe"), ("connection", "1"))) == [True, True]
    with pytest.raises(UpstreamError) as caught:
        ask(("device", "cpe"), ("service", "7"))
    assert caught.value.kind == "missing"


def test_what_comes_twice_with_the_same_words_is_believed(server, ask):
    for _ in range(2):
        server.device("cpe", "disconnected")
    assert ups(ask(("device", "cpe"))) == [False]
