"""A customer who was anonymised: a source goes on, and brings neither the name back nor where it was."""

from django.utils import timezone

from customers.models import Contact, Customer, Equipment, Site
from customers.privacy import actions
from outages.models import SourceLink
from tests.outages.sources.upstream import client, contact, device, service, site


def lists(name="Irvine"):
    """One client at home behind one CPE, and another client."""
    return {
        "sites": [site("s1", f"{name} farm", kind="endpoint", client=7, service=71, address="12 Quarry Road")],
        "devices": [device("d1", at="s1", name=f"cpe-{name.lower()}", mac="02:00:00:00:00:09")],
        "clients": [
            client(7, "Dean", name, street1="12 Quarry Road", contacts=[contact()]),
            client(8, "Mei", "Tanaka"),
        ],
        "services": [service(71, 7, "s1")],
    }


def told() -> str:
    """All that is known by name."""
    rows = [*Customer.objects.all(), *Site.objects.all(), *Equipment.objects.all(), *Contact.objects.all()]
    links = [f"{link.label} {link.last}" for link in SourceLink.objects.all()]
    return " ".join([*(str(vars(row)) for row in rows), *links]).lower()


def test_the_next_synchronisations_leave_the_customer_alone(synced):
    synced(**lists())
    assert "irvine" in told() and "quarry" in told() and "rosa" in told()
    dean = Customer.objects.get(family_name="Irvine")
    actions.anonymise(dean, timezone.now())
    assert "irvine" not in told()
    for name in ("Irvine", "Irvine-Jones"):
        synced(**lists(name))
        assert [word for word in ("irvine", "quarry", "rosa", "dean") if word in told()] == []
    assert Customer.objects.count() == 2
    assert str(Customer.objects.get(pk=dean.pk)) == f"Former customer {dean.pk}"
    assert Equipment.objects.get(mac="02:00:00:00:00:09").customer == dean
    assert str(Customer.objects.exclude(pk=dean.pk).get()) == "Mei Tanaka"
