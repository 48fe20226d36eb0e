"""CSV in: nothing happens before the word is given, all or nothing after it, and no file is kept."""

from datetime import timedelta
from pathlib import Path

from django.db import connection
from django.urls import reverse
from django.utils import timezone

from customers.imports import actions, jobs
from customers.imports.models import ImportRun
from customers.models import Customer
from tests import make
from tests.customers.test_csv_round import confirmed, counts, sent


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
