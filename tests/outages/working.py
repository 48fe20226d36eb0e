"""Incidents and outages to look at, and the work on them as a browser sends it."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from outages.models import Incident, Outage
from tests import make

SEEN = ["now", "now_board", "incidents", "incident", "outages", "outage"]
WORKED = ["incident_work", "incident_acknowledge", "incident_note"]
EVIL = "<script>alert(1)</script>"


def incident(name="sector", *, outages=1, **fields):
    """An open incident with outages of customers behind it."""
    start = timezone.now() - timedelta(minutes=10)
    equipment = make.equipment(name, kind="ap", site=make.site(f"Site of {name}"), state="down")
    found = Incident.objects.create(**({"equipment": equipment, "opened_at": start} | fields))
    for number in range(outages):
        customer = make.customer(f"{name} home {number}", phone="907 555 0101")
        cpe = make.equipment(f"{name} cpe {number}", customer=customer, state="down")
        outage(cpe, incident=found)
    return found


def outage(equipment, **fields):
    """An outage that began ten minutes ago, of the equipment and of the customer and the site it belongs to."""
    start = timezone.now() - timedelta(minutes=10)
    kept = {"asked_at": start.timestamp(), "up": False, "ms": None, "values": {}, "message": "no answer"}
    of = {"equipment": equipment, "customer": equipment.customer, "site": equipment.site}
    return Outage.objects.create(**(of | {"started_at": start, "opened_at": start, "opened_by": kept} | fields))


def address(name):
    """The path of a page, by the name of its view; of an incident that is made if there is none."""
    if name in ("now", "now_board", "incidents", "outages"):
        return reverse(name)
    found = Incident.objects.first() or incident()
    return reverse(name, args=[found.outages.get().pk if name == "outage" else found.pk])


def working(**fields):
    """The fields of the form, with these changed."""
    return {"state": "working", "owner": "", "expected_at": "", "sentence": ""} | fields


def work(client, found, **fields):
    """The answer to the form of the incident, sent with these fields."""
    return client.post(reverse("incident_work", args=[found.pk]), working(**fields))
