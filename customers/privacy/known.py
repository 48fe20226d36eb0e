"""What this floor and the one below know of a customer: the customer, contacts, places, devices and notices."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from django.apps import apps
from django.db import models

from customers.meters.models import MeterReading
from customers.people.models import Customer, Site
from customers.privacy.parts import Part, Row, cover, naming, notices_about, row_of, write
from customers.privacy.words import Words
from customers.reminders.models import Reminder
from notifications.audit import Act, Recorded
from notifications.models import Address, Cover, Notice, Plan, Report

SHOWN_OF_NOTICES = ("event", "text", "created_at", "due_at", "withdrawn_at", "read_at")


def words_of(customer: Customer) -> Words:
    """Everything by which this customer is known."""
    whole = [customer.shown_name, customer.person, customer.company_name, customer.email, customer.phone]
    whole += [customer.street, customer.account if len(customer.account) >= 4 else ""]
    for contact in customer.contacts.all():
        whole += [contact.name, contact.email, contact.phone]
    single = [customer.family_name, customer.given_name, *customer.family_name.split()]
    plain = Words.of(whole, [word for word in single if len(word) > 1])
    things = [*customer.equipment.all(), *customer.sites.filter(kind=Site.Kind.PREMISES)]
    return Words.of([*plain.whole, *(thing.name for thing in things if plain.are_in(thing.name))], plain.single)


def _tagged(thing: Any) -> Row:
    return row_of(thing) | {"tags": ", ".join(sorted(tag.name for tag in thing.tags.all()))}


def _customer(customer: Customer) -> list[Row]:
    return [_tagged(customer)]


def _contacts(customer: Customer) -> Iterable[Row]:
    return (row_of(contact, without=["customer"]) for contact in customer.contacts.all())


def _forget_contacts(customer: Customer, words: Words) -> None:
    for contact in customer.contacts.all():
        write(contact, name=f"Contact {contact.pk}", duty="", email="", phone="")


def _sites(customer: Customer) -> Iterable[Row]:
    return (_tagged(site) for site in customer.sites.all())


def _forget_sites(customer: Customer, words: Words) -> None:
    nowhere = {"street": "", "town": "", "latitude": None, "longitude": None, "notes": ""}
    for site in customer.sites.all():
        if site.kind == Site.Kind.PREMISES:
            write(site, name=f"Premises {site.pk}", **nowhere)
        else:
            # A tower of ours on their land goes on standing where it is.
            cover(Site._base_manager.filter(pk=site.pk), ["name", "notes"], words, parts=True)
            write(Site._base_manager.get(pk=site.pk))


def _equipment(customer: Customer) -> Iterable[Row]:
    return (_tagged(one) for one in customer.equipment.all())


def _forget_equipment(customer: Customer, words: Words) -> None:
    for one in customer.equipment.all():
        name = f"{one.kind}-{one.pk}" if words.are_in(one.name) else one.name
        write(one, name=name, notes="")


def _own(customer: Customer) -> list[models.QuerySet]:
    """What is the customer's own, as a notice may be about it."""
    return [
        Customer.objects.filter(pk=customer.pk),
        *(getattr(customer, name).all() for name in ("sites", "equipment")),
    ]


def _notices(customer: Customer) -> Iterable[Row]:
    found = chain.from_iterable(notices_about(things) for things in _own(customer))
    return ({name: getattr(notice, name) for name in SHOWN_OF_NOTICES} for notice in found)


def _forget_notices(customer: Customer, words: Words) -> None:
    # What is on paper cannot be covered: a report that may name them goes as a whole.
    Report.objects.filter(naming("said", words) | naming("name", words)).delete()
    for things in _own(customer):
        Report.objects.filter(pk__in=notices_about(things).exclude(report=None).values("report")).delete()
        cover(notices_about(things), ["text"], words, parts=True)
    cover(Notice.objects.filter(naming("text", words)), ["text"], words)
    # Written by hand: why something was put off, and the notes of the rota.
    cover(Plan.objects.filter(naming("extended_why", words)), ["extended_why"], words)
    cover(Cover.objects.filter(naming("note", words)), ["note"], words)
    cover(Cover.history.all(), ["note", "changes"], words)


def _meters(customer: Customer) -> Iterable[Row]:
    readings = MeterReading.objects.filter(equipment__customer=customer).select_related("equipment", "by")
    return (row_of(reading) for reading in readings)


def _forget_meters(customer: Customer, words: Words) -> None:
    MeterReading.objects.filter(equipment__customer=customer).update(note="")


def _reminders_of(customer: Customer) -> list[models.QuerySet]:
    return [Reminder.objects.of_any(things) for things in (*_own(customer), customer.contacts.all())]


def _reminders(customer: Customer) -> Iterable[Row]:
    found = chain.from_iterable(rows.select_related("user", "created_by") for rows in _reminders_of(customer))
    return (row_of(one, without=["object_type", "object_id"]) for one in found)


def _forget_reminders(customer: Customer, words: Words) -> None:
    """In those of what is their own every part of the name is meant; in others the whole of it."""
    for rows in _reminders_of(customer):
        cover(notices_about(rows), ["text"], words, parts=True)
        cover(rows, ["text", "about"], words, parts=True)
    cover(Reminder.objects.filter(naming("text", words) | naming("about", words)), ["text", "about"], words)


def _addresses(customer: Customer) -> Iterable[Row]:
    found = chain.from_iterable(Address.objects.of(one) for one in (customer, *customer.contacts.all()))
    return ({"channel": address.channel, "value": address.value, "since": address.since} for address in found)


def _forget_addresses(customer: Customer, words: Words) -> None:
    for one in (customer, *customer.contacts.all()):
        Address.objects.of(one).delete()


def _acts(customer: Customer) -> Iterable[Row]:
    found = Act.objects.filter(naming("about", words_of(customer)))
    return ({"at": act.at, "by": act.by_name, "what": act.what, "about": act.about} for act in found)


def _forget_acts(customer: Customer, words: Words) -> None:
    """Who did what stays; about whom does not. So in the kept changes of whatever rows."""
    cover(Act.objects.filter(naming("about", words) | naming("text", words)), ["about", "text"], words)
    for model in apps.get_models():
        if issubclass(model, Recorded):
            cover(model._base_manager.filter(naming("about", words)), ["about", "changes"], words)


PARTS = [
    Part("notices", _notices, _forget_notices),
    Part("acts", _acts, _forget_acts),
    Part("reminders", _reminders, _forget_reminders),
    Part("meters", _meters, _forget_meters),
    Part("addresses", _addresses, _forget_addresses),
    Part("equipment", _equipment, _forget_equipment),
    Part("sites", _sites, _forget_sites),
    Part("contacts", _contacts, _forget_contacts),
    Part("customer", _customer),
]
