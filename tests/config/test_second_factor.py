"""The second factor: set up, asked for, lost, taken off, and required of administrators."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth import SESSION_KEY
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from config import accounts, options, staff
from notifications import sealed
from notifications.audit import Act
from notifications.models import Notice
from tests import make

PASSWORD = "quite a long one"


@pytest.fixture(autouse=True)
def fresh_counters():
    """Tries are counted in the cache, which outlives a test."""
    cache.clear()
    yield
    cache.clear()


def code_of(secret):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def wrong_code_of(secret):
    return f"{(int(code_of(secret)) + 1) % 1_000_000:06}"


def signed_in(user):
    client = Client()
    answer = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    return client, answer


def set_up(user):
    """Through the pages; gives the browser, the secret and the recovery codes."""
    client, _ = signed_in(user)
    again = client.get(reverse("mfa_activate_totp"))
    client.post(again.url, {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    done = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    assert done.url == reverse("mfa_view_recovery_codes")
    codes = client.get(reverse("mfa_download_recovery_codes")).text.split()
    # The code that set it up is spent; the one at sign-in must be fresh.
    cache.clear()
    return client, secret, codes


@pytest.fixture
def ada(db):
    return make.user(role="administrator", password=PASSWORD, name="Ada Whitlock")


def test_setting_it_up_asks_for_the_password_again_and_shows_a_picture(ada):
    client, _ = signed_in(ada)
    again = client.get(reverse("mfa_activate_totp"))
    assert again.url.startswith(reverse("account_reauthenticate"))
    assert client.post(again.url, {"password": "not this one"}).status_code == 200
    assert client.get(reverse("mfa_activate_totp")).status_code == 302
    client.post(again.url, {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    assert 'src="data:image/svg+xml;base64,' in page.text
    assert "img-src 'self' data:" in page["Content-Security-Policy"]


def test_a_wrong_code_sets_nothing_up(ada):
    client, _ = signed_in(ada)
    client.post(client.get(reverse("mfa_activate_totp")).url, {"password": PASSWORD})
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    for code in (wrong_code_of(secret), "", "abc", "1" * 500):
        assert client.post(reverse("mfa_activate_totp"), {"code": code}).status_code == 200
    assert not Authenticator.objects.exists()


def test_it_is_asked_for_at_sign_in_and_the_password_alone_opens_nothing(ada):
    _, secret, _ = set_up(ada)
    client, answer = signed_in(ada)
    assert answer.url == reverse("mfa_authenticate")
    assert SESSION_KEY not in client.session
    assert client.get(reverse("customers")).url.startswith(reverse("account_login"))
    assert client.post(reverse("mfa_authenticate"), {"code": wrong_code_of(secret)}).status_code == 200
    assert SESSION_KEY not in client.session
    assert client.post(reverse("mfa_authenticate"), {"code": code_of(secret)}).url == reverse("now")
    assert client.session[SESSION_KEY] == str(ada.pk)


def test_a_code_opens_once(ada):
    _, secret, _ = set_up(ada)
    code = code_of(secret)
    first, _ = signed_in(ada)
    assert first.post(reverse("mfa_authenticate"), {"code": code}).status_code == 302
    second, _ = signed_in(ada)
    assert second.post(reverse("mfa_authenticate"), {"code": code}).status_code == 200
    assert SESSION_KEY not in second.session


def test_guessing_comes_to_an_end(ada):
    _, secret, _ = set_up(ada)
    client, _ = signed_in(ada)
    for _ in range(12):
        client.post(reverse("mfa_authenticate"), {"code": wrong_code_of(secret)})
    answer = client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert "Too many failed login attempts" in answer.text
    assert SESSION_KEY not in client.session


def test_a_recovery_code_lets_in_once(ada):
    _, _, codes = set_up(ada)
    assert len(codes) == 10
    first, _ = signed_in(ada)
    assert first.post(reverse("mfa_authenticate"), {"code": codes[0]}).url == reverse("now")
    second, _ = signed_in(ada)
    assert second.post(reverse("mfa_authenticate"), {"code": codes[0]}).status_code == 200
    assert second.post(reverse("mfa_authenticate"), {"code": codes[1]}).url == reverse("now")


def test_recovery_codes_are_downloaded_once_and_never_shown(ada):
    client, _, codes = set_up(ada)
    assert client.get(reverse("mfa_download_recovery_codes")).status_code == 403
    page = client.get(reverse("mfa_view_recovery_codes"))
    assert "They were downloaded" in page.text
    assert not any(code in page.text for code in codes)
    client.post(reverse("mfa_generate_recovery_codes"))
    new = client.get(reverse("mfa_download_recovery_codes")).text.split()
    assert len(new) == 10 and not set(new) & set(codes)
    late, _ = signed_in(ada)
    assert late.post(reverse("mfa_authenticate"), {"code": codes[2]}).status_code == 200


def test_what_the_database_keeps_is_sealed(ada):
    _, secret, codes = set_up(ada)
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    assert not any(code in kept for code in codes)
    adapter = accounts.SecondFactor()
    assert adapter.decrypt(Authenticator.objects.get(type="totp").data["secret"]) == secret


def test_it_is_taken_off_under_my_account(ada, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        client, _, _ = set_up(ada)
    assert Act.objects.first().what == "second_factor_set_up"
    assert "At sign-in you are asked for a code" in client.get(reverse("me")).text
    assert client.post(reverse("mfa_deactivate_totp")).status_code == 302
    assert not Authenticator.objects.exists()
    assert Act.objects.first().what == "second_factor_taken_off"
    _, answer = signed_in(ada)
    assert answer.url == reverse("now")


def test_an_administrator_takes_off_what_somebody_has_lost(ada):
    ben = make.user(password=PASSWORD, name="Ben Ode")
    theirs, _, _ = set_up(ben)
    client, _ = signed_in(ada)
    address = reverse("user_second_factor", args=[ben.pk])
    assert "Take off the second factor of Ben Ode?" in client.get(address).text
    assert Authenticator.objects.filter(user=ben).exists()
    client.post(address)
    client.post(address)
    assert not Authenticator.objects.filter(user=ben).exists()
    assert theirs.get(reverse("me")).status_code == 302
    act = Act.objects.get(what="second_factor_reset")
    assert (act.by, act.about, act.address) == (ada, "Ben Ode", "127.0.0.1")
    assert (
        Notice.objects.to(ben).get().text
        == "Ada Whitlock took your second factor off: set it up again under My account"
    )


def test_whoever_has_the_console_takes_it_off_for_the_last_administrator(ada, capsys):
    set_up(ada)
    call_command("second_factor", ada.email.upper())
    assert not Authenticator.objects.exists()
    assert "signs in with the password alone" in capsys.readouterr().out
    assert Act.objects.get(what="second_factor_reset").by is None
    with pytest.raises(CommandError, match=r"nobody signs in with x@example\.net"):
        call_command("second_factor", "x@example.net")


def test_with_another_seal_key_no_code_fits_and_no_page_breaks(ada, settings):
    client, secret, codes = set_up(ada)
    settings.SEAL_KEYS = ["another key altogether"]
    sealed._box.cache_clear()
    try:
        late, _ = signed_in(ada)
        for code in (code_of(secret), codes[0]):
            assert late.post(reverse("mfa_authenticate"), {"code": code}).status_code == 200
        assert SESSION_KEY not in late.session
        assert client.get(reverse("mfa_view_recovery_codes")).status_code == 200
    finally:
        sealed._box.cache_clear()


@pytest.mark.parametrize("role", ["engineer", "office", "technician", "manager"])
def test_nobody_else_takes_it_off(db, role):
    ben = make.user(password=PASSWORD)
    set_up(ben)
    other, _ = signed_in(make.user(role=role, password=PASSWORD))
    assert other.post(reverse("user_second_factor", args=[ben.pk])).status_code == 403
    assert Authenticator.objects.filter(user=ben).exists()


def test_a_stranger_is_sent_to_sign_in(stranger, ada):
    for name in ("mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"):
        assert stranger.get(reverse(name)).url.startswith(reverse("account_login"))
    assert stranger.get(reverse("mfa_download_recovery_codes")).status_code in (302, 404)
    assert stranger.post(reverse("user_second_factor", args=[ada.pk])).url.startswith(reverse("account_login"))
    assert stranger.get(reverse("mfa_authenticate")).url == reverse("account_login")


def test_where_it_is_required_an_administrator_is_led_to_it_and_nobody_else(ada, engineer):
    options.change(require_second_factor=True)
    client, _ = signed_in(ada)
    for name in ("now", "customers", "users", "settings", "audit"):
        assert client.get(reverse(name)).url == reverse("mfa_activate_totp")
    assert client.post(reverse("user_add"), {"name": "X"}).url == reverse("mfa_activate_totp")
    assert engineer.get(reverse("customers")).status_code == 200
    client.post(client.get(reverse("mfa_activate_totp")).url, {"password": PASSWORD})
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    assert client.get(reverse("mfa_view_recovery_codes")).status_code == 200
    assert client.get(reverse("customers")).status_code == 200


def test_where_it_is_required_an_administrator_does_not_take_it_off(ada):
    client, _, _ = set_up(ada)
    options.change(require_second_factor=True)
    answer = client.post(reverse("mfa_deactivate_totp"))
    assert "An administrator has to have a second factor here" in answer.text
    assert Authenticator.objects.filter(user=ada).count() == 2
    staff.change(ada, make.user(role="administrator"), name=ada.name, email=ada.email, role="office")
    assert accounts.SecondFactor().can_delete_authenticator(Authenticator.objects.get(user=ada, type="totp"))


def test_the_option_is_set_on_the_page_of_settings(administrator):
    said = {"isp_name": "Windrow", "time_zone": "Europe/Berlin", "require_second_factor": "on"}
    administrator.post(reverse("settings"), said)
    assert options.fresh().require_second_factor
    assert administrator.get(reverse("settings")).url == reverse("mfa_activate_totp")


def test_what_this_house_does_not_want_of_the_library_is_closed(administrator):
    assert administrator.get("/account/2fa/").url == reverse("me")
    for path in ("/account/2fa/webauthn/", "/account/2fa/trust/", "/account/2fa/webauthn/add/"):
        assert administrator.get(path).status_code == 404


def test_the_people_of_the_demo_get_in_with_one_click(ada, settings):
    settings.DEMO = True
    client = Client()
    assert client.post(reverse("demo_enter"), {"role": "administrator"}).url == reverse("now")
    assert client.get(reverse("customers")).status_code == 200
    assert Act.objects.get(what="signed_in").by == ada
