"""E-mail as the environment sets it: a value that cannot be used stops the start with one line."""

import pytest
from django.utils.module_loading import import_string

from config import mail


@pytest.fixture
def chosen(monkeypatch):
    def choose(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return mail.settings("desk.isp.example")

    return choose


def test_unset_nothing_is_sent_and_nothing_is_ready(chosen):
    found = chosen()
    assert (found["EMAIL_READY"], found["EMAIL_ROAD"]) == (False, "")
    assert found["EMAIL_BACKEND"].endswith("dummy.EmailBackend")
    assert found["DEFAULT_FROM_EMAIL"] == "Towerwatch <towerwatch@desk.isp.example>"


@pytest.mark.parametrize(
    ("url", "port", "starttls", "tls"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtp+tls://mail.example", 587, True, False),
        ("smtps://mail.example", 465, False, True),
        ("smtp://mail.example:2525", 2525, False, False),
    ],
)
def test_a_server_by_its_url(chosen, url, port, starttls, tls):
    found = chosen(EMAIL_URL=url)
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example", port)
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (starttls, tls)
    assert (found["EMAIL_READY"], found["EMAIL_TIMEOUT"]) == (True, 10)


def test_user_and_password_may_have_any_signs(chosen):
    found = chosen(EMAIL_URL="smtp+tls://desk%40isp.example:p%2Fa%3Fs@mail.example")
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("desk@isp.example", "p/a?s")
    assert found["DEFAULT_FROM_EMAIL"] == "desk@isp.example"
    assert "p/a?s" not in found["EMAIL_ROAD"]


def test_the_console_and_a_sender(chosen):
    found = chosen(EMAIL_URL="console", EMAIL_FROM="Överby, the desk <desk@isp.example>")
    assert found["EMAIL_BACKEND"].endswith("console.EmailBackend")
    assert found["DEFAULT_FROM_EMAIL"].endswith("<desk@isp.example>")


def test_a_provider_with_its_keys(chosen):
    found = chosen(EMAIL_PROVIDER="Postmark", ANYMAIL_POSTMARK_SERVER_TOKEN="secret")
    assert found["EMAIL_BACKEND"] == "anymail.backends.postmark.EmailBackend"
    assert found["ANYMAIL"]["POSTMARK_SERVER_TOKEN"] == "secret"
    assert found["EMAIL_ROAD"] == "Postmark"


@pytest.mark.parametrize("name", sorted(set(mail.PROVIDERS) - {"ses"}))
def test_every_provider_is_one_that_the_library_knows(chosen, name):
    keys = {f"ANYMAIL_{key}": "https://x.example" for key in mail.PROVIDERS[name].needs}
    found = chosen(EMAIL_PROVIDER=name, **keys)
    assert import_string(found["EMAIL_BACKEND"])


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"EMAIL_URL": "mail.example"}, "EMAIL_URL"),
        ({"EMAIL_URL": "http://mail.example"}, "smtp://"),
        ({"EMAIL_URL": "smtp://"}, "EMAIL_URL"),
        ({"EMAIL_URL": "smtp://mail.example:port"}, "EMAIL_URL"),
        ({"EMAIL_URL": "smtp://desk:pa/ss@mail.example"}, "%2F"),
        ({"EMAIL_PROVIDER": "pigeon"}, "brevo"),
        ({"EMAIL_PROVIDER": "postmark"}, "ANYMAIL_POSTMARK_SERVER_TOKEN"),
        ({"EMAIL_URL": "console", "EMAIL_FROM": "nobody"}, "EMAIL_FROM"),
        ({"EMAIL_URL": "console", "EMAIL_PROVIDER": "mailgun", "ANYMAIL_MAILGUN_API_KEY": "x"}, "only one of them"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(chosen, capsys, environment, words):
    with pytest.raises(SystemExit):
        chosen(**environment)
    said = capsys.readouterr().err
    assert words in said
    assert "pa/ss" not in said
