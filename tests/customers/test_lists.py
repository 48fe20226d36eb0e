"""Lists: filters, sorting, paging, and a constant number of queries."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.models import Contact, Customer, Equipment, Site
from tests import make

LISTS = ["customers", "sites", "equipments"]
KINDS = {"customers": "customer", "sites": "site", "equipments": "equipment"}


def names(answer):
    return [str(thing) for thing in answer.context["page_obj"]]


def add_row(name, number):
    """A row with everything that a list shows."""
    if name == "customers":
        make.contact(make.customer(f"Person {number:03}", tags="one, two", phone="907 555 0101", street="Main Road 3"))
    elif name == "sites":
        site = make.site(f"Site {number:03}", tags="one, two", customer=make.customer(f"Owner {number}"))
        make.equipment(site=site, state="down")
    else:
        where = {"customer": make.customer(f"Owner {number}"), "site": make.site(f"Home {number}")}
        make.equipment(f"Device {number:03}", tags="one, two", address=f"10.0.0.{number}", **where)


def queries(client, address):
    """The queries of a page, without those for what is kept in memory between requests."""
    ContentType.objects.get_for_models(Customer, Contact, Site, Equipment)
    client.get(address)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in seen if "config_option" not in query["sql"]]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_for_one_row_and_for_sixty(administrator, name):
    none = queries(administrator, reverse(name))
    add_row(name, 0)
    one = queries(administrator, reverse(name))
    for number in range(1, 60):
        add_row(name, number)
    sixty = queries(administrator, reverse(name))
    assert len(none) <= len(one) == len(sixty) <= 14


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_list_says_how_to_fill_it(administrator, manager, name):
    link = "/equipment/add/" if name == "equipments" else reverse(f"{KINDS[name]}_add")
    assert f'href="{link}"' in administrator.get(reverse(name)).content.decode()
    page = manager.get(reverse(name)).content.decode()
    assert "yet" in page and link not in page


@pytest.mark.parametrize("name", LISTS)
def test_a_list_has_fifty_rows_a_page(administrator, name):
    for number in range(60):
        add_row(name, number)
    first, second = (names(administrator.get(reverse(name), {"page": page})) for page in (1, 2))
    assert len(first) == 50 and len(second) == 10
    assert first + second == sorted(first + second)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"}, {"page": "-1"}, {"page": "9" * 400}, {"page": "x"}, {"page": ""}, {"page": "1.5"},
        {"sort": "pk"}, {"sort": "--name"}, {"sort": "password"}, {"sort": "-"}, {"sort": "name__foo"}, {"sort": "'"},
        {"q": "\0"}, {"q": "%_\\'\""}, {"q": "a " * 5000}, {"q": "(" * 150}, {"q": "+ # :"},
        {"site": "x"}, {"site": "9" * 40}, {"site": "-1"}, {"uplink": "²"}, {"uplink": "9" * 40}, {"site": "²"},
        {"state": "flying"}, {"kind": "\0"}, {"tag": "\0"}, {"tag": "nobody's"}, {"archived": "maybe"},
    ],
    ids=str,
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_no_fault(administrator, name, query):
    add_row(name, 0)
    assert administrator.get(reverse(name), query).status_code == 200


@pytest.mark.parametrize(
    ("name", "sort"),
    [
        *(("customers", sort) for sort in ("name", "account", "town", "state", "added")),
        *(("sites", sort) for sort in ("name", "kind", "town")),
        *(("equipments", sort) for sort in ("name", "kind", "state", "address", "site", "customer")),
    ],
)
def test_every_column_sorts_both_ways(administrator, name, sort):
    for number in range(3):
        add_row(name, number)
    up, down = (names(administrator.get(reverse(name), {"sort": order})) for order in (sort, f"-{sort}"))
    assert sorted(up) == sorted(down) and len(up) == 3
    assert up == down[::-1]


def test_addresses_sort_as_numbers_and_those_without_one_come_first(administrator):
    for address in ("10.0.0.10", "10.0.0.9", None, "9.9.9.9", "2001:db8::1"):
        make.equipment(str(address), address=address)
    found = names(administrator.get(reverse("equipments"), {"sort": "address"}))
    assert found == ["None", "9.9.9.9", "10.0.0.9", "10.0.0.10", "2001:db8::1"]


def test_only_the_rows_are_sent_while_one_types(administrator):
    make.customer("Dean Irvine")
    answer = administrator.get(reverse("customers"), {"q": "dean"}, headers={"HX-Request": "true", "HX-Target": "rows"})
    assert "Dean Irvine" in answer.content.decode() and "<html" not in answer.content.decode()
    assert "HX-Request" in answer["Vary"]


def test_the_search_of_a_list_finds_every_word_wherever_it_is(administrator):
    make.customer("Dean Irvine", town="Harrow Creek")
    make.customer("Dean Martin", town="Bell Fork")
    assert names(administrator.get(reverse("customers"), {"q": "harrow DEAN"})) == ["Dean Irvine"]
    assert names(administrator.get(reverse("customers"), {"q": "dean nobody"})) == []
    assert "Nobody matches" in administrator.get(reverse("customers"), {"q": "nobody"}).content.decode()


def test_customers_are_narrowed_by_state_kind_tag_and_site(administrator):
    site = make.site("North")
    make.equipment(site=site, customer=make.customer("Near Tower", state="down", tags="vip"))
    make.customer("", company_name="Firm", state="up")
    make.customer("Cut Off", state="down", suspended=True)

    def shown(**query):
        return names(administrator.get(reverse("customers"), query))

    assert shown(state="down") == ["Near Tower"]
    assert shown(state="suspended") == ["Cut Off"]
    assert shown(kind="company") == ["Firm"]
    assert shown(kind="person") == ["Cut Off", "Near Tower"]
    assert shown(tag="vip") == ["Near Tower"]
    assert shown(site=site.pk) == ["Near Tower"]
    assert shown(tag="vip", kind="company") == []


def test_equipment_is_narrowed_by_state_kind_site_uplink_and_tag(administrator):
    site = make.site("North")
    core = make.equipment("Core", kind="router", site=site, state="up")
    make.equipment("Sector", kind="ap", uplink=core, state="degraded", tags="spare")
    make.equipment("Home", kind="cpe", state="down")

    def shown(**query):
        return names(administrator.get(reverse("equipments"), query))

    assert shown(state="degraded") == ["Sector"]
    assert shown(kind="cpe") == ["Home"]
    assert shown(kind="network") == ["Core", "Sector"]
    assert shown(site=site.pk) == ["Core"]
    assert shown(uplink=core.pk) == ["Sector"]
    assert shown(tag="spare") == ["Sector"]


def test_sites_show_towers_until_premises_are_asked_for(administrator):
    make.site("Tower")
    make.site("Home", kind="premises", customer=make.customer())
    assert names(administrator.get(reverse("sites"))) == ["Tower"]
    assert names(administrator.get(reverse("sites"), {"kind": "premises"})) == ["Home"]
    assert names(administrator.get(reverse("sites"), {"kind": "all"})) == ["Home", "Tower"]
    assert names(administrator.get(reverse("sites"), {"q": "home"})) == ["Home"]


def test_sites_count_what_stands_there_and_what_of_it_is_down(administrator):
    site = make.site("Tower", tags="one, two")
    make.equipment(site=site, state="down")
    make.equipment(site=site, state="up")
    make.equipment(site=site, state="down", archived_at=timezone.now())
    (shown,) = administrator.get(reverse("sites")).context["page_obj"]
    assert (shown.there, shown.down) == (2, 1)


@pytest.mark.parametrize("name", LISTS)
def test_what_is_archived_is_shown_only_when_it_is_asked_for(administrator, name):
    builder = {"customers": make.customer, "sites": make.site, "equipments": make.equipment}[name]
    builder("Here Still")
    builder("Gone Away", archived_at=timezone.now())
    assert names(administrator.get(reverse(name))) == ["Here Still"]
    assert names(administrator.get(reverse(name), {"archived": "archived"})) == ["Gone Away"]
    assert names(administrator.get(reverse(name), {"archived": "all"})) == ["Gone Away", "Here Still"]


@pytest.mark.parametrize("name", LISTS)
def test_tags_lead_to_the_list_of_what_has_them(administrator, name):
    builder = {"customers": make.customer, "sites": make.site, "equipments": make.equipment}[name]
    builder("Tagged", tags="north & south")
    builder("Plain")
    address = f"{reverse(name)}?tag=north%20%26%20south"
    assert f'href="{address}"' in administrator.get(reverse(name)).content.decode()
    assert names(administrator.get(address)) == ["Tagged"]


@pytest.mark.parametrize("name", LISTS)
def test_names_are_shown_and_never_obeyed(administrator, name):
    builder = {"customers": make.customer, "sites": make.site, "equipments": make.equipment}[name]
    found = builder("<script>alert(1)</script>", tags="<b>bold</b>")
    for address in (reverse(name), found.get_absolute_url()):
        page = administrator.get(address).content.decode()
        assert "<script>alert" not in page and "<b>bold" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
