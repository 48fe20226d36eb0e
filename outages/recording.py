"""The one way in: readings become history, verdicts, outages and incidents, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from agents import ways
from agents.probes.readings import Reading
from agents.work import Advice
from customers.states import set_states
from notifications import engine, live
from notifications.observe import stored
from outages import history, incidents, judging, kept, looking, once, triage
from outages.models import Check, Outage

JUDGING = 0x70776A64  # the number of PostgreSQL's advisory lock, which means nothing else

# What a check becomes that nobody looks at any more.
UNSEEN: dict[str, Any] = {"state": Check.State.NEW, "state_since": None, "settled": False, "run": [], "run_first": None}
UNSEEN |= triage.LEFT


@dataclass(slots=True)
class Turn:
    """What one batch of readings has changed."""

    now: datetime
    readings: Mapping[int, Reading]
    risen: list[Check] = field(default_factory=list)  # answered for the first time
    fell: list[Check] = field(default_factory=list)
    rose: list[Check] = field(default_factory=list)
    calmed: list[Check] = field(default_factory=list)  # a run of bad readings came to nothing
    running: list[Check] = field(default_factory=list)  # contradicted, not decided yet
    suspects: list[Check] = field(default_factory=list)  # contradicted for the first time
    dark: list[Check] = field(default_factory=list)  # did not answer when it was first seen


def record(readings: Sequence[Reading]) -> Advice:
    """Keep the readings of a sweep, judge them, open and close what they decide; what to ask out of turn.

    A reading that is unknown (`up` None) is kept and judges nothing: the state is frozen.
    """
    now = timezone.now()
    with transaction.atomic():
        history.write(readings)
        alone()
        turn = _judge({reading.key: reading for reading in readings if reading.up is not None}, now)
        _write_checks(turn)
        opened = _open(turn)
        closed = _close(turn)
        _set_states(turn)
        found = incidents.settle(turn.readings, now, ended=[outage.incident_id for outage in closed])
        if opened or closed or turn.risen or found.changed:
            live.bump("incidents")
    wanted = found.ask | {check.equipment_id for check in turn.suspects if check.state == Check.State.UP}
    asked = looking.parents(wanted) if wanted else []
    return Advice(
        again={check.pk: check.rule.spacing for check in turn.running},
        # An outage that was just opened needs an answer from above that is younger than its first bad reading.
        at_once=[job for job in asked if found.ask or job.target.key not in turn.readings],
    )


def alone() -> None:
    """Nobody else judges until this transaction ends. Called before any row of a check is locked.

    Two shards on PostgreSQL would otherwise open two incidents for one cause, or one would put an outage into the
    incident that the other is closing, where nobody looks for it any more. SQLite has one writer at a time.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [JUDGING])


def _judge(readings: Mapping[int, Reading], now: datetime) -> Turn:
    turn = Turn(now, readings)
    for check in _touched(readings):
        reading = readings[check.pk]
        before = judging.Standing(check.state, tuple(check.run))
        assert reading.up is not None
        after = judging.judge(before, reading.up, reading.asked_at, check.rule)
        if after is not before:
            _sort_in(turn, check, before, after, reading)
        elif before.state == judging.NEW and triage.note_dark(check, reading):
            turn.dark.append(check)
    return turn


def _touched(readings: Mapping[int, Reading]) -> Iterable[Check]:
    """The checks whose standing these readings may change: a good reading of a settled one changes nothing."""
    bad = [key for key, reading in readings.items() if not reading.up]
    # A small sweep is looked up by its keys; for a great one, all that is unsettled is a shorter list than its keys.
    which = Q(pk__in=bad) | Q(settled=False) if len(readings) > 500 else Q(pk__in=list(readings))
    rows = Check.objects.filter(which).select_related("equipment__customer")
    # Not the key: new hours, which refer to checks, need not wait for a judgement, nor it for them.
    locked = rows.select_for_update(of=("self",), no_key=True)
    return [check for check in locked if check.pk in readings]


def _sort_in(turn: Turn, check: Check, before: judging.Standing, after: judging.Standing, reading: Reading) -> None:
    if after.run and (not before.run or judging.restarted(before, reading.asked_at, check.rule)):
        check.run_first = as_kept(reading, check)
        turn.suspects.append(check)
    check.state, check.run, check.settled = after.state, list(after.run), after.settled
    if after.state == before.state:
        (turn.running if after.run else turn.calmed).append(check)
    elif before.state == judging.NEW:
        turn.risen.append(check)
    else:
        # A rule of one reading decides at once: no run has begun before.
        check.run_first = check.run_first or as_kept(reading, check)
        check.state_since = datetime.fromtimestamp(check.run_first["asked_at"], UTC)
        (turn.rose if after.state == judging.UP else turn.fell).append(check)


def as_kept(reading: Reading, check: Check) -> dict[str, Any]:
    """A reading as an outage keeps it: the time, the words and the values that came, without our key.

    No values of a former customer's equipment: a source goes on sending the name with them.
    """
    customer = check.equipment.customer
    former = customer is not None and customer.anonymised_at is not None
    return {
        "up": reading.up,
        "asked_at": reading.asked_at,
        "ms": reading.ms,
        "values": {} if former else kept.bounded(reading.values),
        "message": kept.plain(reading.message)[: kept.LONGEST_TEXT],
    }


def _write_checks(turn: Turn) -> None:
    quiet: dict[str, Any] = {"run": [], "run_first": None}
    if turn.risen:
        Check.objects.filter(pk__in=[check.pk for check in turn.risen]).update(
            state=Check.State.UP, state_since=turn.now, settled=True, **quiet, **triage.LEFT
        )
    if turn.dark:
        Check.objects.bulk_update(turn.dark, ["dark_since", "dark_message"], batch_size=500)
    for settled in (True, False):
        calmed = [check.pk for check in turn.calmed if check.settled is settled]
        if calmed:
            Check.objects.filter(pk__in=calmed).update(settled=settled, **quiet)
    moved = turn.fell + turn.rose + turn.running
    if moved:
        # bulk_update() would do the same at three times the price; the rows are locked, so each of them is there.
        Check.objects.bulk_create(
            moved,
            batch_size=500,
            update_conflicts=True,
            unique_fields=["pk"],
            update_fields=["state", "state_since", "run", "run_first", "settled"],
        )


def _open(turn: Turn) -> list[Outage]:
    """Open an outage for each check that fell, from the first bad reading of its run; not for who is suspended.

    Nor by the word of a source alone: what answers when it is asked itself has lost its management, not its service.
    """
    if not turn.fell:
        return []
    known = set(Outage.objects.open().filter(check_of__in=turn.fell).values_list("check_of", flat=True))
    if told := [check.pk for check in turn.fell if check.of_source]:
        known |= set(Check.objects.filter(pk__in=told).doubted().values_list("pk", flat=True))
    opened = [
        Outage(
            check_of=check,
            equipment=check.equipment,
            customer_id=check.equipment.customer_id,
            site_id=check.equipment.site_id,
            started_at=check.state_since or turn.now,
            opened_at=turn.now,
            opened_by=check.run_first,
        )
        for check in turn.fell
        if check.pk not in known and not (check.equipment.customer and check.equipment.customer.suspended)
    ]
    if opened:
        Outage.objects.quietly().bulk_create(opened)
        if engine.wanted(Outage._meta.label):
            engine.consider([(None, outage) for outage in once.first(opened)], turn.now)
    return opened


def _close(turn: Turn) -> list[Outage]:
    """Close the outages of the checks that rose, at the first good reading of the closing run."""
    if not turn.rose:
        return []
    rose = {check.pk: check for check in turn.rose}
    rows = Outage.objects.open().filter(check_of__in=rose).select_for_update(of=("self",))
    closed = list(rows.select_related("equipment", "customer", "site"))
    wanted = engine.wanted(Outage._meta.label)
    changes = [(stored(outage) if wanted else None, outage) for outage in closed]
    for outage in closed:
        check = rose[outage.check_of_id]
        outage.ended_at, outage.closed_by = check.state_since, check.run_first
    Outage.objects.quietly().bulk_create(
        closed, batch_size=500, update_conflicts=True, unique_fields=["pk"], update_fields=["ended_at", "closed_by"]
    )
    if wanted:
        once.say_what_stays_out(closed)
        engine.consider(changes, turn.now)
    return closed


def _set_states(turn: Turn) -> None:
    """Equipment is down when every check of it that ever answered is down, degraded when some are.

    Where it is asked itself, a source alone does not hold it up, nor take it down.
    """
    touched = {check.equipment_id for check in (*turn.risen, *turn.fell, *turn.rose)}
    if not touched:
        return
    verdicts = _verdicts(touched)
    first = min((check.state_since for check in (*turn.fell, *turn.rose) if check.state_since), default=turn.now)
    set_states(verdicts, first)


def _verdicts(equipment: set[int]) -> dict[int, str]:
    asked: dict[int, set[str]] = {}
    told: dict[int, set[str]] = {}
    rows = Check.objects.filter(equipment__in=equipment, on=True).exclude(state=Check.State.NEW)
    for pk, probe, state in rows.values_list("equipment", "probe", "state"):
        states = told if probe in ways.of_sources() else asked
        states.setdefault(pk, set()).add(state)
    return {pk: _verdict(asked.get(pk, set()), told.get(pk, set())) for pk in asked.keys() | told.keys()}


def _verdict(asked: set[str], told: set[str]) -> str:
    if asked == {Check.State.DOWN}:
        return Check.State.DOWN.value
    found = asked | told
    return found.pop() if len(found) == 1 else "degraded"


def judge_afresh() -> int:
    """Let what is down without an outage be judged again, once the reason for that is gone.

    Its customer was suspended when it fell, or it answered itself while a source called it down. How many checks.
    Their next bad readings open an outage, from the first of them on.
    """
    with transaction.atomic():
        alone()
        unseen = Check.objects.looked_at().filter(state=Check.State.DOWN)
        unseen = unseen.exclude(equipment__customer__suspended=True)
        unseen = unseen.exclude(pk__in=Outage.objects.open().exclude(check_of=None).values("check_of"))
        unseen = unseen.exclude(pk__in=Check.objects.doubted().values("pk"))
        pks = list(unseen.values_list("pk", flat=True))
        return Check.objects.filter(pk__in=pks).update(state=Check.State.UP, run=[], run_first=None, settled=True)


def forget_later_than(now: datetime) -> int:
    """Forget the runs that have begun later than `now`: the clock was set back, and readings would be late for long.

    How many checks. What they are judged to be stays, and the next readings begin anew.
    """
    with transaction.atomic():
        alone()
        unsettled = Check.objects.filter(settled=False).exclude(run=[])
        later = [pk for pk, run in unsettled.values_list("pk", "run") if run and run[-1] > now.timestamp()]
        Check.objects.filter(pk__in=later, state=Check.State.UP).update(settled=True)
        return Check.objects.filter(pk__in=later).update(run=[], run_first=None)


def stop_looking(now: datetime, equipment: Iterable[int] = ()) -> int:
    """Forget what nobody sees any more: checks that are switched off or gone, of equipment put away or without address.

    Their outages close without a good reading, and say so; their equipment is unknown unless another check sees it.
    The `equipment` named (a check of it was deleted) is looked at besides. How many outages were ended.
    """
    with transaction.atomic():
        alone()
        ended = _end_unseen(now)
        blind = Check.objects.exclude(pk__in=Check.objects.looked_at()).exclude(state=Check.State.NEW)
        touched = {outage.equipment_id for outage in ended} | set(equipment)
        touched |= set(blind.values_list("equipment", flat=True))
        if touched:
            blind.update(**UNSEEN)
            set_states(dict.fromkeys(touched, "unknown") | _verdicts(touched), now)
        if ended:
            incidents.settle({}, now, ended=[outage.incident_id for outage in ended])
            live.bump("incidents")
    return len(ended)


def _end_unseen(now: datetime) -> list[Outage]:
    rows = Outage.objects.open().exclude(check_of__in=Check.objects.looked_at())
    ended = list(rows.select_related("equipment", "customer", "site"))
    for outage in ended:
        outage.ended_at, outage.closed_by = now, {"asked_at": now.timestamp(), "message": "no longer looked at"}
        outage.save()
    return ended
