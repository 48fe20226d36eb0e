"""State that floor 3 writes down to this floor, so that lists can be filtered by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from django.db.models import Q

from customers.equipment.models import Equipment, State
from customers.people.models import Customer


def set_states(states: Mapping[int, str], at: datetime) -> int:
    """Set the state of equipment by pk, and that of the customers it serves; how many pieces changed.

    No notices: what happened is told by the outages and incidents that caused it.
    """
    by_state: dict[str, list[int]] = defaultdict(list)
    for pk, state in states.items():
        by_state[state].append(pk)
    changed = 0
    for state, pks in by_state.items():
        rows = Equipment.objects.quietly().filter(pk__in=pks).exclude(state=state)
        changed += rows.update(state=state, state_since=at)
    if states:
        _set_customers(states, at)
    return changed


def _set_customers(states: Mapping[int, str], at: datetime) -> None:
    """A customer is without service while a piece of their equipment is down; not one who is suspended.

    Nothing is known of one whose equipment is all unknown.
    """
    touched = Customer.objects.filter(equipment__in=list(states))
    current = Equipment.objects.current().filter(customer__in=touched.values("pk"))
    down = Q(pk__in=current.filter(state=State.DOWN).values("customer"), suspended=False)
    up = Q(pk__in=current.filter(state__in=(State.UP, State.DEGRADED)).values("customer")) & ~down
    pks = list(touched.values_list("pk", flat=True).distinct())
    rows = Customer.objects.quietly().filter(pk__in=pks)
    rows.filter(down).exclude(state=Customer.State.DOWN).update(state=Customer.State.DOWN, state_since=at)
    rows.filter(up).exclude(state=Customer.State.UP).update(state=Customer.State.UP, state_since=at)
    rows.exclude(down | up).exclude(state=Customer.State.UNKNOWN).update(state=Customer.State.UNKNOWN, state_since=at)
