"""Asking a source for its lists. What it does not have is left out; a list that fails fails the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings

from agents.clients.faults import FaultKind, UpstreamFault
from agents.clients.uisp import Uisp
from outages.sources.allowed import refusal
from outages.sources.models import Source
from outages.sources.rows import Answer

Told = Callable[[str, int, int], None]


def client(source: Source, seconds: float = 60.0, connect_seconds: float = 10.0) -> Uisp:
    """The client of a source, each answer within so many seconds; raises ValueError if address or key cannot be."""
    return Uisp(
        source.address,
        nms_key=source.nms_key,
        crm_key=source.crm_key,
        verify_tls=source.verify_tls,
        seconds=seconds,
        connect_seconds=connect_seconds,
        refuse=lambda address: refusal(address, settings.LOOPBACK),
    )


def ask(source: Source, told: Told) -> Answer:
    """All that it has to say; raises UpstreamFault where that is not all, and ValueError as `client` does."""
    uisp = client(source)
    faults: list[str] = []
    lists: list[tuple[str, str, Callable[[], Any]]] = []
    if source.nms_key:
        lists += [("devices", "devices", uisp.devices), ("sites", "sites", uisp.sites)]
        lists += [("links", "links between devices", uisp.data_links)]
    if source.crm_key:
        lists += [("clients", "customers", uisp.clients), ("services", "services", uisp.services)]
    answers: dict[str, Any] = {}
    for number, (name, words, question) in enumerate(lists):
        told(f"Asking for {words}", number, len(lists))
        answers[name] = _one(name, question, faults)
    return Answer(**answers, has_crm=bool(source.crm_key), faults=faults)


def _one(name: str, question: Callable[[], Any], faults: list[str]) -> Any:
    """One list; nothing is lost without links, and some servers have no services or sites."""
    try:
        return question()
    except UpstreamFault as fault:
        if name == "links" or (name in ("sites", "services") and fault.kind == FaultKind.MISSING):
            faults.append(fault.text)
            return None
        raise


def knock(source: Source) -> dict[str, str]:
    """Try address and keys: {field of the form: fault}, empty where all is well. Nothing is kept."""
    try:
        uisp = client(source, seconds=12.0, connect_seconds=6.0)
    except ValueError as wrong:
        return {"address": _sentence(str(wrong))}
    tries: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = []
    if source.nms_key:
        tries.append(("nms_key", uisp.nms_version, uisp.devices))
    if source.crm_key:
        tries.append(("crm_key", uisp.crm_version, uisp.clients))
    found: dict[str, str] = {}
    for key, version, rows in tries:
        if fault := _knocked(version, rows):
            found.setdefault(_field(fault, key), _sentence(fault.text))
    return found


def _sentence(text: str) -> str:
    """With a capital, unless it begins with an address, and a full stop."""
    return f"{text}." if text.startswith("http") else f"{text[:1].upper()}{text[1:]}."


def _knocked(version: Callable[[], Any], rows: Callable[[], Any]) -> UpstreamFault | None:
    """Not every server tells its version: what it is asked for later has to answer then."""
    for question in (version, rows):
        try:
            question()
        except UpstreamFault as fault:
            if question is version and fault.kind in (FaultKind.MISSING, FaultKind.SHAPE):
                continue
            return fault
        return None
    return None


def _field(fault: UpstreamFault, key: str) -> str:
    if fault.kind in (FaultKind.UNAUTHORISED, FaultKind.FORBIDDEN):
        return key
    return "verify_tls" if fault.kind == FaultKind.TLS else "address"
