"""Whatever happens in whatever order: what is planned is what a plain computation from scratch gives."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from customers.models import Equipment
from notifications import actions, extending, firing, planning
from notifications.models import Notice, Plan, Subscription
from outages.models import Incident
from tests import make

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
DO = [
    "open", "close", "reopen", "touch", "grow", "delete", "want", "want of site", "want ages", "want warranties",
    "edit", "unwant", "tag site", "tag device", "move", "archive", "warrant", "extend", "pass", "pass long", "work",
    "rewrite", "rewrite many", "off", "aim", "want tags",
]  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(DO), st.integers(0, 2), st.sampled_from([10, 45, 90])), max_size=16)


class Desk:
    """A small network, and what may happen to it."""

    def __init__(self):
        self.now = NOW
        self.people = [make.user("manager") for _ in range(3)]
        self.sites = [make.site() for _ in range(3)]
        self.devices = [make.equipment(kind="ap", site=site) for site in self.sites]

    def take(self, step, one, minutes):
        """One step; where there is nothing for it to do, none."""
        incidents = list(Incident.objects.order_by("pk"))[one : one + 1]
        wishes = list(Subscription.objects.order_by("pk"))[one : one + 1]
        device, site = Equipment.objects.get(pk=self.devices[one].pk), self.sites[minutes % 3]
        match step:
            case "open" if not Incident.objects.open().filter(equipment=device).exists():
                Incident.objects.create(equipment=device, opened_at=self.now, customers_behind=minutes)
            case "close" | "reopen" | "touch" | "grow" | "delete" if incidents:
                self.change(incidents[0], step, minutes)
            case "want":
                self.wants(one, "incident.still_open", minutes, tags_in=["vip"] if one == 1 else [])
            case "want of site":
                self.wants(one, "incident.still_open", minutes, about=site, now_too=one == 1)
            case "want ages":
                self.wants(one, "equipment.aged", minutes, tags_out=["vip"] if one == 1 else [])
            case "want warranties":
                self.wants(one, "equipment.warranty_expiring", [1, minutes], now_too=one == 1)
            case "edit" if wishes:
                name, _ = next(iter(wishes[0].asked.items()))
                value = [minutes] if isinstance(wishes[0].asked[name], list) else minutes
                actions.change(wishes[0], self.people[0], asked={name: value})
            case "rewrite" | "rewrite many" | "off" | "aim" | "want tags" if wishes:
                self.rewrite(wishes[0], step, minutes, site)
            case "unwant" if wishes:
                actions.unsubscribe(wishes[0], self.people[0])
            case "tag site" | "tag device":
                tags = (site if step == "tag site" else device).tags
                tags.set([] if "vip" in tags.names() else ["vip"])
            case "move" | "archive" | "warrant":
                self.change_device(device, step, site, minutes)
            case "extend":
                for plan in Plan.objects.filter(extended_why="")[one : one + 1]:
                    if extending.can_last(plan, self.now):
                        extending.extend(plan, self.people[0], timedelta(minutes=minutes), "a test", self.now)

    def wants(self, one, event, number, **fields):
        to = {"event": event, "recipient_kind": "user", "recipient_key": str(self.people[one].pk)}
        about = fields.get("about")
        if not Subscription.objects.about(about).filter(**to).exists():
            name = "minutes" if event == "incident.still_open" else "days"
            Subscription.objects.create(**to, asked={name: number}, **fields)

    def rewrite(self, wish, step, minutes, site):
        """A subscription that somebody edits as a row, by no action of ours."""
        name, value = next(iter(wish.asked.items()))
        asked = {name: [minutes, 2] if isinstance(value, list) else minutes}
        if step == "rewrite many":
            Subscription.objects.filter(event=wish.event).update(asked=asked)
            return
        if step == "aim":
            taken = Subscription.objects.to(wish.recipient).about(site).filter(event=wish.event).exists()
            wish.about = None if taken or wish.object_id else site
            if (
                wish.object_id is None
                and Subscription.objects.to(wish.recipient)
                .about(None)
                .exclude(pk=wish.pk)
                .filter(event=wish.event)
                .exists()
            ):
                return
        wish.asked = asked if step == "rewrite" else wish.asked
        wish.off ^= step == "off"
        wish.tags_in = ["vip"] if step == "want tags" and not wish.tags_in else []
        wish.save()

    def change(self, incident, step, minutes):
        if step == "delete":
            incident.delete()
            return
        others = Incident.objects.open().filter(equipment=incident.equipment).exclude(pk=incident.pk)
        if step == "reopen" and others.exists():
            return
        incident.closed_at = {"close": self.now, "reopen": None}.get(step, incident.closed_at)
        incident.customers_behind += minutes if step == "grow" else 0
        incident.save()

    def change_device(self, device, step, site, minutes):
        if step == "move":
            device.site = None if device.site == site else site
        elif step == "archive":
            device.archived_at = None if device.archived_at else self.now
        else:
            device.warranty_until = (self.now + minutes * DAY).date()
        device.save()

    def pending(self):
        """What is planned, and when; what was put off stands for itself."""
        rows = Plan.objects.all()
        return {(p.subscription_id, p.event, p.object_id, p.mark, p.extended_why or p.due_at) for p in rows}

    def from_scratch(self):
        """What would be planned if all was planned anew over what there is: by another way than each change takes."""
        put_off = {(p.subscription_id, p.event, p.object_id, p.mark): p.extended_why for p in Plan.objects.all()}
        Plan.objects.all().delete()
        planning.plan_all(self.now)
        for plan in Plan.objects.all():
            plan.extended_why = put_off.get((plan.subscription_id, plan.event, plan.object_id, plan.mark), "")
            plan.save()
        # What is ahead of its moment is told by now; each night it is planned again, and refused.
        firing.fire(self.now)
        return self.pending()

    def pass_by(self, span):
        self.now += span

    def work(self):
        """What the queue does by itself, until it has nothing more to do."""
        planning.plan_new(self.now)
        firing.fire(self.now)


@pytest.mark.django_db
@bounds(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_any_order_of_changes_leaves_what_a_plain_computation_gives(steps):
    with transaction.atomic():
        with time_machine.travel(NOW, tick=False):
            desk = Desk()
        for step, one, minutes in steps:
            desk.pass_by(timedelta(minutes=7))
            with time_machine.travel(desk.now, tick=False):
                desk.take(step, one, minutes)
                desk.pass_by({"pass": timedelta(minutes=minutes), "pass long": 11 * DAY}.get(step, timedelta(0)))
            with time_machine.travel(desk.now, tick=False):
                if step.startswith(("pass", "work")):
                    desk.work()
        with time_machine.travel(desk.now, tick=False):
            desk.work()
            assert not Plan.objects.due(desk.now).exists()
            found, told = desk.pending(), Notice.objects.count()
            assert found == desk.from_scratch()
            assert Notice.objects.count() == told
        transaction.set_rollback(True)
