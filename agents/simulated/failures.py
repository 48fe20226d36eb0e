"""The script of failures: what breaks when, and the scenarios a person can play. Pure: no clock, no sockets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agents.simulated.network import Device, Network

Act = Literal["fail", "restore"]
PERIOD = 900.0
_FLAP = 25.0


@dataclass(frozen=True)
class Step:
    """One thing that happens, this many seconds after the start."""

    at: float
    act: Act
    device: str
    says: str


@dataclass(frozen=True)
class Script:
    """Steps in the order of their times; with a period they come round again, without they come once."""

    steps: tuple[Step, ...]
    period: float | None = None


@dataclass(frozen=True)
class Scenario:
    """A failure that a person can play, as a page or a command offers it."""

    name: str
    label: str
    explanation: str


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("backhaul", "A backhaul fails", "The radio link of a tower fails and everything behind it goes dark."),
        Scenario("cpe", "A customer's radio flaps", "One customer's radio goes down and comes back three times."),
        Scenario("sector", "A sector fails", "One access point fails and takes its customers with it."),
        Scenario("recover", "All back", "Everything answers again and stays so until the script is resumed."),
    )
}


@dataclass(frozen=True)
class Cast:
    """The devices that play a part in the failures."""

    backhaul: Device
    sector: Device
    cpe: Device


def cast(network: Network) -> Cast:
    """Choose the backhaul with most customers and, where they exist, a sector and a CPE that it does not touch."""
    links = [device for device in network.devices if device.kind == "backhaul"]
    backhaul = _largest(network, [device for device in links if _stands_at_its_tower(network, device)])
    behind = set(network.below(backhaul.name))
    sectors = [device for device in network.devices if device.kind == "ap"]
    sector = _largest(network, [device for device in sectors if device not in behind] or sectors)
    behind |= set(network.below(sector.name))
    cpes = [device for device in network.devices if device.kind == "cpe" and device.name not in network.never_online]
    cpe = next((device for device in cpes if device not in behind), cpes[0])
    return Cast(backhaul, sector, cpe)


def endless_script(network: Network) -> Script:
    """The failures that the network plays by itself: a backhaul, a flapping CPE, a sector, over and over."""
    parts = cast(network)
    steps = (
        *_outage(network, parts.backhaul, 60, 300),
        *_flaps(network, parts.cpe, 330),
        *_outage(network, parts.sector, 510, 690),
    )
    return Script(steps, PERIOD)


def scenario_script(name: str, network: Network) -> Script:
    """The steps of one scenario, from the moment it is played; LookupError names an unknown one."""
    if name not in SCENARIOS:
        raise LookupError(f"no scenario is named {name!r}: choose from {', '.join(SCENARIOS)}")
    parts = cast(network)
    if name == "cpe":
        return Script(_flaps(network, parts.cpe, 0))
    failing = {"backhaul": parts.backhaul, "sector": parts.sector}.get(name)
    return Script((Step(0, "fail", failing.name, _fails(network, failing)),) if failing else ())


def due(script: Script, since: float, until: float) -> list[Step]:
    """The steps from `since` up to but without `until`, in order, across as many rounds as lie between."""
    if script.period is None:
        return [step for step in script.steps if since <= step.at < until]
    steps = []
    for turn in range(int(since // script.period), int(until // script.period) + 1):
        start = turn * script.period
        steps += [step for step in script.steps if since <= start + step.at < until]
    return steps


def upcoming(script: Script, now: float) -> tuple[float, Step] | None:
    """The next step and the seconds until it comes; None when nothing comes any more."""
    time = now if script.period is None else now % script.period
    later = [step for step in script.steps if step.at >= time]
    if later:
        return later[0].at - time, later[0]
    if script.period is None or not script.steps:
        return None
    return script.period - time + script.steps[0].at, script.steps[0]


def _outage(network: Network, device: Device, start: float, end: float) -> tuple[Step, Step]:
    fails = Step(start, "fail", device.name, _fails(network, device))
    return fails, Step(end, "restore", device.name, f"{device.name} is back.")


def _flaps(network: Network, device: Device, start: float) -> tuple[Step, ...]:
    starts = [start + turn * 2 * _FLAP for turn in range(3)]
    return tuple(step for at in starts for step in _outage(network, device, at, at + _FLAP))


def _fails(network: Network, device: Device) -> str:
    customers = sum(not customer.never_online for customer in network.customers_below(device.name))
    return f"{device.name} at {device.site} fails: {customers} {'customer' if customers == 1 else 'customers'} dark."


def _largest(network: Network, devices: Sequence[Device]) -> Device:
    return max(devices, key=lambda device: len(network.below(device.name)))


def _stands_at_its_tower(network: Network, device: Device) -> bool:
    """Whether this is the end of a pair that stands at the tower it feeds."""
    return device.uplink is not None and network.device(device.uplink).kind == "backhaul"
