"""SMS: a provider that speaks as Twilio does, any gateway, numbers, and what each answer means for the address."""

import base64

import pytest
from django.urls import reverse
from django.utils import timezone

from config import texting
from notifications import outbox, verifying
from notifications.channels.channel import DeliveryError, named
from notifications.channels.sms import e164, text
from notifications.delivery import deliver
from notifications.models import Address, Delivery, Notice
from notifications.sms import provider
from tests import make
from tests.notifications.answering import ACCOUNT, answering, gateway, twilio

NUMBER = "+12015550123"


@pytest.fixture
def service(settings):
    with answering() as found:
        found.status, found.body = 201, b'{"sid": "SM123", "status": "queued"}'
        settings.SMS = twilio(found.url)
        yield found


def test_twilio_gets_a_form_with_our_account(service):
    assert provider.send(NUMBER, "Tower North is down {to} & up") == "SM123"
    came = service.came[0]
    assert (came.method, came.path) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert came.form == {"To": NUMBER, "From": "+12015550100", "Body": "Tower North is down {to} & up"}
    assert came.headers["authorization"] == "Basic " + base64.b64encode(f"{ACCOUNT}:secret".encode()).decode()


def test_a_messaging_service_is_named_as_one(service, settings):
    settings.SMS = settings.SMS | {"sender": "MG" + "0" * 32}
    provider.send(NUMBER, "hello")
    assert service.came[0].form["MessagingServiceSid"] == "MG" + "0" * 32


@pytest.mark.parametrize(
    ("status", "code", "permanent", "hopeless"),
    [
        (400, 21211, True, False),
        (400, 21614, True, False),
        (400, 21610, True, False),
        (400, 21617, False, True),
        (400, 0, False, True),
        (400, 21606, False, False),
        (401, 20003, False, False),
        (403, 20003, False, False),
        (404, 20404, False, False),
        (429, 20429, False, False),
        (500, 0, False, False),
        (503, 20503, False, False),
        (302, 0, False, False),
    ],
)
def test_what_an_answer_means(service, status, code, permanent, hopeless):
    service.refuse(status, code)
    with pytest.raises(DeliveryError) as fault:
        provider.send(NUMBER, "hello")
    assert (fault.value.permanent, fault.value.hopeless, fault.value.gone) == (permanent, hopeless, False)
    assert str(status) in str(fault.value)
    assert len(service.came) == 1


def test_it_waits_as_long_as_it_is_asked_to(service):
    service.status, service.headers = 429, {"Retry-After": "120"}
    with pytest.raises(DeliveryError) as fault:
        provider.send(NUMBER, "hello")
    assert fault.value.retry_after == 120


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"code": "x"}', b'{"code": true}', b"[" * 100_000])
def test_an_answer_in_another_shape_is_no_crash(service, body):
    service.status, service.body = 400, body
    with pytest.raises(DeliveryError) as fault:
        provider.send(NUMBER, "hello")
    assert fault.value.hopeless


def test_a_success_that_says_nothing_is_one(service):
    service.body = b"ok"
    assert provider.send(NUMBER, "hello") == ""


def test_nobody_there_is_tried_again_and_names_no_password(settings):
    settings.SMS = gateway("http://desk:hunter2@127.0.0.1:1")
    with pytest.raises(DeliveryError) as fault:
        provider.send(NUMBER, "hello")
    assert not (fault.value.permanent or fault.value.hopeless)
    assert "hunter2" not in str(fault.value)


def test_more_than_1600_signs_never_leave(service):
    with pytest.raises(DeliveryError) as fault:
        provider.send(NUMBER, "a" * 1601)
    assert fault.value.hopeless
    assert service.came == []


def test_a_gateway_gets_its_own_fields_and_tokens_of_the_text_stay(service, settings):
    fields = {"recipient": "{digits}", "msg": "{text}", "key": "{password}", "from": "{sender}"}
    settings.SMS = gateway(service.url + "/sms", fields=fields, headers={"X-Key": "k"}, sender="Desk")
    provider.send(NUMBER, "to {to} & {sender}")
    came = service.came[0]
    assert came.form == {"recipient": "12015550123", "msg": "to {to} & {sender}", "key": "{password}", "from": "Desk"}
    assert came.headers["x-key"] == "k"


@pytest.mark.parametrize(("form", "method"), [("json", "POST"), ("query", "GET"), ("json", "PUT")])
def test_a_gateway_is_asked_as_it_wants(service, settings, form, method):
    settings.SMS = gateway(service.url + "/sms", method=method, **{"as": form})
    provider.send(NUMBER, "grüß €")
    came = service.came[0]
    assert came.method == method
    if form == "json":
        assert came.json == {"to": NUMBER, "body": "grüß €"}
    else:
        assert came.path == "/sms?to=%2B12015550123&body=gr%C3%BC%C3%9F+%E2%82%AC"


def test_a_header_takes_no_line_break_of_a_text(service, settings):
    settings.SMS = gateway(service.url, headers={"X-Text": "{text}"})
    with pytest.raises(DeliveryError):
        provider.send(NUMBER, "one\r\nX-Evil: two")
    assert service.came == []


@pytest.mark.parametrize("written", ["+1 201 555 0123", "(201) 555-0123", "001 201 555 0123 ", "tel:+1-201-555-0123"])
def test_a_number_is_kept_as_the_world_writes_it(service, written):
    if written.startswith("00"):
        written = "011" + "43 664 1234567"
        assert e164(written) == "+436641234567"
    else:
        assert e164(written) == NUMBER


def test_a_number_without_its_country_is_of_the_region(service, settings):
    settings.SMS = settings.SMS | {"region": "AT"}
    assert e164("0664 1234567") == "+436641234567"


@pytest.mark.parametrize(
    "written", ["", "abc", "12", "+1 201 555", "+99912345678", "1" * 40, "+1 201 555 0123 ext. 9", "\x00"]
)
def test_what_is_no_number_is_refused(service, written):
    with pytest.raises(ValueError, match="Write a number"):
        e164(written)


def test_a_number_that_costs_more_is_refused(service):
    with pytest.raises(ValueError, match="cost more"):
        e164("+1 900 555 0123".replace("555", "234"))


@pytest.mark.django_db
def test_a_notice_goes_out_and_one_that_said_stop_is_turned_off(service):
    user = make.user()
    parts = verifying.parts_of(named("sms"), user, {"number": NUMBER})
    address = verifying.add(user, "sms", parts, timezone.now())
    Address.objects.filter(pk=address.pk).update(verified_at=timezone.now())
    outbox.tell([user], "It costs money, and nobody asked for it", "/", user, timezone.now())
    deliver.by("sms", timezone.now())
    assert not service.came and not address.by_default
    Notice.objects.all().delete()
    Address.objects.filter(pk=address.pk).update(by_default=True)
    outbox.tell([user], "Tower North is down", "/incidents/7/", user, timezone.now())
    deliver.by("sms", timezone.now())
    notice = Notice.objects.get()
    short = reverse("notice_short", args=[notice.pk])
    assert service.came[0].form["Body"] == f"Tower North is down http://localhost:8000{short}"
    service.refuse(400, 21610, "unsubscribed")
    outbox.tell([user], "Tower North is up", "", user, timezone.now())
    deliver.by("sms", timezone.now())
    address.refresh_from_db()
    assert not address.is_usable
    assert "21610" in address.off_reason
    told = Delivery.objects.filter(notice__text__contains="turned off")
    assert set(told.values_list("address__channel", flat=True)) == {"inbox"}


@pytest.mark.django_db
def test_the_short_link_leads_where_the_notice_does(technician):
    outbox.tell([technician.user], "hello", "/inbox/", technician.user, timezone.now())
    notice = Notice.objects.get()
    assert technician.get(reverse("notice_short", args=[notice.pk])).url == "/inbox/"
    assert text(notice).endswith(f"/n/{notice.pk}/")


def stopped(capsys, monkeypatch, **values):
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        texting.settings()
    return capsys.readouterr().err


def test_the_environment_sets_it_up(monkeypatch):
    assert texting.settings()["provider"] == ""
    for name, value in {"SMS_PROVIDER": "Gateway", "SMS_URL": "http://10.0.0.9/send", "SMS_AS": "query",
                        "SMS_FIELDS": "to={digits}&text={text}&user=a%26b", "SMS_HEADERS": "X-Key: a; Accept: b",
                        "SMS_REGION": "at", "SMS_METHOD": "get"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    found = texting.settings()
    assert found["provider"] == "gateway"
    assert found["fields"] == {"to": "{digits}", "text": "{text}", "user": "a&b"}
    assert found["headers"] == {"X-Key": "a", "Accept": "b"}
    assert (found["as"], found["method"], found["region"]) == ("query", "GET", "AT")


@pytest.mark.parametrize(
    ("values", "named_in_it"),
    [
        ({"SMS_PROVIDER": "pigeon"}, "SMS_PROVIDER"),
        ({"SMS_PROVIDER": "twilio"}, "SMS_ACCOUNT"),
        ({"SMS_PROVIDER": "gateway", "SMS_URL": "https://x.example"}, "SMS_FIELDS"),
        ({"SMS_FIELDS": "to={to}"}, "SMS_FIELDS"),
        ({"SMS_SENDER": "much too long a name"}, "SMS_SENDER"),
        ({"SMS_REGION": "Austria"}, "SMS_REGION"),
        ({"SMS_HEADERS": "nonsense"}, "SMS_HEADERS"),
        ({"SMS_URL": "ftp://x"}, "SMS_URL"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_and_names_itself(capsys, monkeypatch, values, named_in_it):
    assert named_in_it in stopped(capsys, monkeypatch, **values)
