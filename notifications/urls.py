"""Addresses of this floor's pages."""

from django.urls import path

from notifications import (
    app_views,
    channel_views,
    menu_views,
    push_views,
    subscription_views,
    unsubscribe_views,
    views,
)

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
    path("me/channels/", channel_views.channels, name="channels"),
    path("me/channels/<int:pk>/", channel_views.one, name="channel"),
    path("me/channels/<int:pk>/test/", channel_views.test, name="channel_test"),
    path("me/channels/<int:pk>/turn/", channel_views.turn, name="channel_turn"),
    path("me/channels/<int:pk>/remove/", channel_views.remove, name="channel_remove"),
    path("stop/<str:token>/", unsubscribe_views.unsubscribe, name="unsubscribe"),
    path("push/", push_views.register, name="push"),
    path("push/key/", push_views.key, name="push_key"),
    path("push/off/", push_views.off, name="push_off"),
    path("push/moved/", push_views.moved, name="push_moved"),
    path("sw.js", app_views.worker, name="worker"),
    path("manifest.webmanifest", app_views.manifest, name="manifest"),
    path("live/", views.live_stream, name="live"),
]
