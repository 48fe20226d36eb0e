"""The pages of API tokens, and the page that explains the API."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import tokens
from config.models import Token


def test_a_token_is_made_shown_once_listed_and_revoked(engineer):
    assert "No API tokens" in engineer.get(reverse("tokens")).text
    answer = engineer.post(reverse("token_add"), {"name": "billing", "scope": "read", "days": "7"})
    text = answer.context["text"]
    assert text in answer.text and answer["Cache-Control"] == "no-store"
    assert Client(headers={"Authorization": f"Token {text}"}).get("/api/v1/sites/").status_code == 200
    row = Token.objects.get()
    assert timedelta(days=6) < row.expiry - timezone.now() < timedelta(days=8) and row.scope == "read"
    page = engineer.get(reverse("tokens")).text
    assert "billing" in page and text not in page and text[:15] not in page
    address = reverse("token_revoke", args=[row.handle])
    assert "Revoke the token" in engineer.get(address).text and Token.objects.exists()
    engineer.post(address)
    assert not Token.objects.exists()
    assert Client(headers={"Authorization": f"Token {text}"}).get("/api/v1/sites/").status_code == 401


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 61}, {"scope": "all"}, {"days": "366"}, {"days": "-1"}, {"days": "x"}]
)
def test_a_token_that_could_not_be_is_refused_by_its_field(engineer, wrong):
    answer = engineer.post(reverse("token_add"), {"name": "billing", "scope": "read", "days": "7"} | wrong)
    assert list(answer.context["form"].errors) == list(wrong)
    assert not Token.objects.exists()


def test_tokens_of_others_are_revoked_by_administrators_alone(administrator, engineer, office):
    tokens.make(engineer.user, "billing", "write", 7)
    row = Token.objects.get()
    others = reverse("user_token_revoke", args=[engineer.user.pk, row.handle])
    assert office.post(reverse("token_revoke", args=[row.handle])).status_code == 404
    assert office.post(others).status_code == 403
    assert Token.objects.exists()
    page = administrator.get(reverse("user", args=[engineer.user.pk])).text
    assert "billing" in page and others in page
    assert others not in office.get(reverse("user", args=[engineer.user.pk])).text
    administrator.post(others)
    assert not Token.objects.exists()


def test_the_reference_names_every_address_of_the_api(engineer, stranger):
    page = engineer.get(reverse("api_docs")).text
    for path in ("/api/v1/customers/", "/api/v1/outages/{id}/", "/api/v1/incidents/{incident_pk}/notes/"):
        assert path in page
    assert stranger.get(reverse("api_docs")).status_code == 302
    assert stranger.get(reverse("api_schema")).status_code == 401
