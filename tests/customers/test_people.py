"""Customers and their contacts: their pages, and what their forms take and refuse."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.models import Contact, Customer
from tests import make

GOOD = {"given_name": "Dean", "family_name": "Irvine"}


def errors(answer):
    assert answer.status_code == 200
    return answer.context["form"].errors


def page(client, thing):
    return client.get(thing.get_absolute_url()).content.decode()


def test_a_person_is_added(office):
    given = {
        **GOOD, "phone": "+1 (907) 555-0123", "email": "dean@example.net", "street": "3 Main Road", "town": "Bell Fork",
        "account": "10023", "suspended": "on", "tags": "vip, two words", "notes": "Dog.",
    }  # fmt: skip
    answer = office.post(reverse("customer_add"), given)
    found = Customer.objects.get()
    assert answer.url == found.get_absolute_url()
    assert (found.name, found.phone, found.account, found.suspended) == (
        "Dean Irvine",
        "+1 (907) 555-0123",
        "10023",
        True,
    )
    assert sorted(found.tags.names()) == ["two words", "vip"]


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("Dean", "Irvine", ""), "Dean Irvine"),
        (("", "Irvine", ""), "Irvine"),
        (("", "", "Irvine Ltd"), "Irvine Ltd"),
        (("Dean", "", "Irvine Ltd"), "Irvine Ltd (Dean)"),
        (("Zoë", "Søren-Łukasz", "株式会社 Ω"), "株式会社 Ω (Zoë Søren-Łukasz)"),
        (("D" * 80, "I" * 80, "C" * 160), f"{'C' * 160} ({'D' * 80} {'I' * 80})"),
    ],
)
def test_a_customer_is_shown_by_a_name_that_is_never_half_empty(office, names, shown):
    office.post(reverse("customer_add"), dict(zip(("given_name", "family_name", "company_name"), names, strict=True)))
    found = Customer.objects.get()
    assert found.name == str(found) == shown
    assert shown in page(office, found) and shown in office.get(reverse("customers")).content.decode()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"given_name": "", "family_name": " "}, "family_name"),
        ({"given_name": "D" * 81}, "given_name"),
        ({"family_name": "I" * 81}, "family_name"),
        ({"company_name": "C" * 161}, "company_name"),
        ({"email": "nonsense"}, "email"),
        ({"phone": "no digits"}, "phone"),
        ({"phone": "9" * 41}, "phone"),
        ({"street": "S" * 201}, "street"),
        ({"town": "T" * 101}, "town"),
        ({"account": "10001"}, "account"),
        ({"account": "9" * 41}, "account"),
        ({"tags": "t" * 101}, "tags"),
        ({"notes": "a\0b"}, "notes"),
        ({"given_name": "a\0b"}, "given_name"),
    ],
)
def test_bad_input_names_its_field_keeps_what_was_typed_and_changes_nothing(office, wrong, field):
    make.customer("Rosa Field", account="10001")
    answer = office.post(reverse("customer_add"), {**GOOD, "notes": "Kept as typed", **wrong})
    assert list(errors(answer)) == [field]
    assert Customer.objects.count() == 1
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert wrong.get("notes") or "Kept as typed" in answer.content.decode()


def test_an_account_number_says_who_has_it_already(office):
    make.customer("Rosa Field", account="A1")
    answer = office.post(reverse("customer_add"), {**GOOD, "account": "a1"})
    assert errors(answer)["account"] == ["Rosa Field has this account number."]


def test_a_customer_keeps_their_own_account_number(office):
    found = make.customer(account="A1")
    office.post(reverse("customer_edit", args=[found.pk]), {**GOOD, "account": "A1", "town": "Bell Fork"})
    found.refresh_from_db()
    assert found.town == "Bell Fork"


def test_a_bad_change_changes_nothing_not_even_the_tags(office):
    found = make.customer("Dean Irvine", tags="old")
    address = reverse("customer_edit", args=[found.pk])
    assert "Change Dean Irvine" in office.post(address, {"tags": "new"}).content.decode()
    found.refresh_from_db()
    assert (found.name, list(found.tags.names())) == ("Dean Irvine", ["old"])


def test_a_customer_is_changed_and_the_words_to_find_them_with(office):
    found = make.customer("Dean Irvine", tags="old")
    form = office.get(reverse("customer_edit", args=[found.pk])).content.decode()
    assert 'value="Dean"' in form and 'value="old"' in form
    office.post(reverse("customer_edit", args=[found.pk]), {"company_name": "Irvine Ltd", "tags": "new"})
    found.refresh_from_db()
    assert (found.name, found.words, list(found.tags.names())) == ("Irvine Ltd", "irvine ltd", ["new"])


def test_a_part_that_is_saved_keeps_the_shown_name_in_step(db):
    found = make.customer("Dean Irvine")
    found.family_name = "Ørsted"
    found.save(update_fields=["family_name"])
    assert Customer.objects.values_list("name", "words").get() == ("Dean Ørsted", "dean orsted")


def test_many_made_at_once_have_their_names_too(db):
    Customer.objects.quietly().bulk_create([Customer(given_name="Dean", phone="907-1"), Customer(company_name="Firm")])
    assert list(Customer.objects.values_list("name", "phone_digits")) == [("Dean", "9071"), ("Firm", "")]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"state": "up"}, "Not in an outage"),
        ({"state": "down"}, "In an outage"),
        ({"state": "unknown"}, "Not known"),
        ({"state": "down", "suspended": True}, "Suspended"),
        ({"state": "down", "archived": True}, "Archived"),
    ],
)
def test_the_page_says_first_whether_a_customer_is_in_an_outage(office, fields, line):
    since = timezone.now() - timedelta(hours=2, minutes=5)
    archived = {"archived_at": since} if fields.pop("archived", False) else {}
    found = make.customer(state_since=since, **fields, **archived)
    lead = page(office, found).split('class="lead-line"')[1].split('class="object"')[0]
    assert line in lead
    assert ("2 h 05 min" in lead) == (line == "In an outage")


def test_the_page_shows_equipment_contacts_premises_notes_and_tags(office):
    found = make.customer("Dean Irvine", phone="907 555 0123", email="dean@example.net", notes="Beware\nof the dog",
                          tags="vip")  # fmt: skip
    ap = make.equipment("Sector 2", kind="ap")
    make.equipment(
        "Roof radio", customer=found, uplink=ap, address="10.0.0.5", state="down", state_since=timezone.now()
    )
    make.contact(found, "Ada Lovelace", duty="Accounts", phone="907 555 0199", email="ada@example.net")
    make.site("Irvine farm", kind="premises", customer=found)
    shown = page(office, found)
    for text in ("Roof radio", "Sector 2", "10.0.0.5", "Ada Lovelace", "Accounts", "tel:9075550199", "Irvine farm",
                 "Beware<br>of the dog", "?tag=vip", "mailto:dean@example.net"):  # fmt: skip
        assert text in shown


def test_the_page_costs_the_same_for_one_device_and_for_ten(office):
    found = make.customer(tags="a")

    def cost(count):
        for number in range(count):
            where = {"uplink": make.equipment(), "site": make.site(kind="premises", customer=found)}
            make.equipment(customer=found, **where)
            make.contact(found, f"Contact {number}")
        office.get(found.get_absolute_url())
        with CaptureQueriesContext(connection) as seen:
            office.get(found.get_absolute_url())
        return len([query for query in seen if "config_option" not in query["sql"]])

    assert cost(1) == cost(9) <= 20


def test_a_contact_is_added_changed_and_deleted(office):
    of = make.customer("Dean Irvine")
    answer = office.post(reverse("contact_add", args=[of.pk]), {"name": "Ada Lovelace", "duty": "Accounts"})
    assert answer.url == of.get_absolute_url()
    found = Contact.objects.get(customer=of)
    office.post(reverse("contact_edit", args=[found.pk]), {"name": "Ada King"})
    found.refresh_from_db()
    assert (found.name, found.duty) == ("Ada King", "")
    assert "Delete Ada King?" in office.get(reverse("contact_delete", args=[found.pk])).content.decode()
    assert office.post(reverse("contact_delete", args=[found.pk])).url == of.get_absolute_url()
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"name": ""}, "name"), ({"name": "n" * 161}, "name"), ({"duty": "d" * 81}, "duty"), ({"phone": "x"}, "phone"),
     ({"email": "@"}, "email")],
)  # fmt: skip
def test_a_bad_contact_is_refused(office, wrong, field):
    of = make.customer()
    answer = office.post(reverse("contact_add", args=[of.pk]), {"name": "Ada", **wrong})
    assert list(errors(answer)) == [field] and not Contact.objects.exists()
