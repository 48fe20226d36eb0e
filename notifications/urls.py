"""Addresses of this floor's pages."""

from django.urls import path

from notifications import menu_views, subscription_views, views

urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.read_all, name="inbox_read"),
    path("inbox/<int:pk>/", views.opened, name="notice"),
    path("inbox/bell/", views.bell, name="bell"),
    path("subscriptions/", subscription_views.subscriptions, name="subscriptions"),
    path("subscriptions/of/<slug:kind>/<slug:key>/", subscription_views.subscriptions_of, name="subscriptions_of"),
    path("subscriptions/<int:pk>/", subscription_views.subscription, name="subscription"),
    path("subscriptions/<int:pk>/remove/", subscription_views.remove, name="subscription_remove"),
    path("subscriptions/<int:pk>/turn/", subscription_views.turn, name="subscription_turn"),
    path("subscribe/<str:label>/<int:pk>/", menu_views.subscribe, name="subscribe"),
    path("subscribe/<str:label>/<int:pk>/mute/", menu_views.mute, name="subscribe_mute"),
    path("live/", views.live_stream, name="live"),
]
