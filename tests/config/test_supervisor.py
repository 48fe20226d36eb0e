import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from config import processes

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
]

ROOT = Path(__file__).resolve().parents[2]

# A program with a supervisor of children that the test describes; argv: folder, then NAME:GENERATIONS:CODE each.
PROGRAM = """
import sys
from pathlib import Path
from config import processes
from config.supervisor import Child, Supervisor, Taken, claim

folder, mark = Path(sys.argv[1]), ("TOWERWATCH_TEST", sys.argv[1])
try:
    lock = claim(folder / "lock")
except Taken as other:
    sys.exit(f"taken by {other}")
if left := processes.end_marked("=".join(mark)):
    print("left", left, flush=True)
children = []
for text in sys.argv[2:]:
    name, generations, code = text.split(":", 2)
    children.append(Child(name, [sys.executable, "-c", code], {"FOLDER": str(folder)}, int(generations),
                          ailing=lambda group, age: "ails" if (folder / "ails").exists() else ""))
supervisor = Supervisor(children, mark, lambda line: print(line, flush=True))
(folder / "guard").write_text(str(supervisor.guard.process.pid))
supervisor.run()
"""

NOTE = "import os, time; open(os.environ['FOLDER'] + '/%s', 'a').write(f'{os.getpid()}\\n'); "
SLEEPS = NOTE % "leader" + "time.sleep(600)"
STUBBORN = NOTE % "leader" + "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
# Leader, its fork (as a sentinel), and that one's fork (as a worker), as django-q2 has them.
FAMILY = f"""
{NOTE % "leader"}
for name in ("sentinel", "worker"):
    if os.fork():
        break
    open(os.environ["FOLDER"] + "/" + name, "a").write(f"{{os.getpid()}}\\n")
while True:
    time.sleep(0.05)
"""
# Every 0.4 s a helper that lives for as long.
HELPED = f"""
{NOTE % "leader"}
while True:
    if not os.fork():
        {NOTE % "helper"}
        time.sleep(0.4)
        os._exit(0)
    os.wait()
"""
ESCAPES = f"""
{NOTE % "leader"}
if not os.fork():
    os.setsid()
    {NOTE % "escaped"}
time.sleep(600)
"""


class Running:
    """A supervisor in a process of its own, and what its children wrote down."""

    def __init__(self, folder: Path, *children: str) -> None:
        self.folder = folder
        self.mark = f"TOWERWATCH_TEST={folder}"
        self.process = self.another(*children)

    def another(self, *children: str) -> subprocess.Popen:
        with (self.folder / "said").open("ab") as said:
            command = [sys.executable, "-c", PROGRAM, str(self.folder), *children]
            # Under nohup it would inherit that this signal is ignored, and rightly ignore it.
            at_default = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)
            return subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT, preexec_fn=at_default)

    def said(self) -> str:
        return (self.folder / "said").read_text()

    def pids(self, name: str = "leader") -> list[int]:
        with suppress(FileNotFoundError):
            return [int(line) for line in (self.folder / name).read_text().split("\n")[:-1]]
        return []

    def wait_for(self, count: int, name: str = "leader") -> int:
        until(lambda: len(self.pids(name)) >= count, f"{count} times {name}")
        return self.pids(name)[count - 1]

    def guard(self) -> int:
        until(lambda: (self.folder / "guard").exists() and bool((self.folder / "guard").read_text()), "a guard")
        return int((self.folder / "guard").read_text())

    def left(self) -> list[int]:
        return processes.marked(self.mark)

    def stop(self) -> str:
        self.process.terminate()
        self.process.wait(6)
        return self.said()


def until(happens: Callable[[], bool], what: str, seconds: float = 8) -> float:
    start = time.monotonic()
    while not happens():
        assert time.monotonic() - start < seconds, f"no {what} within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - start


def gone(pid: int) -> bool:
    return all(process.pid != pid for process in processes.living())


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def begin(*children: str) -> Running:
        made.append(Running(tmp_path, *children))
        return made[-1]

    yield begin
    for running in made:
        running.process.kill()
        processes.end_marked(running.mark)
        running.process.wait(5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything(start, number):
    running = start(f"web:0:{SLEEPS}", f"queue:2:{FAMILY}")
    running.wait_for(2)
    running.wait_for(1, "worker")
    running.process.send_signal(number)
    running.process.wait(5)
    assert running.process.returncode == 0
    assert running.left() == []


def test_a_child_that_ignores_the_signal_is_killed_within_five_seconds_even_when_asked_twice(start):
    running = start(f"web:0:{STUBBORN}")
    running.wait_for(1)
    time.sleep(0.2)
    running.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    running.process.send_signal(signal.SIGINT)
    running.process.wait(4.5)
    assert running.left() == []


def test_a_killed_child_is_started_again_within_a_second_and_its_forks_are_gone(start):
    running = start(f"queue:0:{FAMILY}")
    worker = running.wait_for(1, "worker")
    os.kill(running.wait_for(1), signal.SIGKILL)
    assert until(lambda: len(running.pids()) == 2, "second leader") < 1
    assert gone(worker)
    running.wait_for(2, "worker")
    assert len(running.left()) == 4
    assert "queue was killed by signal 9: it is started again" in running.stop()


@pytest.mark.parametrize("victim", ["sentinel", "worker"])
def test_a_lost_fork_restarts_the_whole_group(start, victim):
    running = start(f"queue:2:{FAMILY}")
    pid = running.wait_for(1, victim)
    time.sleep(2.5)
    os.kill(pid, signal.SIGKILL)
    running.wait_for(2, "worker")
    assert [gone(running.pids(name)[0]) for name in ("leader", "sentinel", "worker")] == [True] * 3
    assert f"queue lost its process {pid}" in running.stop()


def test_a_lost_fork_that_a_slow_supervisor_saw_only_once_restarts_the_group_too(start):
    running = start(f"queue:2:{FAMILY}")
    pid = running.wait_for(1, "worker")
    time.sleep(1.6)
    running.process.send_signal(signal.SIGSTOP)
    time.sleep(0.9)
    os.kill(pid, signal.SIGKILL)
    running.process.send_signal(signal.SIGCONT)
    running.wait_for(2, "worker")
    assert f"queue lost its process {pid}" in running.stop()


def test_helpers_that_run_for_a_moment_may_end_as_they_like(start):
    running = start(f"queue:2:{HELPED}")
    running.wait_for(10, "helper")
    assert len(running.pids()) == 1


def test_a_child_that_dies_at_once_is_tried_again_and_the_others_go_on(start):
    running = start("bad:0:raise SystemExit(3)", f"web:0:{SLEEPS}")
    first = running.wait_for(1)
    until(lambda: "keeps ending" in running.said(), "patience", 20)
    assert not gone(first)
    lines = [line for line in running.stop().splitlines() if line.startswith("bad")]
    assert lines == [
        "bad ended with status 3: it is started again",
        "bad keeps ending (ended with status 3): it is tried again every 3 s",
    ]


def test_an_ailing_child_is_started_again(start, tmp_path):
    running = start(f"web:0:{SLEEPS}")
    first = running.wait_for(1)
    (tmp_path / "ails").touch()
    running.wait_for(2)
    (tmp_path / "ails").unlink()
    assert gone(first)
    assert "web ails: it is started again" in running.stop()


def test_when_the_supervisor_is_killed_nothing_goes_on(start):
    running = start(f"web:0:{STUBBORN}", f"queue:2:{FAMILY}")
    running.wait_for(2)
    running.wait_for(1, "worker")
    running.process.kill()
    assert until(lambda: not running.left(), "end of everything") < 1


def test_a_killed_guard_is_replaced_and_the_new_one_knows_the_groups(start):
    running = start(f"queue:2:{FAMILY}")
    running.wait_for(1, "worker")
    guard = running.guard()
    before = set(running.left())
    os.kill(guard, signal.SIGKILL)
    until(lambda: len(set(running.left()) - before) == 1, "new guard")
    time.sleep(0.2)
    running.process.kill()
    assert until(lambda: not running.left(), "end of everything") < 1


def test_what_was_left_by_a_killed_supervisor_and_its_killed_guard_is_ended_by_the_next_start(start):
    running = start(f"queue:2:{FAMILY}")
    running.wait_for(1, "worker")
    guard = running.guard()
    os.kill(running.process.pid, signal.SIGSTOP)
    os.kill(guard, signal.SIGKILL)
    running.process.kill()
    running.process.wait()
    until(lambda: len(running.left()) == 3, "end of the guard alone")
    again = start(f"web:0:{SLEEPS}")
    again.wait_for(2)
    assert all(gone(running.pids(name)[0]) for name in ("leader", "sentinel", "worker"))
    assert "left 3" in again.stop()


def test_a_process_that_left_its_group_does_not_outlive_the_supervisor(start):
    running = start(f"web:0:{ESCAPES}")
    escaped = running.wait_for(1, "escaped")
    running.stop()
    assert gone(escaped)


def test_a_second_supervisor_of_the_same_folder_is_refused(start):
    running = start(f"web:0:{SLEEPS}")
    running.wait_for(1)
    second = running.another(f"web:0:{SLEEPS}")
    second.wait(5)
    out = running.said()
    assert (second.returncode, out) == (1, f"taken by {running.process.pid}\n")
    assert len(running.pids()) == 1


def test_the_lock_is_free_as_soon_as_its_holder_was_killed(start):
    running = start(f"web:0:{STUBBORN}")
    running.wait_for(1)
    running.process.kill()
    again = start(f"web:0:{SLEEPS}")
    again.wait_for(2)
    assert len(again.left()) == 2
