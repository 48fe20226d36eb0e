"""Run the demo network until it is told to stop: python -m agents.simulated."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

from agents.simulated.devices import DeviceError, Devices, free_port
from agents.simulated.director import Director
from agents.simulated.failures import endless_script
from agents.simulated.network import DEFAULT_CUSTOMERS, DEFAULT_PORT, DEFAULT_SEED, Network, build
from agents.simulated.server import ControlServer, SocketError
from agents.simulated.uisp import UispServer

_TICK = 0.1
_FASTEST = 100
_ENDING = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the network, say when it is ready, run until SIGTERM or SIGINT."""
    # Blocked signals wait for sigtimedwait below: none is lost, none interrupts a start half way.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    options = _parser().parse_args(arguments)
    try:
        network = _network(options)
        with ExitStack() as stack:
            devices = stack.enter_context(Devices(network))
            director = Director(devices, endless_script(network) if options.script else None)
            uisp = _uisp(devices, options, stack)
            if options.control:
                stack.callback(ControlServer(options.control, director, uisp).stop)
            print(_ready_line(network, options.control, uisp), flush=True)
            _run(director, options.speed)
    except (DeviceError, SocketError, ValueError) as error:
        print(f"the demo network does not start: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m agents.simulated", description="Run the invented ISP on loopback.")
    parser.add_argument("--customers", type=int, default=DEFAULT_CUSTOMERS, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another seed, another ISP")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of every device (%(default)s); 0: a free one")
    parser.add_argument("--control", metavar="PATH", help="the unix socket for commands")
    parser.add_argument("--no-script", dest="script", action="store_false", help="nothing fails by itself")
    parser.add_argument("--speed", type=_speed, default=1.0, help="how fast the script's clock runs, at most 100")
    parser.add_argument("--uisp", type=int, metavar="PORT", help="also be a UISP on this port; 0: a free one")
    parser.add_argument("--uisp-odd", action="store_true", help="with the oddities of real data")
    parser.add_argument("--uisp-devices", type=int, default=0, metavar="N", help="with so many devices at least")
    return parser


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= _FASTEST:
        raise argparse.ArgumentTypeError(f"must be a number above 0, at most {_FASTEST}, not {text!r}")
    return speed


def _network(options: argparse.Namespace) -> Network:
    network = build(options.customers, options.seed, options.port or DEFAULT_PORT)
    return network if options.port else build(options.customers, options.seed, free_port(network))


def _uisp(devices: Devices, options: argparse.Namespace, stack: ExitStack) -> UispServer | None:
    if options.uisp is None:
        return None
    return stack.enter_context(UispServer(devices, options.uisp, odd=options.uisp_odd, least=options.uisp_devices))


def _ready_line(network: Network, control: str | None, uisp: UispServer | None) -> str:
    counts = f"{len(network.devices)} devices for {len(network.customers)} customers answer on port {network.port}"
    return (
        f"The demo network is ready: {counts}"
        + (f", UISP at {uisp.url}" if uisp else "")
        + (f", commands at {control}." if control else ".")
    )


def _run(director: Director, speed: float) -> None:
    last = time.monotonic()
    while signal.sigtimedwait(_ENDING, _TICK) is None:
        now = time.monotonic()
        director.advance((now - last) * speed)
        last = now


if __name__ == "__main__":
    sys.exit(main())
