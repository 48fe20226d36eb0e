"""A small ISP with everything that a page may have to show: long names, other scripts, what is down, over, put away."""

import hashlib
import time
from dataclasses import dataclass, field
from datetime import time as clock
from datetime import timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.utils import timezone

from agents.models import Agent
from agents.probes.readings import Reading
from config import defaults, invitations, options
from config.models import Invitation, User
from customers.imports import actions as imports
from customers.imports.kinds import CUSTOMERS
from customers.models import Equipment, ImportRun
from customers.reminders import actions as reminders
from notifications import actions as notices
from notifications import direct, planning
from notifications.duty.models import Cover, Turn
from notifications.models import Address, Attempt, Delivery, Notice, Plan, Subscription
from outages import actions, recording
from outages.models import Check, Incident, Outage, Source
from tests import make

LONG = "Sankt-Bartholomäus-Gemeindezentrum-Donaudampfschifffahrtsgesellschaft and sons, the whole of the upper valley"
UNBROKEN = "cpe-" + "0123456789abcdef" * 6
MINUTES = 60
SOME = {"count": 300, "rows": [LONG, UNBROKEN, "Home of Łucja"]}
FOUND = {
    "counts": {"towers": 7, "customers": 900, "devices": 938, "services": 900, "data_links": 937, "not_adopted": 3},
    "kinds": {"AP": 19, "PtP radio": 12, "CPE": 900},
    "tables": [
        {"nouns": "sites", "new": 7, "known": 0, "to_decide": []},
        {"nouns": "customers", "new": 890, "known": 10, "to_decide": []},
        {
            "nouns": "equipment",
            "new": 930,
            "known": 6,
            "unclear": 2,
            "to_decide": [{"label": UNBROKEN, "may_be": [LONG]}],
        },
    ],
    "reach": {"network": {"asked": 38, "answered": 38}, "cpes": {"asked": 900, "answered": 142}},
    **dict.fromkeys(("down", "conflicts", "dropped", "bare_customers", "bare_devices"), SOME),
}
REPORT = {
    "rows": {"site": {"new": 7}, "customer": {"new": 900, "changed": 2}, "uplink": {"changed": 937}},
    "archived": {"equipment": 3, "customer": 1},
    "doubted": ["device"],
    "doubts": ["Devices: the list came empty; nothing was archived."],
    **dict.fromkeys(("conflicts", "dropped"), SOME["rows"]),
    **{f"{name}_count": 300 for name in ("conflicts", "dropped")},
}


@dataclass
class World:
    """The samples of each kind of thing, by the first word of the names of its addresses, and who looks at them."""

    administrator: Any
    technician: Any
    samples: dict[str, list[Any]] = field(default_factory=dict)


def build() -> World:
    """An ISP in the middle of an outage."""
    cache.clear()
    options.change(isp_name="Överby Fixed Wireless", time_zone="America/Denver")
    defaults.give()
    world = World(
        make.user("administrator", name="Ada Whitlock", password="seven-tall-towers"),
        make.user("technician", name="Tomás Núñez"),
    )
    doors(world)
    people(world)
    network(world)
    files(world)
    sources(world)
    past(world)
    heard(world)
    kept(world)
    on_duty(world)
    undelivered(world)
    written(world)
    Agent.objects.update_or_create(name="here", defaults={"seen_at": timezone.now()})
    return world


def doors(world: World) -> None:
    """Somebody who is invited, somebody whose link is too old, and somebody who waits to be admitted."""
    by, now = world.administrator, timezone.now()
    row, _ = invitations.invite("Ben Ode", "ben@example.net", "engineer", [], by, now)
    # The link that the address of the invitation's page has here.
    Invitation.objects.filter(pk=row.pk).update(hashed=hashlib.sha256(b"a-token-that-opens-it").hexdigest())
    invitations.invite(LONG[:110], f"{UNBROKEN}@example.net", "office", [], by, now - timedelta(days=8))
    make.user("", name="Octavia Cat", email="4711+octo@users.noreply.github.com")


def people(world: World) -> None:
    """Staff and customers of every length."""
    staff = make.user("engineer", name=LONG[:110])
    off = make.user("office", name="Olga Lindqvist", is_active=False)
    company = make.customer(LONG, company_name=LONG, account="C-1", phone="+1 406 555 0199", street=LONG, tags="school")
    home = make.customer("Łucja Żółkiewska", phone="+1 406 555 0142", email="lucja@example.net", tags="vip, north")
    bare = make.customer("Ng")
    away = make.customer("阿部 美咲", archived_at=timezone.now(), notes="Moved away.\nMay come back.")
    contact = make.contact(company, LONG[:100], duty="Front desk", phone="+1 406 555 0111", email="desk@example.net")
    make.contact(company, "Rosa Field")
    for number in range(55):
        make.customer(f"Family {number}", town="Overby", account=f"F-{number}")
    world.samples |= {"user": [staff, off], "contact": [contact], "customer": [home, company, bare, away]}


def network(world: World) -> None:
    """A tower behind a backhaul that fails, a router that answers, and what never answered."""
    tower = make.site("Högsåra north ridge, the tower behind the old sawmill", town="Overby", tags="winter road")
    empty = make.site(LONG, archived_at=timezone.now())
    home, company, *_ = world.samples["customer"]
    make.site("Home of Łucja", kind="premises", customer=home)
    core = make.equipment("core-depot", kind="router", address="10.9.0.1", mac="02:00:00:00:00:01", notes=LONG)
    link = make.equipment("bh-högsåra", kind="ptp", address="10.9.0.2", uplink=core, site=tower, vendor="Mimosa")
    sector = make.equipment("sector-1", kind="ap", address="10.9.0.3", uplink=link, site=tower, tags="5 GHz")
    cpe = make.equipment(UNBROKEN, address="10.9.0.4", uplink=sector, customer=home)
    make.check(make.equipment("cpe-school", address="10.9.0.5", uplink=sector, customer=company))
    never = make.equipment("never-answered", address="2001:db8:1234:5678:9abc:def0:1234:5678", uplink=core)
    away = make.equipment("put-away", archived_at=timezone.now())
    for one in (core, link, sector, cpe, never):
        make.check(one)
    world.samples |= {
        "site": [tower, empty],
        "equipment": [link, core, cpe, never, away],
        "check": list(Check.objects.filter(equipment=core)),
    }


def files(world: World) -> None:
    """A file that waits with faults and changes, one that is imported, one at work, and one that failed."""
    columns = "account,given name,family name,e-mail,phone,Tariff\n"
    rows = f"C-1,,{LONG[:70]},,,\nF-3,Family,3,three@example.net,,\nF-4,Family,4,nobody,1,\n{UNBROKEN},New,One,,,\n"
    text = (columns + rows).encode()
    runs = [imports.begin(CUSTOMERS, world.administrator, f"{UNBROKEN}.csv", text) for _ in range(4)]
    for run, state in zip(runs[1:], ("done", "looking", "failed"), strict=True):
        ImportRun.objects.filter(pk=run.pk).update(state=state)
    world.samples["import"] = runs


def sources(world: World) -> None:
    """A UISP that is followed and has questions, one that waits for a word, one that is silent, one that is off."""
    now, given = timezone.now(), {"address": "https://uisp.example.net", "nms_key": "k", "accepted_at": timezone.now()}
    asked = given | {"answered_at": now, "state_since": now}
    found = Source.objects.create(name="Överby UISP", state="works", synced_at=now, sync_report=REPORT, **asked)
    others = [
        Source.objects.create(
            name=LONG[:80], **given | {"accepted_at": None, "address": f"https://{UNBROKEN}.example"}
        ),
        Source.objects.create(
            name="Silent", state="faulty", faulty_from=now, fault_kind="time-out", fault=LONG, **given
        ),
        Source.objects.create(name="Off", on=False, **given),
    ]
    may_be = [row.pk for row in world.samples["equipment"][:3]]
    for number in range(3):
        found.links.create(kind="device", remote_id=f"d{number}", label=UNBROKEN, candidates=may_be[: number + 1])
    for source in (found, *others):
        source.runs.create(sort="preview", state="done", found=FOUND)
    others[0].runs.update(state="failed", said=LONG)
    others[2].runs.create(sort="sync", state="working", step="Writing customers", done=250, total=900)
    world.samples["source"] = [found, *others]


def read(minutes_ago: float, *, up: Any = (), down: Any = ()) -> None:
    """What looking hands over: one sweep, of equipment that answered and that did not."""
    at = time.time() - minutes_ago * MINUTES
    keys = dict(Check.objects.values_list("equipment__name", "pk"))
    good = [Reading(keys[name], True, at, ms=4.2 + minutes_ago % 7) for name in up]
    recording.record(good + [Reading(keys[name], False, at, message="no answer within 0.5 s") for name in down])


def decided(minutes_ago: float, **said: Any) -> None:
    """As many sweeps in a row as the rule asks for."""
    for second in (0, 5, 10):
        read(minutes_ago - second / MINUTES, **said)


def past(world: World) -> None:
    """The last hour: a sector that failed and is back, then a backhaul that fails and takes everything with it."""
    behind = ["sector-1", UNBROKEN, "cpe-school"]
    tower = ["bh-högsåra", *behind]
    read(58, up=["core-depot", *tower])
    decided(50, down=behind, up=["core-depot", "bh-högsåra"])
    decided(40, up=["core-depot", *tower])
    for minute in range(39, 20, -1):
        read(minute, up=["core-depot", *tower], down=["never-answered"])
    decided(20, up=["core-depot"], down=tower)
    worked_on = Incident.objects.open().get()
    actions.say(worked_on, f"{LONG}: two men and a ladder are on their way.", world.technician, timezone.now())
    world.samples |= {
        "incident": [worked_on, Incident.objects.exclude(closed_at=None).get()],
        "outage": [Outage.objects.open().exclude(customer=None).first(), Outage.objects.exclude(ended_at=None).first()],
    }
    assert Equipment.objects.filter(state="down").count() == 4


def undelivered(world: World) -> None:
    """What failed for good at an address that is off now, and what waits."""
    kind, now = ContentType.objects.get_for_model(User), timezone.now()
    long, ada = world.samples["user"][0], world.administrator
    address = Address.objects.create(
        owner=long, channel="email", value=f"{UNBROKEN}@example.net", off_at=now, off_reason=LONG, verified_at=now
    )
    told = {"object_type": kind, "object_id": ada.pk, "recipient_type": kind, "recipient_id": long.pk}
    notice = Notice.objects.create(fingerprint="lost", text=f"{UNBROKEN}: {LONG}", due_at=now, created_at=now, **told)
    lost = Delivery.by(address, notice, now)
    lost.state, lost.tries = Delivery.State.FAILED, 9
    lost.save()
    for _ in range(2):
        Attempt.objects.create(delivery=lost, started_at=now, ended_at=now, error=f"550 5.1.1 {UNBROKEN} {LONG}")
    world.samples |= {"delivery": [lost, *Delivery.objects.exclude(pk=lost.pk)[:1]], "address": [address]}
    waits = Address.objects.create(
        owner=world.administrator, channel="webhook", value=f"https://{UNBROKEN}.example/?key=1"
    )
    world.samples["channel"] = [waits]


def written(world: World) -> None:
    """What the administrator has written to others: about a customer with a report, and to everybody."""
    ada, now = world.administrator, timezone.now()
    everybody = [("everybody", "all")]
    about = direct.Draft(LONG, everybody, "mark-0001", world.samples["customer"][0], "pdf")
    direct.send(about, ada, now - timedelta(minutes=5))
    direct.send(direct.Draft(f"{UNBROKEN}: the depot is shut", everybody, "mark-0002"), ada, now)
    sent = list(Notice.objects.written_by(ada).order_by("pk")[:1])
    world.samples |= {"sent": sent, "report": [sent[0].report]}


def kept(world: World) -> None:
    """A meter that was replaced, a warranty that is over, and reminders of every kind."""
    core, home, now = world.samples["equipment"][1], world.samples["customer"][0], timezone.now()
    core.warranty_until = now.date() - timedelta(days=3)
    core.save()
    make.reading(core, "8759.9", by=world.technician, read_at=now - timedelta(days=40))
    last = make.reading(core, 3, by=world.administrator, read_at=now - timedelta(days=9), replaced=True, note=LONG)
    ada, other = world.administrator, world.samples["user"][0]
    mine = make.reminder(ada, LONG, by=other, of=home)
    make.reminder(ada, UNBROKEN, due_at=now - timedelta(days=1), of=core)
    make.reminder(other, "Bring the long ladder", by=ada, of=world.samples["incident"][0])
    done = make.reminder(ada, "Order batteries")
    reminders.done(done, ada, now)
    world.samples |= {"reminder": [mine, done], "meter": [last]}


def on_duty(world: World) -> None:
    """A week with a gap, somebody who stands in, and what they will be told if it lasts."""
    ada, now = world.administrator, timezone.now()
    nights = {"from_time": clock(17), "to_time": clock(8)}
    turn = Turn.objects.create(person=ada, from_day=0, to_day=4, **nights)
    Turn.objects.create(person=world.samples["user"][0], rank=2, from_day=0, to_day=0, **nights)
    cover = Cover.objects.create(person=world.technician, starts_at=now, ends_at=now + timedelta(days=2), note=LONG)
    notices.subscribe(("duty", "now"), "incident.still_open", None, ada)
    planning.plan_new(now)
    world.samples |= {
        "turn": [turn],
        "cover": [cover],
        "plan": [Plan.objects.filter(event="incident.still_open").first()],
    }


def heard(world: World) -> None:
    """What the administrator subscribed to, turned off and muted, and what was done for them."""
    ada, other = world.administrator, world.samples["user"][0]
    own = ("user", str(ada.pk))
    notices.subscribe(own, "outage.opened", world.samples["site"][0], other)
    notices.subscribe(own, "outage.closed", None, ada)
    row = Subscription.objects.to(own).filter(event="outage.closed").get()
    notices.change(row, ada, tags_in=["vip", "north"], tags_out=["school"])
    notices.turn_off(ada, Subscription.objects.to(("role", "administrator")).first(), ada)
    notices.mute(ada, world.samples["equipment"][2], None)
    notices.mute(ada, world.samples["customer"][1], timezone.now() + timedelta(days=7))
    world.samples["subscription"] = [row]
    world.samples["notice"] = [Notice.objects.to(ada).first()]
