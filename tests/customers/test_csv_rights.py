"""CSV in and out, tried by everybody."""

import pytest
from django.urls import reverse

from customers.imports.models import ImportRun
from tests import make
from tests.customers.test_csv_round import sent

OF_PEOPLE, OF_NETWORK = ["customers", "contacts"], ["sites", "equipment"]
PAGES = ["csv", "import_send"]
TEXTS = {"customers": "family name\nA\n", "contacts": "customer,name\nOwner,A\n", "sites": "name\nA\n",
         "equipment": "name\nA\n"}  # fmt: skip


@pytest.mark.parametrize("sort", OF_PEOPLE + OF_NETWORK)
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_sign_in(db, stranger, name, sort, method):
    answer = getattr(stranger, method)(reverse(name, args=[sort]))
    assert answer.status_code == 302 and answer.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    ("who", "sorts"),
    [("office", OF_NETWORK), ("engineer", OF_PEOPLE), ("technician", OF_PEOPLE + OF_NETWORK),
     ("manager", OF_PEOPLE + OF_NETWORK)],
)  # fmt: skip
def test_only_who_may_change_a_kind_takes_it_out_or_in(request, name, method, who, sorts):
    client = request.getfixturevalue(who)
    for sort in sorts:
        assert getattr(client, method)(reverse(name, args=[sort])).status_code == 403


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(
    ("who", "sorts"),
    [("office", OF_PEOPLE), ("engineer", OF_NETWORK), ("administrator", OF_PEOPLE + OF_NETWORK)],
)
def test_those_who_may_change_do(request, name, who, sorts):
    client = request.getfixturevalue(who)
    for sort in sorts:
        assert client.get(reverse(name, args=[sort])).status_code == 200


@pytest.mark.parametrize("sort", OF_PEOPLE + OF_NETWORK)
def test_an_import_is_seen_by_who_sent_it_alone(administrator, office, engineer, stranger, sort):
    make.customer("Owner")
    run = sent(administrator, sort, TEXTS[sort])
    other = office if sort in OF_PEOPLE else engineer
    for client, status in ((other, 404), (stranger, 302)):
        assert client.get(reverse("import", args=[run.pk])).status_code == status
        for name in ("import_confirm", "import_discard"):
            assert client.post(reverse(name, args=[run.pk])).status_code == status
    run.refresh_from_db()
    assert run.state == "ready"


def test_who_lost_the_right_cannot_import_any_more(office):
    run = sent(office, "customers", TEXTS["customers"])
    office.user.role = "manager"
    office.user.save()
    assert office.get(reverse("import", args=[run.pk])).status_code == 403
    assert office.post(reverse("import_confirm", args=[run.pk])).status_code == 403
    assert ImportRun.objects.get().state == "ready"


def test_the_word_is_given_by_a_post_alone(office):
    run = sent(office, "customers", TEXTS["customers"])
    for name in ("import_confirm", "import_discard"):
        assert office.get(reverse(name, args=[run.pk])).status_code == 405


@pytest.mark.parametrize("name", PAGES)
def test_what_there_is_no_kind_of_is_not_found(administrator, name):
    assert administrator.get(reverse(name, args=["secrets"])).status_code == 404


def test_who_may_not_is_not_offered_it(technician):
    make.customer()
    page = technician.get(reverse("customers")).content.decode()
    assert "/csv/" not in page and "/import/" not in page
