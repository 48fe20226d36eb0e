"""The parts that pages are made of: lists, forms, small parts, and what holds for all templates."""

import re
from pathlib import Path

import pytest
import tablericons
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory

from config.templatetags import shell
from tests.config.drawn import drawn, plain

# An e-mail is read where no stylesheet and no policy of ours is; tests/notifications looks at it.
TEMPLATES = sorted(path for path in (settings.BASE_DIR / "templates").rglob("*.html") if path.name != "email.html")


# Lists


def test_a_column_sorts_and_keeps_the_filters():
    html = drawn("{% sort_header 'name' 'Name' %}", "/customers?q=a%26b&page=3")
    assert 'href="?q=a%26b&amp;sort=name"' in html
    assert 'aria-sort="none"' in html


@pytest.mark.parametrize(("now", "then", "order"), [("name", "-name", "ascending"), ("-name", "name", "descending")])
def test_a_sorted_column_turns_round(now: str, then: str, order: str):
    html = drawn("{% sort_header 'name' 'Name' 'num' %}", f"/customers?sort={now}")
    assert f'href="?sort={then}"' in html
    assert f'aria-sort="{order}" class="sortable num"' in html


def test_the_order_a_list_has_by_itself_is_shown():
    assert 'aria-sort="descending"' in drawn("{% sort_header 'seen' 'Seen' %}", sort="-seen")


def page_of(count: int, number: int, address: str = "/customers") -> str:
    """The rows of a list."""
    paginator = Paginator(range(count), 50)
    request = RequestFactory().get(address)
    return render_to_string("parts/rows.html", {"page_obj": paginator.get_page(number)}, request)


def test_a_long_list_says_where_one_is_and_keeps_the_filters(db: None):
    html = page_of(10_000, 3, "/customers?q=a")
    assert "101-150 of 10,000" in plain(html)
    assert 'href="?q=a&amp;page=4" rel="next"' in html
    assert 'aria-current="page" aria-label="Page 3"' in html


def test_one_page_needs_no_pages(db: None):
    assert "1-1 of 1" in plain(page_of(1, 1))
    assert "<nav" not in page_of(1, 1)


def test_an_empty_list_says_so(db: None):
    html = page_of(0, 1)
    assert "<table" not in html
    assert "Nothing found" in html


# Forms


class Visit(forms.Form):
    """A form with one field of each kind."""

    fieldsets = (("How", ["roads", "urgent"]), ("Gone", ["gone"]))
    name = forms.CharField(help_text="As it stands on the bill.")
    site = forms.ChoiceField(choices=[("a", "North ridge")])
    roads = forms.MultipleChoiceField(choices=[("e", "E-mail")], widget=forms.CheckboxSelectMultiple, help_text="All.")
    urgent = forms.BooleanField(required=False)
    key = forms.CharField(widget=forms.HiddenInput, required=False)


def form(**data: str | list[str]) -> str:
    """The form, sent with this."""
    return render_to_string("parts/form.html", {"form": Visit(data or None)})


def test_fields_stand_under_the_legends_of_their_fieldsets():
    groups = [(legend, [field.name for field in fields]) for legend, fields in shell.form_groups(Visit())]
    assert groups == [("", ["name", "site"]), ("How", ["roads", "urgent"])]


def test_every_field_is_drawn_once_with_a_label():
    html = form()
    assert [html.count(f'name="{name}"') for name in Visit.base_fields] == [1] * 5
    for words in ("Name", "Site", "Roads", "E-mail", "Urgent"):
        assert words in plain(html)
    assert 'class="form-select"' in html
    assert html.count("form-check-input") == 2


def test_an_error_is_tied_to_its_field_and_linked_from_the_top():
    html = form(name="", site="a", roads=["e"])
    assert '<a href="#id_name">Name: This field is required.</a>' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_helptext"' in html and 'id="id_name_error"' in html
    assert "One thing has to be put right" in plain(html)


def test_an_error_of_a_group_leads_to_the_group():
    html = form(name="Ng", site="a")
    assert '<a href="#id_roads">' in html
    assert re.search(
        r'<fieldset class="field" id="id_roads"\s+aria-describedby="id_roads_helptext id_roads_error"', html
    )


def test_what_was_typed_is_kept():
    assert 'value="O&#x27;Hara &amp; sons"' in form(name="O'Hara & sons")


# Small parts


def test_facts_without_a_value_are_left_out():
    html = render_to_string("parts/facts.html", {"facts": [("MAC", "AA"), ("Model", ""), ("Port", None), ("Hops", 0)]})
    assert plain(html) == "MAC AA Hops 0"


def test_a_hundred_notices_are_ninety_nine_and_more():
    html = render_to_string("parts/bell.html", {"unread": 100})
    assert "99+" in html


def test_no_alarm_leaves_no_room():
    assert render_to_string("parts/alarms.html", {"alarms": []}).strip() == ""
    assert "We are not listening" in render_to_string("parts/alarms.html", {"alarms": ["We are not listening."]})


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_the_last_pages_need_nothing(name: str):
    assert "Towerwatch" in get_template(name).render()


# All templates


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_compiles_and_keeps_to_the_content_security_policy(path: Path):
    get_template(str(path.relative_to(settings.BASE_DIR / "templates")))
    text = path.read_text()
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


def test_every_icon_that_templates_name_exists():
    text = "".join(path.read_text() for path in TEMPLATES)
    names = set(re.findall(r"""{% icon ["']([\w-]+)["']""", text) + re.findall(r'picture="([\w-]+)"', text))
    for name in names | {picture for _, picture in shell.STATES.values()}:
        tablericons._load_icon(f"outline/{name}")
