"""Addresses of equipment."""

from django.urls import path

from customers.equipment import views

urlpatterns = [
    path("network/", views.equipments, name="equipments"),
    path("equipment/choices/", views.choices, name="equipment_choices"),
    path("equipment/<int:pk>/", views.equipment, name="equipment"),
    path("equipment/<int:pk>/edit/", views.edit, name="equipment_edit"),
    path("equipment/<int:pk>/delete/", views.delete, name="equipment_delete"),
    path("equipment/<int:pk>/archive/", views.archive, name="equipment_archive"),
]
