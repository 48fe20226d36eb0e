"""The API: who gets in, what is read there, and how a query that makes no sense is refused."""

import base64
import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client, override_settings
from django.utils import timezone

from config import options
from config.models import Token, User
from customers.models import Customer, Equipment, Site
from tests import make
from tests.config.program import Program, outage


@pytest.fixture(autouse=True)
def nothing_counted():
    cache.clear()


@pytest.fixture
def program(db):
    return Program(make.user("administrator"))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Token",
        "Token x",
        "Token a b",
        "Token " + "a" * 64,
        "Basic YTpi",
        "Bearer x",
        "Token \u00ff\u00ff",
        "token ",
    ],
)
def test_whoever_brings_no_good_token_is_refused_with_401_and_one_shape(db, header):
    answer = Client(headers={"Authorization": header} if header else {}).get("/api/v1/customers/")
    assert answer.status_code == 401
    assert set(answer.json()) == {"detail", "fields"}
    assert answer["WWW-Authenticate"] == "Token"


def test_a_token_ends_with_its_time_and_with_its_user(program):
    assert program("get", "customers/")[0] == 200
    User.objects.filter(pk=program.user.pk).update(is_active=False)
    assert program("get", "customers/")[0] == 401
    User.objects.filter(pk=program.user.pk).update(is_active=True)
    assert program("get", "customers/")[0] == 200
    Token.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert program("get", "customers/")[0] == 401


def test_a_token_that_may_only_read_changes_nothing(db):
    program = Program(make.user("administrator"), "read")
    customer = make.customer()
    assert program("get", f"customers/{customer.pk}/")[0] == 200
    for method, path in (("post", "customers/"), ("patch", f"customers/{customer.pk}/"),
                         ("post", f"customers/{customer.pk}/archive/"), ("delete", "contacts/1/")):  # fmt: skip
        status, said = program(method, path, {"family_name": "X"})
        assert (status, said["detail"]) == (403, "This token may only read.")
    assert Customer.objects.current().get().family_name == "Irvine"


def test_a_token_is_kept_as_a_hash_only_and_its_use_is_written_down(program):
    row = Token.objects.get()
    kept = " ".join(str(getattr(row, field.attname)) for field in Token._meta.fields)
    assert program.token not in kept and row.used_at is None
    program("get", "customers/")
    used = Token.objects.get().used_at
    assert timezone.now() - used < timedelta(minutes=1)
    program("get", "customers/")
    assert Token.objects.get().used_at == used


def test_a_session_reads_and_writes_only_with_its_csrf_token(administrator):
    assert administrator.get("/api/v1/customers/").status_code == 200
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(administrator.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = strict.post("/api/v1/customers/", {"family_name": "X"}, content_type="application/json")
    assert answer.status_code == 403 and "CSRF" in answer.json()["detail"]
    assert not Customer.objects.exists()


def test_who_asks_too_often_is_told_how_long_to_wait(program):
    rates = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {"each": "3/min"}}
    with override_settings(REST_FRAMEWORK=rates):
        found = [program.client.get("/api/v1/sites/") for _ in range(5)]
        assert [answer.status_code for answer in found] == [200, 200, 200, 429, 429]
        assert 0 < int(found[-1]["Retry-After"]) <= 60
        # Another token is another program.
        assert Program(program.user)("get", "sites/")[0] == 200


@pytest.mark.parametrize(
    ("role", "path", "body"),
    [
        ("technician", "customers/", {"family_name": "X"}), ("engineer", "customers/", {"family_name": "X"}),
        ("office", "sites/", {"name": "X"}), ("office", "equipment/", {"name": "X"}), ("manager", "checks/", {}),
        ("office", "checks/", {}),
    ],
)  # fmt: skip
def test_a_role_writes_nothing_that_its_pages_do_not_let_it_write(db, role, path, body):
    status, said = Program(make.user(role))("post", path, body)
    assert (status, said) == (403, {"detail": "Your role may not do this.", "fields": {}})
    assert not (Customer.objects.exists() or Site.objects.exists() or Equipment.objects.exists())


def test_a_row_says_where_it_is_and_how_it_is_in_utc(program):
    options.change(time_zone="America/Denver")
    at = timezone.now().replace(microsecond=0)
    customer = make.customer("Dean Irvine", tags="vip, north", state="down", state_since=at)
    status, row = program("get", f"customers/{customer.pk}/")
    assert status == 200
    assert row["url"] == f"http://testserver/api/v1/customers/{customer.pk}/"
    assert row["html_url"] == f"http://testserver/customers/{customer.pk}/"
    assert (row["name"], row["state"], row["tags"]) == ("Dean Irvine", "down", ["north", "vip"])
    assert row["state_since"] == at.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert row["created_at"].endswith("Z")


@pytest.mark.parametrize("order", ["name", "-name", "id", "-id", "created", "-created"])
def test_pages_follow_each_other_without_a_gap_or_a_repeat_even_among_equals(program, order):
    for number in range(25):
        make.customer(f"Person {number // 7}")
    found, path = [], f"customers/?limit=4&order={order}"
    while path:
        status, page = program("get", path)
        assert status == 200 and len(page["results"]) <= 4
        found += [row["id"] for row in page["results"]]
        path = page["next"] and page["next"].split("/api/v1/")[1]
    assert sorted(found) == sorted(Customer.objects.values_list("pk", flat=True)) and len(found) == 25


def test_rows_that_are_added_while_one_pages_shift_nothing(program):
    for number in range(6):
        make.customer(f"Person {number}")
    _, first = program("get", "customers/?limit=3")
    make.customer("Aaron First")
    _, second = program("get", first["next"].split("/api/v1/")[1])
    assert [row["name"] for row in second["results"]] == ["Person 3", "Person 4", "Person 5"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("customers/?colour=red", "colour"), ("customers/?page=2", "page"), ("outages/?q=x", "q"),
        ("customers/?limit=0", "limit"), ("customers/?limit=201", "limit"), ("customers/?limit=x", "limit"),
        ("customers/?limit=" + "9" * 4000, "limit"), ("customers/?order=notes", "order"),
        ("customers/?order=--name", "order"), ("customers/?state=flying", "state"), ("customers/?q=%00", "q"),
        ("customers/?tag=%00", "tag"), ("sites/?customer=x", "customer"), ("sites/?customer=" + "9" * 40, "customer"),
        ("sites/?customer=-1", "customer"), ("sites/?customer=1e400", "customer"), ("sites/?customer=NaN", "customer"),
        ("outages/?started_after=yesterday", "started_after"),
        ("outages/?started_after=0001-01-01T00:00:00%2B14:00", "started_after"),
        ("outages/?started_before=9999-12-31T23:59:59-23:59", "started_before"),
        ("customers/?cursor=x", "cursor"), ("customers/?cursor=%00", "cursor"), ("customers/?cursor=%C3%A9", "cursor"),
        ("customers/1/?q=x", "q"),
        ("equipment/?address=0", "address"), ("equipment/?address=fe80::1%25eth0", "address"),
        ("equipment/?mac=zz", "mac"), ("equipment/?address=10.0.0.0/8", "address"),
        ("incidents/?open=no", "open"), ("outages/?open=maybe", "open"), ("checks/?on=no", "on"),
        ("sources/?on=x", "on"), ("customers/?archived=2", "archived"), ("customers/?suspended=null", "suspended"),
        ("customers/?company=%00", "company"), ("notices/?snoozed=yes", "snoozed"), ("notices/?unread=-1", "unread"),
        ("reminders/?open=00", "open"), ("reminders/?mine=me", "mine"), ("meter-readings/?replaced=on", "replaced"),
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused_by_its_name(program, path, name):
    make.customer(pk=1)
    status, said = program("get", path)
    assert status == 400
    assert name in said["fields"] and name in said["detail"]


@pytest.mark.parametrize(
    "held",
    [
        None, [], {}, "x", 7, ["-started"], ["-started", "x", 1], ["-started", "2026-01-01", 1], ["-started", None, 1],
        ["-started", "2026-01-01T00:00:00Z", 2**63], ["-started", "2026-01-01T00:00:00Z", -1],
        ["-started", "2026-01-01T00:00:00Z", True], ["-started", "2026-01-01T00:00:00Z", "1"],
        ["-started", "9999-12-31T23:59:59-14:00", 1], ["-started", "0001-01-01T00:00:00+14:00", 1],
        ["-started", [], 1], ["-started", {}, 1], ["-started", 5, 1], ["-started", "\0", 1], ["id", 1, 1],
        ["-started", "\ud800", 1],
    ],
    ids=repr,
)  # fmt: skip
def test_a_cursor_that_was_made_up_is_refused(program, held):
    cursor = base64.urlsafe_b64encode(json.dumps(held).encode()).decode()
    status, said = program("get", f"outages/?cursor={cursor}")
    assert (status, list(said["fields"])) == (400, ["cursor"])


@pytest.mark.parametrize(
    ("text", "names"),
    [("true", ["B"]), ("TRUE", ["B"]), ("1", ["B"]), ("fALSE", ["A"]), ("0", ["A"]), ("", ["A", "B"])],
)
def test_true_and_false_are_taken_in_any_case_and_as_numbers(program, text, names):
    make.customer("A", suspended=False)
    make.customer("B", suspended=True)
    make.customer("C", archived_at=timezone.now())
    _, page = program("get", f"customers/?suspended={text}&archived=")
    assert [row["name"] for row in page["results"]] == names


def test_lists_are_narrowed_as_the_pages_are(program):
    tower = make.site("Högsåra")
    company = make.customer(company_name="Bell Fork School", account="A-7", tags="school")
    make.customer("Dean Irvine", archived_at=timezone.now())
    radio = make.equipment("bh-1", kind="ptp", site=tower, state="down", address="10.0.0.5")
    make.equipment("cpe-1", customer=company, uplink=radio)
    old = outage(radio, timezone.now() - timedelta(days=3), site=tower, ended_at=timezone.now())
    new = outage(radio, customer=company)

    def ids(path):
        status, page = program("get", path)
        assert status == 200, page
        return [row["id"] for row in page["results"]]

    assert (
        ids("customers/?q=bell+SCHOOL") == ids("customers/?tag=school") == ids("customers/?account=A-7") == [company.pk]
    )
    assert ids("customers/?archived=false") == ids("customers/") == ids("customers/?company=true") == [company.pk]
    assert ids("customers/?archived=true") == [Customer.objects.archived().get().pk]
    assert (
        ids("equipment/?state=down")
        == ids("equipment/?address=10.0.0.5")
        == ids(f"equipment/?site={tower.pk}")
        == [radio.pk]
    )
    assert ids(f"equipment/?uplink={radio.pk}") == ids(f"equipment/?customer={company.pk}")
    assert ids("sites/?q=hogsara") == ids("sites/?kind=tower") == [tower.pk]
    assert ids("outages/?open=true") == ids(f"outages/?customer={company.pk}") == [new.pk]
    assert ids("outages/?open=false") == ids(f"outages/?site={tower.pk}") == [old.pk]
    assert ids("outages/") == ids(f"outages/?equipment={radio.pk}") == [new.pk, old.pk]
    yesterday = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ids(f"outages/?started_after={yesterday}") == [new.pk]
    assert ids(f"outages/?started_before={yesterday}") == [old.pk]


def test_sources_are_shown_without_their_keys(program):
    from outages.models import Source

    Source.objects.create(
        name="UISP", address="https://uisp.example.net", nms_key="very-secret-nms", crm_key="very-secret-crm"
    )
    status, page = program("get", "sources/")
    assert status == 200 and page["results"][0]["name"] == "UISP"
    assert "very-secret" not in json.dumps(page) and not any(
        "key" in name or "token" in name for name in page["results"][0]
    )
    assert program("post", "sources/", {"name": "X"})[0] == 405


def test_what_keeps_an_administrator_from_the_pages_keeps_the_program_out(program):
    options.change(require_second_factor=True)
    status, said = program("get", "customers/")
    assert status == 403 and "second factor" in said["detail"]
    assert Program(make.user("office"))("get", "customers/")[0] == 200
