"""Addresses of this floor's pages."""

from django.urls import path

from notifications.views import app, channels, inbox, menu, push, subscriptions, unsubscribe

urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/read/", inbox.read_all, name="inbox_read"),
    path("inbox/<int:pk>/", inbox.opened, name="notice"),
    path("inbox/bell/", inbox.bell, name="bell"),
    path("subscriptions/", subscriptions.subscriptions, name="subscriptions"),
    path("subscriptions/of/<slug:kind>/<slug:key>/", subscriptions.subscriptions_of, name="subscriptions_of"),
    path("subscriptions/<int:pk>/", subscriptions.subscription, name="subscription"),
    path("subscriptions/<int:pk>/remove/", subscriptions.remove, name="subscription_remove"),
    path("subscriptions/<int:pk>/turn/", subscriptions.turn, name="subscription_turn"),
    path("subscribe/<str:label>/<int:pk>/", menu.subscribe, name="subscribe"),
    path("subscribe/<str:label>/<int:pk>/mute/", menu.mute, name="subscribe_mute"),
    path("me/channels/", channels.channels, name="channels"),
    path("me/channels/<int:pk>/", channels.one, name="channel"),
    path("me/channels/<int:pk>/test/", channels.test, name="channel_test"),
    path("me/channels/<int:pk>/turn/", channels.turn, name="channel_turn"),
    path("me/channels/<int:pk>/remove/", channels.remove, name="channel_remove"),
    path("stop/<str:token>/", unsubscribe.unsubscribe, name="unsubscribe"),
    path("push/", push.register, name="push"),
    path("push/key/", push.key, name="push_key"),
    path("push/off/", push.off, name="push_off"),
    path("push/moved/", push.moved, name="push_moved"),
    path("sw.js", app.worker, name="worker"),
    path("manifest.webmanifest", app.manifest, name="manifest"),
    path("live/", inbox.live_stream, name="live"),
]
