"""Readings of meters; the newest one of each piece of equipment is written down to it as well."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone

from customers.equipment.models import Equipment, counted


class MeterReadings(models.QuerySet["MeterReading"]):
    """The vocabulary of meter readings."""

    def newest_first(self) -> Self:
        """By when they were read."""
        return self.order_by("-read_at", "-pk")


class MeterReading(models.Model):
    """What a meter said at a time. It never falls, unless the meter is another one by then (`replaced`)."""

    equipment = models.ForeignKey(Equipment, on_delete=models.PROTECT, related_name="meter_readings")
    value = models.DecimalField("reading", max_digits=12, decimal_places=1, validators=[MinValueValidator(0)])
    read_at = models.DateTimeField("read at", default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    replaced = models.BooleanField("The meter was replaced", default=False)

    objects: ClassVar = MeterReadings.as_manager()

    class Meta:
        ordering = ["-read_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["equipment", "read_at"], name="meter_read_once_at_a_time")]

    def __str__(self) -> str:
        return counted(self.value, self.equipment.meter_unit)

    def get_absolute_url(self) -> str:
        """The page of the meter."""
        return reverse("meter", args=[self.equipment_id])
