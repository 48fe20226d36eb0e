"""Getting in: the first administrator, and the ways into the demo."""

from __future__ import annotations

import ipaddress
import secrets

from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from config import accounts, demo, invitations, setup
from config.models import Role, User


class FirstAdministratorForm(forms.Form):
    """The first account."""

    token = forms.CharField(label="Token", help_text="The console printed it when Towerwatch started.")
    name = forms.CharField(label="Your name", max_length=120)
    email = forms.EmailField(label="E-mail", max_length=150)
    password = forms.CharField(
        label="Password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Ten signs or more.",
    )


@login_not_required
def first_administrator(request: HttpRequest, token: str = "") -> HttpResponse:
    """Make the first administrator; afterwards this page is closed."""
    if not setup.is_open():
        return redirect("now")
    form = FirstAdministratorForm(request.POST or None, initial={"token": token})
    if form.is_valid():
        try:
            user = setup.first_administrator(**{"given": form.cleaned_data.pop("token"), **form.cleaned_data})
        except setup.Refused:
            form.add_error("token", "This is not the token that the console printed.")
        except ValidationError as fault:
            form.add_error("password", fault)
        else:
            accounts.enter(request, user)
            return redirect("welcome")
    return render(request, "config/setup.html", {"form": form})


def is_local(request: HttpRequest) -> bool:
    """Does the browser run on this very machine, with no front server in between?"""
    # A front server on this machine connects from loopback, whoever stands behind it.
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"))
    try:
        return not forwarded and ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


@login_not_required
@require_POST
def enter_demo(request: HttpRequest) -> HttpResponse:
    """Sign in as one of the demo's people: only in the demo, and only from its own machine."""
    if not (settings.DEMO and is_local(request)):
        raise PermissionDenied
    return _sign_in(request, request.POST.get("role", ""))


@login_not_required
def demo_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in by the link that the console printed."""
    if not settings.DEMO or not secrets.compare_digest(token.encode(), demo.token().encode()):
        raise PermissionDenied
    return _sign_in(request, Role.ADMINISTRATOR)


def _sign_in(request: HttpRequest, role: str) -> HttpResponse:
    user = User.objects.filter(is_active=True, role=role).order_by("pk").first()
    if user is None:
        raise PermissionDenied
    accounts.enter(request, user)
    return redirect("now")


class InvitedForm(forms.Form):
    """What somebody who is invited says of themselves."""

    name = forms.CharField(label="Your name", max_length=120)
    password = forms.CharField(
        label="Password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Ten signs or more. You sign in with it and your e-mail.",
    )


@login_not_required
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Who invites whom to what; a name and a password make the account, and its owner is in."""
    try:
        row = invitations.find(token, timezone.now())
        form = InvitedForm(request.POST or None, initial={"name": row.name})
        if request.user.is_authenticated or not form.is_valid():
            return render(request, "config/invitation.html", {"form": form, "invitation": row})
        accounts.enter(request, invitations.accept(token, **form.cleaned_data, now=timezone.now()))
    except invitations.Gone as why:
        return render(request, "config/invitation_gone.html", {"why": str(why)}, status=410)
    except ValidationError as fault:
        form.add_error("password", fault)
        return render(request, "config/invitation.html", {"form": form, "invitation": row})
    messages.success(request, "Welcome. Under My account you find what you hear of, and a second factor.")
    return redirect("now")


def waiting(request: HttpRequest) -> HttpResponse:
    """For who came by GitHub, until an administrator has admitted them."""
    assert isinstance(request.user, User)
    return render(request, "config/waiting.html") if request.user.is_waiting else redirect("now")


def to_me(request: HttpRequest) -> HttpResponse:
    """What there is of a second factor stands under My account."""
    return redirect("me")


def recovery_codes(request: HttpRequest) -> HttpResponse:
    """How many codes are left, and whether they were downloaded: what is on paper is not shown again."""
    row = get_object_or_404(Authenticator, user=request.user, type=Authenticator.Type.RECOVERY_CODES)
    codes = row.wrap()
    return render(request, "mfa/recovery_codes/index.html", {"codes": codes, "left": len(codes.get_unused_codes())})


@login_not_required
def forgotten(request: HttpRequest) -> HttpResponse:
    """What to do about a forgotten password: an administrator hands over a link."""
    return render(request, "config/forgotten.html")


def closed(request: HttpRequest, key: str = "") -> HttpResponse:
    """A page of the sign-in library that this house does not have."""
    raise Http404
