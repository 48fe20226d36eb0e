import json
import socket
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from agents.clients.faults import FaultKind, UpstreamFault
from agents.clients.uisp import Uisp
from agents.simulated import control
from agents.simulated.devices import DeviceError, Devices, free_port
from agents.simulated.director import Director
from agents.simulated.network import build
from agents.simulated.process import running
from agents.simulated.server import ControlServer
from agents.simulated.uisp import DEMO_CRM, DEMO_NMS, FAULTS, UispServer

ROOT = Path(__file__).resolve().parents[2]
TOWER = "backhaul-saddle-ridge"
NMS, CRM = "/nms/api/v2.1", "/crm/api/v1.0"


@pytest.fixture(scope="module")
def network():
    return build(port=free_port(build()))


@pytest.fixture
def devices(network):
    with Devices(network) as devices:
        yield devices


@pytest.fixture
def uisp(devices):
    with UispServer(devices, slow=0.3) as uisp:
        yield uisp


def ask(uisp, path, method="GET", timeout=3, **headers):
    call = HTTPConnection("127.0.0.1", uisp.port, timeout=timeout)
    keys = {"x-auth-token": DEMO_NMS} if path.startswith(NMS) else {"X-Auth-App-Key": DEMO_CRM}
    try:
        call.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()} or keys)
        answer = call.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        call.close()


def disconnected(uisp):
    rows = ask(uisp, f"{NMS}/devices")[1]
    return {row["identification"]["name"] for row in rows if row["overview"]["status"] == "disconnected"}


def dark(uisp):
    return {row["userIdent"] for row in ask(uisp, f"{CRM}/clients?lead=0")[1] if row["hasOutage"]}


def test_what_fails_in_the_network_is_disconnected_and_its_customers_have_an_outage(uisp, devices, network):
    never = {customer.number for customer in network.customers if customer.never_online}
    assert disconnected(uisp) == network.never_online
    assert dark(uisp) == never
    devices.fail(TOWER)
    below = {device.name for device in network.below(TOWER)} | {TOWER}
    assert disconnected(uisp) == below | network.never_online
    assert dark(uisp) == {customer.number for customer in network.customers_below(TOWER)} | never
    devices.restore(TOWER)
    assert disconnected(uisp) == network.never_online
    assert dark(uisp) == never


def test_sites_links_and_services_follow_as_well(uisp, devices, network):
    devices.fail("ap-saddle-ridge-1")
    cpes = network.below("ap-saddle-ridge-1")
    silent = {device.name for device in cpes} | network.never_online
    names = {network.device(name).site for name in silent}
    sites = ask(uisp, f"{NMS}/sites?type=client")[1]
    assert {s["identification"]["name"] for s in sites if s["identification"]["status"] == "disconnected"} == names
    links = ask(uisp, f"{NMS}/data-links")[1]
    ends = {row["to"]["device"]["identification"]["name"] for row in links if row["state"] == "disconnected"}
    assert ends == silent | {"ap-saddle-ridge-1"}
    out = ask(uisp, f"{CRM}/clients/services?hasOutage=1")[1]
    assert {row["unmsClientSiteStatus"] for row in out} == {"disconnected"}
    assert {str(row["clientId"]) for row in out} == {name.removeprefix("cpe-") for name in silent}


def test_a_lost_device_sends_nulls_and_when_it_was_last_seen(uisp, devices, network):
    devices.fail("cpe-10005")
    rows = {row["identification"]["name"]: row for row in ask(uisp, f"{NMS}/devices")[1]}
    lost = rows["cpe-10005"]["overview"]
    assert [lost[name] for name in ("signal", "uptime", "cpu", "ram")] == [None] * 4
    seen = lost["lastSeen"]
    time.sleep(0.01)
    again = {row["identification"]["name"]: row for row in ask(uisp, f"{NMS}/devices")[1]}
    assert again["cpe-10005"]["overview"]["lastSeen"] == seen
    assert again[min(network.never_online)]["overview"]["lastSeen"] is None
    assert again["cpe-10006"]["overview"]["signal"] < 0


def test_third_parties_are_black_boxes_and_ids_stay_the_same(uisp, devices):
    rows = ask(uisp, f"{NMS}/devices")[1]
    for row in rows:
        ours = row["identification"]["vendor"] == "Ubiquiti"
        assert (row["identification"]["type"] == "blackBox") is not ours
    with UispServer(devices) as other:
        assert [row["identification"]["id"] for row in ask(other, f"{NMS}/devices")[1]] == [
            row["identification"]["id"] for row in rows
        ]
    assert all(isinstance(row["identification"]["id"], str) for row in rows)


def test_ids_of_clients_are_texts_in_nms_and_numbers_in_crm(uisp):
    bound = [row["ucrm"] for row in ask(uisp, f"{NMS}/sites?ucrmDetails=true")[1] if row["ucrm"]]
    clients = [row["id"] for row in ask(uisp, f"{CRM}/clients?lead=0")[1]]
    assert [int(each["client"]["id"]) for each in bound] == clients
    assert {type(each["client"]["id"]) for each in bound} == {str}
    assert "ucrm" not in ask(uisp, f"{NMS}/sites")[1][0]


@pytest.mark.parametrize(
    ("path", "headers", "status", "body"),
    [
        (f"{NMS}/devices", {"x": "y"}, 401, {"statusCode": 401, "error": "Unauthorized", "message": "Unauthorized"}),
        (f"{NMS}/devices", {"X_Auth_App_Key": DEMO_CRM}, 401, None),
        (f"{NMS}/devices", {"X_AUTH_TOKEN": DEMO_NMS}, 200, None),
        (f"{CRM}/clients", {"x": "y"}, 401, {"code": 401, "message": "User authentication failed."}),
        (f"{CRM}/clients", {"x_auth_token": DEMO_NMS}, 200, None),
        (f"{CRM}/nothing", {"X_Auth_App_Key": DEMO_CRM}, 404, {"code": 404, "message": "Object is not found."}),
        (f"{NMS}/nothing", {"x_auth_token": DEMO_NMS}, 404, None),
        ("/", {"x_auth_token": DEMO_NMS}, 404, None),
        (f"{CRM}/clients?limit=some", {"X_Auth_App_Key": DEMO_CRM}, 400, None),
    ],
)
def test_keys_and_paths_are_checked_in_the_words_of_each_api(uisp, path, headers, status, body):
    answer = ask(uisp, path, **headers)
    assert answer[0] == status
    if body:
        assert answer[1] == body


def test_nothing_can_be_written(uisp):
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        assert ask(uisp, f"{CRM}/clients", method)[0] == 403
        assert ask(uisp, f"{NMS}/devices", method)[0] == 403


def test_lists_of_crm_come_in_pages_and_leads_unless_told_otherwise(uisp):
    pages = [ask(uisp, f"{CRM}/clients?lead=0&limit=50&offset={offset}")[1] for offset in (0, 50, 100, 150)]
    assert [len(page) for page in pages] == [50, 50, 20, 0]
    assert len({row["id"] for page in pages for row in page}) == 120
    assert len(ask(uisp, f"{CRM}/clients")[1]) == 122
    assert len(ask(uisp, f"{CRM}/clients?lead=1")[1]) == 2
    assert len(ask(uisp, f"{CRM}/clients?isArchived=1")[1]) == 1
    assert [row["clientId"] for row in ask(uisp, f"{CRM}/clients/services?clientId=10003")[1]] == [10_003]


def test_devices_of_one_site_and_their_interfaces_can_be_asked_for(uisp):
    rows = ask(uisp, f"{NMS}/devices?withInterfaces=true")[1]
    assert all(row["interfaces"] for row in rows)
    site = rows[0]["identification"]["site"]["id"]
    some = ask(uisp, f"{NMS}/devices?siteId={site}")[1]
    assert 0 < len(some) < len(rows)
    assert not any(row["interfaces"] for row in some)


def test_odd_data_can_be_asked_in_every_way(devices):
    with UispServer(devices, odd=True) as uisp:
        for path in ("/devices?siteId=x", "/devices?withInterfaces=true", "/sites?type=site&ucrmDetails=true"):
            assert ask(uisp, f"{NMS}{path}")[0] == 200
        for path in ("/clients?lead=0", "/clients/services?hasOutage=1"):
            assert ask(uisp, f"{CRM}{path}")[0] == 200


def test_a_silent_server_lets_its_callers_go_when_the_fault_ends(uisp):
    uisp.play("timeout")
    with pytest.raises(TimeoutError):
        ask(uisp, f"{NMS}/devices", timeout=0.2)
    ended = threading.Event()

    def wait():
        with pytest.raises((HTTPException, ConnectionError)):
            ask(uisp, f"{NMS}/devices", timeout=5)
        ended.set()

    before = uisp.status()["calls"]
    caller = threading.Thread(target=wait)
    caller.start()
    limit = time.monotonic() + 5
    while uisp.status()["calls"] == before:
        assert time.monotonic() < limit, "it was never asked"
        time.sleep(0.02)
    uisp.play("none")
    assert ended.wait(1)
    caller.join()
    assert ask(uisp, f"{NMS}/devices")[0] == 200


@pytest.mark.processes
def test_a_slow_server_answers_in_the_end(uisp):
    uisp.play("slow")
    started = time.monotonic()
    assert ask(uisp, f"{NMS}/devices")[0] == 200
    assert 0.25 < time.monotonic() - started < 2


def test_a_server_that_is_off_comes_back_on_the_same_port(uisp):
    for _ in range(3):
        uisp.play("off")
        with pytest.raises(ConnectionRefusedError):
            ask(uisp, f"{NMS}/devices")
        uisp.play("none")
        assert ask(uisp, f"{NMS}/devices")[0] == 200


def test_a_port_taken_while_it_was_off_is_named_and_tried_again(uisp):
    uisp.play("off")
    with socket.create_server(("127.0.0.1", uisp.port)), pytest.raises(DeviceError, match=f"127.0.0.1:{uisp.port}"):
        uisp.play("none")
    uisp.play("none")
    assert ask(uisp, f"{NMS}/devices")[0] == 200


def test_every_fault_can_be_played_after_every_other(uisp):
    for fault in (*FAULTS, *reversed(FAULTS)):
        uisp.play(fault)
        assert uisp.status()["fault"] == fault
    assert ask(uisp, f"{NMS}/devices")[0] == 200
    with pytest.raises(LookupError, match="'flood': choose from none, timeout"):
        uisp.play("flood")


def test_many_callers_at_once_are_all_answered(uisp):
    answers = []
    callers = [
        threading.Thread(target=lambda: answers.append(ask(uisp, f"{NMS}/sites", timeout=10)[0])) for _ in range(30)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert answers == [200] * 30
    assert uisp.status()["calls"] == 30


def test_faults_are_played_over_the_control_socket(uisp, devices, tmp_path):
    server = ControlServer(tmp_path / "control", Director(devices), uisp)
    try:
        reply = control.send(server._path, {"command": "uisp", "fault": "500"})
        assert reply["uisp"] == {"port": uisp.port, "fault": "500", "calls": 0}
        assert ask(uisp, f"{NMS}/devices")[0] == 500
        with pytest.raises(control.ControlError, match="UISP has no fault 'flood'"):
            control.send(server._path, {"command": "uisp", "fault": "flood"})
        with pytest.raises(control.ControlError, match="uisp needs fault"):
            control.send(server._path, {"command": "uisp"})
    finally:
        server.stop()


def test_a_network_without_uisp_says_so(devices, tmp_path):
    server = ControlServer(tmp_path / "control", Director(devices))
    try:
        assert "uisp" not in control.send(server._path, {"command": "status"})
        with pytest.raises(control.ControlError, match="no UISP is running here"):
            control.send(server._path, {"command": "uisp", "fault": "none"})
    finally:
        server.stop()


@pytest.mark.processes
def test_900_customers_and_4000_devices_live_in_a_process_of_their_own():
    with running(900, uisp=True, odd=True, uisp_devices=4000) as demo:
        uisp = Uisp(demo.uisp, DEMO_NMS, DEMO_CRM)
        assert len(uisp.devices().rows) == 4000
        assert len(uisp.clients().rows) == 901
        assert len(uisp.services().rows) == 901
        demo.send("fail", device="core-depot")
        assert {row.up for row in uisp.devices().rows} == {False}
        demo.send("uisp", fault="off")
        with pytest.raises(UpstreamFault) as caught:
            uisp.devices()
        assert caught.value.kind is FaultKind.REFUSED
        assert demo.send("uisp", fault="none")["uisp"]["fault"] == "none"
        assert len(uisp.devices().rows) == 4000
    assert demo.process.returncode == 0


@pytest.mark.processes
def test_the_process_says_where_its_uisp_is_and_why_it_cannot_start(network):
    command = [sys.executable, "-m", "agents.simulated", "--customers", "5", "--port", "0", "--uisp"]
    process = subprocess.Popen([*command, "0"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert ", UISP at http://127.0.0.1:" in line
        assert line.endswith(".\n")
    finally:
        process.terminate()
        rest, errors = process.communicate(timeout=5)
    assert (process.returncode, rest, errors) == (0, "", "")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = subprocess.run([*command, port], cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert refused.returncode == 1
    assert f"UISP cannot listen on 127.0.0.1:{port}" in refused.stderr
