"""Who gets into the API: tokens, what their scope allows, and how often one may ask."""

from __future__ import annotations

import re
from typing import Any

from django.utils import timezone
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

from config import accounts, tokens
from config.models import User
from config.tokens import Token

WRITTEN_LIKE_ONE = re.compile(rb"[0-9a-f]{16,128}")


class ByToken(TokenAuthentication):
    """`Authorization: Token ...`; a token that is wrong, over, or of an account that is off is refused with 401."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Token]:
        """The user and the token; raises AuthenticationFailed."""
        # The database must not be asked for what no token can be: bytes that are no text, a NUL.
        if not WRITTEN_LIKE_ONE.fullmatch(token):
            raise AuthenticationFailed("This token is not valid.")
        user, found = super().authenticate_credentials(token)
        tokens.used(found, timezone.now())
        return user, found


class InScope(BasePermission):
    """A token that may only read changes nothing, whatever its user may do."""

    message = "This token may only read."

    def has_permission(self, request: Any, view: Any) -> bool:
        """True for a session, for reading, and for a token that may write."""
        return not isinstance(request.auth, Token) or request.method in SAFE_METHODS or request.auth.may_write


class Admitted(BasePermission):
    """What keeps somebody from every page keeps them from the API: waiting to be admitted, no second factor yet."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """True for who may open pages; `message` says why not."""
        if not isinstance(request.user, User):
            return False
        self.message = "An administrator has to admit you first."
        if request.user.is_waiting:
            return False
        self.message = "Set up your second factor first: sign in to Towerwatch, it asks for it."
        return not accounts.needs_second_factor(request.user)


class Allowed(BasePermission):
    """Whoever may see the page may read; writing needs the right that the page's form asks for."""

    message = "Your role may not do this."

    def has_permission(self, request: Any, view: Any) -> bool:
        """By the `right` that the resource asks for; a method that it does not have is answered elsewhere."""
        if not hasattr(view, "right") or view.action is None or request.method.lower() not in view.http_method_names:
            return True
        return not view.right() or bool(request.user.has_perm(view.right()))


class OftenEnough(SimpleRateThrottle):
    """So many requests a minute for each token, and for each person in a browser; beyond them 429 and Retry-After."""

    scope = "each"

    def get_rate(self) -> str | None:
        """As the settings have it at this moment."""
        return api_settings.DEFAULT_THROTTLE_RATES.get(self.scope)  # type: ignore[no-any-return]

    def get_cache_key(self, request: Any, view: Any) -> str | None:
        """Whose requests are counted together."""
        if isinstance(request.auth, Token):
            return f"api-token-{request.auth.handle}"
        return f"api-user-{request.user.pk}"
