"""The declarations of events fit together, and what does not is said at start."""

import pytest
from django.apps import apps
from django.core.checks import run_checks

from config.models import Role
from notifications.asks import Ask
from notifications.checks import events_fit_their_models, faults
from notifications.conditions import became, changed, created, filled
from notifications.event import Event, declared, of
from outages.models import Incident

BROKEN: list[Event] = []


def event(says="{after.title}", **fields):
    return Event(**({"key": "a.b", "of": "outages.Incident", "label": "L", "when": created(), "says": says} | fields))


def ids(broken):
    return [fault.id for fault in faults(broken)]


@pytest.fixture
def forget():
    declared.cache_clear()
    of.cache_clear()
    yield
    BROKEN.clear()
    declared.cache_clear()
    of.cache_clear()


def test_everything_that_is_declared_fits():
    assert events_fit_their_models(None) == []


@pytest.mark.parametrize("declared_event", declared().values(), ids=declared())
def test_a_declaration_is_complete(declared_event):
    assert declared_event.label and declared_event.label[0].isupper()
    assert apps.get_model(declared_event.of)
    assert declared_event.tone in ("down", "up", "plain")
    assert set(declared_event.defaults) <= {*Role, "everybody"}
    for ask in declared_event.asks:
        field = ask.field(ask.default)
        assert field.clean(field.prepare_value(ask.default)) == ask.default
        assert ask.words(ask.default)
    assert len({ask.name for ask in declared_event.asks}) == len(declared_event.asks)


def test_every_observed_models_events_are_found_by_its_label():
    assert {found.key for found in of("outages.Incident")} >= {"incident.opened", "incident.closed"}
    assert of("outages.Nothing") == ()


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (event(of="outages.Nothing"), "notifications.E001"),
        (event(of="nowhere.Incident"), "notifications.E001"),
        (event("{after.colour}"), "notifications.E002"),
        (event("{after.equipment.name} {after.colour}"), "notifications.E002"),
        (event("{before.title}"), "notifications.E002"),
        (event("{title}"), "notifications.E002"),
        (event("{}"), "notifications.E002"),
        (event("{0.title}"), "notifications.E002"),
        (event("{after.title"), "notifications.E003"),
        (event("after.title}"), "notifications.E003"),
        (event(asks=(Ask("channels", "Channels", 1),)), "notifications.E008"),
    ],
)
def test_a_declaration_that_does_not_fit_is_refused(broken, fault):
    assert ids(broken) == [fault]


@pytest.mark.parametrize(
    "says", ["", "no field", "{after}", "{after.title}", "{after.equipment.name!s:.20}", "{{braces}}", "{after.hurts}"]
)
def test_what_fits_is_let_through(says):
    assert ids(event(says)) == []


def test_the_checks_run_with_all_others(settings, forget):
    BROKEN.append(event("{after.colour}"))
    settings.EVENTS = [f"{__name__}.BROKEN"]
    assert "notifications.E002" in [fault.id for fault in run_checks()]


def test_a_key_that_is_declared_twice_is_refused(settings, forget):
    BROKEN.extend([event(), event()])
    settings.EVENTS = [f"{__name__}.BROKEN"]
    with pytest.raises(ValueError, match=r"a\.b is declared twice"):
        declared()


def test_a_name_with_braces_is_shown_and_not_obeyed():
    incident = Incident(equipment=apps.get_model("customers.Equipment")(name="{after.owner} {0}"))
    assert event().text(incident) == "{after.owner} {0} is down"


@pytest.mark.parametrize(("length", "shown"), [(280, 280), (281, 280), (5000, 280)])
def test_a_text_has_280_signs_at_most(length, shown):
    text = event("x" * length).text(Incident())
    assert len(text) == shown
    assert text.endswith("…") == (length > 280)


def test_what_a_subscriber_left_open_has_its_default():
    asked = event(asks=(Ask("at_least", "At least", 5), Ask("hours", "Hours", 2))).asked({"hours": 9, "other": 1})
    assert asked == {"at_least": 5, "hours": 9}


class Thing:
    """Something with fields, before or after a change."""

    def __init__(self, **fields):
        vars(self).update({"state": "new", "owner": None, "closed_at": None, "changed_at": 1} | fields)


def test_created_is_told_of_what_is_new_and_passes_the_filter():
    assert created()(None, Thing(), {}) is not None
    assert created()(Thing(), Thing(), {}) is None
    assert created()(Thing(), None, {}) is None
    assert created(lambda thing, asked: thing.state == asked["state"])(None, Thing(), {"state": "old"}) is None


def test_changed_names_what_is_new_and_when():
    when = changed("state", "owner")
    assert when(Thing(), Thing(), {}) is None
    assert when(None, Thing(), {}) is None and when(Thing(), None, {}) is None
    assert when(Thing(), Thing(state="old", changed_at=2), {}).marks == (("state", "old"), 2)


def test_became_is_told_once_and_not_while_it_stays():
    when = became("state", "old")
    assert when(None, Thing(state="old"), {}) is not None
    assert when(Thing(), Thing(state="old"), {}) is not None
    assert when(Thing(state="old"), Thing(state="old"), {}) is None
    assert when(Thing(), None, {}) is None


def test_filled_is_told_of_what_was_empty():
    when = filled("closed_at")
    assert when(Thing(), Thing(closed_at=5), {}).marks == (5,)
    assert when(Thing(closed_at=4), Thing(closed_at=5), {}) is None
    assert when(Thing(closed_at=4), Thing(), {}) is None
    assert when(None, Thing(closed_at=5), {}) is None
