"""The search: its providers, its page and its fragment."""

from types import SimpleNamespace

import pytest
from django.urls import reverse

from config.search import find
from tests import make

TYPING = {"HX-Request": "true"}


def ridge(text, limit, user):
    return [SimpleNamespace(title=f"{text} {n}", detail="", url="/x/", icon="router", state="up") for n in range(limit)]


def broken(text, limit, user):
    raise ValueError("this provider is broken")


GOOD, BAD = [ridge], [broken]


def test_a_stranger_finds_nothing(stranger, db):
    assert stranger.get(reverse("search"), {"q": "ridge"}).status_code == 302


def test_one_bad_provider_never_breaks_the_others(engineer, settings, caplog):
    settings.SEARCH = [
        "tests.config.test_search.BAD",
        "nowhere.at_all.SEARCH",
        "tests.config.test_search.GONE",
        "tests.config.test_search.GOOD",
    ]
    assert [one.title for one in find("ridge", 2, engineer.user)] == ["ridge 0", "ridge 1"]
    answer = engineer.get(reverse("search"), {"q": "ridge"}, headers=TYPING)
    assert "ridge 5" in answer.text
    assert "broken" in caplog.text
    assert "nowhere.at_all" in caplog.text


def test_the_page_shows_more_than_the_list_below_the_field(engineer, settings):
    settings.SEARCH = ["tests.config.test_search.GOOD"]
    page = engineer.get(reverse("search"), {"q": "ridge"})
    part = engineer.get(reverse("search"), {"q": "ridge"}, headers=TYPING)
    assert len(page.context["found"]) > len(part.context["found"]) == 6
    assert "<html" in page.text
    assert "<html" not in part.text
    assert "HX-Request" in part["Vary"]


@pytest.mark.parametrize("headers", [{}, TYPING])
def test_an_empty_text_says_what_can_be_searched(engineer, headers):
    answer = engineer.get(reverse("search"), {"q": "  "}, headers=headers)
    assert "IP or MAC address" in answer.text


def test_what_was_typed_is_shown_and_never_run(engineer):
    for headers in ({}, TYPING):
        text = engineer.get(reverse("search"), {"q": "<script>alert(1)</script>"}, headers=headers).text
        assert "<script>alert(1)" not in text
        assert "&lt;script&gt;" in text


def test_the_real_providers_find_customers_and_equipment(office):
    make.customer("Rosa Field")
    make.equipment("ap-field-1")
    text = office.get(reverse("search"), {"q": "field"}).text
    assert "Rosa Field" in text
    assert "ap-field-1" in text


def test_a_very_long_text_is_cut(engineer):
    assert len(engineer.get(reverse("search"), {"q": "x" * 5000}).context["q"]) == 100
