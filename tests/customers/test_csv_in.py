"""CSV in: how a file is read, what it comes to, and what is refused with its line."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from customers.imports.models import ImportRun
from customers.models import Contact, Customer
from tests import make
from tests.customers.test_csv_round import confirmed, counts, sent


def refused(client, sort, content):
    file = SimpleUploadedFile("bad.csv", content, "text/csv")
    answer = client.post(reverse("import_send", args=[sort]), {"file": file})
    assert answer.status_code == 200 and not ImportRun.objects.exists()
    return str(answer.context["form"].errors["file"][0])


def faults(client, sort, text):
    return [tuple(fault) for fault in sent(client, sort, text).faults]


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


def test_columns_that_are_not_known_are_said_and_not_read(office):
    run = sent(office, "customers", "Family name,Plan,<b>\nOne,100/20,x\n")
    page = office.get(run.get_absolute_url()).content.decode()
    assert run.ignored == ["Plan", "<b>"] and "Plan, &lt;b&gt;" in page and "<b>" not in page
