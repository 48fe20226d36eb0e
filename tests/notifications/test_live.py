"""Live updates: what open browsers hear, and of whom."""

import asyncio
import threading
import time

import pytest
from django.db import connection, transaction
from django.urls import reverse

from notifications import live
from notifications.models import Topic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


def changes(topic):
    return Topic.objects.filter(pk=topic).values_list("changes", flat=True).first() or 0


def bump(*names):
    """As another process would: by a connection of its own."""

    def work():
        try:
            # With what has changed, of which others see all or nothing.
            with transaction.atomic():
                live.bump(*names)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


async def heard(topics, user=1, meanwhile=(), seconds=2.0):
    """What a browser that follows these topics hears while others change."""
    found = []

    async def listen():
        async for text in live.stream(topics, user):
            found.append(text)  # noqa: PERF401  it is cancelled half-way

    task = asyncio.create_task(listen())
    await asyncio.sleep(2.5 * live.LOOK_EVERY)
    for names in meanwhile:
        await asyncio.to_thread(bump, *names)
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert found.pop(0) == "retry: 2000\n\n"
    return [text for text in found if text != ": still here\n\n"]


def until(happens, seconds=3.0):
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def nobody_follows():
    yield
    until(lambda: live.watcher.thread is None)
    assert live.watcher.followers == set()


def test_a_topic_counts_its_changes():
    live.bump("a")
    live.bump("a", "b", "a")
    assert (changes("a"), changes("b"), changes("c")) == (2, 1, 0)


def test_a_change_that_is_rolled_back_was_none():
    with pytest.raises(RuntimeError), transaction.atomic():
        live.bump("a")
        raise RuntimeError
    assert changes("a") == 0


def test_no_change_of_many_at_the_same_time_is_lost():
    threads = [threading.Thread(target=lambda: [bump("a", "b") for _ in range(5)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (changes("a"), changes("b")) == (30, 30)


def test_a_change_is_heard_soon_and_only_by_who_follows_it():
    assert asyncio.run(heard(["incidents"], meanwhile=[["looking"], ["incidents"]], seconds=1.0)) == [
        "event: incidents\ndata: changed\n\n"
    ]


def test_what_changed_before_one_came_is_not_news():
    live.bump("incidents")
    assert asyncio.run(heard(["incidents"], seconds=1.0)) == []


def test_topics_that_change_together_are_told_together():
    found = asyncio.run(heard(["looking", "incidents"], meanwhile=[["incidents", "looking"]], seconds=1.0))
    assert found == ["event: incidents\ndata: changed\n\nevent: looking\ndata: changed\n\n"]


def test_the_inbox_is_ones_own_and_nobody_elses():
    others = [[live.inbox(2)], [live.inbox(11)], ["inbox"]]
    assert asyncio.run(heard(["inbox", "inbox:2", "inbox:11"], user=1, meanwhile=others, seconds=1.0)) == []
    found = asyncio.run(heard(["inbox"], user=1, meanwhile=[[live.inbox(1)]], seconds=1.0))
    assert found == ["event: inbox\ndata: changed\n\n"]


def test_a_quiet_stream_says_that_it_is_there_however_much_else_changes(monkeypatch):
    monkeypatch.setattr(live, "PING_EVERY", 0.5)

    async def follow():
        stream = live.stream(["incidents"], 1)
        found = [await anext(stream)]
        busy = asyncio.create_task(change_all_the_time())
        found += [await asyncio.wait_for(anext(stream), 2.0) for _ in range(2)]
        busy.cancel()
        await stream.aclose()
        return found

    async def change_all_the_time():
        while True:
            await asyncio.to_thread(bump, "looking")
            await asyncio.sleep(0.1)

    assert asyncio.run(follow()) == ["retry: 2000\n\n", ": still here\n\n", ": still here\n\n"]


def test_the_watcher_ends_with_its_last_follower_and_begins_anew():
    for _ in range(2):
        assert asyncio.run(heard(["a"], meanwhile=[["a"]], seconds=1.0)) == ["event: a\ndata: changed\n\n"]
        until(lambda: live.watcher.thread is None)


def test_a_follower_whose_loop_is_gone_does_not_stop_the_others():
    gone = asyncio.new_event_loop()
    follower = (gone, asyncio.Queue())
    gone.close()
    live.watcher.follow(follower)
    try:
        assert asyncio.run(heard(["a"], meanwhile=[["a"]], seconds=1.0)) == ["event: a\ndata: changed\n\n"]
    finally:
        live.watcher.leave(follower)


def test_a_stranger_follows_nothing(stranger):
    assert stranger.get(reverse("live"), {"topics": "incidents"}).status_code in (302, 403)


@pytest.mark.parametrize("topics", ["", "inbox", "a,b c", ",,,", "x" * 5000, "a " * 500, "inbox:1", "\n\nevent: evil"])
def test_any_topics_may_be_asked_for(manager, topics):
    answer = manager.get(reverse("live"), {"topics": topics})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/event-stream"
    assert answer["Cache-Control"] == "no-cache"


@pytest.mark.django_db(transaction=True)
def test_every_stream_ends_when_the_server_stops():
    async def follow():
        stream = live.stream(["incidents"], 1)
        assert await anext(stream) == "retry: 2000\n\n"
        live.watcher.end()
        return [message async for message in stream]

    assert asyncio.run(follow()) == []


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time")
def test_two_that_count_up_the_same_topics_in_another_order_never_wait_for_each_other():
    live.bump("incidents", "looking")
    both, faults = threading.Barrier(2), []

    def work(first, second):
        try:
            with transaction.atomic():
                live.bump(first)
                both.wait(5)
                live.bump(second)
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=work, args=names) for names in (("incidents", "looking"), ("looking", "incidents"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert (changes("incidents"), changes("looking")) == (3, 3)
