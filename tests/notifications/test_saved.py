"""What is compared is what a save leaves in the database, whatever else the object in hand says."""

import pytest
from django.db import transaction
from django.utils import timezone

from customers.models import Customer, Equipment
from notifications.models import Notice, Plan, Subscription
from notifications.observe import Unobserved
from outages.models import Incident
from tests import make

pytestmark = pytest.mark.django_db


def wants(event, **fields):
    to = {"recipient_kind": "user", "recipient_key": str(make.user().pk)}
    return Subscription.objects.create(event=event, **to, **fields)


def test_a_field_that_a_save_does_not_name_is_not_told_as_changed():
    wants("equipment.changed")
    wants("equipment.archived")
    make.equipment("Router")
    stale = Equipment.objects.get()
    fresh = Equipment.objects.get()
    fresh.name = "Core router"
    fresh.save()
    stale.vendor, stale.model, stale.archived_at = "Mikro", "never saved", timezone.now()
    stale.save(update_fields=["vendor"])
    assert set(Notice.objects.values_list("text", flat=True)) == {
        "Core router: name changed",
        "Core router: vendor changed",
    }


def test_what_belongs_elsewhere_in_hand_alone_is_told_to_who_hears_of_where_it_is():
    here, there = make.site(), make.site()
    stale = make.equipment(site=here)
    heard, not_heard = wants("equipment.changed", about=here), wants("equipment.changed", about=there)
    stale.site, stale.name = there, "Other name"
    stale.save(update_fields=["name"])
    assert Notice.objects.get().why == [heard.pk] != [not_heard.pk]


def test_a_plan_stays_where_what_would_negate_it_was_not_saved():
    wants("incident.still_open", asked={"minutes": 60})
    incident = Incident.objects.create(equipment=make.equipment(kind="ap"), opened_at=timezone.now())
    incident.closed_at, incident.sentence = timezone.now(), "Soon"
    incident.save(update_fields=["sentence"])
    assert Plan.objects.count() == 1
    incident.save(update_fields=["closed_at"])
    assert not Plan.objects.exists()


def test_an_object_made_anew_under_the_key_of_another_is_a_change_of_it():
    wants("customer.changed")
    there = make.customer("Dean Irvine")
    Customer(pk=there.pk, given_name="Rosa", family_name="Irvine", created_at=there.created_at).save()
    assert "changed" in Notice.objects.get().text


def test_to_put_objects_into_a_relation_at_once_refuses_and_one_by_one_tells():
    wants("equipment.changed")
    site, device = make.site(), make.equipment()
    for change in (site.equipment.add, lambda one: site.equipment.set([one])):
        with pytest.raises(Unobserved, match="bulk=False"), transaction.atomic():
            change(device)
    site.equipment.add(device, bulk=False)
    assert "site changed" in Notice.objects.get().text


def test_who_leaves_is_taken_off_what_was_theirs():
    owner = make.user()
    incident = Incident.objects.create(equipment=make.equipment(), opened_at=timezone.now(), owner=owner)
    owner.delete()
    incident.refresh_from_db()
    assert incident.owner is None
