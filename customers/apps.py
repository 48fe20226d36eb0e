"""Floor 2 as a Django app: whom we serve, and with what."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """People and equipment."""

    name = "customers"
