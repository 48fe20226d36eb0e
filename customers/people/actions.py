"""Changes of customers that reach across rows."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from customers import removal
from customers.people.models import Customer


@transaction.atomic
def archive_with_equipment(customer: Customer, at: datetime) -> None:
    """Put a customer away, and with it the equipment that serves nobody else."""
    for equipment in customer.equipment.current():
        if not equipment.downlinks.current().exclude(customer=customer).exists():
            removal.archive(equipment, at)
    removal.archive(customer, at)
