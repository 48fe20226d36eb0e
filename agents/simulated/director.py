"""The director: lets devices fail by the script of failures and by a person's hand, and keeps the two apart."""

import threading
from contextlib import suppress
from typing import Any

from agents.simulated.devices import DeviceError, Devices
from agents.simulated.failures import Script, Step, due, scenario_script, upcoming

# Long enough for the steps at the start of a scenario to happen while the person who plays it waits.
_AN_INSTANT = 0.001


class Director:
    """Who has failed what.

    A device is broken while the script or a person has failed it. Playing a scenario pauses the script: its clock
    stands still and what it has failed stays failed. Resuming takes back what was done by hand. All methods may
    be called from any thread.
    """

    def __init__(self, devices: Devices, script: Script | None = None) -> None:
        self._devices, self._script = devices, script
        self._paused = False
        self._time = 0.0
        self._by_script: set[str] = set()
        self._by_hand: set[str] = set()
        self._playing: dict[str, tuple[Script, float]] = {}
        self._trouble = ""
        self._lock = threading.Lock()

    def advance(self, seconds: float) -> None:
        """Let this much time pass."""
        with self._lock:
            self._pass(seconds)

    def fail(self, name: str) -> None:
        """Break a device until somebody restores it; LookupError if there is none of this name."""
        with self._lock:
            self._by_hand.add(self._devices.network.device(name).name)
            self._apply()

    def restore(self, name: str) -> None:
        """Mend a device, whoever broke it."""
        with self._lock:
            self._devices.network.device(name)
            self._by_hand.discard(name)
            self._by_script.discard(name)
            self._apply()

    def play(self, scenario: str) -> None:
        """Pause the script and play a scenario on top of what has failed; LookupError names an unknown one."""
        script = scenario_script(scenario, self._devices.network)
        if scenario == "recover":
            self.recover()
            return
        with self._lock:
            self._paused = True
            self._playing[scenario] = (script, 0.0)
            self._pass(_AN_INSTANT)

    def pause(self) -> None:
        """Stop the script's clock; what has failed stays failed."""
        with self._lock:
            self._paused = True

    def resume(self) -> None:
        """Hand the network back to the script, which goes on where it stopped; LookupError if there is none."""
        if not self._script:
            raise LookupError("no script of failures is running here")
        with self._lock:
            self._paused = False
            self._playing.clear()
            self._by_hand.clear()
            self._apply()

    def recover(self) -> None:
        """Mend everything and wait; the script, when resumed, begins at its beginning."""
        with self._lock:
            self._paused = True
            self._time = 0.0
            self._playing.clear()
            self._by_hand.clear()
            self._by_script.clear()
            self._apply()

    def status(self) -> dict[str, Any]:
        """What has failed and by whom, what is cut off by it, and what comes next."""
        with self._lock:
            network = self._devices.network
            return {
                "seed": network.seed,
                "port": network.port,
                "customers": len(network.customers),
                "devices": len(network.devices),
                "failed": {name: self._broken_by(name) for name in sorted(self._by_script | self._by_hand)},
                "unreachable": self._devices.unreachable(),
                "never_online": sorted(network.never_online),
                "playing": list(self._playing),
                "script": self._script_status(),
                "trouble": self._trouble,
            }

    def _pass(self, seconds: float) -> None:
        before = self._by_script | self._by_hand
        if self._script and not self._paused:
            _perform(due(self._script, self._time, self._time + seconds), self._by_script)
            self._time += seconds
        for name, (script, time) in list(self._playing.items()):
            _perform(due(script, time, time + seconds), self._by_hand)
            self._playing[name] = (script, time + seconds)
            if not upcoming(script, time + seconds):
                del self._playing[name]
        if self._trouble or before != self._by_script | self._by_hand:
            self._try_to_apply()

    def _broken_by(self, name: str) -> list[str]:
        return [who for who, names in (("script", self._by_script), ("hand", self._by_hand)) if name in names]

    def _script_status(self) -> dict[str, Any] | None:
        if not self._script:
            return None
        time = self._time % self._script.period if self._script.period else self._time
        coming = upcoming(self._script, self._time)
        step = coming and {"in": round(coming[0], 3), **vars(coming[1])}
        return {"time": round(time, 3), "period": self._script.period, "paused": self._paused, "next": step}

    def _try_to_apply(self) -> None:
        # Nobody is there to be told: the status says it, and the next advance tries again.
        with suppress(DeviceError):
            self._apply()

    def _apply(self) -> None:
        try:
            self._devices.set_failed(self._by_script | self._by_hand)
        except DeviceError as error:
            self._trouble = str(error)
            raise
        self._trouble = ""


def _perform(steps: list[Step], failed: set[str]) -> None:
    for step in steps:
        if step.act == "fail":
            failed.add(step.device)
        else:
            failed.discard(step.device)
