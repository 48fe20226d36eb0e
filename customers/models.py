"""The index of this app's models; each slice has its own."""

from customers.equipment.models import Equipment, Kind, State
from customers.imports.models import ImportRun
from customers.meters.models import MeterReading
from customers.people.models import Contact, Customer, Site
from customers.reminders.models import Reminder

__all__ = ["Contact", "Customer", "Equipment", "ImportRun", "Kind", "MeterReading", "Reminder", "Site", "State"]
