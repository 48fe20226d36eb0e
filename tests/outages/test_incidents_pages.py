"""The pages of incidents and outages: what they show, and what they cost."""

from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config import options
from notifications.models import Notice
from outages.models import Incident, Outage
from tests import make
from tests.outages.working import EVIL, SEEN, address, incident, outage

pytestmark = pytest.mark.django_db


# What the pages show


def test_names_words_and_messages_are_shown_and_never_obeyed(engineer):
    found = incident(EVIL, sentence=EVIL, owner=make.user(name=EVIL))
    Outage.objects.quietly().update(
        opened_by={"up": False, "ms": None, "message": EVIL, "values": {EVIL: EVIL}}, equipment=found.equipment
    )
    engineer.post(reverse("incident_note", args=[found.pk]), {"text": EVIL})
    for name in SEEN:
        page = engineer.get(address(name), {"q": "", "show": EVIL, "sort": EVIL, "page": EVIL}).text
        assert EVIL not in page, name
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page, name


@pytest.mark.parametrize("name", ["incidents", "outages"])
@pytest.mark.parametrize(
    "query",
    [
        {"page": "0"}, {"page": "-1"}, {"page": "9" * 400}, {"page": "x"}, {"page": "1.5"},
        {"sort": "pk"}, {"sort": "--opened"}, {"sort": "-"}, {"sort": "owner__password"}, {"sort": "'"},
        {"show": "nothing"}, {"show": "\0"}, {"q": "\0"}, {"q": "%_\\'\""}, {"q": "a " * 40_000}, {"q": "x" * 90_000},
        {"incident": "x"}, {"incident": "9" * 40}, {"incident": "-1"}, {"incident": "²"}, {"incident": "\0"},
    ],
    ids=lambda query: str(query)[:30],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_no_fault(engineer, name, query):
    incident()
    assert engineer.get(reverse(name), query).status_code == 200


def listed(client, name, **query):
    return [row.equipment.name for row in client.get(reverse(name), query).context["page_obj"]]


def test_incidents_are_narrowed_by_state_and_by_a_word_of_what_is_down(engineer):
    incident("north", outages=0)
    over = incident("south", outages=0, closed_at=timezone.now(), state="resolved")
    incident("sign", outages=0, joined=over)
    assert listed(engineer, "incidents") == ["south", "north"]
    assert listed(engineer, "incidents", show="open") == ["north"]
    assert listed(engineer, "incidents", show="over") == ["south"]
    assert listed(engineer, "incidents", q="NORTH") == ["north"]
    assert listed(engineer, "incidents", q="site of south") == ["south"]
    assert listed(engineer, "incidents", q="nobody") == []


def test_outages_are_narrowed_by_state_incident_equipment_and_customer(engineer):
    found = incident("north")
    outage(make.equipment("router"), ended_at=timezone.now(), closed_by={"up": True})
    assert listed(engineer, "outages") == ["router", "north cpe 0"]
    assert listed(engineer, "outages", show="open") == ["north cpe 0"]
    assert listed(engineer, "outages", show="over") == ["router"]
    assert listed(engineer, "outages", incident=found.pk) == ["north cpe 0"]
    assert listed(engineer, "outages", q="Home 0") == ["north cpe 0"]
    assert listed(engineer, "outages", q="rout") == ["router"]


@pytest.mark.parametrize(
    ("name", "sort"),
    [
        *(("incidents", sort) for sort in ("opened", "customers", "equipment", "state")),
        *(("outages", sort) for sort in ("started", "ended", "equipment", "customer")),
    ],
)
def test_every_column_sorts_both_ways(engineer, name, sort):
    for number in range(3):
        incident(f"sector {number}", customers_behind=number, opened_at=timezone.now() - timedelta(hours=number))
    up, down = (listed(engineer, name, sort=order) for order in (sort, f"-{sort}"))
    assert len(up) == 3
    assert up == down[::-1]


@pytest.mark.parametrize("name", ["incidents", "outages"])
def test_only_the_rows_are_sent_while_one_types(engineer, name):
    incident("north")
    answer = engineer.get(reverse(name), {"q": "north"}, headers={"HX-Request": "true", "HX-Target": "rows"})
    assert "north" in answer.text and "<html" not in answer.text
    assert "HX-Request" in answer["Vary"]


@pytest.mark.parametrize(("name", "title"), [("incidents", "No incidents"), ("outages", "No outages")])
def test_an_empty_list_explains_itself_and_a_filtered_one_says_that_nothing_fits(engineer, name, title):
    assert title in engineer.get(reverse(name)).text
    for query in ({"q": "nobody"}, {"show": "over"}):
        page = engineer.get(reverse(name), query).text
        assert title not in page
        assert "Nothing fits these filters" in page


def test_an_incident_that_was_a_first_sign_leads_to_its_cause(engineer):
    cause = incident("backhaul")
    sign = incident("sector", joined=cause, closed_at=timezone.now(), state="resolved")
    assert (
        f'It was the first sign of <a href="{cause.get_absolute_url()}"' in engineer.get(sign.get_absolute_url()).text
    )


def test_an_outage_shows_what_opened_and_what_closed_it(engineer):
    found = outage(make.equipment(), ended_at=timezone.now(), closed_by={"up": True, "ms": 4.2, "message": ""})
    page = engineer.get(found.get_absolute_url()).text
    assert "no answer" in page and "4.20 ms" in page
    assert "deleted since" in page


def test_an_outage_without_words_is_still_shown(engineer):
    found = outage(make.equipment(), ended_at=timezone.now(), opened_by={}, closed_by=None)
    assert engineer.get(found.get_absolute_url()).status_code == 200


def test_the_state_of_an_incident_is_shown_with_its_own_picture(engineer):
    found = incident(state="acknowledged")
    for name in ("now", "incidents", "incident"):
        assert "state-warn" in engineer.get(address(name)).text, name
    assert found.state == "acknowledged"


def told(found, user, number):
    now = timezone.now()
    Notice.objects.create(
        fingerprint=f"{found.pk} {number}", event="incident.opened", about=found, recipient=user, text="It is down.",
        due_at=now, created_at=now,
    )  # fmt: skip


def test_an_incident_says_who_was_told_even_if_they_are_gone(engineer):
    found, gone = incident(), make.user(name="Left Long Ago")
    told(found, gone, 1)
    assert "Told Left Long Ago" in engineer.get(found.get_absolute_url()).text
    gone.delete()
    assert "It is down." in engineer.get(found.get_absolute_url()).text


def test_a_search_tells_whoever_is_on_the_phone_what_may_be_said(office, django_assert_max_num_queries):
    cause = incident("tower-north", sentence="Lightning struck; a crew is on its way.")
    for number in range(3):
        served = make.customer(f"Dean Irvine{number}", state="down")
        outage(make.equipment(customer=served), customer=served, incident=cause)
    make.customer("Dean Upson", state="up")
    with django_assert_max_num_queries(16):
        text = office.get("/search/", {"q": "dean"}).text
    assert text.count("Lightning struck; a crew is on its way.") == 3
    assert text.count("Out since") == 3


def test_where_one_way_of_looking_still_finds_a_silent_customer_up_nothing_green_is_read_out(office):
    cause = incident("tower-north", sentence="Lightning struck; a crew is on its way.")
    doubtful, served = make.customer("Dean Irvine", state="up"), make.customer("Dean Upson", state="up")
    outage(make.equipment(customer=doubtful, state="degraded"), customer=doubtful, incident=cause)
    text = office.get(doubtful.get_absolute_url()).text
    assert "Perhaps in an outage" in text and "Lightning struck; a crew is on its way." in text
    assert "lead-good" not in text
    assert "Not in an outage" in office.get(served.get_absolute_url()).text


def test_an_incident_behind_which_nobody_is_known_to_be_out_does_not_count_none(engineer):
    text = engineer.get(incident(outages=0, customers_behind=7).get_absolute_url()).text
    assert "None of them is known to be without service." in text
    assert "0 customers without service" not in text


# What the pages cost


def queries(client, place):
    """The queries of a page, without those for what is kept in memory between requests."""
    ContentType.objects.get_for_models(Incident, Outage, type(client.user))
    client.get(place)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(place).status_code == 200
    return [query["sql"] for query in seen if "config_option" not in query["sql"]]


@pytest.mark.parametrize("name", ["now", "now_board", "incidents", "outages"])
def test_a_page_costs_the_same_for_one_row_and_for_sixty(engineer, name):
    none = queries(engineer, reverse(name))
    incident(owner=engineer.user)
    one = queries(engineer, reverse(name))
    for number in range(59):
        incident(f"sector {number}", owner=engineer.user)
    sixty = queries(engineer, reverse(name))
    assert len(none) <= len(one) == len(sixty) <= 15


def test_the_page_of_an_incident_costs_the_same_for_one_customer_and_for_sixty(engineer):
    small, big = incident("small", outages=1), incident("big", outages=60)
    for found, count in ((small, 1), (big, 60)):
        outage(found.equipment, incident=found, customer=None)
        for number in range(count):
            told(found, make.user(), number)
            found.notes.create(at=timezone.now(), text=f"Note {number}", by=make.user())
    # They are remembered for two seconds, which may end in the middle.
    cache.set(options.KEY, options.fresh(), 60)
    # The first page reads what those who listen ask for.
    queries(engineer, small.get_absolute_url())
    one, sixty = (queries(engineer, found.get_absolute_url()) for found in (small, big))
    assert len(one) == len(sixty) <= 25
