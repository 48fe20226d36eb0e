"""New equipment with its first check, in one form."""

import pytest
from django.urls import reverse

from customers.models import Equipment
from outages.models import Check
from tests import make
from tests.outages.checking import RULE, errors

pytestmark = pytest.mark.django_db


def add_equipment(client, look=True, **fields):
    rule = {f"check-{name}": value for name, value in RULE.items()} | ({"check-look": "on"} if look else {})
    return client.post(
        reverse("equipment_add"), {"name": "Roof radio", "kind": "cpe", "address": "10.0.0.5", **rule} | fields
    )


def test_equipment_is_added_with_its_first_check_in_one_form(engineer):
    answer = add_equipment(engineer, **{"check-probe": "tcp", "check-port": "22"})
    equipment = Equipment.objects.get()
    assert answer.url == equipment.get_absolute_url()
    check = equipment.checks.get()
    assert (check.probe, check.port, check.on) == ("tcp", 22, True)


def test_equipment_may_be_added_without_a_check_whatever_stands_in_its_fields(engineer):
    assert add_equipment(engineer, look=False, **{"check-interval": "nonsense"}).status_code == 302
    assert not Check.objects.exists()
    assert "Nobody looks at it" in engineer.get(Equipment.objects.get().get_absolute_url()).text


def test_a_check_that_is_not_wanted_has_no_faults_to_show(engineer):
    answer = add_equipment(engineer, look=False, **{"name": "", "check-interval": "nonsense"})
    assert errors(answer) and not errors(answer, "check_form")
    assert 'value="nonsense"' in answer.text


@pytest.mark.parametrize(
    ("wrong", "form"),
    [
        ({"name": ""}, "form"), ({"address": "10.0.0"}, "form"), ({"kind": "ufo"}, "form"),
        ({"check-count": "50"}, "check_form"), ({"check-probe": "tcp"}, "check_form"),
    ],
)  # fmt: skip
def test_an_error_of_either_form_keeps_what_was_typed_in_both_and_saves_nothing(engineer, wrong, form):
    answer = add_equipment(engineer, **({"vendor": "Kept Works", "check-interval": "77"} | wrong))
    assert errors(answer, form)
    assert 'value="Kept Works"' in answer.text and 'value="77"' in answer.text
    assert not Equipment.objects.exists() and not Check.objects.exists()


def test_errors_of_both_forms_are_shown_at_once(engineer):
    answer = add_equipment(engineer, **{"name": "", "check-count": "50"})
    assert errors(answer) and errors(answer, "check_form")


@pytest.mark.parametrize(
    "query", [{"site": "x"}, {"customer": "9" * 40}, {"uplink": "-1"}, {"kind": "ufo"}, {"site": "\0"}, {"site": "²"}]
)
def test_the_form_begins_with_what_makes_no_sense_as_if_nothing_was_asked(engineer, query):
    assert engineer.get(reverse("equipment_add"), query).status_code == 200


def test_the_form_begins_with_the_site_it_was_asked_for(engineer):
    site = make.site("North ridge")
    assert "North ridge" in engineer.get(reverse("equipment_add"), {"site": site.pk}).text
