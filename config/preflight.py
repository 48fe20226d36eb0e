"""Whether what the start needs is there: each thing that is not stops it with one clear line."""

from __future__ import annotations

import errno
import os
import socket
import time
from contextlib import closing
from pathlib import Path

import redis
from django.conf import settings
from django.db import Error, connection

from config import env

# Seconds for which a port may still be that of a process that was killed: it is let go of last.
PATIENCE = 2.0


def database() -> None:
    """The database answers."""
    os.environ.setdefault("PGCONNECT_TIMEOUT", "5")
    try:
        connection.ensure_connection()
    except Error as fault:
        env.leave(f"DATABASE_URL: {where()} does not answer: {fault}")


def whole() -> None:
    """No backup was put back half-way: what is in the database then would be sent a second time."""
    from config.backups import restore  # models: only once there are apps

    if name := restore.unfinished():
        env.leave(
            f"putting back {name} was broken off: do it once more with --force. "
            f"To go on with the database as it is, delete {Path(settings.VAR) / restore.UNFINISHED}"
        )


def where() -> str:
    """The database in words, without a password."""
    about = connection.settings_dict
    if connection.vendor == "sqlite":
        return str(about["NAME"])
    return f"{about['NAME']} at {about['HOST'] or 'localhost'}:{about['PORT'] or 5432}"


def queue() -> None:
    """Redis answers, where the queue is there."""
    if not settings.REDIS_URL:
        return
    try:
        with closing(redis.Redis.from_url(settings.REDIS_URL, socket_timeout=3, socket_connect_timeout=3)) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as fault:
        env.leave(f"REDIS_URL: {env.masked(settings.REDIS_URL)} does not answer: {fault}")


def port() -> None:
    """Nobody else listens where the pages shall be; whoever was killed there is given a moment to end."""
    until = time.monotonic() + PATIENCE
    while fault := _taken():
        if fault.errno != errno.EADDRINUSE or time.monotonic() > until:
            env.leave(f"HOST={settings.HOST} PORT={settings.PORT} cannot be used: {fault.strerror}")
        time.sleep(0.1)


def _taken() -> OSError | None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(settings.HOST, settings.PORT, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind)) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            # Two sockets may be bound alike as long as neither listens.
            trial.listen()
    except OSError as fault:
        return fault
    return None
