"""What the health page says of the sources, such as a UISP."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from config.finding import LOG, Details, Finding, broken, look, works
from outages.models import Check, Source

FIXES = {
    "refused": "See whether it runs, and whether its address on the source's page is right.",
    "time-out": "See how busy it is; if it is always this slow, ask it less often on the source's page.",
    "slow": "Ask it less often: set a longer interval on the source's page.",
    "unauthorised": "Make a new key there, and enter it on the source's page.",
    "forbidden": "Give the key the right to read everything, or enter another one on the source's page.",
    "missing": "Correct the address on the source's page.",
    "throttled": "Ask it less often: set a longer interval on the source's page.",
    "server": "See what it says of itself: it answers that it has a fault.",
    "tls": "Renew its certificate, or let the source's page not check it.",
    "not JSON": "See whether a sign-in page or another server answers at its address.",
    "wrong shape": "See which version it runs: its answers are not those of the API that we know.",
    "too large": "See what it sends: the answer is larger than any network that we know.",
    "settings": "Enter its address and its keys anew on the source's page.",
}


def sources(now: datetime) -> Finding:
    """Do the sources answer, and is any of them not asked?"""
    rows = list(Source.objects.filter(accepted_at__isnull=False))
    details = tuple(detail for row in rows for detail in _details(row))
    silent = [row for row in rows if row.on and row.is_silent]
    if silent:
        return broken(". ".join(row.complaint for row in silent) + ".", _fix(silent[0]), details)
    if waiting := [row for row in rows if row.on and _is_overdue(row, now)]:
        return look(f"{waiting[0].called} has not been asked for a while.", LOG, details)
    if off := [row for row in rows if not row.on]:
        says = f"{off[0].called} is switched off: nothing new is known of what it speaks for."
        return look(says, "Switch it on again on its page.", details)
    if any(row.state == Source.State.FAULTY for row in rows):
        return look("A poll has just failed; the next one will tell.", "Wait for the next poll.", details)
    if not rows:
        return works("No source is connected.")
    return works("Every source answers.", details)


def _fix(source: Source) -> str:
    return FIXES.get(source.fault_kind, LOG)


def _is_overdue(source: Source, now: datetime) -> bool:
    """Should it have been asked long ago? Where no equipment follows it, there is nothing to ask."""
    since = max(filter(None, (source.asked_at, source.not_before, source.accepted_at)))
    late = timedelta(seconds=3 * source.interval + 60)
    return now - since > late and Check.objects.filter(probe=source.kind).exists()


def _details(source: Source) -> Details:
    at = source.answered_at
    when = f"answered last at {timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at else "has never answered"
    found: Details = ((source.called, f"every {source.interval} s, {when}"),)
    return (*found, ("Its fault", source.fault)) if source.fault else found
