"""The pages of Now, incidents and outages: who may what, what is refused, and what they cost."""

from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications.models import Notice
from outages.models import Incident, IncidentNote, Outage
from tests import make

pytestmark = pytest.mark.django_db
ROLES = ["administrator", "engineer", "office", "technician", "manager"]
SEEN = ["now", "now_board", "incidents", "incident", "outages", "outage"]
WORKED = ["incident_work", "incident_acknowledge", "incident_note"]
EVIL = "<script>alert(1)</script>"


def incident(name="sector", *, outages=1, **fields):
    """An open incident with outages of customers behind it."""
    start = timezone.now() - timedelta(minutes=10)
    equipment = make.equipment(name, kind="ap", site=make.site(f"Site of {name}"), state="down")
    found = Incident.objects.create(**({"equipment": equipment, "opened_at": start} | fields))
    for number in range(outages):
        customer = make.customer(f"{name} home {number}", phone="907 555 0101")
        cpe = make.equipment(f"{name} cpe {number}", customer=customer, state="down")
        outage(cpe, incident=found)
    return found


def outage(equipment, **fields):
    start = timezone.now() - timedelta(minutes=10)
    kept = {"asked_at": start.timestamp(), "up": False, "ms": None, "values": {}, "message": "no answer"}
    of = {"equipment": equipment, "customer": equipment.customer, "site": equipment.site}
    return Outage.objects.create(**(of | {"started_at": start, "opened_at": start, "opened_by": kept} | fields))


def address(name):
    if name in ("now", "now_board", "incidents", "outages"):
        return reverse(name)
    found = Incident.objects.first() or incident()
    return reverse(name, args=[found.outages.get().pk if name == "outage" else found.pk])


def working(**fields):
    return {"state": "working", "owner": "", "expected_at": "", "sentence": ""} | fields


def work(client, found, **fields):
    return client.post(reverse("incident_work", args=[found.pk]), working(**fields))


def errors(answer):
    assert answer.status_code == 200
    return answer.context["form"].errors


def local(moment):
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}"


# Who may what


@pytest.mark.parametrize("name", SEEN + WORKED)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_sign_in(stranger, name, method):
    answer = getattr(stranger, method)(address(name))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("who", ROLES)
def test_everybody_of_the_staff_sees_everything(request, who):
    client = request.getfixturevalue(who)
    assert {name: client.get(address(name)).status_code for name in SEEN} == dict.fromkeys(SEEN, 200)


@pytest.mark.parametrize("name", WORKED)
def test_a_manager_looks_on_and_works_on_nothing(manager, name):
    assert manager.post(address(name), working(text="x")).status_code == 403
    assert not IncidentNote.objects.exists()
    page = manager.get(address("incident")).text
    assert '<form method="post"' not in page.partition('id="content"')[2].partition("</main>")[0]


@pytest.mark.parametrize("who", ["administrator", "engineer", "office", "technician"])
def test_all_others_work_on_incidents(request, who):
    client, found = request.getfixturevalue(who), incident()
    assert client.post(reverse("incident_acknowledge", args=[found.pk])).url == found.get_absolute_url()
    assert work(client, found).url == found.get_absolute_url()
    assert client.post(reverse("incident_note", args=[found.pk]), {"text": "On my way."}).status_code == 302
    found.refresh_from_db()
    assert (found.state, found.owner) == ("working", None)
    assert IncidentNote.objects.filter(by=client.user).count() == 3


@pytest.mark.parametrize("name", WORKED)
def test_work_is_posted_and_never_a_link(engineer, name):
    assert engineer.get(address(name)).status_code == 405


@pytest.mark.parametrize("name", ["incident", "outage"])
@pytest.mark.parametrize("pk", [9_999_999, 10**30])
def test_what_is_not_there_is_not_found(engineer, name, pk):
    assert engineer.get(reverse(name, args=[pk])).status_code == 404


@pytest.mark.parametrize("name", WORKED)
def test_nobody_works_on_what_is_not_there(engineer, name):
    assert engineer.post(reverse(name, args=[9_999_999]), working(text="x")).status_code == 404


# Working


def test_acknowledging_takes_it_on(engineer):
    found = incident()
    answer = engineer.post(reverse("incident_acknowledge", args=[found.pk]), {"next": "now"})
    assert answer.url == reverse("now")
    found.refresh_from_db()
    assert (found.state, found.owner) == ("acknowledged", engineer.user)


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "now/../evil"])
def test_acknowledging_leads_nowhere_else(engineer, place):
    found = incident()
    answer = engineer.post(reverse("incident_acknowledge", args=[found.pk]), {"next": place})
    assert answer.url == found.get_absolute_url()


def test_the_first_who_acknowledges_keeps_it(engineer, technician):
    found = incident()
    for client in (engineer, technician, engineer):
        client.post(reverse("incident_acknowledge", args=[found.pk]))
    found.refresh_from_db()
    assert found.owner == engineer.user
    assert found.notes.count() == 1


def test_acknowledging_with_an_old_view_of_it_takes_it_from_nobody(engineer, technician):
    from outages import actions

    found = incident()
    stale = Incident.objects.get(pk=found.pk)
    actions.acknowledge(found, engineer.user, timezone.now())
    actions.acknowledge(stale, technician.user, timezone.now())
    found.refresh_from_db()
    assert found.owner == engineer.user


def test_the_work_is_said_in_the_timeline_and_on_the_page(engineer):
    found, owner = incident(), make.user(name="Nora Field")
    back = timezone.now().replace(second=0, microsecond=0) + timedelta(hours=3)
    work(engineer, found, owner=owner.pk, expected_at=local(back), sentence="A mast has lost its power.")
    found.refresh_from_db()
    assert (found.state, found.owner, found.expected_at) == ("working", owner, back)
    page = engineer.get(found.get_absolute_url()).text
    assert page.count("A mast has lost its power.") >= 2
    assert "working, by Nora Field, expected back" in page


def test_work_that_changes_nothing_is_no_news(engineer):
    found = incident()
    work(engineer, found)
    before = Incident.objects.get(pk=found.pk).changed_at
    work(engineer, found)
    assert found.notes.count() == 1
    assert Incident.objects.get(pk=found.pk).changed_at == before


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("state", "resolved", "not one of the available choices"),
        ("state", "flying", "not one of the available choices"),
        ("state", "", "required"),
        ("expected_at", "2020-01-01T10:00", "has passed"),
        ("expected_at", "0001-01-01T00:00", "has passed"),
        ("expected_at", "9999-12-31T23:59", "more than a year"),
        ("expected_at", "tomorrow", "Enter a valid date"),
        ("expected_at", "2026-02-30T10:00", "Enter a valid date"),
        ("sentence", "x" * 201, "at most 200"),
        ("sentence", "a\0b", "Null characters"),
        ("owner", "9999999", "not one of the available choices"),
        ("owner", "x", "not one of the available choices"),
        ("owner", "9" * 30, "not one of the available choices"),
    ],
)
def test_work_that_cannot_be_is_refused_by_the_name_of_its_field_and_changes_nothing(engineer, field, value, words):
    found = incident()
    answer = work(engineer, found, **{"sentence": "Kept as typed.", field: value})
    assert list(errors(answer)) == [field]
    assert words in str(errors(answer)[field])
    if field != "sentence":
        assert "Kept as typed." in answer.text
    found.refresh_from_db()
    assert (found.state, found.sentence, found.owner, found.expected_at) == ("new", "", None, None)


def test_a_time_that_has_passed_since_does_not_hinder_other_work(engineer):
    past = timezone.now().replace(second=0, microsecond=0) - timedelta(hours=1)
    found = incident(expected_at=past)
    work(engineer, found, expected_at=local(past), sentence="It takes longer.")
    found.refresh_from_db()
    assert (found.sentence, found.expected_at) == ("It takes longer.", past)


def test_who_has_left_is_not_chosen_and_not_silently_dropped(engineer):
    gone, other = make.user(is_active=False), make.user(is_active=False)
    found = incident(owner=gone)
    assert "owner" in errors(work(engineer, found, owner=other.pk))
    work(engineer, found, owner=gone.pk, sentence="Still down.")
    found.refresh_from_db()
    assert (found.owner, found.sentence) == (gone, "Still down.")


def test_what_is_over_is_not_worked_on_any_more(engineer):
    found = incident(closed_at=timezone.now(), state="resolved")
    assert "Work on it" not in engineer.get(found.get_absolute_url()).text
    for name, values in (("work", working()), ("work", working(state="")), ("acknowledge", {})):
        answer = engineer.post(reverse(f"incident_{name}", args=[found.pk]), values, follow=True)
        assert answer.redirect_chain
        assert "over already" in answer.text
    found.refresh_from_db()
    assert found.state == "resolved"
    assert not found.notes.exists()


def test_what_was_learned_is_noted_even_when_it_is_over(engineer):
    found = incident(closed_at=timezone.now(), state="resolved")
    engineer.post(reverse("incident_note", args=[found.pk]), {"text": "The fuse was blown."})
    assert found.notes.get().text == "The fuse was blown."


@pytest.mark.parametrize("text", ["", "   ", "x" * 501, "a\0b"])
def test_a_note_that_cannot_be_is_refused_and_kept_in_the_form(engineer, text):
    found = incident()
    answer = engineer.post(reverse("incident_note", args=[found.pk]), {"text": text})
    assert answer.status_code == 200
    assert answer.context["note_form"].errors["text"]
    assert not found.notes.exists()


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


# Now


def board(client):
    return client.get(reverse("now_board")).text


def test_now_without_equipment_says_how_to_begin(engineer):
    assert "Nothing to look at yet" in board(engineer)


def test_now_does_not_say_that_all_is_well_where_nobody_looks(engineer):
    make.equipment(address="10.0.0.1")
    assert "Nobody looks at anything yet" in board(engineer)
    make.check(make.equipment(address="10.0.0.2"))
    assert "Everything that we look at answers" in board(engineer)


def test_now_does_not_say_that_all_is_well_while_something_is_down(engineer):
    make.check(make.equipment(address="10.0.0.2", state="down"))
    assert "Everything that we look at answers" not in board(engineer)
    assert "No open incident" in board(engineer)


def test_now_counts_every_open_incident_however_few_it_shows(engineer):
    equipment = [make.equipment(f"ap {number}", kind="ap") for number in range(105)]
    Incident.objects.quietly().bulk_create([Incident(equipment=e, opened_at=timezone.now()) for e in equipment])
    page = board(engineer)
    assert '<span class="figure-value">105</span>' in page
    assert page.count("incident-card") == 100
    assert "All 105 open incidents" in page


def test_now_shows_the_worst_first_and_offers_only_what_one_may_do(engineer, manager):
    incident("small", customers_behind=1)
    incident("big", customers_behind=90)
    page = board(engineer)
    assert page.index("big is down") < page.index("small is down")
    assert "Acknowledge" in page
    assert "Acknowledge" not in board(manager)


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
    one, sixty = (queries(engineer, found.get_absolute_url()) for found in (small, big))
    assert len(one) == len(sixty) <= 25


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


def shown(client, found):
    """The fields of the form as a browser would send them back untouched."""
    form = client.get(reverse("incident", args=[found.pk])).context["form"]
    fields = {field.html_name: field.value() or "" for field in form}
    return fields | {field.html_initial_name: field.value() or "" for field in form}


def test_two_people_at_once_undo_nothing_of_each_other(engineer, office):
    found = incident(sentence="A crew is on its way.")
    first, second = shown(engineer, found), shown(office, found)
    work(engineer, found, **first | {"state": "working"})
    work(office, found, **second | {"sentence": "Back by noon."})
    found.refresh_from_db()
    assert (found.state, found.sentence) == ("working", "Back by noon.")
    work(engineer, found, **first | {"state": "working", "sentence": ""})
    found.refresh_from_db()
    assert found.sentence == ""
