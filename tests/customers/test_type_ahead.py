"""Choosing one of very many by its name."""

import html
import re

import pytest
from django import forms
from django.urls import reverse
from django.utils import timezone

from customers.models import Customer
from customers.type_ahead import ByName
from tests import make


@pytest.fixture
def field(db):
    return ByName(Customer.objects.current(), "customer", "customer_choices", required=False)


def suggestions(answer):
    return [html.unescape(value) for value in re.findall(r'<option value="([^"]*)"', answer.content.decode())]


def test_a_whole_name_is_enough_whatever_its_capitals_and_accents(field):
    found = make.customer("Zoë Núñez")
    assert [field.clean(text) for text in ("Zoë Núñez", " zoe NUNEZ ")] == [found, found]


def test_a_suggestion_is_understood(field):
    first, second = make.customer("Dean Irvine"), make.customer("Dean Irvine")
    assert field.clean(f"Dean Irvine #{second.pk}") == second
    assert field.clean(f"#{first.pk}") == first


def test_nothing_is_nothing(field):
    assert field.clean("") is None and field.clean("  ") is None and field.clean(None) is None


def test_a_name_that_ends_like_a_number_is_a_name(field):
    make.customer("Somebody Else")
    found = make.customer("", company_name=f"Unit #{Customer.objects.get().pk}")
    assert field.clean(found.name) == found


def test_a_name_of_several_is_refused_and_both_are_offered(field):
    first, second = make.customer("Dean Irvine"), make.customer("Dean Irvine")
    with pytest.raises(forms.ValidationError) as refused:
        field.clean("dean irvine")
    assert refused.value.message == (
        f"Several have this name: write Dean Irvine #{first.pk} or Dean Irvine #{second.pk}."
    )


def test_a_name_of_nobody_is_refused_with_what_was_perhaps_meant(field):
    found = make.customer("Dean Irvine")
    with pytest.raises(forms.ValidationError) as refused:
        field.clean("irvine")
    assert refused.value.message == f"There is no customer “irvine”. Perhaps you mean Dean Irvine #{found.pk}?"
    with pytest.raises(forms.ValidationError) as refused:
        field.clean("nobody")
    assert refused.value.message == "There is no customer “nobody”."


@pytest.mark.parametrize("text", ["Rosa Field #{pk}", "#{pk}9", "#0", "#" + "9" * 18, "#-1", "Dean Irvine #"])
def test_a_number_that_does_not_fit_its_name_is_refused(field, text):
    found = make.customer("Dean Irvine")
    with pytest.raises(forms.ValidationError):
        field.clean(text.format(pk=found.pk))


def test_the_archived_are_refused_unless_they_were_chosen_before(field):
    gone = make.customer("Dean Irvine", archived_at=timezone.now())
    with pytest.raises(forms.ValidationError):
        field.clean(f"Dean Irvine #{gone.pk}")
    field.kept = gone.pk
    assert field.clean(f"Dean Irvine #{gone.pk}") == gone


@pytest.mark.parametrize(
    ("name", "build", "typed", "shown"),
    [
        ("customer_choices", lambda: make.customer("Dean Irvine", account="10023"), "10023", "Dean Irvine"),
        ("site_choices", lambda: make.site("North", town="Bell Fork"), "bell", "North"),
        ("equipment_choices", lambda: make.equipment("Sector", mac="48:a9:8a:01:02:03"), "48-A9-8A", "Sector"),
    ],
)
def test_suggestions_are_what_the_field_understands(engineer, name, build, typed, shown):
    found = build()
    answer = engineer.get(reverse(name), {"whatever-its-name": typed})
    assert suggestions(answer) == [f"{shown} #{found.pk}"]
    assert suggestions(engineer.get(reverse(name), {"x": ""})) == suggestions(engineer.get(reverse(name))) == []


def test_suggestions_are_few_the_best_first_and_harmless(engineer):
    for number in range(30):
        make.customer(f"Deanna {number:02}")
    best = make.customer('"><script> dean')
    found = suggestions(engineer.get(reverse("customer_choices"), {"x": '"><script> dean'}))
    assert found == [f"{best.name} #{best.pk}"]
    assert len(suggestions(engineer.get(reverse("customer_choices"), {"x": "dean"}))) == 12
    assert "<script>" not in engineer.get(reverse("customer_choices"), {"x": "dean"}).content.decode()


def test_the_input_names_its_list_and_where_it_comes_from(engineer):
    page = engineer.get(reverse("site_add")).content.decode()
    (field,) = re.findall(r'<input[^>]*name="customer"[^>]*>', page)
    assert 'list="id_customer_suggestions"' in field and f'hx-get="{reverse("customer_choices")}"' in field
    assert '<datalist id="id_customer_suggestions"></datalist>' in page
