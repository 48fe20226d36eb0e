"""The door: how the sign-in library is told what this house wants.

Accounts are made by an invitation; whoever comes by GitHub gets one without a role, which an administrator admits or
refuses. No account is ever found by an e-mail address that GitHub tells: only who is signed in connects theirs.
"""

from __future__ import annotations

import base64
import secrets
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import InvalidToken
from django.contrib.auth import login
from django.http import HttpRequest
from django.shortcuts import render
from django.urls import reverse

from config import options
from config.models import User
from notifications import audit
from notifications.sealed import seal, unseal

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
# What the library would send a mail of, and the word for it in the log.
NOTED = {
    "account/email/password_changed": "password_set",
    "account/email/password_reset": "password_set",
    "account/email/password_set": "password_set",
    "mfa/email/recovery_codes_generated": "recovery_codes_made",
    "mfa/email/totp_activated": "second_factor_set_up",
    "mfa/email/totp_deactivated": "second_factor_taken_off",
    "socialaccount/email/account_connected": "github_connected",
    "socialaccount/email/account_disconnected": "github_disconnected",
}
# So many strangers at once are no new colleagues.
MOST_WAITING = 20


def enter(request: HttpRequest, user: User) -> None:
    """Sign somebody in who has proved to be this user, and write it down."""
    login(request, user, BACKEND)
    with audit.acting(user):
        audit.note("signed_in", about=user)


def needs_second_factor(user: User) -> bool:
    """Must this user set up a second factor before anything else?"""
    return user.is_administrator and options.current().require_second_factor and not has_second_factor(user)


def has_second_factor(user: User) -> bool:
    """Is this user asked for a code at sign-in?"""
    return bool(Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists())


class ClosedDoor(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up by oneself is closed, and every sign-in is written down."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up by themselves."""
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        """As the library's."""
        super().login(request, user)
        with audit.acting(user):
            audit.note("signed_in", about=user)

    def send_notification_mail(self, template_prefix: str, user: User, *_: Any, **__: Any) -> None:
        """In place of an e-mail to its owner, what happens to the keys of an account is written down."""
        if what := NOTED.get(template_prefix):
            with audit.acting(user):
                audit.note(what, about=user)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Where one comes to, if nowhere else was asked for."""
        assert isinstance(request.user, User)
        return reverse("waiting") if request.user.is_waiting else str(super().get_login_redirect_url(request))

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """The same, the first time."""
        return self.get_login_redirect_url(request)


class ByGitHub(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Who comes by GitHub for the first time waits for an administrator."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Anybody may knock, unless too many do."""
        if User.objects.waiting().count() >= MOST_WAITING:
            raise ImmediateHttpResponse(render(request, "socialaccount/too_many.html", status=403))
        if User.objects.filter(email=self._address(sociallogin)).exists():
            # They left, and their GitHub account was taken off: an administrator turns theirs on again.
            raise ImmediateHttpResponse(render(request, "socialaccount/known.html", status=403))
        return True

    def _address(self, sociallogin: Any) -> str:
        login = sociallogin.account.extra_data.get("login", "")
        # https://docs.github.com/en/account-and-profile/reference/email-addresses-reference
        return f"{sociallogin.account.uid}+{login}@users.noreply.github.com".lower()

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        """An account without a role; its address is the one that GitHub gives to whoever hides theirs."""
        data = sociallogin.account.extra_data
        address = self._address(sociallogin)
        name = (data.get("name") or data.get("login") or "")[:120]
        user = sociallogin.user = User.objects.build(address, None, name=name, role="")
        with audit.acting(user):
            sociallogin.save(request)
            audit.note("knocked", f"GitHub account {data.get('login', '')}", user)
        return user

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        """Back to where one connected it."""
        return reverse("socialaccount_connections")


class SecondFactor(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets are sealed, and what is required cannot be taken off again."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": "An administrator has to have a second factor here: the settings say so."
    }

    def get_totp_issuer(self) -> str:
        """The name under which an app on a phone shows the code."""
        return options.current().isp_name or "Towerwatch"

    def encrypt(self, text: str) -> str:
        """As the database keeps it."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """As it was; where no key of today opens it, a secret that nobody has, so that no code fits."""
        try:
            return unseal(encrypted_text)
        except InvalidToken:
            return base64.b32encode(secrets.token_bytes(20)).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """May its owner do without it?"""
        return not (authenticator.user.is_administrator and options.current().require_second_factor)
