"""The rota in the API: turns and covers are read, made, changed and removed as by their pages."""

from datetime import time

import pytest
import time_machine

from notifications.models import Cover, Notice, Turn
from tests import make
from tests.notifications.duty.making import NOW, all_week

pytestmark = pytest.mark.django_db
JSON = "application/json"
TURNS, COVERS = "/api/v1/duty/turns/", "/api/v1/duty/covers/"
NIGHT = {"from_day": "monday", "from_time": "18:00", "to_day": "tuesday", "to_time": "06:00"}
LEAVE = {"starts_at": "2026-05-09T08:00:00Z", "ends_at": "2026-05-10T08:00:00Z"}


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOW, tick=False):
        yield


def asked(client, method, address, body=None):
    return getattr(client, method)(address, body, content_type=JSON)


def told(person):
    return list(Notice.objects.to(person).values_list("text", flat=True))


def test_a_turn_is_made_read_changed_and_removed_and_its_person_is_told(administrator):
    ada, ben = make.user(name="Ada"), make.user(name="Ben")
    made = asked(administrator, "post", TURNS, {"person": ada.pk} | NIGHT)
    assert made.status_code == 201, made.text
    row = made.json()
    assert (row["name"], row["rank"], row["from_day"], row["to_time"]) == ("Ada", "first", "monday", "06:00:00")
    assert len(told(ada)) == 1 and "put you on duty: Monday 18:00 to Tuesday 06:00" in told(ada)[0]
    assert [one["id"] for one in administrator.get(TURNS).json()["results"]] == [row["id"]]

    place = f"{TURNS}{row['id']}/"
    changed = asked(administrator, "patch", place, {"person": ben.pk, "rank": "second"}).json()
    assert (changed["name"], changed["rank"], changed["from_time"]) == ("Ben", "second", "18:00:00")
    assert "took you off duty" in told(ada)[0] and "called second" in told(ben)[0]
    assert administrator.get(TURNS, {"person": ada.pk}).json()["results"] == []

    assert administrator.delete(place).status_code == 204
    assert not Turn.objects.exists()
    assert "took you off duty" in told(ben)[0]
    assert administrator.delete(place).status_code == 404


def test_somebody_stands_in_on_dates(administrator):
    ada = make.user(name="Ada")
    body = {"person": ada.pk, "rank": "second", "note": "on leave"} | LEAVE
    row = asked(administrator, "post", COVERS, body).json()
    assert {name: row[name] for name in body} == body
    assert administrator.get(COVERS, {"ends_after": "2026-05-10T09:00:00Z"}).json()["results"] == []
    assert len(administrator.get(COVERS, {"starts_before": "2026-05-10T00:00:00Z"}).json()["results"]) == 1
    later = asked(administrator, "patch", f"{COVERS}{row['id']}/", {"ends_at": "2026-05-11T08:00:00Z"}).json()
    assert (later["starts_at"], later["ends_at"]) == (LEAVE["starts_at"], "2026-05-11T08:00:00Z")


@pytest.mark.parametrize(
    ("address", "wrong", "field"),
    [
        (TURNS, {"from_day": "someday"}, "from_day"),
        (TURNS, {"rank": 3}, "rank"),
        (TURNS, {"from_time": "25:00"}, "from_time"),
        (TURNS, {"person": 2**62}, "person"),
        (TURNS, {"person": "Ada"}, "person"),
        (TURNS, {"when": "always"}, "when"),
        (COVERS, {"ends_at": LEAVE["starts_at"]}, "ends_at"),
        (COVERS, {"ends_at": "2027-05-09T08:00:00Z"}, "ends_at"),
        (COVERS, {"note": "x" * 201}, "note"),
    ],
)
def test_bad_input_names_the_field_and_changes_nothing(administrator, address, wrong, field):
    body = {"person": make.user().pk} | (NIGHT if address == TURNS else LEAVE) | wrong
    answer = asked(administrator, "post", address, body)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field]), answer.text
    assert not Turn.objects.exists() and not Cover.objects.exists() and not Notice.objects.exists()


def test_what_is_missing_is_named(administrator):
    assert set(asked(administrator, "post", TURNS, {}).json()["fields"]) == {"person", *NIGHT}
    assert set(asked(administrator, "post", COVERS, {}).json()["fields"]) == {"person", *LEAVE}


def test_who_has_left_is_not_put_on_duty(administrator):
    answer = asked(administrator, "post", TURNS, {"person": make.user(is_active=False).pk} | NIGHT)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["person"])


def test_members_read_it_and_change_nothing(technician):
    turn = all_week(make.user())
    assert technician.get(f"{TURNS}{turn.pk}/").json()["person"] == turn.person_id
    for method, address in (("post", TURNS), ("patch", f"{TURNS}{turn.pk}/"), ("delete", f"{TURNS}{turn.pk}/")):
        assert asked(technician, method, address, {"person": technician.user.pk} | NIGHT).status_code == 403
    assert Turn.objects.get().from_time == time(0)


@pytest.mark.parametrize("address", [TURNS, COVERS, f"{TURNS}1/", f"{COVERS}1/"])
def test_a_stranger_learns_nothing(stranger, address):
    assert stranger.get(address).status_code in (401, 403)
