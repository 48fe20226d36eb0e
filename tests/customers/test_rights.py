"""Every page, tried by everybody."""

import pytest
from django.urls import reverse

from tests import make

SEEN = ["customers", "customer", "customer_choices", "sites", "site", "site_choices",
        "equipments", "equipment", "equipment_choices"]  # fmt: skip
OF_PEOPLE = ["customer_add", "customer_edit", "customer_delete", "customer_archive",
             "contact_add", "contact_edit", "contact_delete"]  # fmt: skip
OF_NETWORK = ["site_add", "site_edit", "site_delete", "site_archive",
              "equipment_edit", "equipment_delete", "equipment_archive"]  # fmt: skip
WITHOUT_ROW = {"customers", "customer_add", "customer_choices", "sites", "site_add", "site_choices",
               "equipments", "equipment_choices"}  # fmt: skip


@pytest.fixture
def address(db):
    """The address of a page by its name, for things that are there."""
    customer = make.customer()
    pks = {
        "customer": customer.pk,
        "contact": make.contact(customer).pk,
        "site": make.site().pk,
        "equipment": make.equipment(customer=customer).pk,
    }

    def of(name):
        if name in WITHOUT_ROW:
            return reverse(name)
        kind = "customer" if name == "contact_add" else name.partition("_")[0]
        return reverse(name, args=[pks[kind]])

    return of


@pytest.mark.parametrize("name", SEEN + OF_PEOPLE + OF_NETWORK)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_sign_in(stranger, address, name, method):
    answer = getattr(stranger, method)(address(name))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("name", SEEN)
@pytest.mark.parametrize("who", ["administrator", "engineer", "office", "technician", "manager"])
def test_everybody_of_the_staff_sees_the_pages(request, address, name, who):
    assert request.getfixturevalue(who).get(address(name)).status_code == 200


@pytest.mark.parametrize("name", OF_PEOPLE)
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["engineer", "technician", "manager"])
def test_only_some_change_people(request, address, name, method, who):
    assert getattr(request.getfixturevalue(who), method)(address(name)).status_code == 403


@pytest.mark.parametrize("name", OF_NETWORK)
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("who", ["office", "technician", "manager"])
def test_only_some_change_the_network(request, address, name, method, who):
    assert getattr(request.getfixturevalue(who), method)(address(name)).status_code == 403


@pytest.mark.parametrize(("who", "names"), [("office", OF_PEOPLE), ("engineer", OF_NETWORK),
                                            ("administrator", OF_PEOPLE + OF_NETWORK)])  # fmt: skip
def test_those_who_may_change_get_the_forms(request, address, who, names):
    client = request.getfixturevalue(who)
    assert {name: client.get(address(name)).status_code for name in names} == dict.fromkeys(names, 200)


def test_who_may_not_change_is_not_offered_it(technician, address):
    for name in ("customers", "customer", "sites", "site", "equipments", "equipment"):
        # Everybody may be reminded of everything.
        page = technician.get(address(name)).content.decode().replace("/reminders/add/", "")
        assert "/edit/" not in page and "/add/" not in page and "/archive/" not in page and "/delete/" not in page


@pytest.mark.parametrize("name", ["customer", "customer_edit", "site", "site_delete", "equipment", "equipment_archive",
                                  "contact_edit"])  # fmt: skip
@pytest.mark.parametrize("pk", [9_999_999, 10**30])
def test_what_is_not_there_is_not_found(administrator, name, pk):
    assert administrator.get(reverse(name, args=[pk])).status_code == 404
