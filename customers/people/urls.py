"""Addresses of customers, contacts and sites."""

from django.urls import path

from customers.people import site_views, views

urlpatterns = [
    path("customers/", views.customers, name="customers"),
    path("customers/add/", views.add, name="customer_add"),
    path("customers/choices/", views.choices, name="customer_choices"),
    path("customers/<int:pk>/", views.customer, name="customer"),
    path("customers/<int:pk>/edit/", views.edit, name="customer_edit"),
    path("customers/<int:pk>/delete/", views.delete, name="customer_delete"),
    path("customers/<int:pk>/archive/", views.archive, name="customer_archive"),
    path("customers/<int:pk>/contacts/add/", views.add_contact, name="contact_add"),
    path("contacts/<int:pk>/edit/", views.edit_contact, name="contact_edit"),
    path("contacts/<int:pk>/delete/", views.delete_contact, name="contact_delete"),
    path("sites/", site_views.sites, name="sites"),
    path("sites/add/", site_views.add, name="site_add"),
    path("sites/choices/", site_views.choices, name="site_choices"),
    path("sites/<int:pk>/", site_views.site, name="site"),
    path("sites/<int:pk>/edit/", site_views.edit, name="site_edit"),
    path("sites/<int:pk>/delete/", site_views.delete, name="site_delete"),
    path("sites/<int:pk>/archive/", site_views.archive, name="site_archive"),
]
