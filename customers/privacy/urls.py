"""Addresses of what is known of a customer."""

from django.urls import path

from customers.privacy import views

urlpatterns = [
    path("customers/<int:pk>/everything/", views.everything, name="customer_everything"),
    path("customers/<int:pk>/anonymise/", views.anonymise, name="customer_anonymise"),
]
