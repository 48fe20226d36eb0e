"""Addresses of reminders."""

from django.urls import path

from customers.reminders import views

urlpatterns = [
    path("reminders/", views.reminders, name="reminders"),
    path("reminders/add/", views.add, name="reminder_add"),
    path("reminders/of/<str:label>/<int:pk>/", views.quick, name="reminder_quick"),
    path("reminders/<int:pk>/", views.reminder, name="reminder"),
    path("reminders/<int:pk>/edit/", views.edit, name="reminder_edit"),
    path("reminders/<int:pk>/done/", views.done, name="reminder_done"),
    path("reminders/<int:pk>/later/", views.later, name="reminder_later"),
    path("reminders/<int:pk>/delete/", views.delete, name="reminder_delete"),
]
