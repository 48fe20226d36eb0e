"""Addresses of meters."""

from django.urls import path

from customers.meters import views

urlpatterns = [
    path("equipment/<int:pk>/meter/", views.meter, name="meter"),
    path("meter-readings/<int:pk>/take-back/", views.take_back, name="meter_reading_take_back"),
]
