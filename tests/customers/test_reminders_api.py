"""One's own reminders in the API."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from config import tokens
from customers.models import Reminder
from tests import make

pytestmark = pytest.mark.django_db
PATH = "/api/v1/reminders/"


def program(user, scope="write"):
    client = Client(headers={"Authorization": f"Token {tokens.make(user, 'test', scope, 7)}"})
    client.user = user
    return client


@pytest.fixture
def ada(db):
    return program(make.user("manager", name="Ada"))


def due(hours=1):
    return (timezone.now() + timedelta(hours=hours)).replace(second=0, microsecond=0)


def post(client, **body):
    return client.post(PATH, {"text": "Call", "due_at": due().isoformat()} | body, content_type="application/json")


def patch(client, row, **body):
    return client.patch(f"{PATH}{row.pk}/", body, content_type="application/json")


def test_one_is_made_read_changed_done_and_deleted(ada):
    customer = make.customer("Dean Irvine")
    answer = post(ada, thing={"kind": "customers.customer", "id": customer.pk})
    assert answer.status_code == 201
    said, row = answer.json(), Reminder.objects.get()
    assert (said["user"], said["created_by"], said["done"], said["done_at"]) == (ada.user.pk, ada.user.pk, False, None)
    assert (said["thing"], said["about"]) == ({"kind": "customers.customer", "id": customer.pk}, "Dean Irvine")
    assert ada.get(f"{PATH}{row.pk}/").json() == said
    later = due(5)
    assert patch(ada, row, due_at=later.isoformat()).status_code == 200
    row.refresh_from_db()
    assert (row.due_at, row.text, row.thing) == (later, "Call", customer)
    assert patch(ada, row, done=True).json()["done"] is True
    assert patch(ada, row, text="Write").json()["done"] is True
    assert patch(ada, row, done=False).json()["done_at"] is None
    assert ada.delete(f"{PATH}{row.pk}/").status_code == 204
    assert not Reminder.objects.exists()


def test_one_for_a_colleague_has_both(ada):
    ben = make.user("technician")
    said = post(ada, user=ben.pk).json()
    assert (said["user"], said["created_by"], said["thing"]) == (ben.pk, ada.user.pk, None)
    assert [one["id"] for one in ada.get(PATH, {"mine": "false"}).json()["results"]] == [said["id"]]
    assert program(ben).get(PATH, {"mine": "true"}).json()["results"][0]["created_by"] == ada.user.pk


def test_the_list_is_narrowed_and_has_pages(ada):
    rows = [make.reminder(ada.user, f"{n}", due_at=due(n + 1)) for n in range(5)]
    patch(ada, rows[0], done=True)

    def texts(**query):
        return [one["text"] for one in ada.get(PATH, query).json()["results"]]

    assert texts() == list("01234") and texts(open="true") == list("1234") and texts(open="false") == ["0"]
    assert texts(due_after=due(3).isoformat()) == list("234") and texts(order="-due", limit=2) == list("43")
    following = ada.get(PATH, {"limit": 2}).json()["next"]
    assert [one["text"] for one in ada.get(following).json()["results"]] == list("23")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": ""}, "text"), ({"text": "x" * 281}, "text"), ({"due_at": "2020-01-01T00:00:00Z"}, "due_at"),
        ({"due_at": "9999-12-31T23:59:59Z"}, "due_at"), ({"due_at": None}, "due_at"), ({"user": 10**9}, "user"),
        ({"user": "x"}, "user"), ({"thing": {"kind": "customers.customer", "id": 10**9}}, "thing"),
        ({"thing": {"kind": "config.user", "id": 1}}, "thing"), ({"thing": "x"}, "thing"),
        ({"colour": "red"}, "colour"),
        ({"thing": {"kind": "customers.reminder", "id": 1}}, "thing"), ({"done": "perhaps"}, "done"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_field(ada, body, field):
    answer = post(ada, **body)
    assert answer.status_code == 400 and list(answer.json()["fields"]) == [field]
    assert not Reminder.objects.exists()


def test_it_stays_with_what_it_is_of(ada):
    row = make.reminder(ada.user, of=make.customer())
    other = make.customer()
    assert patch(ada, row, thing={"kind": "customers.customer", "id": row.object_id}).status_code == 200
    answer = patch(ada, row, thing={"kind": "customers.customer", "id": other.pk})
    assert answer.status_code == 400 and list(answer.json()["fields"]) == ["thing"]


def test_those_of_others_are_not_there(ada, stranger):
    row = make.reminder(make.user("administrator"), "nobody's business")
    assert ada.get(PATH).json()["results"] == []
    path = f"{PATH}{row.pk}/"
    assert [ada.get(path).status_code, patch(ada, row, done=True).status_code, ada.delete(path).status_code] == [
        404
    ] * 3
    assert [stranger.get(path).status_code, post(stranger).status_code] == [401, 401]
    assert Reminder.objects.get().text == "nobody's business"


def test_a_token_that_may_only_read_writes_nothing():
    reader = program(make.user(), "read")
    row = make.reminder(reader.user)
    assert reader.get(PATH).json()["results"][0]["id"] == row.pk
    assert [post(reader).status_code, patch(reader, row, done=True).status_code] == [403, 403]
    assert reader.delete(f"{PATH}{row.pk}/").status_code == 403
