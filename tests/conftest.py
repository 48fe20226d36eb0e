"""What every test has: a folder of its own for var/, and people of each role who are signed in."""

import os
import shutil
import tempfile
from collections.abc import Iterator

import django
import pytest

# Before Django's settings are read, so that no test ever touches the var/ of this checkout; with pytest-xdist each
# worker is a process of its own, and has its own folder.
VAR = tempfile.mkdtemp(prefix="towerwatch-test-")
os.mkdir(f"{VAR}/static")
os.environ["VAR"] = VAR
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
for name in (
    "ALLOWED_HOSTS", "CHANNEL_LIMITS", "DEBUG", "DEMO", "EMAIL_FROM", "EMAIL_PROVIDER", "EMAIL_URL", "GITHUB_CLIENT_ID",
    "GITHUB_CLIENT_SECRET", "GITHUB_URL", "HOST", "HOSTS", "LOOPBACK", "PORT", "PUBLIC_URL", "PUSH_HOSTS",
    "SEAL_KEY", "SECRET_KEY", "SHARDS", "SMS_PROVIDER", "SMS_URL", "WEBHOOK_PRIVATE",
):  # fmt: skip
    os.environ.pop(name, None)
django.setup()
# A worker that inherits this name reads the settings before it comes here, with the folder of who started it.
del os.environ["DJANGO_SETTINGS_MODULE"]

from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from config import options  # noqa: E402
from tests import make  # noqa: E402

assert str(settings.VAR) == VAR, "each process needs a folder of its own"

PLAIN = {
    "STORAGES": {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        # The manifest is made when Towerwatch is installed; tests serve the files as they are.
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what only root may do."""
    if os.geteuid() != 0:
        skip = pytest.mark.skip(reason="needs root: raw sockets, network namespaces")
        for item in items:
            if "root" in item.keywords:
                item.add_marker(skip)


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(VAR, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def plain_settings() -> Iterator[None]:
    """Settings that only make things slower here."""
    with override_settings(**PLAIN):
        yield


@pytest.fixture(autouse=True)
def as_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the last test left in memory is none of the next one's business: its rows are gone.

    The options are kept for as long as a test takes. How many queries a page makes would otherwise depend on when
    their two seconds are over; whoever changes them forgets them at once.
    """
    cache.clear()
    timezone.deactivate()
    monkeypatch.setattr(options, "SECONDS", 600)


def signed_in(role: str) -> Client:
    """A browser in which somebody of the role has signed in; `.user` says who."""
    client = Client()
    client.user = make.user(role=role)
    client.force_login(client.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def stranger() -> Client:
    """Somebody who has not signed in."""
    return Client()


@pytest.fixture
def administrator(db: None) -> Client:
    """May do everything."""
    return signed_in("administrator")


@pytest.fixture
def engineer(db: None) -> Client:
    """Changes the network, not the customers."""
    return signed_in("engineer")


@pytest.fixture
def office(db: None) -> Client:
    """Changes the customers, not the network."""
    return signed_in("office")


@pytest.fixture
def technician(db: None) -> Client:
    """Works on incidents; changes neither."""
    return signed_in("technician")


@pytest.fixture
def manager(db: None) -> Client:
    """Looks on."""
    return signed_in("manager")
