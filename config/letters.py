"""What the health page says of deliveries that failed for good, and of addresses that do not work."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from config.finding import Details, Finding, look, works
from notifications.models import Address, Attempt, Delivery

DAY = timedelta(days=1)
ON_ITS_PAGE = "An administrator opens Deliveries, Failed: there they are sent once more or discarded."


def dead_letters(now: datetime) -> Finding:
    """Has anything been given up within the last day, and is any address off because it does not work?"""
    failed = Delivery.objects.filter(state=Delivery.State.FAILED)
    lately = failed.filter(attempts__ended_at__gte=now - DAY).exclude(attempts__error="").distinct().count()
    off = Address.objects.filter(off_at__isnull=False, wanted=True).count()
    details: Details = (
        ("Given up in a day", f"{lately} deliveries"),
        ("Not sent once more yet", f"{failed.count()} deliveries"),
        ("Addresses turned off", str(off)),
        *_last(),
    )
    if lately:
        return look(f"{lately} deliveries were given up within a day.", ON_ITS_PAGE, details)
    if off:
        fix = "An administrator opens Deliveries, Failing addresses: it says why, and turns them on again."
        return look(f"{off} addresses are off because they do not work.", fix, details)
    return works("Nothing was given up within a day.", details)


def _last() -> Details:
    last = Attempt.objects.filter(delivery__state=Delivery.State.FAILED).exclude(error="").order_by("-pk").first()
    if last is None:
        return ()
    return (("The last one", f"{timezone.localtime(last.started_at):%Y-%m-%d %H:%M:%S}: {last.error[:200]}"),)
