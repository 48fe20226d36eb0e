"""Whether what the start needs is there: each thing that is not stops it with one clear line."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path

import redis
from django.conf import settings
from django.db import Error, connection

from config import env


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
    """Nobody else listens where the pages shall be."""
    place = f"HOST={settings.HOST} PORT={settings.PORT}"
    try:
        family, kind, _, _, address = socket.getaddrinfo(settings.HOST, settings.PORT, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind)) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            # Two sockets may be bound alike as long as neither listens.
            trial.listen()
    except OSError as fault:
        env.leave(f"{place} cannot be used: {fault.strerror}")
