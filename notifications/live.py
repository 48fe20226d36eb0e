"""Live updates: topics that count their changes, one watcher thread per web process, a stream to each open browser."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncIterator, Collection, Iterable
from functools import partial

from django.db import connection, models, transaction
from django.db.models import F

from notifications.models import Topic

log = logging.getLogger(__name__)

# Seconds: between two looks for changes; between two words to a browser, lest a front server takes it for gone.
LOOK_EVERY = 0.4
PING_EVERY = 15.0
# What is put into a queue: the topics that changed, or None when the server is about to stop.
Changed = frozenset[str] | None
Follower = tuple[asyncio.AbstractEventLoop, "asyncio.Queue[Changed]"]


def inbox(user_pk: int) -> str:
    """The topic of one person's inbox."""
    return f"inbox:{user_pk}"


def bump(*names: str) -> None:
    """Say that these topics have changed; seen by the browsers once the caller's transaction is committed."""
    for name in sorted(set(names)):
        if not _free(name).update(changes=F("changes") + 1):
            _bump_later(name)


def _free(name: str) -> models.QuerySet[Topic]:
    """The topic, unless another transaction has it: who waits for one while holding another may wait for ever."""
    found = Topic.objects.filter(pk=name)
    if not connection.features.has_select_for_update_skip_locked or not connection.in_atomic_block:
        return found
    return Topic.objects.filter(pk__in=found.select_for_update(skip_locked=True))


def _bump_later(name: str) -> None:
    """Make a topic that is new; count up one that another transaction has once the caller's is committed."""
    if Topic.objects.filter(pk=name).exists():
        transaction.on_commit(partial(bump, name), robust=True)
    else:
        Topic.objects.bulk_create([Topic(name=name)], ignore_conflicts=True)
        Topic.objects.filter(pk=name).update(changes=F("changes") + 1)


class Watcher:
    """Looks for changed topics while somebody follows, and tells every follower's event loop."""

    def __init__(self) -> None:
        self.followers: set[Follower] = set()
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None

    def follow(self, follower: Follower) -> None:
        """Tell this follower of changes from now on."""
        with self.lock:
            self.followers.add(follower)
            if self.thread is None:
                self.thread = threading.Thread(target=self._watch, daemon=True, name="live")
                self.thread.start()

    def leave(self, follower: Follower) -> None:
        """Tell this follower nothing more."""
        with self.lock:
            self.followers.discard(follower)

    def end(self) -> None:
        """End every stream: the server stops."""
        self._tell(None)

    def _tell(self, changed: Changed) -> None:
        with self.lock:
            followers = list(self.followers)
        for loop, queue in followers:
            with contextlib.suppress(RuntimeError):  # the loop may be closing
                loop.call_soon_threadsafe(queue.put_nowait, changed)

    def _nobody_left(self) -> bool:
        with self.lock:
            if not self.followers:
                self.thread = None
            return not self.followers

    def _watch(self) -> None:
        seen: dict[str, int] | None = None
        stamp = None
        while not self._nobody_left():
            try:
                # SQLite says in a microsecond whether another connection has committed anything.
                if (new := _stamp()) is None or new != stamp:
                    stamp = new
                    seen = self._compare(seen)
            except Exception:
                log.warning("live updates: the database does not answer", exc_info=True)
                connection.close()
                stamp = None
            time.sleep(LOOK_EVERY)
        connection.close()

    def _compare(self, seen: dict[str, int] | None) -> dict[str, int]:
        now = dict(Topic.objects.values_list("name", "changes"))
        changed = frozenset(name for name, count in now.items() if seen is not None and seen.get(name) != count)
        if changed:
            self._tell(changed)
        return now


def _stamp() -> int | None:
    if connection.vendor != "sqlite":
        return None
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA data_version")
        return int(cursor.fetchone()[0])


watcher = Watcher()


async def stream(topics: Iterable[str], user_pk: int) -> AsyncIterator[str]:
    """Server-sent events: one message for each change of a topic; "inbox" is the user's own and nobody else's."""
    # Whose topic it is stands behind a colon: by such a name anybody could follow somebody else's.
    wanted = {inbox(user_pk) if name == "inbox" else name: name for name in topics if ":" not in name}
    follower: Follower = (asyncio.get_running_loop(), asyncio.Queue())
    watcher.follow(follower)
    try:
        yield "retry: 2000\n\n"
        while (changed := await _next(follower[1], wanted)) is not None:
            yield "".join(f"event: {wanted[name]}\ndata: changed\n\n" for name in changed) or ": still here\n\n"
    finally:
        watcher.leave(follower)


async def _next(queue: asyncio.Queue[Changed], wanted: Collection[str]) -> list[str] | None:
    """The wanted topics that change next; none after a while, however much else has changed; None at the end."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PING_EVERY):
            while True:
                if (news := await queue.get()) is None:
                    return None
                if changed := sorted(news.intersection(wanted)):
                    return changed
    return []
