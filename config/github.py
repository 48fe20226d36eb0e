"""GitHub as a way to sign in: only the name and the number of the account are asked for, never an e-mail address.

It is there only where the operator gave the client's id and secret. Beside github.com it takes a GitHub of one's own.
"""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.github.provider import GitHubProvider
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.conf import settings
from django.http import Http404, HttpRequest

GITHUB = "https://github.com"


class Addresses(GitHubOAuth2Adapter):  # type: ignore[misc]
    """Where GitHub is."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        web = settings.GITHUB_URL
        # https://docs.github.com/en/enterprise-server/rest: one's own GitHub has its API under a path.
        api = "https://api.github.com" if web == GITHUB else f"{web}/api/v3"
        self.access_token_url = f"{web}/login/oauth/access_token"
        self.authorize_url = f"{web}/login/oauth/authorize"
        self.profile_url = f"{api}/user"

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """Who it is that GitHub let in; raises OAuth2Error where its answer does not say."""
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.profile_url, headers={"Authorization": f"token {token.token}"})
            answer.raise_for_status()
            found = answer.json()
        if not isinstance(found, dict) or not isinstance(found.get("id"), int):
            raise OAuth2Error("GitHub's answer names no account")
        return self.get_provider().sociallogin_from_response(request, found)


class GitHub(GitHubProvider):  # type: ignore[misc]
    """An account there is known by its number, which stays when its name changes."""

    oauth2_adapter_class = Addresses

    def get_default_scope(self) -> list[str]:
        """Nothing beyond what everybody may see."""
        return []

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """What the account says of its owner, without an e-mail address."""
        return {"username": data.get("login"), "name": data.get("name")}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:
        """None: an address that somebody typed there proves nothing here."""
        return []

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """What is kept of the answer."""
        return {key: data.get(key) for key in ("id", "login", "name", "html_url")}


def is_on() -> bool:
    """Has the operator set it up?"""
    return "APP" in settings.SOCIALACCOUNT_PROVIDERS["github"]


def sign_in(request: HttpRequest) -> Any:
    """Off to GitHub, by POST alone."""
    return _view(OAuth2LoginView)(request)


def callback(request: HttpRequest) -> Any:
    """Back from there."""
    return _view(OAuth2CallbackView)(request)


def _view(kind: Any) -> Any:
    if not is_on():
        raise Http404
    return kind.adapter_view(Addresses)


# The views themselves say whom they let in.
sign_in.login_required = callback.login_required = False  # type: ignore[attr-defined]
