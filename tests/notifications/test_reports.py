"""Reports: what stands on them, whatever things are called, and how they go out by e-mail."""

from __future__ import annotations

import csv
import io
import zoneinfo
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pypdf import PdfReader

from config import options
from notifications import direct
from notifications.channels import letter
from notifications.delivery import deliver
from notifications.models import Delivery, Report
from notifications.reports import as_csv, as_pdf, making
from notifications.reports.sheet import MOST_ROWS, Head, Sheet, Table, table
from outages.models import Incident, IncidentNote, Outage
from tests import make
from tests.notifications.letterbox import Letterbox, listening, use

HEAD = Head("Överby Wireless", "https://noc.example.net/customers/12/", "2026-11-22 05:45 CET")
BAD = {"message": "no answer"}


def pdf(sheet):
    return PdfReader(io.BytesIO(as_pdf.made(sheet, HEAD)))


def words(sheet):
    return "\n".join(page.extract_text() for page in pdf(sheet).pages)


def rows(content):
    return list(csv.reader(io.StringIO(bytes(content).decode("utf-8-sig"))))


@pytest.mark.parametrize(
    "name", ["Müller & Söhne", "Ольга Иванова", "Γιώργος Παπαδόπουλος", "Łódź ąęśż", "Đặng Thị Hoa"]
)
def test_names_of_many_scripts_come_out_of_a_pdf_as_they_went_in(name):
    sheet = Sheet("Customer", name, [("Name", name)], [Table("Outages", ("Equipment",), [(name,)])])
    assert words(sheet).count(name) == 3
    assert "font does not have" not in words(sheet)


def test_what_is_written_from_right_to_left_is_set_so():
    sheet = Sheet("Customer", "x", [("Name", "שרה"), ("Name", "محمد")])
    # The letters stand on the page from left to right: the last of the name comes first.
    paper = as_pdf.Paper(HEAD)
    paper.shape(sheet)
    assert paper.text_shaping
    assert "font does not have" not in words(sheet)
    paper = as_pdf.Paper(HEAD)
    paper.shape(Sheet("Customer", "Müller"))
    assert not paper.text_shaping


def test_signs_that_the_font_lacks_are_boxes_and_are_counted_while_the_csv_has_them():
    sheet = Sheet("Customer", "王小明", [("Name", "नमस्ते")])
    text = words(sheet)
    assert "□□□" in text
    assert "stands for a sign that this font does not have" in text
    assert "王小明" in as_csv.made(sheet, HEAD).decode()


def test_a_name_without_a_space_in_it_is_broken_and_does_not_leave_the_page():
    sheet = Sheet(
        "Site", "X" * 300, [("Notes", "Y" * 2000)], [Table("Outages", ("Equipment", "To"), [("Z" * 900, "now")])]
    )
    text = words(sheet).replace("\n", "")
    assert "X" * 300 in text
    assert text.count("Y") == 2000
    assert text.count("Z") == 900


def test_what_is_longer_than_a_page_goes_on_on_the_next_and_each_has_its_foot():
    many = Table("Outages", ("Equipment", "Lasted"), [(f"cpe-{number}", "5 min") for number in range(200)])
    found = pdf(Sheet("Site", "North", [("Notes", "line\n" * 80)], [many]))
    assert len(found.pages) > 4
    for number, page in enumerate(found.pages, 1):
        assert f"{number} / {len(found.pages)}" in page.extract_text()
        assert "Överby Wireless" in page.extract_text()
    assert "Equipment" in found.pages[-1].extract_text()


def test_nothing_at_all_makes_a_report_too():
    assert "%PDF" in as_pdf.made(Sheet("", ""), HEAD)[:8].decode()
    assert rows(as_csv.made(Sheet("", ""), HEAD))[0] == ["", ""]


def test_a_table_says_how_many_rows_it_leaves_out():
    long = table("Outages", ("Equipment",), ((str(number),) for number in range(10_000)), 10_000)
    assert len(long.rows) == MOST_ROWS
    assert long.rest == "and 9500 more, on the page itself"
    assert rows(as_csv.made(Sheet("Site", "North", [], [long]), HEAD))[-1] == ["and 9500 more, on the page itself"]
    assert table("Outages", ("Equipment",), [("one",)], 1).rest == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_no_cell_of_a_csv_runs_in_a_spreadsheet(start):
    evil = f"{start}cmd|' /C calc'!A0"
    sheet = Sheet("Site", evil, [(evil, evil)], [Table(evil, (evil,), [(evil,)])])
    cells = [cell for row in rows(as_csv.made(sheet, HEAD)) for cell in row if "calc" in cell]
    assert len(cells) == 6
    assert all(cell.startswith("'") for cell in cells)


@pytest.mark.django_db
def test_a_report_of_a_customer_has_what_the_page_shows_in_the_zone_of_the_house():
    options.change(isp_name="Överby", time_zone="America/Denver")
    customer = make.customer("Dean Irvine", tags="vip", phone="555 0199", notes="Dog: ring first")
    cpe = make.equipment("cpe-irvine", customer=customer, address="10.1.2.3")
    at = datetime(2026, 7, 1, 12, 0, 0, tzinfo=zoneinfo.ZoneInfo("UTC"))
    Outage.objects.create(
        equipment=cpe, customer=customer, started_at=at, opened_at=at, ended_at=at + timedelta(minutes=5), opened_by=BAD
    )
    report = making.make(customer, "csv", at)
    found = rows(report.content)
    for row in (
        ["Customer", "Dean Irvine"],
        ["Of", "Överby"],
        ["Made", "2026-07-01 06:00 MDT"],
        ["Page", f"http://localhost:8000{customer.get_absolute_url()}"],
        ["Phone", "555 0199"],
        ["Tags", "vip"],
        ["Notes", "Dog: ring first"],
        ["cpe-irvine", "CPE", "10.1.2.3", "Unknown", ""],
        ["cpe-irvine", "2026-07-01 06:00:00", "2026-07-01 06:05:00", "5 min"],
    ):
        assert row in found
    assert report.name == "Dean-Irvine-2026-07-01-0600.csv"


@pytest.mark.django_db
def test_there_is_a_report_of_each_kind_of_object(django_assert_max_num_queries):
    site, now = make.site("North", latitude=1.5, longitude=-2.5), timezone.now()
    ap = make.equipment("ap-1", site=site, kind="ap")
    for number in range(20):
        make.equipment(f"cpe-{number}", uplink=ap, customer=make.customer())
    incident = Incident.objects.create(equipment=ap, opened_at=now, customers_behind=20)
    IncidentNote.objects.create(incident=incident, at=now, text="Somebody climbs")
    outages = [
        Outage.objects.create(
            equipment=one, customer=one.customer, incident=incident, started_at=now, opened_at=now, opened_by=BAD
        )
        for one in ap.downlinks.all()
    ]
    source = make.source()
    for thing, wanted in ((site, "ap-1"), (ap, "cpe-7"), (incident, "Somebody climbs"), (outages[0], "no answer")):
        with django_assert_max_num_queries(9):
            assert wanted in bytes(making.make(thing, "csv", now).content).decode()
        assert bytes(making.make(thing, "pdf", now).content).startswith(b"%PDF")
    assert "UISP" in bytes(making.make(source, "csv", now).content).decode()
    assert "an-nms-key" not in bytes(making.make(source, "csv", now).content).decode()


@pytest.mark.django_db
def test_the_report_comes_with_the_e_mail_and_answers_go_to_who_wrote_it(settings):
    box, sender = Letterbox(), make.user("engineer", name="Ada Volt", email="ada@isp.example")
    office = make.user("office", email="ida@isp.example")
    with listening(box) as port:
        use(settings, port)
        draft = direct.Draft("See this", [("user", str(office.pk))], "mark-0001", make.site("Türm"), "pdf")
        assert direct.send(draft, sender, timezone.now()) == 1
        deliver.deliver(timezone.now())
    (message,) = box.taken
    assert message["Reply-To"] == "ada@isp.example"
    (file,) = message.iter_attachments()
    report = Report.objects.get()
    assert file.get_filename() == report.name
    assert file.get_content_type() == "application/pdf"
    assert file.get_content() == bytes(report.content)
    for kind in ("plain", "html"):
        body = message.get_body((kind,)).get_content()
        assert "From Ada Volt" in body
        assert f"/reports/{report.pk}/" in body
        assert "Ada Volt wrote it to you" in body


@pytest.mark.django_db
def test_a_report_that_is_too_large_for_mail_servers_is_linked_to(settings):
    sender, office = make.user("engineer"), make.user("office")
    draft = direct.Draft("See this", [("user", str(office.pk))], "mark-0001", make.site(), "csv")
    settings.EMAIL_READY = True
    direct.send(draft, sender, timezone.now())
    Report.objects.update(content=b"x" * (letter.LARGEST_ATTACHMENT + 1))
    message = letter.compose(Delivery.objects.get(address__channel="email"))
    assert message.attachments == []
    assert "Too large to attach: http" in message.body
