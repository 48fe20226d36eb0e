"""Equipment: what the network is made of, and what hangs on what."""

from __future__ import annotations

from decimal import Decimal
from ipaddress import ip_address
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.urls import reverse
from taggit.managers import TaggableManager

from customers.archive import Archived
from customers.people.models import Customer, Customers, Site
from customers.words import Kept, Searched, Worded, folded
from notifications.observe import Observed
from notifications.tags import ObservedTags


class Kind(models.TextChoices):
    """What a piece of equipment is."""

    ROUTER = "router", "Router"
    SWITCH = "switch", "Switch"
    PTP = "ptp", "PtP radio"
    AP = "ap", "AP"
    CPE = "cpe", "CPE"
    OTHER = "other", "Other"


class State(models.TextChoices):
    """Is it up? Written by recording, floor 3."""

    UNKNOWN = "unknown", "Unknown"
    UP = "up", "Up"
    DEGRADED = "degraded", "Degraded"
    DOWN = "down", "Down"


class Unit(models.TextChoices):
    """What a meter counts."""

    HOURS = "h", "Hours"
    GIGABYTES = "GB", "Gigabytes"


def bare_mac(text: str) -> str:
    """A MAC, or a part of one, without what stands between its digits."""
    return "".join(sign for sign in text.lower() if sign not in ":-. ")


def counted(value: Decimal, unit: str) -> str:
    """What a meter says in words: "1,234.5 h"."""
    return f"{value:,f}".removesuffix(".0") + f" {unit}"


# UNION, not UNION ALL: a row that is met again ends the walk, so a ring in the data cannot hold it.
BELOW = """
    WITH RECURSIVE below(id) AS (
        SELECT id FROM customers_equipment WHERE uplink_id IN ({roots}) AND archived_at IS NULL
        UNION
        SELECT hanging.id FROM customers_equipment hanging JOIN below ON hanging.uplink_id = below.id
        WHERE hanging.archived_at IS NULL
    )
    SELECT id FROM below
"""

# Only what carries others is walked through: most of a network are the leaves.
SERVED = """
    WITH RECURSIVE carrying(id) AS (
        SELECT id FROM customers_equipment WHERE id IN ({roots})
        UNION
        SELECT hanging.id FROM customers_equipment hanging JOIN carrying ON hanging.uplink_id = carrying.id
        WHERE hanging.archived_at IS NULL AND EXISTS (
            SELECT 1 FROM customers_equipment leaf WHERE leaf.uplink_id = hanging.id AND leaf.archived_at IS NULL
        )
    )
    SELECT customer_id FROM customers_equipment
    WHERE id IN ({roots}) AND archived_at IS NULL AND customer_id IS NOT NULL
    UNION
    SELECT hanging.customer_id FROM carrying JOIN customers_equipment hanging ON hanging.uplink_id = carrying.id
    WHERE hanging.archived_at IS NULL AND hanging.customer_id IS NOT NULL
"""


class Equipments(Searched):
    """The vocabulary of equipment."""

    def under_warranty(self) -> Self:
        """Those that have, or had, a warranty."""
        return self.current().exclude(warranty_until=None)

    def network(self) -> Self:
        """Our own, shared by many: everything but what stands at one customer's."""
        return self.exclude(kind=Kind.CPE)

    def below(self) -> Equipments:
        """All that hangs on these (a few), however far below, and not these themselves; archived ones are left out."""
        roots = list(self.values_list("pk", flat=True))
        if not roots:
            return self.none()
        places = ", ".join(["%s"] * len(roots))
        walk = RawSQL(BELOW.format(roots=places), roots)  # noqa: S611  nothing but placeholders is put in
        return Equipment.objects.filter(pk__in=walk).exclude(pk__in=roots)

    def customers_served(self) -> Customers:
        """The current customers that are served by these (a few) and by all that hangs on them."""
        roots = list(self.values_list("pk", flat=True))
        if not roots:
            return Customer.objects.none()
        walk = RawSQL(SERVED.format(roots=", ".join(["%s"] * len(roots))), roots * 2)  # noqa: S611  only placeholders
        return Customer.objects.current().filter(pk__in=walk)

    def matching(self, word: str) -> Q:
        """A word of the equipment, a part of its MAC however written, or a word of its customer or site."""
        plain = folded(word)
        found = super().matching(word)
        if bare_mac(plain) not in ("", plain):
            found |= Q(words__contains=bare_mac(plain))
        owners, places = (model.objects.filter(words__contains=plain) for model in (Customer, Site))
        return found | Q(customer__in=owners) | Q(site__in=places)

    def meant(self, text: str) -> Q:
        """The IP address, the MAC, the serial number or the whole name."""
        mac = ":".join(bare_mac(text)[at : at + 2] for at in range(0, 12, 2))
        return super().meant(text) | Q(address_order=address_order(text)) & ~Q(address_order="") | Q(mac=mac)


def address_order(address: str | None) -> str:
    """The address as a text that sorts as numbers do; "" for none, or for what is no address."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return ""
    return f"{found.version}{found.packed.hex()}"


class Equipment(Archived, Worded, Observed):
    """One device: a router, a radio, a customer's CPE. Its uplink is the device that it hangs on."""

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CPE)
    vendor = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=80, blank=True)
    serial = models.CharField(max_length=80, blank=True)
    mac = models.CharField("MAC", max_length=17, blank=True, db_index=True)
    address = models.GenericIPAddressField("IP address", null=True, blank=True, unpack_ipv4=True, db_index=True)
    address_order = Kept(source="ordered_address")
    uplink = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="downlinks")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="equipment")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="equipment")
    notes = models.TextField(blank=True)
    warranty_until = models.DateField(null=True, blank=True)
    # The newest of its readings, and what that counts; written by the slice of meters.
    meter = models.DecimalField(max_digits=12, decimal_places=1, null=True, editable=False)
    meter_unit = models.CharField(max_length=2, choices=Unit, blank=True, editable=False)
    meter_at = models.DateTimeField(null=True, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.UNKNOWN, editable=False)
    state_since = models.DateTimeField(null=True, editable=False)
    tags = TaggableManager(blank=True, manager=ObservedTags)

    objects: ClassVar = Equipments.as_manager()
    found_by: ClassVar = {"customers.Customer": "customer", "customers.Site": "site"}

    class Meta(Observed.Meta):
        verbose_name_plural = "equipment"
        ordering = ["name", "pk"]
        indexes = [
            models.Index(fields=["state", "kind"], name="equipment_state"),
            models.Index(fields=["name", "id"], name="equipment_current", condition=Q(archived_at=None)),
            # Whoever walks down the tree finds all that he needs in the index.
            models.Index(fields=["uplink", "customer"], name="equipment_hanging", condition=Q(archived_at=None)),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The page of this equipment."""
        return reverse("equipment", args=[self.pk])

    @property
    def ordered_address(self) -> str:
        """The address in the order of its numbers."""
        return address_order(self.address)

    @property
    def meter_words(self) -> str:
        """What its meter said last; "" for one that was never read."""
        return "" if self.meter is None else counted(self.meter, self.meter_unit)

    @property
    def detail(self) -> str:
        """What tells this equipment from another of the same name."""
        return " · ".join(filter(None, [self.get_kind_display(), self.address, self.mac, str(self.customer or "")]))

    def said(self) -> list[str]:
        """Equipment is found by name, address, MAC, serial number and make."""
        return [self.name, self.address or "", self.mac, bare_mac(self.mac), self.serial, self.vendor, self.model]

    def clean(self) -> None:
        """Refuse an uplink that leads back to this equipment."""
        if self.pk and self.uplink_id == self.pk:
            raise ValidationError({"uplink": "Equipment cannot hang on itself."})
        hanging = Equipment.objects.filter(pk=self.pk).below()
        if self.pk and self.uplink_id and hanging.filter(pk=self.uplink_id).exists():
            raise ValidationError({"uplink": f"This would be a ring: {self.uplink} hangs on this device."})

    def rival(self) -> Equipment | None:
        """Another current device that has the address or the MAC of this one."""
        same = Q(address=self.address, address__isnull=False) | Q(mac=self.mac) & ~Q(mac="")
        return Equipment.objects.current().exclude(pk=self.pk).filter(same).first()

    def scopes(self) -> list[tuple[str, int | None]]:
        """Equipment belongs to its customer and its site."""
        return [("customers.Customer", self.customer_id), ("customers.Site", self.site_id)]
