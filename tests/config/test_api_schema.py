"""The description of the API is true: what is made up by it meets no fault of ours, whoever asks."""

import json
import os
import re
from datetime import timedelta
from io import StringIO

import hypothesis
import pytest
import requests
import schemathesis
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from schemathesis import GenerationMode

from config import tokens
from config.api.schema import operations
from notifications.models import Address, Cover, Delivery, Mute, Notice, Plan, Report, Subscription, Turn
from outages.models import Incident, Outage, Source
from tests import make
from tests.config.program import notice

# A longer run: API_EXAMPLES=200.
EXAMPLES = int(os.environ.get("API_EXAMPLES", "6"))
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
DOCUMENT = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True)))
PATHS = sorted({path for path, _, _ in operations(DOCUMENT)})


@pytest.fixture
def world(db):
    """One or more of everything, and whom to ask as."""
    cache.clear()
    admin, now = make.user("administrator"), timezone.now()
    tower = make.site("Tower", tags="a")
    customer = make.customer(tags="a, b")
    make.contact(customer)
    radio = make.equipment("ap-1", site=tower, address="10.0.0.1")
    make.equipment("cpe-1", uplink=radio, customer=customer, archived_at=now)
    make.check(radio)
    make.reading(radio, 1200, by=admin)
    make.reminder(admin)
    going_on = Incident.objects.create(equipment=radio, opened_at=now)
    going_on.notes.create(at=now, text="It began.")
    begun = now - timedelta(days=1)
    Outage.objects.create(
        equipment=radio, customer=customer, incident=going_on, started_at=begun, opened_at=begun, opened_by={}
    )
    Source.objects.create(name="UISP", address="https://uisp.example.net")
    Subscription.objects.create(event="outage.opened", recipient_kind="user", recipient_key=str(admin.pk))
    Turn.objects.create(person=admin, from_time=now.time(), to_time=now.time())
    Cover.objects.create(person=admin, starts_at=now, ends_at=now + timedelta(days=1))
    attached = Report.objects.create(name="ap-1.csv", media_type="text/csv", content=b"ap-1", made_at=now)
    told = notice(admin, sent_by=admin, report=attached)
    Delivery.objects.create(notice=told, due_at=now, state=Delivery.State.FAILED)
    return admin


def samples():
    """A key that there is, for each kind of thing."""
    from customers.models import Contact, Customer, Equipment, MeterReading, Reminder, Site
    from outages.models import Check

    kinds = {
        "customers": Customer, "contacts": Contact, "sites": Site, "equipment": Equipment, "checks": Check,
        "outages": Outage, "incidents": Incident, "sources": Source, "notices": Notice, "subscriptions": Subscription,
        "mutes": Mute, "plans": Plan, "sent-notices": Notice, "reports": Report, "deliveries": Delivery,
        "addresses": Address, "duty/turns": Turn, "duty/covers": Cover,
        "meter-readings": MeterReading, "reminders": Reminder,
    }  # fmt: skip
    return {name: kind.objects.order_by("pk").values_list("pk", flat=True).first() for name, kind in kinds.items()}


def wire(case):
    """What would go over the wire."""
    found = case.as_transport_kwargs(base_url="http://testserver")
    known = {key: value for key, value in found.items() if key in requests.Request.__init__.__code__.co_varnames}
    try:
        return requests.Request(**known).prepare()
    except (requests.RequestException, UnicodeError, ValueError, TypeError):
        # No client could send that.
        hypothesis.reject()


def ask(client, case):
    """The answer to a made-up request."""
    sent = wire(case)
    path = sent.url.removeprefix("http://testserver")
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
    kind = sent.headers.get("Content-Type", "application/json")
    return client.generic(sent.method, path, data=body, content_type=kind)


def judge(operation, answer, written):
    status = str(answer.status_code)
    assert answer.status_code < 500, answer.content[:500]
    assert status in operation["responses"], f"{status} is not described: {answer.content[:300]!r}"
    if answer.status_code >= 400:
        said = answer.json()
        assert set(said) == {"detail", "fields"} and said["detail"], said
    if not written:
        assert answer.status_code not in (200, 201, 204), "a token that may only read has written"


def asked(client, mode, place, may_write):
    """The statuses of what was answered to a number of made-up requests."""
    path, method, operation = place
    keys, name, found = samples(), path.removeprefix("/api/v1/").partition("/{")[0].strip("/"), []
    made = schemathesis.openapi.from_dict(DOCUMENT)[path][method.upper()].as_strategy(generation_mode=mode)

    @hypothesis.settings(
        max_examples=EXAMPLES if may_write else 2, deadline=None, database=None, derandomize=EXAMPLES < 50,
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=made, there=hypothesis.strategies.booleans())
    def ask_one(case, there):
        for key in case.path_parameters if there and case.path_parameters else ():
            case.path_parameters[key] = keys["incidents" if key == "incident_pk" else name]
        answer = ask(client, case)
        found.append(answer.status_code)
        judge(operation, answer, may_write or method == "get")

    ask_one()
    return found


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scope", ["write", "read"])
def test_whatever_is_made_up_by_the_description_meets_no_fault_of_ours(world, path, scope):
    rates = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": {"each": "1000000/min"}}
    client, found = Client(headers={"Authorization": f"Token {tokens.make(world, 'test', scope, 7)}"}), []
    with override_settings(REST_FRAMEWORK=rates):
        for place in (one for one in operations(DOCUMENT) if one[0] == path):
            for mode in MODES:
                found += asked(client, mode, place, scope == "write")
    print(f"asked {path} {len(found)} times: {sorted(set(found))}")
    assert found


def test_the_description_is_valid_and_complete():
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out, stderr=out)
    assert "openapi: 3" in out.getvalue()


@pytest.mark.parametrize("operation", list(operations(DOCUMENT)), ids=lambda one: f"{one[1]} {one[0]}")
def test_every_operation_says_its_faults_its_right_to_ask_and_what_it_is_for(operation):
    path, method, about = operation
    assert {"400", "401", "403", "404", "429"} <= set(about["responses"])
    assert {"token": []} in about["security"] and {"basicAuth": []} not in about["security"]
    assert about["description"]
    if method != "get":
        assert {"409", "413", "415"} <= set(about["responses"])
    elif "{id}" not in path:
        assert {"order", "limit", "cursor"} <= {one["name"] for one in about["parameters"]}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("customers", {"archived", "company", "suspended"}), ("checks", {"on"}), ("sources", {"on"}),
        ("outages", {"open"}), ("incidents", {"open"}), ("notices", {"snoozed", "unread"}),
        ("reminders", {"mine", "open"}), ("meter-readings", {"replaced"}),
    ],
)  # fmt: skip
def test_filters_that_are_true_or_false_are_described_as_such(path, names):
    asked = DOCUMENT["paths"][f"/api/v1/{path}/"]["get"]["parameters"]
    assert {one["name"] for one in asked if one["schema"] == {"type": "boolean"}} == names


def test_the_description_is_for_who_has_signed_in(stranger, technician):
    assert stranger.get("/api/schema/").status_code == 401
    answer = technician.get("/api/schema/")
    assert answer.status_code == 200
    assert len(re.findall(r"/api/v1/[a-z-]+/:", answer.content.decode())) >= 12
