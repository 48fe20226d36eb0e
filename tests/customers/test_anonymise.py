"""A customer's name taken out of everything, and all that is known of one handed out."""

import csv
import io
import json
import re
import zipfile
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.urls import reverse
from django.utils import timezone

from customers.models import Contact, Customer, Equipment, Site
from customers.privacy import actions, export
from customers.privacy.words import INSTEAD, Words
from notifications import audit, direct, outbox
from notifications.models import Act, Address, Cover, Notice, Plan, Report, Subscription
from outages.models import Incident, IncidentNote, Outage, Source, SourceLink, SourceRun
from tests import make

pytestmark = pytest.mark.django_db
SECRETS = ("irvine", "dean", "quarry", "555 0199", "5550199", "rosa field", "c-4711", "gate code", "46.1234")

# Four digits are in every other time and hash as well: there something stands around them.
ALONE = re.compile(r"(?<![0-9a-z])0199(?![0-9a-z])")


def betrayed(text: str) -> list[str]:
    """What there is in a text that says who it was."""
    return [secret for secret in SECRETS if secret in text] + ALONE.findall(text)


def text_of_everything() -> str:
    """Every text of every row of the database."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = connection.ops.quote_name(model._meta.db_table)
            if model._meta.app_label in ("contenttypes", "auth") or model._meta.swapped:
                continue
            cursor.execute(f"SELECT * FROM {table}")
            found += [str(row) for row in cursor.fetchall()]
    return "\n".join(found).lower()


@pytest.fixture
def dean():
    """A customer whose name is wherever a name may get to."""
    now = timezone.now()
    customer = make.customer(
        "Dean Irvine", company_name="Irvine Farms", phone="+1 406 555 0199", email="dean@irvine.example",
        street="12 Quarry Road", town="Overby", notes="Gate code 1234", account="C-4711", tags="irvine family",
    )  # fmt: skip
    contact = make.contact(customer, "Rosa Field", email="rosa@irvine.example", phone="555 0199")
    home = make.site(
        "Irvine farm", kind="premises", customer=customer, street="12 Quarry Road", latitude=46.1234, longitude=-110.5
    )
    make.site("North ridge", customer=customer, notes="On the land of Dean Irvine, ask Irvine Farms first")
    core = make.equipment("core-1", kind="router", address="10.9.0.1")
    cpe = make.equipment(
        "cpe-irvine", customer=customer, site=home, uplink=core, notes="Gate code 1234", address="10.9.0.2"
    )
    make.equipment("cpe-17", customer=customer)
    user = make.user("office", name="Olga")
    incident = Incident.objects.create(equipment=cpe, opened_at=now, sentence="Mr Irvine knows")
    shared = Incident.objects.create(
        equipment=core, opened_at=now, closed_at=now, state="resolved", sentence="A field day"
    )
    said = {"message": "cpe-irvine: no answer", "asked_at": 1.0}
    for one in (incident, shared):
        Outage.objects.create(
            equipment=cpe, customer=customer, site=home, incident=one, started_at=now - timedelta(hours=2),
            opened_at=now, ended_at=now, opened_by=said, closed_by=said,
        )  # fmt: skip
    make.check(cpe, run=[1.0], run_first=said, dark_message="cpe-irvine: no answer")
    IncidentNote.objects.create(incident=incident, at=now, text="Called Dean, he says Irvine Farms has no power")
    IncidentNote.objects.create(incident=shared, at=now, text="Irvine Farms called from +1 406 555 0199; field visit")
    for about in (customer, cpe, home, incident, Outage.objects.first()):
        outbox.tell([user], "cpe-irvine is down, tell Dean Irvine", "/", about, now)
    outbox.tell([user], "Ring Irvine Farms (Dean Irvine) about core-1", "/", core, now)
    for of in (customer, cpe, contact, home):
        make.reminder(user, "Ask Dean about the roof, 555 0199", of=of)
    make.reminder(user, "Ring Irvine Farms, and mow the field", of=incident)
    make.reading(cpe, 7, note="Rosa Field read it to Dean")
    later = Subscription.objects.create(event="equipment.aged", recipient_kind="user", recipient_key=str(user.pk))
    Plan.objects.create(
        subscription=later, event=later.event, about=core, mark="1", due_at=now, extended_by=user,
        extended_why="Dean Irvine comes back on Monday",
    )  # fmt: skip
    Cover.objects.create(person=user, starts_at=now, ends_at=now + timedelta(hours=1), note="At Irvine Farms")
    kind = ContentType.objects.get_for_model(contact)
    Address.objects.create(owner_type=kind, owner_id=contact.pk, channel="email", value="rosa@irvine.example")
    audit.note("export", "customers of Irvine Farms", customer)
    conflicts = ["Dean Irvine and Irvine Farms have one address", "Someone else has no device"]
    source = Source.objects.create(
        name="North", address="https://uisp.example.net", sync_report={"conflicts": conflicts, "conflicts_count": 2}
    )
    SourceRun.objects.create(
        source=source, sort="preview", state="done",
        found={"to_decide": [{"label": "Irvine Farms", "may_be": ["Dean Irvine"]}], "down": {"count": 1}},
    )  # fmt: skip
    for thing, remote in ((customer, "7"), (home, "8"), (cpe, "9")):
        SourceLink.objects.create(
            source=source, kind="client", remote_id=remote, label="Dean Irvine", thing=thing,
            last={"family_name": "Irvine", "street": "12 Quarry Road"},
        )  # fmt: skip
    return customer


def test_nothing_in_the_whole_database_tells_who_it_was(dean):
    before = text_of_everything()
    assert all(secret in before for secret in SECRETS) and ALONE.search(before)
    actions.anonymise(dean, timezone.now())
    after = text_of_everything()
    assert betrayed(after) == []


def test_reports_that_may_name_them_are_gone_and_their_notices_stay(dean):
    by, now, towers = make.user("manager"), timezone.now(), Incident.objects.get(closed_at__isnull=False)
    for number, about in enumerate((dean, dean.equipment.first(), towers, make.customer("Ida Ohm"))):
        for kind in ("csv", "pdf"):
            direct.send(direct.Draft("See this", [("role", "office")], f"{number} {kind}", about, kind), by, now)
    assert Report.objects.count() == 8
    count = Notice.objects.count()
    actions.anonymise(dean, now)
    assert {report.name.partition("-2")[0] for report in Report.objects.all()} == {"Ida-Ohm"}
    assert betrayed(text_of_everything()) == []
    assert Notice.objects.count() == count


def test_what_was_counted_stays_counted(dean):
    counted = {
        model: model._base_manager.count() for model in (Outage, Incident, IncidentNote, Equipment, Site, Notice)
    }
    spans = list(Outage.objects.values_list("started_at", "ended_at", "customer", "equipment"))
    actions.anonymise(dean, timezone.now())
    assert counted == {model: model._base_manager.count() for model in counted}
    assert spans == list(Outage.objects.values_list("started_at", "ended_at", "customer", "equipment"))
    dean = Customer.objects.get(pk=dean.pk)
    assert (str(dean), dean.is_company) == (f"Former customer {dean.pk}", False)
    assert dean.anonymised_at and dean.archived_at and not dean.tags.exists()
    names = set(dean.equipment.values_list("name", flat=True))
    assert names == {"cpe-17", f"cpe-{dean.equipment.get(address='10.9.0.2').pk}"}
    assert not Customer.objects.search("irvine").exists()
    assert not Equipment.objects.search("irvine").exists()
    assert Customer.objects.search(f"former {dean.pk}").get() == dean


def test_others_keep_their_names(dean):
    other = make.customer("Rosa Fielding", street="14 Quarry Road")
    field = make.contact(other, "Rosa Field-Smith")
    shared = Incident.objects.get(equipment__name="core-1")
    actions.anonymise(dean, timezone.now())
    other.refresh_from_db()
    assert (str(other), other.street) == ("Rosa Fielding", "14 Quarry Road")
    assert Contact.objects.get(pk=field.pk).name == "Rosa Field-Smith"
    shared.refresh_from_db()
    assert shared.sentence == "A field day"
    assert shared.notes.get().text == f"{INSTEAD} called from {INSTEAD}; field visit"
    assert Site.objects.get(name="North ridge").notes == f"On the land of {INSTEAD}, ask {INSTEAD} first"


def test_rows_of_sources_know_it_no_more_and_still_belong_to_it(dean):
    actions.anonymise(dean, timezone.now())
    assert {(link.label, str(link.last)) for link in SourceLink.objects.all()} == {("", "{}")}
    assert SourceLink.objects.get(remote_id="7").thing == dean
    report = Source.objects.get().sync_report
    assert report["conflicts"] == [f"{INSTEAD} and {INSTEAD} have one address", "Someone else has no device"]
    assert (report["conflicts_count"], SourceRun.objects.get().found["down"]) == (2, {"count": 1})


def test_it_is_done_once_and_written_down_without_the_name(administrator, dean):
    page = reverse("customer_anonymise", args=[dean.pk])
    assert "It cannot be undone" in administrator.get(page).text
    assert Customer.objects.get(pk=dean.pk).anonymised_at is None
    answer = administrator.post(page, follow=True)
    assert "The name is gone" in answer.text and "Former customer" in answer.text
    act = Act.objects.get(what="anonymised")
    assert (act.by, act.about) == (administrator.user, f"Former customer {dean.pk}")
    assert "is anonymous already" in administrator.post(page, follow=True).text
    assert Act.objects.filter(what="anonymised").count() == 1
    with pytest.raises(actions.TooLate):
        actions.anonymise(Customer.objects.get(pk=dean.pk), timezone.now())


def test_a_fault_in_the_middle_changes_nothing(dean, monkeypatch):
    def fails(*args, **kwargs):
        raise OSError("the machine went away")

    before = text_of_everything()
    monkeypatch.setattr(audit, "note", fails)
    with pytest.raises(OSError, match="went away"):
        actions.anonymise(dean, timezone.now())
    assert text_of_everything() == before


def test_only_administrators_anonymise_and_who_changes_customers_exports(
    stranger, office, engineer, technician, administrator, dean
):
    forget, take = (reverse(name, args=[dean.pk]) for name in ("customer_anonymise", "customer_everything"))
    for client, may in ((stranger, 302), (office, 403), (engineer, 403), (technician, 403)):
        assert client.post(forget).status_code == may
    for client, may in ((stranger, 302), (office, 200), (engineer, 403), (technician, 403), (administrator, 200)):
        assert client.get(take).status_code == may
    assert Customer.objects.get(pk=dean.pk).anonymised_at is None
    assert administrator.get(reverse("customer_anonymise", args=[99999])).status_code == 404
    page = reverse("customer", args=[dean.pk])
    assert forget in administrator.get(page).text
    assert forget not in office.get(page).text and take in office.get(page).text
    assert take not in technician.get(page).text


def opened(answer) -> tuple[dict, dict[str, list[list[str]]]]:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        whole = json.loads(archive.read("everything.json"))
        sheets = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist() if name.endswith(".csv")}
    return whole, {name.removesuffix(".csv"): list(csv.reader(io.StringIO(text))) for name, text in sheets.items()}


def test_everything_that_is_known_is_handed_out(office, dean):
    answer = office.get(reverse("customer_everything", args=[dean.pk]))
    assert answer["Content-Disposition"] == f'attachment; filename="customer-{dean.pk}.zip"'
    whole, sheets = opened(answer)
    assert whole.keys() == sheets.keys()
    assert whole["customer"][0]["email"] == "dean@irvine.example"
    assert whole["customer"][0]["tags"] == "irvine family"
    assert [contact["name"] for contact in whole["contacts"]] == ["Rosa Field"]
    assert {one["name"] for one in whole["equipment"]} == {"cpe-irvine", "cpe-17"}
    assert {one["name"] for one in whole["sites"]} == {"Irvine farm", "North ridge"}
    assert len(whole["outages"]) == 2
    assert whole["outages"][0]["opened_by"] == {"message": "cpe-irvine: no answer", "asked_at": 1.0}
    assert len(whole["incidents"]) == 2
    assert len(whole["notices"]) == 3 and len(whole["notices_of_outages"]) == 2
    assert whole["addresses"][0]["value"] == "rosa@irvine.example"
    named = {one["about"] for one in whole["reminders"]}
    assert named == {str(dean), "Irvine farm", "cpe-irvine", "Rosa Field"} and len(whole["reminders"]) == 4
    assert [(one["value"], one["equipment"]) for one in whole["meters"]] == [("7.0", "cpe-irvine")]
    for name, rows in whole.items():
        assert len(sheets[name]) == len(rows) + 1
        assert not rows or set(sheets[name][0]) == set().union(*rows)
    assert Act.objects.filter(what="export", about=str(dean), text="all that is known").count() == 1


def test_a_formula_in_a_name_is_only_a_text(office):
    customer = make.customer("=cmd|' /C calc'!A0", notes="@SUM(1)")
    _, sheets = opened(office.get(reverse("customer_everything", args=[customer.pk])))
    row = dict(zip(*sheets["customer"], strict=True))
    assert row["notes"] == "'@SUM(1)" and row["given_name"].startswith("'=cmd")


def test_nothing_sealed_or_foreign_is_in_it(office, dean):
    make.customer("Somebody Else", notes="theirs alone")
    text = json.dumps(export.known(dean), default=str)
    assert "theirs alone" not in text and "words" not in export.known(dean)["customer"][0]


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("Dean Irvine called", f"{INSTEAD} called"), ("DEAN IRVINE called", f"{INSTEAD} called"),
        ("Deanna Irvine", "Deanna Irvine"), ("the ng antenna", "the ng antenna"), ("Ng called", f"{INSTEAD} called"),
        ("ring +1 406 555 0199.", f"ring {INSTEAD}."), ("ring +1 406 555 01991", "ring +1 406 555 01991"), ("", ""),
    ],
)  # fmt: skip
def test_whole_words_are_covered_and_no_parts_of_others(text, without):
    assert Words.of(["Dean Irvine", "Ng", "+1 406 555 0199", ""], ["Irvine"]).cover(text) == without


def test_every_text_of_a_customer_is_either_blanked_or_known_to_be_kept():
    kept = {"given_name", "family_name", "name", "phone_digits", "words", "state"}
    texts = {
        field.name for field in Customer._meta.concrete_fields if isinstance(field, models.CharField | models.TextField)
    }
    assert texts - kept == set(actions.BLANK), "a new text of a customer: blank it in customers/privacy/actions.py"
