"""What the invented network answers: its devices to a connection, its control socket to a command."""

import socket

from agents.simulated import control

TOWER = "backhaul-saddle-ridge"


def reachable(device):
    """Whether the device takes a connection, and hangs up as living ones do."""
    try:
        with socket.create_connection((device.address, device.port), timeout=2) as call:
            return call.recv(1) == b""
    except ConnectionRefusedError:
        return False


def names(devices):
    """The names of these devices."""
    return {device.name for device in devices}


def online(network):
    """The names of those that answer as long as nothing fails."""
    return names(network.devices) - network.never_online


def answering(network):
    """The names of those that answer now."""
    return {device.name for device in network.devices if reachable(device)}


def ask(path, command, **arguments):
    """What the control socket replies to a command; raises ControlError for a refusal."""
    return control.send(path, {"command": command, **arguments})
