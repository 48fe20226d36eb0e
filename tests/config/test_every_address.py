"""Every address that Django knows, tried by a stranger and by each role; a new page need not be named here."""

import re
import uuid

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLResolver, get_resolver

from config import tokens
from config.models import Role, User
from config.people import GRANTED
from tests import make
from tests.browser import world
from tests.conftest import signed_in

# Open to who has not signed in: the door itself, links that carry their own secret, and what browsers fetch unasked.
OPEN = {
    "setup", "demo_enter", "demo_link", "invitation", "keep_alive", "unsubscribe", "source_hint", "worker", "manifest",
    "push_key", "push_moved", "acknowledge", "push_acknowledge",
    "account_login", "account_logout", "account_inactive", "account_signup",
    "account_reset_password", "account_reset_password_from_key", "account_reset_password_from_key_done",
    "account_reset_password_done", "account_confirm_email", "account_confirm_login_code",
    "account_email_verification_sent", "mfa_authenticate", "github_login", "github_callback",
    "socialaccount_login_cancelled", "socialaccount_signup", None,
}  # fmt: skip
# They do their work when they are asked, with the machine or with other machines: not from here.
NOT_POSTED = {"demo_load", "demo_clear", "demo_play", "demo_enter"}
# The stream gives its connection to the database back, which is the test's: test_live asks it.
NOT_ASKED = {"live"}
# What a request may write although it is refused; the key for web push is made when it is first asked for.
BOOKS = re.compile(
    r'^(INSERT INTO|UPDATE|DELETE FROM) "'
    r'(django_session|config_token|config_option|notifications_act|notifications_pushkey)"'
)
WRITES = re.compile(r"^(INSERT|UPDATE|DELETE)")
METHODS = ("get", "post", "patch", "put", "delete")


def routes(found, before=""):
    """(address as Django writes it, name, view) of every pattern, however deep."""
    for one in found:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, route)
        else:
            yield route, one.name, one.callback


ROUTES = list(routes(get_resolver().url_patterns))
PAGES = [one for one in ROUTES if not one[0].startswith("api/") and one[1] not in NOT_ASKED]
RESOURCES = [one for one in ROUTES if one[0].startswith("api/v1/") and one[1] != "api_nothing"]
OF = {"contact_add": "customer", "check_add": "equipment", "meter": "equipment", "user_token_revoke": "user"}


def address(route, name, samples):
    """The route with the key of a sample in each place."""
    kind = OF.get(name) or (name or "").removeprefix("api_").split("_")[0].split("-")[0]
    things = samples.get(kind) or samples.get(kind.removesuffix("s")) or [None]
    key = str(things[0].pk) if things[0] is not None and str(things[0].pk).isdigit() else "1"
    words = {"int": key, "uuid": str(uuid.UUID(int=7)), "slug": "role", "str": "x", "path": "x"}
    route = re.sub(r"\(\?P<\w+>(?:[^()]|\([^()]*\))*\)", key, route)
    route = re.sub(r"<(?:(\w+):)?\w+>", lambda place: words.get(place[1] or "str", key), route)
    return "/" + re.sub(r"[\^$]|\\Z", "", route).replace("\\", "")


def asked_rights(view, seen=None):
    """The rights that the decorators of a view ask for, found in what they close over."""
    seen = seen if seen is not None else set()
    if id(view) in seen:
        return set()
    seen.add(id(view))
    found = set()
    if getattr(view, "__qualname__", "").startswith("permission_required"):
        names = zip(view.__code__.co_freevars, view.__closure__ or (), strict=True)
        found |= {right for name, cell in names if name == "perms" for right in cell.cell_contents}
    for cell in getattr(view, "__closure__", None) or ():
        try:
            inner = cell.cell_contents
        except ValueError:
            continue
        if callable(inner) and hasattr(inner, "__code__"):
            found |= asked_rights(inner, seen)
    return found


def has_all(role, rights):
    return all((right, role) in GRANTED for right in rights)


class Undone(Exception):
    """Ends a transaction without a trace."""


def tried(client, method, path, **more):
    """(the answer, what it wrote); afterwards everything is as it was."""
    try:
        with CaptureQueriesContext(connection) as seen, transaction.atomic():
            answer = getattr(client, method)(path, **more)
            raise Undone
    except Undone:
        pass
    cache.clear()
    return answer, [one["sql"] for one in seen if WRITES.match(one["sql"]) and not BOOKS.match(one["sql"])]


@pytest.fixture
def samples(db):
    return world.build().samples


def at_the_door(answer):
    return answer.status_code in (401, 403, 404, 405) or (
        answer.status_code == 302 and answer.url.startswith(("/account/login/", "/setup/"))
    )


def test_the_rights_are_found_in_the_decorators_of_the_views():
    rights = {name: asked_rights(view) for _, name, view in PAGES}
    assert rights["customers"] == {"customers.view"}
    assert rights["equipment_add"] == {"customers.change_network", "outages.change_checks"}
    assert rights["incident_note"] == {"outages.work"}
    assert rights["me"] == set()


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_gets_in_nowhere_but_at_the_door_and_changes_nothing(samples, method):
    let_in = []
    for route, name, _ in ROUTES:
        if method == "post" and name in NOT_POSTED:
            continue
        answer, written = tried(Client(), method, address(route, name, samples))
        if answer.status_code >= 500 or written or not (at_the_door(answer) or name in OPEN):
            let_in.append((route, name, answer.status_code, written))
    assert let_in == []


@pytest.mark.parametrize("role", Role.values)
def test_a_page_is_for_whom_the_table_of_roles_says_and_whoever_is_refused_changes_nothing(samples, role):
    cookies, opened, wrong = signed_in(role).cookies, 0, []
    for route, name, view in PAGES:
        path, may = address(route, name, samples), has_all(role, asked_rights(view))
        for method in ("get", "post"):
            if method == "post" and name in NOT_POSTED:
                continue
            client = Client()
            client.cookies.load({name: cookie.value for name, cookie in cookies.items()})
            try:
                answer, written = tried(client, method, path)
            except Exception as fault:
                wrong.append((method, path, repr(fault)[:200]))
                continue
            opened += answer.status_code == 200
            refused = answer.status_code in (401, 403, 404, 405)
            if answer.status_code >= 500 or (not may and answer.status_code not in (403, 405)) or (refused and written):
                wrong.append((method, path, answer.status_code, written))
    assert wrong == []
    assert opened > 40, f"only {opened} of {len(PAGES)} pages were there"


def methods_of(view):
    """(method, right) for what a resource can do at one address; the right is None for what it cannot."""
    for method in METHODS:
        action = method in view.cls.http_method_names and view.actions.get(method)
        right = view.cls.see if method == "get" else view.cls.change
        yield method, right if action else None


@pytest.mark.parametrize("role", Role.values)
def test_the_api_is_for_whom_the_table_of_roles_says(samples, role):
    user = make.user(role)
    header = {"Authorization": f"Token {tokens.make(user, 'test', 'write', 7)}"}
    reader = {"Authorization": f"Token {tokens.make(user, 'test', 'read', 7)}"}
    for route, name, view in RESOURCES:
        path = address(route, name, samples)
        for method, right in methods_of(view):
            body = {} if method == "get" else {"data": "{}", "content_type": "application/json"}
            answer, written = tried(Client(headers=header), method, path, **body)
            assert answer.status_code < 500, f"{method} {path}: {answer.status_code}"
            if right is None:
                assert answer.status_code == 405, f"{method} {path}"
            elif right and (right, role) not in GRANTED:
                assert answer.status_code == 403, f"{role} may not {method} {path}, which answered {answer.status_code}"
            else:
                assert answer.status_code in (200, 201, 204, 400, 404, 409), f"{role} {method} {path}: {answer.content}"
            if answer.status_code >= 400:
                assert not written, f"{method} {path} was refused, and wrote {written}"
            read_only, written = tried(Client(headers=reader), method, path, **body)
            assert not written
            assert method == "get" or read_only.status_code == 403


def test_who_waits_to_be_admitted_gets_in_nowhere(samples):
    """Not by pages, and not by the API, whichever way they come."""
    client = signed_in("engineer")
    header = {"Authorization": f"Token {tokens.make(client.user, 'test', 'write', 7)}"}
    assert Client(headers=header).get("/api/v1/customers/").status_code == 200
    User.objects.filter(pk=client.user.pk).update(role="")
    for one in (client, Client(headers=header)):
        answer = one.get("/api/v1/notices/")
        assert (answer.status_code, set(answer.json())) == (403, {"detail", "fields"})
