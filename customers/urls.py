"""Addresses of whom we serve, and with what."""

from django.urls import include, path

urlpatterns = [
    path("", include("customers.people.urls")),
    path("", include("customers.equipment.urls")),
    path("", include("customers.meters.urls")),
    path("", include("customers.reminders.urls")),
    path("", include("customers.imports.urls")),
    path("", include("customers.privacy.urls")),
]
