import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

import pytest

from agents.simulated import control
from agents.simulated.devices import DeviceError, Devices, free_port
from agents.simulated.director import Director
from agents.simulated.failures import SCENARIOS, Script, Step, cast, due, endless_script, scenario_script, upcoming
from agents.simulated.network import build
from agents.simulated.process import running
from agents.simulated.server import ControlServer, SocketError

ROOT = Path(__file__).resolve().parents[2]
TOWER = "backhaul-saddle-ridge"


def reachable(device):
    try:
        with socket.create_connection((device.address, device.port), timeout=2) as call:
            return call.recv(1) == b""
    except ConnectionRefusedError:
        return False


def names(devices):
    return {device.name for device in devices}


def online(network):
    return names(network.devices) - network.never_online


def answering(network):
    return {device.name for device in network.devices if reachable(device)}


@pytest.fixture
def network():
    return build(port=free_port(build()))


@pytest.fixture
def devices(network):
    with Devices(network) as devices:
        yield devices


def test_every_uplink_exists_and_every_path_ends_at_the_one_core():
    network = build()
    assert [device.name for device in network.devices if device.uplink is None] == ["core-depot"]
    for device in network.devices[1:]:
        assert network.above(device.name)[-1].name == "core-depot"
    assert names(network.below("core-depot")) == names(network.devices) - {"core-depot"}


def test_the_network_has_a_core_towers_routers_sectors_and_a_cpe_for_each_customer():
    network = build()
    kinds = [device.kind for device in network.devices]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "core": 1, "switch": 1, "backhaul": 8, "router": 4, "ap": 12, "cpe": 120,
    }  # fmt: skip
    assert [site.name for site in network.sites if site.kind == "pop"] == ["Depot"]
    assert len([site for site in network.sites if site.kind == "tower"]) == 4
    assert {device.vendor for device in network.devices} == {"Juniper", "MikroTik", "Ubiquiti", "Mimosa", "Cambium"}
    for customer in network.customers:
        assert network.cpe(customer.number).customer == customer.number
        assert network.device(network.cpe(customer.number).uplink).kind == "ap"


def test_one_tower_hangs_behind_another_and_each_has_two_to_four_sectors():
    network = build()
    assert "router-saddle-ridge" in names(network.above("router-far-bench"))
    for router in (device for device in network.devices if device.kind == "router"):
        sectors = [device for device in network.devices if device.kind == "ap" and device.uplink == router.name]
        assert 2 <= len(sectors) <= 4
        assert all(network.customers_below(sector.name) for sector in sectors)


@pytest.mark.parametrize("customers", [1, 2, 120, 5000, 50_000])
def test_names_addresses_macs_sites_and_emails_are_unique_at_every_size(customers):
    network = build(customers, port=7002)
    assert len(network.customers) == customers
    for values in (
        [device.name for device in network.devices],
        [device.address for device in network.devices],
        [device.mac for device in network.devices],
        [site.name for site in network.sites],
        [customer.number for customer in network.customers],
        [customer.email for customer in network.customers],
        [customer.phone for customer in network.customers],
    ):
        assert len(set(values)) == len(values)
    assert {device.port for device in network.devices} == {7002}
    assert {device.site for device in network.devices} == {site.name for site in network.sites}
    assert {device.mac[:2] for device in network.devices} == {"02"}


def test_addresses_are_on_loopback_and_keep_away_from_the_ones_others_use():
    for device in build(5000).devices:
        assert ip_address(device.address).is_loopback
        assert not device.address.startswith(("127.0.", "127.255."))
        assert not device.address.endswith((".0", ".255"))


def test_customers_are_people_and_companies_with_fictional_numbers_and_addresses():
    customers = build().customers
    companies = [customer for customer in customers if customer.company]
    assert 10 <= len(companies) <= 50
    assert all(customer.given_name and customer.family_name and customer.street for customer in customers)
    assert all(" 555 01" in customer.phone for customer in customers)
    assert all(customer.email.endswith((".example", "@example.net")) for customer in customers)
    assert all(customer.email.isascii() and ".." not in customer.email for customer in customers)
    assert all("business" in customer.tags for customer in companies)
    assert {"sla", "vip", "suspended"} <= {tag for customer in customers for tag in customer.tags}
    assert any(not customer.name.isascii() for customer in customers)
    assert max(len(customer.name) for customer in customers) > 60
    assert sum(customer.never_online for customer in customers) == 2


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    assert build(200, seed=3) == build(200, seed=3)
    assert build(200, seed=3).customers != build(200, seed=4).customers


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"customers": 0}, "customers"), ({"customers": 50_001}, "customers"), ({"port": 80}, "port")],
)
def test_a_network_that_cannot_be_is_refused_by_the_name_of_its_argument(arguments, named):
    with pytest.raises(ValueError, match=f"^{named} must be"):
        build(**arguments)


def test_what_is_cut_off_is_blamed_on_the_failure_nearest_to_the_core():
    network = build()
    assert network.unreachable([]) == {}
    cut_off = network.unreachable(["ap-saddle-ridge-1", TOWER, "ap-kestrel-hill-1"])
    assert cut_off.keys() == names(network.below(TOWER) + network.below("ap-kestrel-hill-1")) - {"ap-saddle-ridge-1"}
    assert {cut_off[device.name] for device in network.below("ap-saddle-ridge-1")} == {TOWER}
    assert {cut_off[device.name] for device in network.below("ap-kestrel-hill-1")} == {"ap-kestrel-hill-1"}


def test_an_unknown_device_or_customer_is_named():
    with pytest.raises(LookupError, match="'nothing'"):
        build().below("nothing")
    with pytest.raises(LookupError, match="'99'"):
        build().cpe("99")


def test_every_device_answers_except_those_that_were_never_online(devices, network):
    assert answering(network) == online(network)
    assert len(network.never_online) == 2


def test_a_failed_backhaul_silences_everything_below_it_and_nothing_else(devices, network):
    devices.fail(TOWER)
    dark = names(network.below(TOWER)) | {TOWER}
    assert len(dark) > 50
    assert answering(network) == online(network) - dark
    assert devices.failed == {TOWER}
    assert devices.unreachable().keys() == dark - {TOWER}


def test_a_restored_backhaul_brings_everything_back_on_the_same_addresses(devices, network):
    for _ in range(3):
        assert reachable(network.device("router-far-bench"))
        devices.fail(TOWER)
        devices.restore(TOWER)
    assert answering(network) == online(network)


def test_a_sector_that_failed_stays_dark_when_the_backhaul_above_it_comes_back(devices, network):
    sector = "ap-saddle-ridge-2"
    devices.fail(sector)
    devices.fail(TOWER)
    devices.restore(TOWER)
    assert answering(network) == online(network) - names(network.below(sector)) - {sector}
    devices.fail(TOWER)
    devices.restore(sector)
    assert not devices.answers(sector)
    devices.restore(TOWER)
    assert answering(network) == online(network)


def test_a_failed_core_leaves_nothing(devices, network):
    devices.fail("core-depot")
    assert answering(network) == set()


def test_a_cpe_that_was_never_online_stays_silent_when_restored(devices, network):
    devices.restore(min(network.never_online))
    assert not reachable(network.device(min(network.never_online)))


def test_an_unknown_name_changes_nothing(devices):
    for act in (devices.fail, devices.restore, lambda name: devices.set_failed(["core-depot", name])):
        with pytest.raises(LookupError, match="'nothing'"):
            act("nothing")
    assert devices.failed == frozenset()


def test_a_taken_port_is_named_with_its_address_and_nothing_is_left_open(network):
    victim = network.device("ap-far-bench-1")
    with socket.create_server((victim.address, victim.port)):
        with pytest.raises(DeviceError, match=f"ap-far-bench-1 cannot listen on {victim.address}:{victim.port}: "):
            Devices(network).start()
        assert answering(replace(network, devices=[d for d in network.devices if d != victim])) == set()


def test_a_port_taken_while_its_device_was_down_is_named_and_the_others_come_back(devices, network):
    victim = network.device("router-far-bench")
    devices.fail(TOWER)
    with socket.create_server((victim.address, victim.port)):
        with pytest.raises(DeviceError, match=f"{victim.address}:{victim.port}"):
            devices.restore(TOWER)
        assert not devices.answers(victim.name)
        assert devices.answers("ap-far-bench-1")
    devices.set_failed([])
    assert answering(network) == online(network)


def test_a_stopped_network_refuses_everywhere_and_can_not_be_woken_by_a_late_command(network):
    with Devices(network) as devices:
        pass
    with pytest.raises(DeviceError, match="has stopped"):
        devices.fail("core-depot")
    assert answering(network) == set()


def test_two_networks_live_side_by_side_on_different_ports(devices, network):
    other = build(port=free_port(network))
    with Devices(other) as others:
        devices.fail("core-depot")
        assert answering(other) == online(other)
        others.fail(TOWER)
        devices.restore("core-depot")
        assert answering(network) == online(network)
        assert not reachable(other.device(TOWER))


def test_thousands_of_devices_start_fail_and_come_back_in_seconds():
    network = build(5000, port=free_port(build()))
    started = time.monotonic()
    with Devices(network) as devices:
        devices.fail("core-depot")
        devices.restore("core-depot")
        assert time.monotonic() - started < 5
        sample = network.devices[::50]
        assert names(device for device in sample if reachable(device)) == names(sample) - network.never_online


def test_devices_keep_answering_while_others_fail_and_recover_at_the_same_time(devices, network):
    ending = threading.Event()

    def flap(name):
        while not ending.is_set():
            devices.fail(name)
            devices.restore(name)

    flappers = [threading.Thread(target=flap, args=(f"ap-saddle-ridge-{number}",)) for number in (1, 2, 3)]
    for flapper in flappers:
        flapper.start()
    try:
        assert all(reachable(device) for _ in range(20) for device in network.below("router-kestrel-hill")[:3])
    finally:
        ending.set()
        for flapper in flappers:
            flapper.join()
    assert answering(network) == online(network)


def test_the_script_fails_a_tower_after_a_minute_then_a_cpe_then_a_sector_and_all_recover():
    network = build()
    parts = cast(network)
    acts = [(step.at, step.act, step.device) for step in endless_script(network).steps]
    cpe = [(at, act, parts.cpe.name) for at, act in zip(range(330, 456, 25), ["fail", "restore"] * 3, strict=True)]
    assert acts == [
        (60, "fail", parts.backhaul.name),
        (300, "restore", parts.backhaul.name),
        *cpe,
        (510, "fail", parts.sector.name),
        (690, "restore", parts.sector.name),
    ]
    assert endless_script(network).period == 900


def test_the_three_failures_of_the_script_touch_different_customers():
    network = build()
    parts = cast(network)
    hit = [set(network.customers_below(device.name)) for device in (parts.backhaul, parts.sector, parts.cpe)]
    assert [len(customers) for customers in hit] > [30, 5, 0]
    assert len(set.union(*hit)) == sum(len(customers) for customers in hit)
    assert not network.customers_below(parts.cpe.name)[0].never_online


@pytest.mark.parametrize("customers", [1, 2, 40])
def test_the_script_works_on_the_smallest_networks(customers):
    network = build(customers)
    assert {step.device for step in endless_script(network).steps} <= online(network)


def test_a_step_is_due_once_whatever_the_windows_and_the_round():
    script = endless_script(build())
    whole = due(script, 0, 2700)
    assert whole == list(script.steps) * 3
    times = [0, 60, 60.1, 299.9, 300, 455, 900, 960, 1799.999, 1800, 2400, 2700]
    assert [step for since, until in pairwise(times) for step in due(script, since, until)] == whole


def test_a_window_holds_its_start_and_not_its_end_also_over_the_turn_of_the_round():
    script = Script((Step(0, "fail", "a", ""), Step(10, "restore", "a", "")), period=20)
    assert [step.at for step in due(script, 0, 10)] == [0]
    assert [step.at for step in due(script, 10, 20)] == [10]
    assert [step.at for step in due(script, 15, 31)] == [0, 10]
    assert due(script, 11, 11) == []
    assert [step.at for step in due(Script(script.steps), 0, 1000)] == [0, 10]


def test_the_next_step_is_known_also_before_the_turn_of_the_round():
    script = endless_script(build())
    assert upcoming(script, 0) == (60, script.steps[0])
    assert upcoming(script, 1000) == (200, script.steps[1])
    assert upcoming(script, 700) == (260, script.steps[0])
    assert upcoming(Script(script.steps), 691) is None


def test_each_scenario_has_a_label_and_one_sentence():
    for name, scenario in SCENARIOS.items():
        assert scenario.name == name
        assert scenario.label
        assert scenario.explanation.endswith(".")
        scenario_script(name, build())
    with pytest.raises(LookupError, match="'flood': choose from backhaul, cpe, sector, recover"):
        scenario_script("flood", build())


@pytest.fixture
def director(devices):
    return Director(devices, endless_script(devices.network))


def test_the_script_runs_through_its_round_and_starts_again(director, devices):
    parts = cast(devices.network)
    seen = {}
    for second in range(900 + 61):
        director.advance(1)
        seen[second] = devices.failed
    assert seen[59] == seen[300] == seen[899] == frozenset()
    assert seen[60] == seen[299] == seen[960] == {parts.backhaul.name}
    assert seen[335] == {parts.cpe.name}
    assert seen[600] == {parts.sector.name}


def test_a_scenario_pauses_the_script_and_resume_takes_it_back(director, devices):
    parts = cast(devices.network)
    director.advance(61)
    director.play("sector")
    assert devices.failed == {parts.backhaul.name, parts.sector.name}
    director.advance(5000)
    assert devices.failed == {parts.backhaul.name, parts.sector.name}
    director.resume()
    assert devices.failed == {parts.backhaul.name}
    director.advance(240)
    assert devices.failed == frozenset()


def test_the_cpe_scenario_flaps_three_times_and_ends(director, devices):
    cpe = cast(devices.network).cpe.name
    director.play("cpe")
    seen = [cpe in devices.failed]
    for _ in range(20):
        director.advance(25)
        seen.append(cpe in devices.failed)
        if not director.status()["playing"]:
            break
    director.advance(1)
    assert seen[:5] == [True, False, True, False, True]
    assert cpe not in devices.failed
    assert director.status()["playing"] == []


def test_recover_mends_everything_and_the_script_begins_anew_when_resumed(director, devices):
    director.advance(100)
    director.fail("router-kestrel-hill")
    director.play("cpe")
    director.play("recover")
    director.advance(5000)
    assert devices.failed == frozenset()
    director.resume()
    director.advance(59)
    assert devices.failed == frozenset()
    director.advance(2)
    assert devices.failed == {TOWER}


def test_what_a_person_failed_outlives_the_script_that_restores_the_same_device(director, devices):
    director.advance(61)
    director.fail(TOWER)
    assert director.status()["failed"] == {TOWER: ["script", "hand"]}
    director.advance(300)
    assert TOWER in devices.failed
    director.restore(TOWER)
    assert TOWER not in devices.failed


def test_a_person_can_restore_what_the_script_failed(director, devices):
    director.advance(61)
    director.restore(TOWER)
    assert devices.failed == frozenset()


def test_a_network_without_a_script_has_nothing_to_resume(devices):
    director = Director(devices)
    director.fail("core-depot")
    with pytest.raises(LookupError, match="no script"):
        director.resume()
    assert devices.failed == {"core-depot"}
    assert director.status()["script"] is None


def test_a_port_taken_meanwhile_is_shown_as_trouble_and_tried_again(director, devices, network):
    victim = network.device("router-far-bench")
    director.advance(61)
    with socket.create_server((victim.address, victim.port)):
        director.advance(240)
        assert f"{victim.address}:{victim.port}" in director.status()["trouble"]
    director.advance(0.1)
    assert director.status()["trouble"] == ""
    assert reachable(victim)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control"


@contextmanager
def serving(path, director):
    server = ControlServer(path, director)
    try:
        yield
    finally:
        server.stop()


@pytest.fixture
def server(path, director):
    with serving(path, director):
        yield


def ask(path, command, **arguments):
    return control.send(path, {"command": command, **arguments})


def raw(path, data, timeout=2.0):
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as call:
        call.settimeout(timeout)
        call.connect(str(path))
        with suppress(BrokenPipeError, ConnectionResetError):
            call.sendall(data)
        return json.loads(call.makefile("rb").readline())


def test_status_tells_what_failed_what_is_cut_off_and_what_comes_next(server, path, director, network):
    director.advance(61)
    status = ask(path, "status")
    assert status["failed"] == {TOWER: ["script"]}
    assert status["unreachable"] == {device.name: TOWER for device in network.below(TOWER)}
    assert (status["customers"], status["devices"], status["port"]) == (120, 146, network.port)
    assert status["script"]["time"] == 61
    assert not status["script"]["paused"]
    following = status["script"]["next"]
    assert (following["in"], following["act"], following["device"]) == (239, "restore", TOWER)


def test_commands_take_effect_before_they_are_answered(server, path, devices, network):
    assert ask(path, "fail", device="router-far-bench")["failed"] == {"router-far-bench": ["hand"]}
    assert not reachable(network.device("ap-far-bench-1"))
    assert ask(path, "restore", device="router-far-bench")["failed"] == {}
    assert reachable(network.device("ap-far-bench-1"))
    assert ask(path, "pause")["script"]["paused"]
    assert not ask(path, "resume")["script"]["paused"]
    assert ask(path, "play", scenario="backhaul")["failed"] == {TOWER: ["hand"]}
    assert not reachable(network.device(TOWER))
    assert ask(path, "recover")["failed"] == {}
    assert answering(network) == online(network)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"", "not JSON"),
        (b"hello", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 60_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"{}", "command must be one of status, fail"),
        (b'{"command": "stop"}', "command must be one of"),
        (b'{"command": ["fail"]}', "command must be one of"),
        (b'{"command": "fail"}', "fail needs device"),
        (b'{"command": "fail", "device": 7}', "fail needs device"),
        (b'{"command": "fail", "device": "nothing"}', "no device is named 'nothing'"),
        (b'{"command": "restore", "device": "nothing"}', "no device is named 'nothing'"),
        (b'{"command": "play", "scenario": "flood"}', "no scenario is named 'flood'"),
        (b'{"command": "recover", "device": "core-depot"}', "recover takes no device"),
        (b'{"command": "fail", "device": "core-depot", "for": 7}', "fail takes no for"),
        (b"x" * 1_000_000, "the line is longer than 65536 bytes"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong_and_changes_nothing(server, path, director, line, error):
    director.fail("cpe-10001")
    before = director.status()
    reply = raw(path, line + b"\n")
    assert not reply["ok"]
    assert error in reply["error"]
    assert director.status() == before


def test_a_refusal_is_raised_with_its_reason(server, path):
    with pytest.raises(control.ControlError, match="no device is named 'nothing'"):
        ask(path, "fail", device="nothing")


def test_callers_that_hang_or_babble_stall_neither_the_devices_nor_other_callers(server, path, network):
    calls = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(20)]
    for number, call in enumerate(calls):
        call.connect(str(path))
        call.setblocking(False)
        with suppress(BlockingIOError, BrokenPipeError):
            call.send(b'{"command": ' if number % 2 else b"x" * 1_000_000)
    started = time.monotonic()
    assert ask(path, "status")["ok"]
    assert answering(network) == online(network)
    assert time.monotonic() - started < 2
    for call in calls:
        call.close()


def test_the_server_stops_at_once_though_callers_hang(path, director):
    with serving(path, director), closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as call:
        call.connect(str(path))
        call.send(b"{")
        time.sleep(0.1)
        started = time.monotonic()
    assert time.monotonic() - started < 1
    assert not path.exists()


def test_more_callers_than_there_are_places_are_hung_up_on_and_the_places_come_back(server, path):
    calls = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(40)]
    for call in calls:
        call.connect(str(path))
    time.sleep(0.2)
    with pytest.raises(control.NotRunning):
        ask(path, "status")
    for call in calls:
        call.close()
    time.sleep(0.2)
    assert ask(path, "status")["ok"]


def test_only_the_owner_may_open_the_socket_and_a_stale_file_is_replaced(path, director):
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as stale:
        stale.bind(str(path))
    with serving(path, director):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert ask(path, "status")["ok"]
    assert not path.exists()


def test_a_socket_that_is_in_use_and_a_file_that_is_none_are_left_alone(server, path, director, tmp_path):
    with pytest.raises(SocketError, match="another network listens there"):
        ControlServer(path, director)
    assert ask(path, "status")["ok"]
    letter = tmp_path / "letter"
    letter.write_text("dear")
    with pytest.raises(SocketError, match="another file is there"):
        ControlServer(letter, director)
    assert letter.read_text() == "dear"
    with pytest.raises(SocketError, match="nowhere"):
        ControlServer(tmp_path / "nowhere" / "control", director)


def test_a_network_that_is_not_there_or_does_not_answer_is_not_running(path):
    with pytest.raises(control.NotRunning, match=r"does not answer at .*control"):
        ask(path, "status")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as deaf:
        deaf.bind(str(path))
        deaf.listen()
        started = time.monotonic()
        with pytest.raises(control.NotRunning, match="timed out"):
            control.send(path, {"command": "status"}, timeout=0.3)
        assert time.monotonic() - started < 1


def launch(*arguments, **options):
    command = [sys.executable, "-m", "agents.simulated", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def command_line(*arguments):
    command = [sys.executable, "-m", "agents.simulated.control", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_one_line_and_ends_within_a_second_leaving_nothing(path, network, number):
    process = launch("--port", network.port, "--control", path)
    line = process.stdout.readline()
    assert line == (
        f"The demo network is ready: 146 devices for 120 customers answer on port {network.port}, commands at {path}.\n"
    )
    assert answering(network) == online(network)
    started = time.monotonic()
    process.send_signal(number)
    rest, errors = process.communicate(timeout=5)
    assert time.monotonic() - started < 1
    assert (process.returncode, rest, errors) == (0, "", "")
    assert not path.exists()
    assert answering(network) == set()


@pytest.mark.processes
def test_a_killed_process_can_be_started_again_on_the_same_port_and_path(path, network):
    for _ in range(2):
        process = launch("--port", network.port, "--control", path)
        assert "ready" in process.stdout.readline()
        assert ask(path, "status")["ok"]
        assert reachable(network.device("core-depot"))
        process.kill()
        process.communicate()
    assert path.exists()


@pytest.mark.processes
def test_the_script_runs_by_itself_in_the_process():
    with running(script=True, speed=100) as demo:
        deadline = time.monotonic() + 5
        while TOWER not in demo.send("status")["failed"] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not reachable(demo.network.device("router-far-bench"))
        assert reachable(demo.network.device("router-kestrel-hill"))


@pytest.mark.processes
def test_the_command_line_plays_a_scenario_and_explains_what_it_cannot_do(tmp_path):
    with running() as demo:
        played = command_line(demo.control, "play", "backhaul")
        assert played.returncode == 0
        assert json.loads(played.stdout)["failed"] == {TOWER: ["hand"]}
        assert not reachable(demo.network.device(TOWER))
        assert command_line(demo.control, "recover").returncode == 0
        assert answering(demo.network) == online(demo.network)
        refused = command_line(demo.control, "fail", "nothing")
        assert (refused.returncode, refused.stderr) == (1, "no device is named 'nothing'\n")
        assert "fail needs a device" in command_line(demo.control, "fail").stderr
        assert "status takes no name" in command_line(demo.control, "status", "core-depot").stderr
    missing = command_line(tmp_path / "control", "status")
    assert missing.returncode == 1
    assert "the demo network does not answer" in missing.stderr


@pytest.mark.processes
def test_a_process_whose_port_is_taken_says_which_and_leaves_no_socket(network, path):
    with socket.create_server(("127.10.2.1", network.port)):
        process = launch("--port", network.port, "--control", path)
        out, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert out == ""
    assert errors.startswith(
        f"the demo network does not start: router-saddle-ridge cannot listen on 127.10.2.1:{network.port}"
    )
    assert errors.count("\n") == 1
    assert not path.exists()


@pytest.mark.processes
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--customers", "0"], "customers must be from 1 to 50000, not 0"),
        (["--port", "80"], "port must be from 1025 to 65535, not 80"),
        (["--speed", "0"], "must be a number above 0, at most 100, not '0'"),
        (["--control", "/nowhere/control", "--port", "0"], "cannot open the control socket /nowhere/control"),
    ],
)
def test_a_wrong_option_is_explained_and_nothing_starts(arguments, error):
    process = launch(*arguments)
    out, errors = process.communicate(timeout=10)
    assert process.returncode in (1, 2)
    assert out == ""
    assert error in errors
    assert "Traceback" not in errors


@pytest.mark.processes
def test_too_few_open_files_are_named_as_the_reason():
    shell = f"ulimit -n 300; exec {sys.executable} -m agents.simulated --port 0 --customers 400"
    process = subprocess.run(["sh", "-c", shell], cwd=ROOT, capture_output=True, text=True, timeout=10)
    assert process.returncode == 1
    assert "open files and the system allows 300" in process.stderr


@pytest.mark.processes
def test_two_processes_live_side_by_side_and_end_with_their_block():
    with running() as first, running(seed=9, customers=30) as second:
        first.send("fail", device="core-depot")
        assert answering(first.network) == set()
        assert answering(second.network) == online(second.network)
        assert len(second.network.customers) == 30
    assert answering(second.network) == set()
    for demo in (first, second):
        assert demo.process.returncode == 0
        with pytest.raises(ProcessLookupError):
            os.kill(demo.process.pid, 0)


@pytest.mark.processes
def test_a_process_that_cannot_start_raises_its_own_words(network):
    with (
        socket.create_server(("127.10.0.1", network.port)),
        pytest.raises(RuntimeError, match="core-depot cannot listen"),
        running(port=network.port),
    ):
        pass
