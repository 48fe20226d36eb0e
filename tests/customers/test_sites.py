"""Sites: their page, and what their form takes and refuses."""

import pytest
from django.urls import reverse

from customers.models import Site
from tests import make

GOOD = {"name": "North", "kind": "tower"}


def errors(answer):
    assert answer.status_code == 200
    return answer.context["form"].errors


def page(client, thing):
    return client.get(thing.get_absolute_url()).content.decode()


def test_a_tower_is_added(engineer):
    given = {**GOOD, "street": "1 Lookout Road", "town": "Harrow Creek", "latitude": "46.8721", "longitude": "-113.994",
             "tags": "solar", "notes": "Key in the box"}  # fmt: skip
    answer = engineer.post(reverse("site_add"), given)
    found = Site.objects.get()
    assert answer.url == found.get_absolute_url()
    assert (found.name, found.latitude, found.longitude) == ("North", 46.8721, -113.994)
    shown = page(engineer, found)
    for text in ("1 Lookout Road", "46.8721, -113.994", "Key in the box", "?tag=solar", "Nothing stands here yet"):
        assert text in shown


def test_premises_are_added_from_the_page_of_their_customer(engineer):
    customer = make.customer("Dean Irvine")
    form = engineer.get(reverse("site_add"), {"customer": customer.pk})
    assert f'value="Dean Irvine #{customer.pk}"' in form.content.decode()
    engineer.post(reverse("site_add"), {"name": "Irvine farm", "kind": "premises", "customer": "dean irvine"})
    assert Site.objects.get().customer == customer
    assert "Irvine farm" in page(engineer, customer) and "Dean Irvine" in page(engineer, Site.objects.get())


@pytest.mark.parametrize("query", ["x", "²", "9" * 40, ""])
def test_a_customer_that_is_none_is_left_out_of_the_form(engineer, query):
    assert engineer.get(reverse("site_add"), {"customer": query}).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "n" * 121}, "name"),
        ({"name": "Taken"}, "name"),
        ({"kind": "castle"}, "kind"),
        ({"kind": "premises"}, "customer"),
        ({"customer": "nobody"}, "customer"),
        ({"street": "s" * 201}, "street"),
        ({"town": "t" * 101}, "town"),
        ({"latitude": "91", "longitude": "0"}, "latitude"),
        ({"latitude": "north", "longitude": "0"}, "latitude"),
        ({"latitude": "nan", "longitude": "0"}, "latitude"),
        ({"latitude": "46", "longitude": "-181"}, "longitude"),
        ({"latitude": "46"}, "longitude"),
        ({"longitude": "46"}, "latitude"),
        ({"tags": "t" * 101}, "tags"),
    ],
)
def test_bad_input_names_its_field_keeps_what_was_typed_and_changes_nothing(engineer, wrong, field):
    make.site("Taken")
    answer = engineer.post(reverse("site_add"), {**GOOD, "notes": "Kept as typed", **wrong})
    assert list(errors(answer)) == [field]
    assert "Kept as typed" in answer.content.decode()
    assert Site.objects.count() == 1


def test_a_site_is_changed(engineer):
    found = make.site("North", tags="old")
    engineer.post(reverse("site_edit", args=[found.pk]), {"name": "Nørth", "kind": "pop", "tags": ""})
    found.refresh_from_db()
    assert (found.name, found.kind, found.words, list(found.tags.names())) == ("Nørth", "pop", "north", [])


def test_the_page_shows_what_stands_there_and_who_is_served_from_there(engineer):
    site = make.site("North")
    core = make.equipment("Core", kind="router", site=site)
    sector = make.equipment("Sector", kind="ap", uplink=core, site=make.site("South"), state="down")
    served = [make.customer(f"Person {number}") for number in range(2)]
    served.append(make.customer("", company_name="Firm", state="down"))
    for customer in served:
        make.equipment(customer=customer, uplink=sector)
    make.equipment(customer=served[0], uplink=sector)
    make.equipment(customer=make.customer("Elsewhere"))
    answer = engineer.get(site.get_absolute_url())
    shown = answer.content.decode()
    assert answer.context["counts"] == {"total": 3, "companies": 1, "down": 1}
    assert "3 customers, 1 of them company, 1 in an outage" in shown
    assert "Core" in shown and "Firm" in shown and "Elsewhere" not in shown
    assert [customer.name for customer in answer.context["served"]] == ["Firm", "Person 0", "Person 1"]


def test_a_site_that_serves_many_shows_a_part_and_leads_to_the_rest(engineer):
    site = make.site("North")
    core = make.equipment("Core", site=site)
    for number in range(25):
        make.equipment(customer=make.customer(f"Person {number}"), uplink=core)
    answer = engineer.get(site.get_absolute_url())
    assert len(answer.context["served"]) == 20
    assert f"/customers/?site={site.pk}" in answer.content.decode()
    assert len(engineer.get(reverse("customers"), {"site": site.pk}).context["page_obj"]) == 25


def test_premises_that_a_list_is_narrowed_to_are_among_its_choices(engineer):
    home = make.site("Home", kind="premises", customer=make.customer())
    make.site("Other home", kind="premises", customer=make.customer())
    shown = engineer.get(reverse("equipments"), {"site": home.pk}).content.decode()
    assert f'<option value="{home.pk}" selected>Home</option>' in shown and "Other home" not in shown
