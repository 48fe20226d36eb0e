"""API tokens: one's own, and ending those of others."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from config import tokens as keys
from config.forms import TokenForm
from config.models import Token, User


def tokens(request: HttpRequest) -> HttpResponse:
    """One's own tokens."""
    found = keys.of(request.user, timezone.now())
    return render(request, "config/tokens.html", {"tokens": found})


def add(request: HttpRequest) -> HttpResponse:
    """Make a token; it is shown this once."""
    form = TokenForm(request.POST or None)
    if form.is_valid():
        text = keys.make(request.user, **form.cleaned_data)
        response = render(request, "config/token_made.html", {"text": text, **form.cleaned_data})
        response["Cache-Control"] = "no-store"
        return response
    context = {"heading": "Make an API token", "submit": "Make it", "cancel": reverse("tokens")}
    return render(request, "parts/form_page.html", {"form": form, "kind": "API tokens", **context})


def revoke(request: HttpRequest, handle: UUID) -> HttpResponse:
    """End a token of one's own, after asking once."""
    return _revoke(request, get_object_or_404(Token, handle=handle, user=request.user), reverse("tokens"))


@permission_required("config.people", raise_exception=True)
def revoke_of(request: HttpRequest, pk: int, handle: UUID) -> HttpResponse:
    """End a token of somebody else, after asking once."""
    person = get_object_or_404(User, pk=pk)
    return _revoke(request, get_object_or_404(Token, handle=handle, user=person), person.get_absolute_url())


def _revoke(request: HttpRequest, token: Token, back: str) -> HttpResponse:
    if request.method == "POST":
        keys.revoke(token)
        messages.success(request, f"The token “{token}” is revoked: whatever uses it gets in no more.")
        return redirect(back)
    text = "Whatever uses it gets in no more, from this moment on. It cannot be brought back."
    context = {"heading": f"Revoke the token “{token}”?", "text": text, "submit": "Revoke", "danger": True}
    return render(request, "parts/confirm.html", {**context, "cancel": back})
