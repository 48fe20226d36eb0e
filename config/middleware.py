"""What happens to every request."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import sync_and_async_middleware

from config import accounts, options
from config.models import User

WHILE_WAITING = ("waiting", "account_logout")
WHILE_SETTING_UP = (
    "mfa_activate_totp", "mfa_view_recovery_codes", "mfa_download_recovery_codes", "account_logout",
    "account_reauthenticate", "account_set_password", "live", "bell", "alarms",
)  # fmt: skip


class AskWho(LoginRequiredMiddleware):
    """Every page is for who has signed in, but for those that say otherwise: these do not even ask the database."""

    def process_view(self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any) -> Any:
        """As Django's, which asks who it is before it asks whether that matters."""
        if not getattr(view_func, "login_required", True):
            return None
        if isinstance(request.user, User):
            return held_up(request, request.user)
        return super().process_view(request, view_func, view_args, view_kwargs)


def held_up(request: HttpRequest, user: User) -> HttpResponse | None:
    """What somebody sees in place of any page: who waits to be admitted, or has to set up a second factor first."""
    name = request.resolver_match.url_name if request.resolver_match else ""
    if user.is_waiting and name not in WHILE_WAITING:
        return render(request, "config/waiting.html", status=403)
    if name not in WHILE_SETTING_UP and accounts.needs_second_factor(user):
        return redirect("mfa_activate_totp")
    return None


@sync_and_async_middleware
def isp_zone(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Show times in the ISP's zone."""
    if iscoroutinefunction(get_response):

        async def ahead(request: HttpRequest) -> Any:
            with timezone.override(await sync_to_async(zone)()):
                return await get_response(request)

        return ahead

    def onward(request: HttpRequest) -> Any:
        with timezone.override(zone()):
            return get_response(request)

    return onward


def zone() -> zoneinfo.ZoneInfo:
    """The ISP's zone; UTC where the database does not answer, so that a page can still say so."""
    try:
        return zoneinfo.ZoneInfo(options.current().time_zone)
    except Error:
        return zoneinfo.ZoneInfo("UTC")
