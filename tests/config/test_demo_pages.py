"""The demo's pages: what it is doing, playing failures, loading and clearing."""

import os
import sys
import time
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from agents.simulated import control, process
from config import demo, options, playing
from config.guard import Guard
from config.metronome import Metronome
from config.models import User
from config.supervisor import Child, Post
from customers.models import Customer, Equipment, Site
from notifications.models import Notice
from outages.models import Incident
from tests import make

TYPING = {"HX-Request": "true"}
STATUS = {
    "devices": 146,
    "failed": {"ap-ridge-1": ["script", "hand"], "gone-1": ["hand"]},
    "unreachable": ["ap-ridge-1", "cpe-1", "cpe-2", "cpe-never"],
    "never_online": ["cpe-never"],
    "script": {"time": 5, "period": 900, "paused": False, "next": {"in": 55.0, "says": "It fails."}},
    "trouble": "",
}


@pytest.fixture(autouse=True)
def forget_options():
    options.cache.clear()
    yield
    options.cache.clear()


@pytest.fixture
def loaded(db):
    demo.load(customers=20)
    options.cache.clear()


@pytest.fixture
def network(loaded, monkeypatch):
    """An invented network that answers, as a process of its own."""
    with process.running(customers=20, script=True) as running:
        monkeypatch.setattr(demo, "SOCKET", running.control)
        yield running


@pytest.mark.parametrize("name", ["demo", "demo_load", "demo_clear", "demo_play"])
def test_a_stranger_is_sent_to_sign_in(stranger, db, name):
    assert stranger.post(reverse(name)).status_code == 302
    assert not options.fresh().demo


@pytest.mark.parametrize("role", ["engineer", "office", "technician", "manager"])
def test_everybody_sees_it_and_only_administrators_load_and_clear_it(role, request, db):
    client = request.getfixturevalue(role)
    page = client.get(reverse("demo"))
    assert page.status_code == 200
    assert reverse("demo_load") not in page.text
    assert client.post(reverse("demo_load")).status_code == 403
    assert client.get(reverse("demo_clear")).status_code == 403
    assert client.post(reverse("demo_clear")).status_code == 403
    assert not Equipment.objects.exists()


@pytest.mark.parametrize(
    ("role", "status"), [("office", 403), ("technician", 403), ("manager", 403), ("engineer", 302)]
)
def test_engineers_and_administrators_play(loaded, role, status, request):
    client = request.getfixturevalue(role)
    assert client.post(reverse("demo_play"), {"scenario": "backhaul"}).status_code == status
    assert ('name="scenario"' in client.get(reverse("demo")).text) is (status == 302)


@pytest.mark.parametrize("name", ["demo_load", "demo_play"])
def test_nothing_happens_by_a_link(administrator, name):
    assert administrator.get(reverse(name)).status_code == 405


def test_loading_fills_an_empty_installation(administrator):
    answer = administrator.post(reverse("demo_load"), follow=True)
    assert "The demo is loaded" in answer.text
    assert Equipment.objects.count() == 146
    assert "loaded already" in administrator.post(reverse("demo_load"), follow=True).text
    assert Equipment.objects.count() == 146


def test_loading_beside_real_equipment_is_refused(administrator):
    make.equipment()
    answer = administrator.post(reverse("demo_load"), follow=True)
    assert "this installation has equipment of its own" in answer.text
    assert (Equipment.objects.count(), options.fresh().demo) == (1, False)
    assert f'action="{reverse("demo_load")}"' not in answer.text


def test_clearing_asks_once_and_leaves_what_staff_added(administrator, loaded):
    mine = make.customer("Rosa Field")
    own = make.equipment("own-router", uplink=Equipment.objects.get(name="core-depot"))
    assert "What you added yourselves stays" in administrator.get(reverse("demo_clear")).text
    assert Equipment.objects.count() > 1
    answer = administrator.post(reverse("demo_clear"), follow=True)
    assert "The demo is gone" in answer.text
    assert list(Equipment.objects.all()) == [own]
    assert list(Customer.objects.all()) == [mine]
    assert not Site.objects.exists()
    assert not options.fresh().demo
    assert User.objects.filter(pk=administrator.user.pk).exists()
    assert "No demo is loaded" in administrator.post(reverse("demo_clear"), follow=True).text


def test_clearing_takes_incidents_and_their_notices_along(administrator, loaded):
    from notifications import engine
    from notifications.models import Subscription

    Subscription.objects.create(event="incident.opened", recipient_kind="role", recipient_key="administrator")
    device = Equipment.objects.filter(kind="ptp").first()
    incident = Incident.objects.create(equipment=device, opened_at=timezone.now())
    engine.consider([(None, incident)], timezone.now())
    assert Notice.objects.count() == 1
    administrator.post(reverse("demo_clear"))
    assert (Incident.objects.count(), Notice.objects.count()) == (0, 0)


def test_a_network_that_does_not_run_yet_is_said_to_start(administrator, loaded, monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "SOCKET", tmp_path / "nobody")
    assert "It starts in a few seconds" in administrator.get(reverse("demo")).text
    answer = administrator.post(reverse("demo_play"), {"scenario": "sector"}, follow=True)
    assert "is not running yet" in answer.text


def test_a_scenario_is_played_shown_and_mended(engineer, network):
    page = engineer.get(reverse("demo")).text
    assert "All 46 devices work" in page
    assert "Next, in" in page
    engineer.post(reverse("demo_play"), {"scenario": "backhaul"})
    state = engineer.get(reverse("demo"), headers=TYPING)
    failed = state.context["playing"].failed
    assert [(one.because, one.equipment.name) for one in failed] == [("somebody here", failed[0].name)]
    assert state.context["playing"].cut_off > 0
    assert "<html" not in state.text
    assert failed[0].equipment.get_absolute_url() in state.text
    assert "Resume the script" in state.text
    engineer.post(reverse("demo_play"), {"command": "recover"})
    assert engineer.get(reverse("demo")).context["playing"].failed == ()
    engineer.post(reverse("demo_play"), {"command": "resume"})
    assert not engineer.get(reverse("demo")).context["playing"].paused
    engineer.post(reverse("demo_play"), {"command": "pause"})
    assert engineer.get(reverse("demo")).context["playing"].paused


@pytest.mark.parametrize("wanted", [{"scenario": "earthquake"}, {"command": "fail"}, {}])
def test_what_is_no_scenario_is_refused(engineer, loaded, wanted):
    assert "There is no such scenario" in engineer.post(reverse("demo_play"), wanted, follow=True).text


def test_a_status_in_words(db):
    now = timezone.now()
    row = make.equipment("ap-ridge-1", tags="demo")
    state = playing.understand(STATUS, "demo", now)
    assert [(one.name, one.because, one.equipment) for one in state.failed] == [
        ("ap-ridge-1", "the script and somebody here", row),
        ("gone-1", "somebody here", None),
    ]
    assert (state.cut_off, state.next_in, state.next_says) == (2, 55.0, "It fails.")
    assert (state.next_at - now).total_seconds() == 55


def test_a_network_without_a_script_and_one_that_refuses(db):
    assert not playing.understand(STATUS | {"script": None}, "demo", timezone.now()).has_script

    def refuses(request):
        raise control.ControlError("it is busy")

    assert playing.look(refuses, "demo").trouble == "The invented network does not say how it is: it is busy"


def until(condition):
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@pytest.mark.processes
def test_a_child_runs_as_long_as_it_is_wanted(tmp_path):
    wanted, environment = [False], dict(os.environ)
    child = Child("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"], wanted=lambda: wanted[0])
    guard = Guard(environment)
    post = Post(child, guard, environment, print)

    def turn():
        post.tend(time.monotonic())
        return post.process

    try:
        assert turn() is None
        wanted[0] = True
        first = turn()
        assert first.poll() is None
        wanted[0] = False
        assert until(lambda: turn() is None)
        wanted[0] = True
        assert until(lambda: turn() not in (None, first))
    finally:
        post.end()
        guard.close()


def test_the_network_is_wanted_as_long_as_the_demo_is_loaded(db):
    metronome = Metronome()
    metronome.look_for_demo()
    assert not metronome.has_demo
    demo.load(customers=20)
    metronome.look_for_demo()
    assert metronome.has_demo
    demo.clear()
    metronome.look_for_demo()
    assert not metronome.has_demo


def test_the_demo_does_not_move_into_a_house_that_is_lived_in(db, capsys):
    make.user(role="administrator")
    with pytest.raises(SystemExit):
        demo.make()
    assert "a database that is in use" in capsys.readouterr().err
    assert User.objects.count() == 1
    assert not Equipment.objects.exists()


def test_a_folder_with_a_long_path_has_its_socket_elsewhere():
    assert demo._socket(Path("/srv/towerwatch")) == Path("/srv/towerwatch/simulated.sock")
    deep = Path("/srv") / ("x" * 90)
    assert len(str(demo._socket(deep))) <= demo.LONGEST_SOCKET
    assert demo._socket(deep) == demo._socket(deep) != demo._socket(deep / "y")
