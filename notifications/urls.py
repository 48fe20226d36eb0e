"""Addresses of this floor's pages."""

from django.urls import path

from notifications import views

urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.read_all, name="inbox_read"),
    path("inbox/<int:pk>/", views.opened, name="notice"),
    path("inbox/bell/", views.bell, name="bell"),
    path("live/", views.live_stream, name="live"),
]
