"""The first steps: the first administrator, the welcome page, the settings, and the doors of the demo."""

import pytest
from django.urls import reverse

from config import options, setup
from config.models import User
from tests import make

FIRST = {"name": "Ada Whitlock", "email": "Ada@example.net", "password": "a long enough one"}
SOMEWHERE = {"isp_name": "Windrow", "time_zone": "Europe/Berlin"}


@pytest.fixture(autouse=True)
def forget_options():
    options.cache.clear()
    yield
    options.cache.clear()


def test_the_first_administrator_needs_the_token_of_the_console(stranger, db):
    answer = stranger.post(reverse("setup"), FIRST | {"token": "guessed"})
    assert answer.context["form"].errors == {"token": ["This is not the token that the console printed."]}
    assert 'value="Ada Whitlock"' in answer.text
    assert not User.objects.exists()


def test_with_the_token_they_are_in_and_welcomed(stranger, db):
    page = stranger.get(reverse("setup", args=[setup.token()]))
    assert setup.token() in page.text
    answer = stranger.post(reverse("setup"), FIRST | {"token": setup.token()})
    assert answer.url == reverse("welcome")
    assert stranger.get(reverse("welcome")).status_code == 200
    assert User.objects.get().is_administrator


def test_a_weak_password_names_its_field(stranger, db):
    answer = stranger.post(reverse("setup"), FIRST | {"token": setup.token(), "password": "short"})
    assert list(answer.context["form"].errors) == ["password"]
    assert not User.objects.exists()


def test_the_page_is_closed_once_there_is_an_administrator(stranger, administrator):
    assert stranger.get(reverse("setup")).url == reverse("now")
    stranger.post(reverse("setup"), FIRST | {"token": setup.token()})
    assert User.objects.count() == 1


def test_the_token_is_good_once(stranger, db):
    used = setup.token()
    stranger.post(reverse("setup"), FIRST | {"token": used})
    assert setup.token() != used


def test_welcome_offers_a_device_and_the_demo(administrator):
    text = administrator.get(reverse("welcome")).text
    assert reverse("equipment_add") in text
    assert reverse("demo_load") in text


def test_welcome_offers_each_role_what_it_may(engineer, manager):
    text = engineer.get(reverse("welcome")).text
    assert reverse("equipment_add") in text
    assert reverse("demo_load") not in text
    text = manager.get(reverse("welcome")).text
    assert reverse("equipment_add") not in text
    assert 'name="isp_name"' not in text


def test_welcome_is_over_when_there_is_equipment(administrator):
    make.equipment()
    assert administrator.get(reverse("welcome")).url == reverse("now")


def test_welcome_is_not_for_strangers(stranger, db):
    assert stranger.get(reverse("welcome")).status_code == 302


def test_welcome_sets_name_and_zone_for_administrators_alone(administrator, engineer):
    engineer.post(reverse("welcome"), SOMEWHERE)
    assert options.fresh().isp_name == ""
    assert administrator.post(reverse("welcome"), SOMEWHERE).url == reverse("welcome")
    assert (options.fresh().isp_name, options.fresh().time_zone) == ("Windrow", "Europe/Berlin")


@pytest.mark.parametrize("role", ["engineer", "office", "technician", "manager"])
def test_settings_are_for_administrators(role, request):
    client = request.getfixturevalue(role)
    assert client.get(reverse("settings")).status_code == 403
    assert client.post(reverse("settings"), SOMEWHERE).status_code == 403
    assert options.fresh().isp_name == ""


def test_settings_are_shown_on_every_page_at_once(administrator):
    administrator.post(reverse("settings"), SOMEWHERE)
    text = administrator.get(reverse("settings")).text
    assert "Times are in Europe/Berlin" in text
    assert "Windrow" in text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("Denver", "America/Denver"),
        ("new york", "America/New_York"),
        ("utc", "UTC"),
    ],
)
def test_a_zone_may_be_typed_as_people_type(administrator, typed, kept):
    administrator.post(reverse("settings"), SOMEWHERE | {"time_zone": typed})
    assert options.fresh().time_zone == kept


@pytest.mark.parametrize("typed", ["Mars/Olympus", "../../etc/passwd", ""])
def test_a_zone_that_does_not_exist_names_its_field_and_changes_nothing(administrator, typed):
    before = options.fresh()
    answer = administrator.post(reverse("settings"), {"isp_name": "Windrow", "time_zone": typed})
    assert list(answer.context["form"].errors) == ["time_zone"]
    assert 'value="Windrow"' in answer.text
    assert options.fresh() == before


def test_the_demos_doors_are_open_in_the_demo_and_on_its_own_machine_alone(stranger, engineer, settings):
    login = reverse("account_login")
    assert reverse("demo_enter") not in stranger.get(login).text
    settings.DEMO = True
    assert reverse("demo_enter") in stranger.get(login).text
    assert reverse("demo_enter") not in stranger.get(login, REMOTE_ADDR="203.0.113.9").text
    assert stranger.post(reverse("demo_enter"), {"role": "engineer"}, REMOTE_ADDR="203.0.113.9").status_code == 403
    assert stranger.post(reverse("demo_enter"), {"role": "engineer"}).url == reverse("now")


def test_a_forgotten_password_is_a_matter_for_an_administrator(stranger, db):
    answer = stranger.get(reverse("account_reset_password"))
    assert "Ask an administrator" in answer.text
    assert stranger.post(reverse("account_reset_password"), {"email": "a@example.net"}).status_code == 200


def test_nobody_adds_a_second_address_to_sign_in_with(administrator):
    assert administrator.post("/account/email/", {"email": "b@example.net", "action_add": ""}).status_code == 404
