"""Every address of the site."""

from django.urls import URLPattern, URLResolver, include, path

from config.views import desk, door, health, network, people

urlpatterns: list[URLPattern | URLResolver] = [
    path("setup/", door.first_administrator, name="setup"),
    path("setup/<str:token>/", door.first_administrator, name="setup"),
    path("demo/enter/", door.enter_demo, name="demo_enter"),
    path("demo/enter/<str:token>/", door.demo_link, name="demo_link"),
    # Addresses are changed by an administrator, and there is no e-mail to send a link by.
    path("account/email/", door.closed),
    path("account/confirm-email/", door.closed),
    path("account/confirm-email/<str:key>/", door.closed),
    path("account/password/reset/done/", door.closed),
    path("account/password/reset/", door.forgotten),
    path("account/", include("allauth.account.urls")),
    path("keep-alive", health.keep_alive, name="keep_alive"),
    path("health/", health.health, name="health"),
    path("alarms/", desk.alarms, name="alarms"),
    path("search/", desk.search, name="search"),
    path("welcome/", desk.welcome, name="welcome"),
    path("settings/", desk.settings, name="settings"),
    path("demo/", network.demo, name="demo"),
    path("demo/load/", network.load, name="demo_load"),
    path("demo/clear/", network.clear, name="demo_clear"),
    path("demo/play/", network.play, name="demo_play"),
    path("users/", people.users, name="users"),
    path("users/add/", people.add, name="user_add"),
    path("users/roles/", people.roles, name="roles"),
    path("users/<int:pk>/", people.user, name="user"),
    path("users/<int:pk>/edit/", people.edit, name="user_edit"),
    path("users/<int:pk>/active/", people.set_active, name="user_active"),
    path("me/", people.me, name="me"),
    path("", include("notifications.urls")),
    path("", include("customers.urls")),
    path("", include("outages.urls")),
]
