"""Equipment: its page, and what its form takes and refuses."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from customers.equipment.forms import EquipmentForm
from customers.models import Equipment
from tests import make

GOOD = {"name": "Roof radio", "kind": "cpe"}


@pytest.fixture
def radio(db):
    return make.equipment("Roof radio", tags="old")


def change(client, equipment, **fields):
    return client.post(reverse("equipment_edit", args=[equipment.pk]), {**GOOD, **fields})


def errors(answer):
    assert answer.status_code == 200
    return answer.context["form"].errors


def page(client, thing):
    return client.get(thing.get_absolute_url()).content.decode()


def test_everything_about_a_device_can_be_set(engineer, radio):
    uplink, site, customer = make.equipment("Sector 2"), make.site("North"), make.customer("Dean Irvine")
    answer = change(
        engineer, radio, name="Dean's radio", kind="ap", address="10.0.0.5", mac="48A98A010203", vendor="MikroTik",
        model="LHG 5", serial="HEX0", uplink=f"Sector 2 #{uplink.pk}", site="north", customer=f"#{customer.pk}",
        tags="roof, old", notes="Ladder.",
    )  # fmt: skip
    assert answer.url == radio.get_absolute_url()
    radio.refresh_from_db()
    assert (radio.name, radio.kind, radio.address, radio.mac) == ("Dean's radio", "ap", "10.0.0.5", "48:a9:8a:01:02:03")
    assert (radio.vendor, radio.model, radio.serial, radio.notes) == ("MikroTik", "LHG 5", "HEX0", "Ladder.")
    assert (radio.uplink, radio.site, radio.customer) == (uplink, site, customer)
    assert sorted(radio.tags.names()) == ["old", "roof"]


def test_the_form_shows_what_is_set_and_takes_it_back_as_it_is(engineer):
    where = {"uplink": make.equipment("Sector #2"), "site": make.site("Nørth"), "customer": make.customer("A #1")}
    found = make.equipment("Roof radio", kind="cpe", **where, address="2001:db8::5", tags="one two, three")
    form = engineer.get(reverse("equipment_edit", args=[found.pk])).context["form"]
    shown = {field.name: field.value() or "" for field in form}
    assert shown["uplink"] == f"Sector #2 #{where['uplink'].pk}"
    assert change(engineer, found, **shown).status_code == 302
    same = Equipment.objects.get(pk=found.pk)
    assert (same.uplink, same.site, same.customer, same.address) == (*where.values(), "2001:db8::5")
    assert sorted(same.tags.names()) == ["one two", "three"]
    assert not EquipmentForm(shown, instance=found).changed_data


@pytest.mark.parametrize(
    "typed", ["48:A9:8A:01:02:03", "48-a9-8a-01-02-03", "48a9.8a01.0203", "48A98A010203", " 48 a9 8a 01 02 03 "]
)
def test_a_mac_is_taken_in_every_usual_spelling(engineer, radio, typed):
    change(engineer, radio, mac=typed)
    radio.refresh_from_db()
    assert radio.mac == "48:a9:8a:01:02:03"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("10.0.0.5", "10.0.0.5"), (" 10.0.0.5 ", "10.0.0.5"), ("::ffff:10.0.0.5", "10.0.0.5"), ("", None),
     ("2001:DB8:0:0::5", "2001:db8::5"), ("127.0.0.7", "127.0.0.7")],
)  # fmt: skip
def test_an_address_is_kept_in_its_shortest_form(engineer, radio, typed, kept):
    change(engineer, radio, address=typed)
    radio.refresh_from_db()
    assert radio.address == kept


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"name": ""}, "name", "required"),
        ({"name": "n" * 121}, "name", "120"),
        ({"kind": "spaceship"}, "kind", "spaceship"),
        ({"kind": ""}, "kind", "required"),
        ({"mac": "48:a9:8a:01:02"}, "mac", "twelve digits"),
        ({"mac": "zz:a9:8a:01:02:03"}, "mac", "twelve digits"),
        ({"mac": "00:00:00:00:00:00"}, "mac", "twelve digits"),
        ({"mac": "ff:ff:ff:ff:ff:ff"}, "mac", "twelve digits"),
        ({"mac": "é" * 12}, "mac", "twelve digits"),
        ({"address": "10.0.0.5/24"}, "address", "Write the address alone: 10.0.0.5"),
        ({"address": "2001:db8::5/64"}, "address", "Write the address alone: 2001:db8::5"),
        ({"address": "10.0.0.256"}, "address", "not an IP address"),
        ({"address": "010.0.0.5"}, "address", "not an IP address"),
        ({"address": "radio.example.net"}, "address", "not an IP address"),
        ({"address": "10.0.0.5 10.0.0.6"}, "address", "not an IP address"),
        ({"address": "fe80::1%eth0"}, "address", "%"),
        ({"address": "0.0.0.0"}, "address", "not the address of one device"),
        ({"address": "224.0.0.1"}, "address", "not the address of one device"),
        ({"address": "255.255.255.255"}, "address", "not the address of one device"),
        ({"vendor": "v" * 61}, "vendor", "60"),
        ({"model": "m" * 81}, "model", "80"),
        ({"serial": "s" * 81}, "serial", "80"),
        ({"uplink": "nothing of that name"}, "uplink", "There is no equipment"),
        ({"uplink": "#99999999999999999999999"}, "uplink", "There is no equipment"),
        ({"site": "nowhere"}, "site", "There is no site"),
        ({"customer": "nobody"}, "customer", "There is no customer"),
        ({"customer": "c" * 401}, "customer", "400"),
        ({"tags": "t" * 101}, "tags", "100"),
    ],
)
def test_bad_input_names_its_field_keeps_what_was_typed_and_changes_nothing(engineer, radio, wrong, field, says):
    answer = change(engineer, radio, **{"name": "Another", "tags": "new", **wrong})
    assert list(errors(answer)) == [field] and says in errors(answer)[field][0]
    assert f'id="id_{field}_error"' in answer.content.decode()
    typed = answer.context["form"][field].value()
    assert typed == next(iter(wrong.values()))
    radio.refresh_from_db()
    assert (radio.name, list(radio.tags.names())) == ("Roof radio", ["old"])


@pytest.mark.parametrize(("field", "value"), [("address", "10.0.0.5"), ("mac", "48:a9:8a:01:02:03")])
def test_an_address_or_mac_belongs_to_one_current_device(engineer, radio, field, value):
    other = make.equipment("Barn radio", **{field: value})
    answer = change(engineer, radio, **{field: value})
    assert errors(answer) == {field: [f"Barn radio has {value} already."]}
    other.archived_at = timezone.now()
    other.save()
    assert change(engineer, radio, **{field: value}).status_code == 302


def test_uplinks_cannot_form_a_ring(engineer):
    core = make.equipment("Core")
    sector = make.equipment("Sector", uplink=make.equipment("Backhaul", uplink=core))
    answer = change(engineer, core, uplink=f"#{sector.pk}")
    assert errors(answer) == {"uplink": ["This would be a ring: Sector hangs on this device."]}
    assert errors(change(engineer, core, uplink=f"#{core.pk}")) == {"uplink": ["Equipment cannot hang on itself."]}
    core.refresh_from_db()
    assert core.uplink is None


def test_the_page_shows_its_place_and_what_hangs_on_it(engineer):
    since = timezone.now() - timedelta(minutes=7)
    core = make.equipment("Core", kind="router")
    backhaul = make.equipment("Backhaul North", kind="ptp", uplink=core)
    sector = make.equipment("Sector 2", kind="ap", uplink=backhaul, state="up", address="10.0.0.2",
                            vendor="Cambium", site=make.site("North"), notes="Faces east", tags="east")  # fmt: skip
    for number in range(3):
        make.equipment(f"CPE {number}", uplink=sector, customer=make.customer(f"Person {number}"), state="down",
                       state_since=since)  # fmt: skip
    shown = page(engineer, sector)
    assert shown.index(">Core<") < shown.index(">Backhaul North<") < shown.index('<h1 class="page-title">Sector 2')
    for text in (
        "CPE 2",
        "Person 2",
        "3 devices, 3 customers",
        'href="http://10.0.0.2/"',
        "Faces east",
        "?tag=east",
        "North",
    ):
        assert text in shown
    assert "4 devices" in page(engineer, backhaul) and "3 customers" in page(engineer, backhaul)
    assert "Nothing hangs on it" in page(engineer, Equipment.objects.get(name="CPE 1"))


def test_the_address_is_a_link_for_those_who_work_on_devices(engineer, office):
    found = make.equipment(address="2001:db8::5")
    assert 'href="http://[2001:db8::5]/"' in page(engineer, found)
    assert "http://[" not in page(office, found) and "2001:db8::5" in page(office, found)


def test_the_worst_of_what_hangs_on_it_comes_first(engineer):
    core = make.equipment("Core")
    for name, state in (("A", "up"), ("B", "degraded"), ("C", "down"), ("D", "unknown")):
        make.equipment(name, uplink=core, state=state)
    answer = engineer.get(core.get_absolute_url())
    assert [one.name for one, _ in answer.context["downlinks"]] == ["C", "B", "A", "D"]


def test_a_device_that_much_hangs_on_shows_a_part_and_leads_to_the_rest(engineer):
    core = make.equipment("Core")
    Equipment.objects.quietly().bulk_create([Equipment(name=f"CPE {number}", uplink=core) for number in range(130)])
    answer = engineer.get(core.get_absolute_url())
    assert len(answer.context["downlinks"]) == 100 and answer.context["below"].devices == 130
    assert f"/network/?uplink={core.pk}" in answer.content.decode()


def test_a_new_device_begins_with_what_its_address_says(administrator):
    places = {"site": make.site("North"), "customer": make.customer("Dean Irvine"), "uplink": make.equipment("Sector")}
    query = {name: str(place.pk) for name, place in places.items()}
    form = EquipmentForm(prefix="new", initial=query)
    assert {name: form[name].value() for name in places} == {
        "site": f"North #{query['site']}",
        "customer": f"Dean Irvine #{query['customer']}",
        "uplink": f"Sector #{query['uplink']}",
    }
    typed = {f"new-{name}": form[name].value() for name in places} | {"new-name": "CPE", "new-kind": "cpe"}
    saved = EquipmentForm(typed, prefix="new", initial=query).save()
    assert {name: getattr(saved, name) for name in places} == places


@pytest.mark.parametrize("asked", ["x", "²", "", "-1", "9" * 40, "\0"])
def test_a_place_that_does_not_exist_is_left_out_of_a_new_device(db, asked):
    form = EquipmentForm(initial=dict.fromkeys(("site", "customer", "uplink"), asked))
    assert {form[name].value() for name in ("site", "customer", "uplink")} == {""}


def test_the_state_that_comes_while_a_device_is_being_changed_stays(db):
    found = make.equipment("CPE", state="up")
    form = EquipmentForm({"name": "CPE 2", "kind": "cpe", "tags": "new"}, instance=found)
    assert form.is_valid()
    Equipment.objects.quietly().update(state="down")
    form.save()
    found.refresh_from_db()
    assert (found.name, found.state, found.words) == ("CPE 2", "down", "cpe 2")
    assert [str(tag) for tag in found.tags.all()] == ["new"]
