"""Addresses of CSV in and out."""

from django.urls import path

from customers.imports import views

urlpatterns = [
    path("csv/<slug:key>/", views.export, name="csv"),
    path("import/<slug:key>/", views.send, name="import_send"),
    path("imports/<int:pk>/", views.run, name="import"),
    path("imports/<int:pk>/confirm/", views.confirm, name="import_confirm"),
    path("imports/<int:pk>/discard/", views.discard, name="import_discard"),
]
