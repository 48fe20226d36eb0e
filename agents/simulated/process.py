"""Run the network as a process of its own for the length of a test or a benchmark."""

import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.simulated import control
from agents.simulated.network import DEFAULT_CUSTOMERS, DEFAULT_SEED, Network, build

_ROOT = Path(__file__).resolve().parents[2]
_READY_WITHIN = 30.0
_GONE_WITHIN = 5.0


@dataclass(frozen=True)
class Running:
    """A network that answers in another process, the path of its control socket, and where its UISP is."""

    network: Network
    control: Path
    process: subprocess.Popen[str]
    uisp: str = ""

    def send(self, command: str, **arguments: str) -> dict[str, Any]:
        """Ask the network: send("fail", device="core-depot")."""
        return control.send(self.control, {"command": command, **arguments}, timeout=10)


@contextmanager
def running(
    customers: int = DEFAULT_CUSTOMERS,
    seed: int = DEFAULT_SEED,
    port: int = 0,
    script: bool = False,
    speed: float = 1,
    uisp: bool = False,
    odd: bool = False,
    uisp_devices: int = 0,
) -> Iterator[Running]:
    """A network on a free port, unless one is named, that lives as long as the block; RuntimeError if it cannot.

    With `uisp` it has a UISP as well, with odd data if wanted and with so many devices at least.
    """
    with tempfile.TemporaryDirectory(prefix="simulated-") as folder:
        path = Path(folder) / "control"
        numbers = {"--customers": customers, "--seed": seed, "--port": port, "--speed": speed, "--control": path}
        if uisp:
            numbers |= {"--uisp": 0, "--uisp-devices": uisp_devices}
        switches = [name for name, on in {"--no-script": not script, "--uisp-odd": odd}.items() if on]
        arguments = [str(part) for pair in numbers.items() for part in pair] + switches
        process = subprocess.Popen(
            [sys.executable, "-m", "agents.simulated", *arguments],
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            _wait_until_ready(process)
            status = control.send(path, {"command": "status"}, timeout=10)
            address = f"http://127.0.0.1:{status['uisp']['port']}" if uisp else ""
            yield Running(build(customers, seed, status["port"]), path, process, address)
        finally:
            _end(process)


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout  # a pipe, by the way it was started
    spoke, _, _ = select.select([process.stdout], [], [], _READY_WITHIN)
    line = process.stdout.readline() if spoke else f"it has said nothing for {_READY_WITHIN:.0f} s"
    if " is ready" not in line:
        raise RuntimeError(line.strip() or "it ended without a word")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_GONE_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
