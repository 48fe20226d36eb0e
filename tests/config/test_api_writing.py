"""Writing by the API: by the rules of the pages, and what breaks them changes nothing."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError
from django.utils import timezone

from config.api.faults import answer
from customers.models import Contact, Customer, Equipment, Site
from notifications.models import Notice, Subscription
from outages.models import Check, IncidentNote
from tests import make
from tests.config.program import Program, incident, notice


@pytest.fixture(autouse=True)
def nothing_counted():
    cache.clear()


@pytest.fixture
def program(db):
    return Program(make.user("administrator"))


def test_a_customer_is_made_changed_put_away_and_brought_back_by_the_rules_of_the_page(program):
    status, made = program(
        "post", "customers/", {"given_name": "Dean", "family_name": "Irvine", "tags": ["vip", "north"]}
    )
    assert status == 201 and made["name"] == "Dean Irvine" and made["tags"] == ["north", "vip"]
    path = f"customers/{made['id']}/"
    status, changed = program("patch", path, {"phone": "907 555 0101"})
    assert status == 200
    assert changed == made | {"phone": "907 555 0101"}
    assert program("patch", path, {"tags": []})[1]["tags"] == []
    assert program("post", f"{path}archive/")[1]["archived_at"]
    assert program("get", "customers/")[1]["results"] == []
    assert program("post", f"{path}restore/")[1]["archived_at"] is None
    assert program("delete", path)[0] == 405
    assert Customer.objects.search("irvine").get().pk == made["id"]


def test_what_was_read_can_be_sent_back(program):
    site = make.site("Tower 1", latitude=46.5, longitude=-113.25, tags="far")
    radio = make.equipment("ap-1", site=site, kind="ap", address="2001:db8::1", mac="48:a9:8a:00:00:01", tags="5 GHz")
    make.equipment("cpe", uplink=radio, customer=make.customer(tags="a b, c"), site=site)
    make.contact(Customer.objects.get(), phone="907 555 0101")
    make.check(radio, probe="tcp", port=22, interval=30, window=100)
    for name in ("customers", "contacts", "sites", "equipment", "checks"):
        for row in program("get", f"{name}/")[1]["results"]:
            assert program("patch", f"{name}/{row['id']}/", row) == (200, row)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("customers/", {}, "family_name"), ("customers/", {"family_name": "X", "phone": "x"}, "phone"),
        ("customers/", {"family_name": "X", "email": "nobody"}, "email"),
        ("customers/", {"family_name": "X", "account": "A-1"}, "account"),
        ("customers/", {"family_name": "X", "state_of": "up"}, "state_of"),
        ("customers/", {"family_name": "X\0"}, "family_name"), ("customers/", {"family_name": "\ud800"}, "family_name"),
        ("customers/", {"family_name": "x" * 81}, "family_name"), ("customers/", {"family_name": ["X"]}, "family_name"),
        ("customers/", {"family_name": "X", "tags": ["a,b"]}, "tags"),
        ("customers/", {"family_name": "X", "tags": "a"}, "tags"),
        ("customers/", {"family_name": "X", "suspended": "perhaps"}, "suspended"),
        ("contacts/", {"name": "Rosa"}, "customer"), ("contacts/", {"name": "Rosa", "customer": 9999}, "customer"),
        ("contacts/", {"name": "Rosa", "customer": 2**70}, "customer"), ("contacts/", {"customer": 1}, "name"),
        ("sites/", {"name": "Tower"}, "name"), ("sites/", {"name": "X", "kind": "premises"}, "customer"),
        ("sites/", {"name": "X", "latitude": 5}, "longitude"),
        ("sites/", {"name": "X", "latitude": 95, "longitude": 5}, "latitude"),
        ("sites/", {"name": "X", "latitude": 1e400, "longitude": 5}, ""),
        ("sites/", {"name": "X", "customer": 9999}, "customer"),
        ("equipment/", {"name": "X", "address": "10.0.0.300"}, "address"),
        ("equipment/", {"name": "X", "mac": "x"}, "mac"),
        ("equipment/", {"name": "X", "address": "10.0.0.1"}, "address"),
        ("equipment/", {"name": "X", "uplink": 9999}, "uplink"),
        ("equipment/", {"name": "X", "kind": "toaster"}, "kind"), ("equipment/", {"name": "X", "site": True}, "site"),
        ("checks/", {}, "equipment"), ("checks/", {"equipment": 1, "probe": "magic"}, "probe"),
        ("checks/", {"equipment": 1, "probe": "tcp"}, "port"), ("checks/", {"equipment": 1, "interval": 0}, "interval"),
        ("checks/", {"equipment": 1, "count": 100, "window": 5}, "window"),
        ("checks/", {"equipment": 1, "count": 100, "window": 5}, "count"),
        ("checks/", {"equipment": 1, "interval": 2**64}, "interval"),
        ("subscriptions/", {}, "event"), ("subscriptions/", {"event": "x"}, "event"),
        ("subscriptions/", {"event": "outage.opened", "about": {"kind": "config.user", "id": 1}}, "about"),
        ("subscriptions/", {"event": "outage.opened", "about": {"kind": "customers.customer", "id": 99}}, "about"),
        ("subscriptions/", {"event": "outage.opened", "about": 7}, "about"),
        ("subscriptions/", {"event": "outage.opened", "asked": {"colour": 1}}, "asked"),
        ("subscriptions/", {"event": "outage.opened", "recipient_key": "9999"}, "recipient_key"),
        ("subscriptions/", {"event": "outage.opened", "recipient_kind": "cat"}, "recipient_kind"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_by_its_field_and_changes_nothing(program, path, body, field):
    make.customer(pk=1, account="A-1")
    make.site("Tower")
    make.equipment("one", pk=1, address="10.0.0.1")
    kinds = (Customer, Contact, Site, Equipment, Check, Subscription)
    before = [kind.objects.count() for kind in kinds]
    status, said = program("post", path, body)
    assert status == 400, said
    assert field in said["fields"] or not field
    assert [kind.objects.count() for kind in kinds] == before


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ""), (b"{", "JSON"), (b"[]", "dictionary"), (b'"x"', "dictionary"), (b"null", ""), (b"\xff\xfe", "JSON"),
        (b'{"family_name": NaN}', "NaN"), (b'{"given_name": 1e999}', "1e999"), (b'{"given_name": [-1e999]}', "-1e999"),
        (b'{"family_name": "A", "family_name": "B"}', "twice"),
        (b"[" * 100_000, "deep"), (b'{"a":' * 50_000, "deep"), (b'{"suspended": ' + b"9" * 5000 + b"}", "JSON"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_object_is_refused(program, body, words):
    answer = program.client.post("/api/v1/customers/", body, content_type="application/json")
    assert answer.status_code == 400
    said = answer.json()
    assert set(said) == {"detail", "fields"} and words in said["detail"]
    assert not Customer.objects.exists()


def test_a_huge_body_and_another_kind_of_body_are_refused(program):
    huge = b'{"notes": "' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
    assert program.client.post("/api/v1/customers/", huge, content_type="application/json").status_code == 413
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = program.client.post("/api/v1/customers/", b"family_name=X", content_type=kind)
        assert (answer.status_code, set(answer.json())) == (415, {"detail", "fields"})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "nothing/", 404), ("get", "customers", 404), ("get", "", 404), ("get", "customers/999/", 404),
        ("get", "customers/" + "9" * 30 + "/", 404), ("get", "customers/x/", 404), ("delete", "outages/1/", 405),
        ("put", "customers/1/", 405),
        ("post", "incidents/", 405), ("post", "outages/", 405), ("options", "sites/", 405),
        ("get", "incidents/999/notes/", 404), ("patch", "nothing/", 404),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_in_the_one_shape(program, stranger, method, path, status):
    found, said = program(method, path, None if method in ("get", "options") else {})
    assert found == status and set(said) == {"detail", "fields"} and said["detail"]
    assert getattr(stranger, method)(f"/api/v1/{path}").status_code == 401


def test_equipment_comes_back_only_where_nobody_has_its_address(program):
    old = make.equipment("old", address="10.0.0.1", archived_at=timezone.now())
    make.equipment("new", address="10.0.0.1")
    status, said = program("post", f"equipment/{old.pk}/restore/")
    assert status == 409 and "new has its IP address" in said["detail"]
    old.refresh_from_db()
    assert old.archived_at


def test_a_customer_is_put_away_with_the_equipment_that_serves_nobody_else(program):
    customer = make.customer()
    cpe = make.equipment(customer=customer)
    assert program("post", f"customers/{customer.pk}/archive_with_equipment/")[0] == 200
    cpe.refresh_from_db()
    assert cpe.archived_at


def test_a_contact_and_a_check_stay_where_they_are_and_can_be_deleted(program):
    customer, other = make.customer(), make.customer("Rosa Field")
    status, contact = program("post", "contacts/", {"customer": customer.pk, "name": "Ida", "phone": "907 555 0100"})
    assert status == 201
    status, said = program("patch", f"contacts/{contact['id']}/", {"customer": other.pk})
    assert (status, list(said["fields"])) == (400, ["customer"])
    assert program("delete", f"contacts/{contact['id']}/") == (204, None)
    radio = make.equipment(address="10.0.0.1")
    status, check = program("post", "checks/", {"equipment": radio.pk, "interval": 5})
    assert (status, check["probe"], check["count"], check["on"]) == (201, "icmp", 3, True)
    assert program("post", "checks/", {"equipment": radio.pk})[0] == 400
    assert program("patch", f"checks/{check['id']}/", {"on": False})[1]["on"] is False
    assert program("delete", f"checks/{check['id']}/") == (204, None)
    assert not Check.objects.exists() and not Contact.objects.exists()


def test_an_incident_is_acknowledged_worked_on_and_spoken_of(program):
    open_one, other = incident(), make.user("technician")
    path = f"incidents/{open_one.pk}/"
    status, row = program("post", f"{path}acknowledge/")
    assert (status, row["state"], row["owner"]) == (200, "acknowledged", program.user.pk)
    back = (timezone.now() + timedelta(hours=2)).replace(microsecond=0)
    status, row = program(
        "patch", path, {"owner": other.pk, "sentence": "A tree fell.", "expected_at": back.isoformat()}
    )
    assert (status, row["owner"], row["sentence"]) == (200, other.pk, "A tree fell.")
    assert row["expected_at"] == back.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert program("patch", path, {"state": "working"})[1] == row | {
        "state": "working", "changed_at": program("get", path)[1]["changed_at"],
    }  # fmt: skip
    for body in ({"state": "resolved"}, {"owner": 9999}, {"expected_at": "2001-01-01T00:00:00Z"}, {"expected_at": "x"}):
        status, said = program("patch", path, body)
        assert (status, list(said["fields"])) == (400, list(body))
    assert program("post", f"{path}notes/", {"text": "Two men are on their way."})[0] == 201
    texts = [note["text"] for note in program("get", f"{path}notes/")[1]["results"]]
    assert texts[-1] == "Two men are on their way." and len(texts) == IncidentNote.objects.count() == 4


def test_an_incident_that_is_over_is_a_conflict(program):
    over = incident(closed_at=timezone.now(), state="resolved")
    assert program("post", f"incidents/{over.pk}/acknowledge/")[0] == 409
    assert program("patch", f"incidents/{over.pk}/", {"sentence": "X"})[0] == 409
    over.refresh_from_db()
    assert over.sentence == ""


def test_an_inbox_is_ones_own(program):
    mine = notice(program.user)
    others = notice(make.user("office"))
    notice(program.user, 1, due_at=timezone.now() + timedelta(days=1))
    assert [row["id"] for row in program("get", "notices/?unread=true")[1]["results"]] == [mine.pk]
    assert program("get", f"notices/{others.pk}/")[0] == program("post", f"notices/{others.pk}/read/")[0] == 404
    assert program("post", f"notices/{mine.pk}/read/")[1]["read_at"]
    assert program("get", "notices/?unread=true")[1]["results"] == []
    others.refresh_from_db()
    assert others.read_at is None


def test_a_subscription_is_ones_own_and_administrators_do_it_for_others_who_are_told(program):
    office = Program(make.user("office"))
    tower = make.site("Tower 1")
    body = {"event": "outage.opened", "about": {"kind": "customers.site", "id": tower.pk}, "tags_in": ["vip"]}
    status, row = office("post", "subscriptions/", body)
    assert status == 201
    assert (row["recipient_key"], row["about"], row["tags_in"]) == (str(office.user.pk), body["about"], ["vip"])
    assert office("patch", f"subscriptions/{row['id']}/", {"tags_out": ["school"]})[1]["tags_in"] == ["vip"]
    assert office("patch", f"subscriptions/{row['id']}/", {"event": "outage.closed"})[0] == 400
    status, _ = office("post", "subscriptions/", {"event": "outage.opened", "recipient_key": str(program.user.pk)})
    assert status == 403
    status, given = program("post", "subscriptions/", {"event": "outage.closed", "recipient_key": str(office.user.pk)})
    assert status == 201
    told = Notice.objects.to(office.user).get()
    assert str(program.user) in told.text
    assert len(office("get", "subscriptions/")[1]["results"]) == 2
    assert office("delete", f"subscriptions/{given['id']}/") == (204, None)
    mine = program("post", "subscriptions/", {"event": "outage.opened"})[1]
    assert (
        office("get", f"subscriptions/{mine['id']}/")[0] == office("delete", f"subscriptions/{mine['id']}/")[0] == 404
    )
    assert Subscription.objects.filter(pk=mine["id"]).exists()


def test_what_a_program_changes_is_written_down_under_its_user(program):
    radio = make.equipment(address="10.0.0.1")
    check = program("post", "checks/", {"equipment": radio.pk})[1]
    program("patch", f"checks/{check['id']}/", {"interval": 5})
    last = Check.history.model.objects.order_by("-history_id").first()
    assert (last.by_name, last.changes) == (str(program.user), {"interval": [10, 5]})


def test_two_programs_that_make_the_same_at_once_make_it_once(program):
    """The second is told so by the database's own rule, whatever the form has seen."""
    make.site("Tower 1")
    status, said = program("post", "sites/", {"name": "Tower 1"})
    assert (status, list(said["fields"])) == (400, ["name"])
    assert answer(IntegrityError("unique"), {}).status_code == 409
    assert Site.objects.count() == 1


def test_a_text_and_numbers_may_be_asked_for_as_well(administrator):
    body = {"event": "customer.tagged", "asked": {"tag": "vip"}}
    made = administrator.post("/api/v1/subscriptions/", body, content_type="application/json")
    assert (made.status_code, made.json()["asked"]) == (201, {"tag": "vip"})
    for wrong in (True, 1.5, None, {"a": 1}, ["x"], "x" * 101, [1] * 21):
        body = {"event": "customer.tagged", "asked": {"tag": wrong}}
        answer = administrator.post("/api/v1/subscriptions/", body, content_type="application/json")
        assert answer.status_code == 400
        assert "asked" in answer.json()["fields"]
