"""CSV out, and the same file back in."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from customers.models import Contact, Customer, Equipment, ImportRun, Site
from notifications.cells import DANGEROUS, guarded, plain
from tests import make

SORTS = ["customers", "contacts", "sites", "equipment"]


def exported(client, sort, **query):
    answer = client.get(reverse("csv", args=[sort]), query)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def sent(client, sort, text, name="list.csv"):
    content = text if isinstance(text, bytes) else text.encode()
    file = SimpleUploadedFile(name, content, "text/csv")
    answer = client.post(reverse("import_send", args=[sort]), {"file": file})
    assert answer.status_code == 302, answer.context["form"].errors
    return ImportRun.objects.get()


def counts(run):
    return (run.new, run.changed, run.unchanged, run.bad)


def confirmed(client, run, **said):
    client.post(reverse("import_confirm", args=[run.pk]), said)
    run.refresh_from_db()
    return run


def small_isp():
    """Everything that a cell can have trouble with."""
    dean = make.customer("Dean Irvine", account="100", phone="+1 907 555 0123", tags="vip, two words", email="d@x.org")
    make.customer("", company_name="=cmd|'/c calc'!A0", notes="-1\r\nsecond line", street="@home", suspended=True)
    make.customer("Dean Irvine", account="101", town="'=quoted")
    make.contact(dean, "Rosa “the boss” Field, Jr; x", phone="+1 907 555 0199", duty="-")
    tower = make.site("Närke; tower", latitude=46.8721, longitude=-113.994, tags="winter", notes="Key: +3")
    make.site("Home of Dean", kind="premises", customer=dean)
    core = make.equipment("core", kind="router", address="10.0.0.1", mac="02:00:00:00:00:01", site=tower)
    make.equipment("a-sector", kind="ap", uplink=core, tags="5 GHz", vendor="Ubiquiti", serial="+0012")
    make.equipment("twin", uplink=core, customer=dean, mac="02:00:00:00:00:02")
    twin = make.equipment("twin", mac="02:00:00:00:00:03")
    make.equipment("below", uplink=twin, archived_at=timezone.now())


def state_of_all():
    """Every row, with its tags and what it points to by name."""
    found = []
    for model in (Customer, Contact, Site, Equipment):
        for row in model.objects.order_by("pk"):
            ours = {f.name: str(getattr(row, f.name)) for f in row._meta.fields if f.name not in ("id", "created_at")}
            found.append((ours, sorted(row.tags.names()) if hasattr(row, "tags") else []))
    return sorted(found, key=str)


@pytest.mark.processes
@given(st.text())
def test_what_was_guarded_comes_back_as_it_was(text):
    assert plain(guarded(text)) == text
    assert not DANGEROUS.match(guarded(text)) or guarded(text).startswith("'")


@pytest.mark.processes
@given(st.text(alphabet="'=+-@\t\rab"))
def test_signs_that_start_a_formula_come_back_as_they_were(text):
    assert plain(guarded(text)) == text


@pytest.mark.parametrize("sort", SORTS)
def test_a_file_that_was_written_changes_nothing_when_it_comes_back(administrator, sort):
    small_isp()
    before = state_of_all()
    run = sent(administrator, sort, exported(administrator, sort, archived="all", kind="all"))
    assert (run.new, run.changed, run.bad, run.faults) == (0, 0, 0, [])
    assert run.unchanged == run.rows > 0
    assert state_of_all() == before


def test_an_isp_moves_from_one_house_to_another(administrator):
    small_isp()
    Equipment.objects.filter(name="below").first().delete()
    Customer.objects.get(account="101").delete()
    before = state_of_all()
    files = {sort: exported(administrator, sort, kind="all") for sort in SORTS}
    files["equipment"] = files["equipment"].replace(f"twin #{Equipment.objects.filter(name='twin').first().pk}", "twin")
    for model in (Equipment, Site, Contact, Customer):
        for row in model.objects.order_by("-pk"):
            row.delete()
    for sort, text in files.items():
        run = confirmed(administrator, sent(administrator, sort, text))
        assert (run.state, run.faults) == ("done", [])
        run.delete()
    assert state_of_all() == before


def test_no_cell_of_the_file_starts_a_formula(administrator):
    small_isp()
    for sort in SORTS:
        text = exported(administrator, sort, archived="all", kind="all")
        assert text.startswith("\ufeff")
        for row in csv.reader(io.StringIO(text[1:])):
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)


def test_a_list_is_written_as_it_is_narrowed(administrator):
    make.customer("Here Now", tags="vip")
    make.customer("Also Here")
    away = make.customer("Put Away", archived_at=timezone.now())
    make.contact(away, "Of Away")
    make.contact(Customer.objects.first(), "Of Here")
    assert '"Here","Now"' in exported(administrator, "customers", tag="vip")
    assert '"Also","Here"' not in exported(administrator, "customers", tag="vip")
    assert '"Put","Away"' not in exported(administrator, "customers")
    assert '"Put","Away"' in exported(administrator, "customers", archived="archived")
    assert "Of Away" not in exported(administrator, "contacts") and "Of Here" in exported(administrator, "contacts")


def test_writing_takes_as_many_queries_for_many_as_for_few(administrator, django_assert_max_num_queries):
    for number in range(60):
        make.equipment(f"d{number}", tags="one", site=make.site(f"s{number}"), customer=make.customer(f"c{number}"))
    with django_assert_max_num_queries(12):
        assert exported(administrator, "equipment").count("\n") == 61


def test_the_page_leads_to_the_file_and_carries_the_filters(administrator):
    make.customer("Here Now", tags="vip")
    page = administrator.get(reverse("customers"), {"tag": "vip"}).content.decode()
    assert f'{reverse("csv", args=["customers"])}?tag=vip"' in page
    assert f'{reverse("csv", args=["contacts"])}?tag=vip"' in page
    assert reverse("import_send", args=["customers"]) in page
