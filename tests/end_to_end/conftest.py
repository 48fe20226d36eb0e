"""Installations of the real product, each with a database of its own on whichever server the tests run on."""

import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connections
from environ import Env

from bench.namespaces import CannotBuild, Network, network
from tests.end_to_end.installation import Installation

# The processes are found by /proc.
collect_ignore_glob = [] if sys.platform.startswith("linux") else ["test_*.py"]


@contextmanager
def own_database(name: str, by_socket: bool) -> Iterator[str]:
    """The address of a new database on the server of DATABASE_URL; none where that is SQLite, a file in VAR."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield ""
        return
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        # A network namespace has a loopback of its own; files are everybody's.
        folders = connection.execute("SHOW unix_socket_directories").fetchone()[0]
        place = f"{folders.split(',')[0].strip()}/" if by_socket else ""
        try:
            yield urlsplit(server)._replace(path=f"/{place}{name}").geturl()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def readable(name: str, url: str, var: Path) -> Iterator[None]:
    """Let the tests read an installation's database through the models, under this alias."""
    about = Env.db_url_config(url or f"sqlite:///{var}/towerwatch.sqlite3")
    connections.settings[name] = connections.configure_settings({"default": {}, name: about})[name]
    try:
        yield
    finally:
        connections[name].close()
        del connections[name], connections.settings[name]


@pytest.fixture
def install(django_db_blocker) -> Iterator[Callable[..., Installation]]:
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())

        def make(net: Network | None = None) -> Installation:
            name = f"end_to_end_{secrets.token_hex(6)}"
            # Not in pytest's folders: the address of a unix socket has at most 107 signs.
            folder = tempfile.TemporaryDirectory(prefix="towerwatch-", ignore_cleanup_errors=True)
            var = Path(stack.enter_context(folder))
            url = stack.enter_context(own_database(name, by_socket=net is not None))
            stack.enter_context(readable(name, url, var))
            found = Installation(var, url, name, net)
            stack.callback(found.end)
            return found

        yield make


@pytest.fixture
def desk(install) -> Installation:
    """An installation on this machine's own network."""
    return install()


@pytest.fixture
def net() -> Iterator[Network]:
    try:
        with network(("10.0.0.0/8",), ()) as found:
            yield found
    except CannotBuild as reason:
        pytest.skip(str(reason))
