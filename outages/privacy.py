"""What this floor knows of a customer: outages, incidents and what was written about them, and rows of sources."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q

from customers.models import Customer, Equipment, Site
from customers.privacy.parts import Part, Row, cover, naming, notices_about, row_of
from customers.privacy.words import Words
from outages import recording
from outages.models import Check, Incident, IncidentNote, Outage, Source, SourceLink, SourceRun


def _outages(customer: Customer) -> models.QuerySet[Outage]:
    found: models.QuerySet[Outage] = Outage.objects.filter(Q(customer=customer) | Q(equipment__customer=customer))
    return found


def _incidents(customer: Customer) -> models.QuerySet[Incident]:
    """Those of the customer's own devices, and those that took their service away."""
    own = Q(equipment__customer=customer)
    found: models.QuerySet[Incident] = Incident.objects.filter(own | Q(pk__in=_outages(customer).values("incident")))
    return found


def _outage_rows(customer: Customer) -> Iterable[Row]:
    return (row_of(outage) for outage in _outages(customer).select_related("equipment", "customer", "site", "incident"))


def _incident_rows(customer: Customer) -> Iterable[Row]:
    return (row_of(incident) for incident in _incidents(customer).select_related("equipment", "owner"))


def _notice_rows(customer: Customer) -> Iterable[Row]:
    found = chain.from_iterable(notices_about(things) for things in (_outages(customer), _own_incidents(customer)))
    return ({"event": one.event, "text": one.text, "created_at": one.created_at} for one in found)


def _own_incidents(customer: Customer) -> models.QuerySet[Incident]:
    found: models.QuerySet[Incident] = Incident.objects.filter(equipment__customer=customer)
    return found


def _forget_outages(customer: Customer, words: Words) -> None:
    cover(_outages(customer), ["opened_by", "closed_by"], words, parts=True)
    cover(Check.objects.filter(equipment__customer=customer), ["run_first", "dark_message"], words, parts=True)


def _forget_incidents(customer: Customer, words: Words) -> None:
    """In those of their own devices every part of the name is meant; in others, which are many's, the whole of it."""
    own = _own_incidents(customer)
    cover(own, ["sentence"], words, parts=True)
    cover(IncidentNote.objects.filter(incident__in=own), ["text"], words, parts=True)
    cover(Incident.objects.filter(naming("sentence", words)), ["sentence"], words)
    cover(IncidentNote.objects.filter(naming("text", words)), ["text"], words)


def _forget_notices(customer: Customer, words: Words) -> None:
    for things in (_outages(customer), _own_incidents(customer)):
        cover(notices_about(things), ["text"], words, parts=True)


def _links(customer: Customer) -> models.QuerySet[SourceLink]:
    """The rows of sources that stand for the customer, their places and devices."""
    found = Q()
    for model, own in ((Customer, [customer.pk]), (Site, customer.sites), (Equipment, customer.equipment)):
        pks = own if isinstance(own, list) else list(own.values_list("pk", flat=True))
        found |= Q(object_type=ContentType.objects.get_for_model(model), object_id__in=pks)
    return SourceLink.objects.filter(found)


def _link_rows(customer: Customer) -> Iterable[Row]:
    return (row_of(link, without=["object_type", "object_id"]) for link in _links(customer).select_related("source"))


def _forget_links(customer: Customer, words: Words) -> None:
    _links(customer).update(label="", last={})
    # What the last looks at sources found is of many customers.
    cover(SourceRun.objects.all(), ["found"], words)
    cover(Source._base_manager.all(), ["sync_report"], words)


PARTS = [
    Part("notices_of_outages", _notice_rows, _forget_notices),
    Part("source_rows", _link_rows, _forget_links),
    # A sweep that is being judged would write what it has read before.
    Part("outages", _outage_rows, _forget_outages, first=recording.alone),
    Part("incidents", _incident_rows, _forget_incidents),
]
