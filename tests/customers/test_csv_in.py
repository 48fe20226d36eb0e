"""CSV in: what a file comes to, what is refused with its line, and that nothing happens before the word is given."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.imports import actions, jobs
from customers.imports.models import ImportRun
from customers.models import Contact, Customer, Equipment, Site
from tests import make
from tests.customers.test_csv_round import confirmed, counts, sent


def refused(client, sort, content):
    file = SimpleUploadedFile("bad.csv", content, "text/csv")
    answer = client.post(reverse("import_send", args=[sort]), {"file": file})
    assert answer.status_code == 200 and not ImportRun.objects.exists()
    return str(answer.context["form"].errors["file"][0])


def faults(client, sort, text):
    return [tuple(fault) for fault in sent(client, sort, text).faults]


def test_nothing_is_imported_before_the_word_is_given(administrator):
    make.customer("Dean Irvine", account="1", phone="555 0100")
    make.customer("Ada Same", account="2")
    text = "account,given name,family name,phone\n1,Dean,Irvine,555 0199\n2,Ada,Same,\n3,New,One,555 0200\n"
    run = sent(administrator, "customers", text)
    assert (run.state, counts(run)) == ("ready", (1, 1, 1, 0))
    assert run.changes == [[2, "Dean Irvine", "Phone"]]
    assert Customer.objects.count() == 2 and Customer.objects.get(account="1").phone == "555 0100"
    page = administrator.get(run.get_absolute_url()).content.decode()
    assert "Import 2 rows" in page and "Dean Irvine" in page
    confirmed(administrator, run)
    assert run.state == "done" and not Path(run.path).exists()
    assert Customer.objects.get(account="1").phone == "555 0199"
    new = Customer.objects.get(account="3")
    assert new.name == "New One" and new.phone_digits == "5550200" and "new one" in new.words


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_delimiter_and_encoding_are_recognised(office, delimiter, mark, ends):
    lines = [delimiter.join(["First name", "Surname", "E-MAIL"]), delimiter.join(["Zoë", '"Núñez, z; y"', "z@x.org"])]
    run = confirmed(office, sent(office, "customers", mark + ends.join(lines).encode()))
    assert (run.state, Customer.objects.get().name) == ("done", "Zoë Núñez, z; y")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty."),
        (b"\n\n\n", "The file is empty."),
        (b"\xef\xbb\xbf", "The file is empty."),
        (b"given name,family name\n", "no rows"),
        (b"given name\n\n,\n", "no rows"),
        ("Vorname;Größe\n1;2\n".encode(), "names none that is needed here: it has “Vorname;Größe”"),
        (b"given name,first name\nA,B\n", "Two columns are the same: “given name” and “first name”."),
        ("given name\nZoë\n".encode("latin-1"), "Line 2 is not in UTF-8."),
        ("given name\nZoë\n".encode("utf-16"), "UTF-16"),
        (b"given name\nA\nB\x00C\n", "Line 3 holds binary data"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "binary data"),
        (b'given name\nDean\n"open\nand on\n', "Line 3 cannot be read: a quotation mark is opened and not closed"),
        (b'given name\n"a"b\n', "Line 2 cannot be read"),
        (b"given name\n" + b"x" * 1_000_000 + b"\n", "Line 2 cannot be read"),
        (b"given name\n" + b"a\n" * 30_001, "more than 30,000 rows"),
        (b"given name\n" + b"a" * (10 * 1024 * 1024), "more than 10 MB"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(office, content, says):
    kept = set((Path(settings.VAR) / "imports").glob("*.csv"))
    assert says in refused(office, "customers", content)
    assert set((Path(settings.VAR) / "imports").glob("*.csv")) == kept


def test_no_file_is_said_with_the_field(office):
    answer = office.post(reverse("import_send", args=["customers"]), {})
    assert answer.context["form"].errors["file"] == ["This field is required."]


def test_each_fault_is_named_with_its_line_and_field(office):
    make.customer("Twin Name", account="7", town="A")
    make.customer("Twin Name", account="8", town="B")
    text = (
        "account,given name,family name,e-mail,phone,suspended,tags\n"
        "1,Good,One,,,,\n"
        "2,Bad,Mail,nobody,,,\n"
        '3,"Two\nlines",Phone,,x,,\n'
        "4,,,,,,\n"
        "5,Maybe,Cut,,,perhaps,\n"
        f"6,Long,Tag,,,,{'t' * 101}\n"
        "1,Second,One,,,,\n"
        "9,Short\n"
        ",Twin,Name,x@y.org,,,\n"
        f"10,{'n' * 81},Name,,,,\n"
    )
    run = sent(office, "customers", text)
    found = {(line, field) for line, field, _ in run.faults}
    assert found == {(3, "E-mail"), (4, "Phone"), (6, "Family name"), (7, "Suspended"), (8, "Tags"), (9, ""),
                     (10, ""), (11, ""), (12, "Given name")}  # fmt: skip
    said = {line: text for line, _, text in run.faults}
    assert said[9] == "Line 2 is of the same customer."
    assert said[10] == "There are 2 cells in this row, and 7 in the header."
    assert "Several customers are called “Twin Name”" in said[11]
    assert counts(run) == (1, 0, 0, 9)


def test_rows_with_faults_are_left_out_only_when_that_is_said(office):
    run = sent(office, "customers", "family name,e-mail\nGood,\nBad,nobody\n")
    assert "Import 1 good row, leave out 1" in office.get(run.get_absolute_url()).content.decode()
    assert confirmed(office, run).state == "ready" and not Customer.objects.exists()
    assert confirmed(office, run, leave_out="1").state == "done"
    assert [one.name for one in Customer.objects.all()] == ["Good"]
    assert "Left out" in office.get(run.get_absolute_url()).content.decode()


def test_a_column_that_is_left_out_stays_and_an_empty_cell_empties(office):
    found = make.customer("Dean Irvine", account="1", phone="555 0100", notes="Dog.", tags="vip", suspended=True)
    confirmed(office, sent(office, "customers", "account,phone\n1,\n"))
    found.refresh_from_db()
    assert (found.phone, found.notes, found.account, found.suspended) == ("", "Dog.", "1", True)
    assert list(found.tags.names()) == ["vip"]


def test_a_name_alone_finds_the_customer_and_keeps_the_account_number(office):
    found = make.customer("Dean Irvine", account="1")
    confirmed(office, sent(office, "customers", "account,given name,family name,town\n,DEAN,Irvine,Overby\n"))
    found.refresh_from_db()
    assert (found.account, found.given_name, found.town) == ("1", "DEAN", "Overby")


def test_a_customer_without_a_number_gets_it_by_the_name_and_another_does_not(office):
    bare, other = make.customer("Dean Irvine"), make.customer("Ada Lovell", account="5")
    run = sent(office, "customers", "account,given name,family name\n1,Dean,Irvine\n6,Ada,Lovell\n")
    assert counts(run) == (1, 1, 0, 0)
    confirmed(office, run)
    bare.refresh_from_db()
    other.refresh_from_db()
    assert (bare.account, other.account) == ("1", "5") and Customer.objects.filter(account="6").exists()


def test_what_is_archived_is_not_changed_by_a_file(office):
    make.customer("Put Away", account="1", archived_at=timezone.now())
    text = "account,given name,family name\n1,Put,{}\n"
    assert "is archived: bring it back first." in faults(office, "customers", text.format("Aside"))[0][2]


def test_contacts_are_of_customers_by_name_number_or_mark(office):
    dean = make.customer("Dean Irvine", account="100")
    twin, other = make.customer("Twin Name"), make.customer("Twin Name")
    make.contact(dean, "Rosa Field", duty="Desk")
    text = (
        "customer,name,duty\nDean Irvine,Rosa Field,Boss\n100,New One,\n"
        f"Twin Name #{other.pk},Third,\nTwin Name,Fourth,\nNobody,Fifth,\n,Sixth,\n"
    )
    run = sent(office, "contacts", text)
    assert counts(run) == (2, 1, 0, 3)
    said = [fault for _, _, fault in run.faults]
    assert said[0] == f"Several have the name “Twin Name”: write Twin Name #{twin.pk} or Twin Name #{other.pk}."
    assert said[1:] == ["There is no customer “Nobody”.", "Say whose contact this is, in the column Customer."]
    confirmed(office, run, leave_out="1")
    assert list(dean.contacts.values_list("name", "duty")) == [("New One", ""), ("Rosa Field", "Boss")]
    assert other.contacts.get().name == "Third" and Contact.objects.count() == 3


def test_sites_are_of_their_names_and_follow_the_rules_of_the_form(engineer):
    make.site("North")
    make.customer("Dean Irvine")
    text = (
        "name;kind;customer;latitude;longitude\nNorth;POP;;46,5;-113,9\nHome;premises;Dean Irvine;;\n"
        "Nowhere;Premises;;;\nEast;Castle;;;\nWest;tower;;91;\nNORTH;tower;;;\n"
    )
    run = sent(engineer, "sites", text)
    assert [tuple(fault) for fault in run.faults] == [
        (4, "Customer", "Say whose premises these are."),
        (5, "Kind", "Write one of: Tower, POP, Premises."),
        (6, "Latitude", "Ensure this value is less than or equal to 90."),
        (6, "Longitude", "Give the longitude too, or neither."),
        (7, "", "Line 2 is of the same site."),
    ]
    confirmed(engineer, run, leave_out="1")
    assert Site.objects.get(name="North").latitude == 46.5 and Site.objects.get(name="Home").customer.name


def test_devices_hang_on_each_other_whatever_their_order(engineer):
    make.site("North")
    core = make.equipment("core", kind="router")
    text = "name,kind,hangs on,site\nleaf,CPE,sector,\nsector,AP,core,north\n"
    run = confirmed(engineer, sent(engineer, "equipment", text))
    assert (run.state, run.faults) == ("done", [])
    leaf = Equipment.objects.get(name="leaf")
    assert leaf.uplink.name == "sector" and leaf.uplink.uplink == core and leaf.uplink.site.name == "North"


def test_rings_are_refused_with_their_lines(engineer):
    core = make.equipment("core")
    make.equipment("below", uplink=core)
    text = "name,hangs on\ncore,below\na,b\nb,c\nc,a\nalone,alone\ngood,core\n"
    run = sent(engineer, "equipment", text)
    assert [(line, field) for line, field, _ in run.faults] == [(n, "Hangs on") for n in (2, 3, 4, 5, 6)]
    assert "This would be a ring" in run.faults[0][2] and "cannot hang on itself" in run.faults[4][2]
    assert run.new == 1


def test_an_uplink_may_be_turned_round_in_one_file(engineer):
    top = make.equipment("top")
    low = make.equipment("low", uplink=top)
    confirmed(engineer, sent(engineer, "equipment", "name,hangs on\ntop,low\nlow,\n"))
    top.refresh_from_db()
    low.refresh_from_db()
    assert (top.uplink, low.uplink) == (low, None)


def test_what_hangs_on_a_row_with_a_fault_has_one_too(engineer):
    text = "name,address,hangs on\nbad,10.0.0.300,\nnext,,bad\nlast,,next\nfree,,\n"
    run = sent(engineer, "equipment", text)
    assert [line for line, *_ in run.faults] == [2, 3, 4]
    assert run.faults[1][2] == "It hangs on “bad” of line 2, which has a fault."
    assert confirmed(engineer, run, leave_out="1").state == "done"
    assert Equipment.objects.get().name == "free"


def test_an_address_belongs_to_one_device_also_within_a_file(engineer):
    make.equipment("one", address="10.0.0.1")
    make.equipment("two", address="10.0.0.2")
    run = sent(engineer, "equipment", "name,ip\nthree,10.0.0.1\nfour,10.0.0.9\nfive,10.0.0.9\n")
    assert [tuple(fault) for fault in run.faults] == [
        (2, "IP address", "one has 10.0.0.1 already."),
        (4, "IP address", "Line 3 has 10.0.0.9 already."),
    ]
    actions.discard(run)
    swapped = confirmed(engineer, sent(engineer, "equipment", "name,ip\none,10.0.0.2\ntwo,10.0.0.1\n"))
    assert (swapped.state, Equipment.objects.get(name="one").address) == ("done", "10.0.0.2")


def test_a_mac_finds_the_device_however_it_is_written(engineer):
    found = make.equipment("old-name", mac="48:a9:8a:01:02:03")
    confirmed(engineer, sent(engineer, "equipment", "name,mac\nnew-name,48A9.8A01.0203\n"))
    found.refresh_from_db()
    assert (found.name, found.mac) == ("new-name", "48:a9:8a:01:02:03") and Equipment.objects.count() == 1


def test_what_changed_between_the_preview_and_the_word_is_looked_at_again(office):
    make.customer("Dean Irvine", account="1", phone="1234")
    run = sent(office, "customers", "account,phone,family name\n1,5678,Irvine\n2,1111,New\n")
    Customer.objects.quietly().filter(account="1").delete()
    confirmed(office, run)
    assert (run.state, counts(run)) == ("ready", (2, 0, 0, 0)) and "changed meanwhile" in run.said
    assert not Customer.objects.exists()
    assert confirmed(office, run).state == "done" and Customer.objects.count() == 2


def test_all_is_imported_or_nothing(office, monkeypatch):
    run = sent(office, "customers", "family name,tags\nOne,vip\nTwo,\n")
    make.customer("Blocker")
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNIQUE INDEX one_town ON customers_customer (town)")
    confirmed(office, run)
    assert run.state == "failed" and Customer.objects.count() == 1
    assert "Nothing is imported" in office.get(run.get_absolute_url()).content.decode()


def test_giving_the_word_twice_imports_once(office):
    run = sent(office, "customers", "family name\nOne\n")
    for _ in range(2):
        confirmed(office, run)
    jobs.carry_out(run.pk)
    assert Customer.objects.count() == 1


def test_a_large_file_is_a_job_with_a_page_that_asks_again(office, monkeypatch, django_capture_on_commit_callbacks):
    queued = []
    monkeypatch.setattr(actions, "async_task", lambda name, pk, cluster: queued.append((name, pk, cluster)))
    text = "account,family name\n" + "".join(f"{number},Name {number}\n" for number in range(501))
    with django_capture_on_commit_callbacks(execute=True):
        run = sent(office, "customers", text)
    assert queued == [("customers.imports.jobs.look", run.pk, "default")] and run.state == "looking"
    page = office.get(run.get_absolute_url()).content.decode()
    assert 'hx-trigger="every 1s"' in page and "0 of 501 rows" in page
    jobs.look(run.pk)
    inside = office.get(run.get_absolute_url(), headers={"HX-Request": "true", "HX-Target": "import"})
    assert "<html" not in inside.content.decode() and "Import 501 rows" in inside.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        confirmed(office, run)
    assert run.state == "writing" and queued[-1][0] == "customers.imports.jobs.carry_out"
    for _ in range(2):
        jobs.carry_out(run.pk)
    assert Customer.objects.count() == 501


def test_work_that_stopped_is_said(office):
    run = sent(office, "customers", "family name\nOne\n")
    ImportRun.objects.update(state="looking", moved_at=timezone.now() - timedelta(minutes=5))
    page = office.get(run.get_absolute_url()).content.decode()
    assert "has stopped" in page and "every 1s" not in page


def test_a_file_is_forgotten_after_a_day_or_at_a_word(office):
    run = sent(office, "customers", "family name\nOne\n")
    path = Path(run.path)
    assert path.stat().st_mode & 0o777 == 0o600
    jobs.sweep()
    assert path.exists()
    ImportRun.objects.update(created_at=timezone.now() - timedelta(hours=25))
    jobs.sweep()
    assert not path.exists() and not ImportRun.objects.exists()
    run = sent(office, "customers", "family name\nOne\n")
    office.post(reverse("import_discard", args=[run.pk]))
    assert not Path(run.path).exists() and not ImportRun.objects.exists()


def test_columns_that_are_not_known_are_said_and_not_read(office):
    run = sent(office, "customers", "Family name,Plan,<b>\nOne,100/20,x\n")
    page = office.get(run.get_absolute_url()).content.decode()
    assert run.ignored == ["Plan", "<b>"] and "Plan, &lt;b&gt;" in page and "<b>" not in page


def test_looking_through_asks_no_more_for_many_rows_than_for_few(engineer):
    make.site("North")
    head = "name,mac,address,hangs on,site,tags\n"

    def queries(count):
        rows = (f"d{n},02:00:00:00:01:{n:02x},10.1.0.{n},d{n - 1 or ''},North,t{n}\n" for n in range(1, count))
        with CaptureQueriesContext(connection) as seen:
            run = sent(engineer, "equipment", head + "".join(rows).replace("d,", ",", 1))
        actions.discard(run)
        return len(seen)

    queries(3)
    assert queries(200) <= queries(5)
