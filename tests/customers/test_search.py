"""The search in the head: what is meant exactly comes first, however it is written."""

import pytest
from django.utils import timezone

from customers import search
from customers.words import MOST_WORDS, digits, folded, phone_number
from tests import make


@pytest.fixture
def user(db):
    return make.user("office")


def titles(kind, text, user, limit=10):
    return [found.title for found in getattr(search, kind)(text, limit, user)]


@pytest.mark.parametrize(
    "text",
    ["Dean", "irvine", "DEAN irv", "irvine dean", "10023", "907 555 0123", "(907) 555-0123", "+1 907 555 0123",
     "5550123", "555-01", "dean@example", "3 main", "bell fork", "Ada", "ada love", "907 555 0199", "ada@example.net"],
)  # fmt: skip
def test_a_customer_is_found_by_whatever_a_caller_says(user, text):
    found = make.customer("Dean Irvine", account="10023", phone="907-555-0123", email="dean@example.net",
                          street="3 Main Road", town="Bell Fork")  # fmt: skip
    make.contact(found, "Ada Lovelace", phone="(907) 555 0199", email="ada@example.net")
    make.customer("Rosa Field", account="20023", phone="208-444-9876", street="9 Other Street")
    assert titles("customers", text, user) == ["Dean Irvine"]


@pytest.mark.parametrize("text", ["nunez", "NÚÑEZ", "zoe", "strasse", "ΩΜΈΓΑ", "łódź", "日本"])
def test_capitals_and_accents_make_no_difference(user, text):
    make.customer("Zoë Núñez", company_name="Ωμέγα 日本", street="Große Straße", town="Łódź")
    assert len(titles("customers", text, user)) == 1


@pytest.mark.parametrize(
    "text",
    ["10.0.0.5", "10.0.0", "48:A9:8A:01:02:03", "48-a9-8a-01-02-03", "48a98a010203", "48a9.8a01.0203", "01:02", "LHG",
     "mikrotik lhg", "HEX0S", "roof", "irvine", "north"],
)  # fmt: skip
def test_equipment_is_found_by_whatever_is_written_on_it(user, text):
    make.equipment("Roof radio", address="10.0.0.5", mac="48:a9:8a:01:02:03", vendor="MikroTik", model="LHG 5",
                   serial="HEX0S", customer=make.customer("Dean Irvine"), site=make.site("North"))  # fmt: skip
    make.equipment("Other", address="192.168.7.7", mac="aa:bb:cc:dd:ee:ff")
    assert titles("equipment", text, user) == ["Roof radio"]


def test_sites_are_found_by_name_and_place(user):
    make.site("Kestrel Hill", town="Harrow Creek")
    assert titles("sites", "kestrel", user) == titles("sites", "harrow", user) == ["Kestrel Hill"]


@pytest.mark.parametrize("text", ["10.0.0.1", "2001:DB8::1"])
def test_the_address_that_is_meant_comes_before_those_that_begin_so(user, text):
    for address in ("10.0.0.10", "10.0.0.111", "10.0.0.1", "2001:db8::11", "2001:db8::1"):
        make.equipment(f"At {address}", address=address)
    assert titles("equipment", text, user)[0] == f"At {text.lower()}"


def test_the_account_that_is_meant_comes_before_a_phone_number_or_name_that_holds_it(user):
    make.customer("A 1002", phone="907 100 2000")
    make.customer("Z Last", account="1002")
    make.customer("B First", account="10023")
    assert titles("customers", "1002", user)[0] == "Z Last"


def test_names_that_begin_so_come_before_those_that_hold_it(user):
    for name in ("Adean Field", "Rosa Dean", "Dean Irvine"):
        make.customer(name)
    assert titles("customers", "dean", user) == ["Dean Irvine", "Rosa Dean", "Adean Field"]


def test_what_was_found_says_what_it_is_and_how_it_is(user):
    customer = make.customer("Dean Irvine", company_name="Irvine Ltd", account="10023", town="Bell Fork", state="down")
    (found,) = search.customers("irvine", 5, user)
    about = ("Irvine Ltd (Dean Irvine)", "10023 · Bell Fork", customer.get_absolute_url())
    assert found == search.Found(*about, icon="building", state="down", customer=customer.pk)
    customer.suspended = True
    customer.save()
    assert search.customers("irvine", 5, user)[0].state == "suspended"
    radio = make.equipment("Radio", address="10.0.0.5", customer=customer, state="up")
    (found,) = search.equipment("radio", 5, user)
    assert found == search.Found("Radio", "CPE · 10.0.0.5 · Irvine Ltd (Dean Irvine)", radio.get_absolute_url(),
                                 "antenna-bars-5", "up")  # fmt: skip


@pytest.mark.parametrize("find", search.SEARCH)
@pytest.mark.parametrize("text", ["", "  ", "\0", "%", "_", "\\", "' OR 1=1 --", "a" * 5000, "a " * 3000, "#", "(((("])
def test_text_that_makes_no_sense_is_no_fault(user, find, text):
    make.customer("Dean Irvine")
    make.equipment("Radio")
    make.site("North")
    assert isinstance(find(text, 5, user), list)


@pytest.mark.parametrize("find", search.SEARCH)
def test_an_answer_is_limited_to_what_is_there_and_asked_for(user, find, django_assert_num_queries):
    for number in range(8):
        make.customer(f"Dean {number}")
        make.equipment(f"Dean's radio {number}", customer=make.customer("Rosa Field"))
        make.site(f"Dean's tower {number}")
    for build in (make.customer, make.equipment, make.site):
        build("Dean Gone", archived_at=timezone.now())
    with django_assert_num_queries(1):
        found = find("dean", 5, user)
    assert len(found) == 5 and "Gone" not in str(found)
    assert "Gone" not in str(find("dean", 50, user))


@pytest.mark.parametrize("find", search.SEARCH)
def test_who_may_not_see_customers_finds_nothing(find, user):
    user.role = "nobody"
    make.customer("Dean Irvine")
    make.equipment("Dean's radio")
    make.site("Dean's tower")
    assert find("dean", 5, user) == []


def test_folding():
    assert folded("Ünïcödé ﬁ ẞ Ⅷ") == "unicode fi ss viii"
    assert digits("+1 (907) ٣ x5") == "19075"
    assert [phone_number(text) for text in ("555 0123", "+1 (907) 555-0123", "10.0.0.5", "555", "Dean 5550123")] == [
        "5550123", "075550123", "", "", "",
    ]  # fmt: skip
    assert MOST_WORDS < 100
