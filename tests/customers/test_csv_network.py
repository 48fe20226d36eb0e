"""CSV in: sites, and devices that hang on each other whatever their order."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.imports import actions
from customers.models import Equipment, Site
from tests import make
from tests.customers.test_csv_round import confirmed, sent


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
