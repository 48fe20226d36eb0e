"""Who hears of what: one's own subscriptions and one's role's, turned off, muted, by tags, and by an administrator."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config import options
from notifications import actions, engine, hearing, why
from notifications.event import GENERAL
from notifications.models import Mute, Notice, Subscription
from outages.models import Incident
from tests import make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINE = "subscriptions"


def wants(event, kind="role", key="engineer", **fields):
    return Subscription.objects.create(event=event, recipient_kind=kind, recipient_key=str(key), **fields)


def of(user):
    return "user", str(user.pk)


def incident(equipment=None, **fields):
    return Incident.objects.create(equipment=equipment or make.equipment(kind="ap"), opened_at=NOW, **fields)


def told():
    return {notice.recipient for notice in Notice.objects.exclude(event=GENERAL)}


def direct(user):
    return [notice.text for notice in Notice.objects.to(user).filter(event=GENERAL)]


def test_what_one_turned_off_beats_the_role_and_nobody_else():
    me, other = make.user(), make.user()
    row = wants("incident.opened")
    actions.turn_off(me, row, me)
    incident()
    assert told() == {other}
    actions.turn_on(me, row, me)
    incident()
    assert told() == {me, other}


def test_ones_own_subscription_is_heard_also_where_the_role_is_turned_off():
    me, watched = make.user(), make.equipment(kind="ap")
    actions.turn_off(me, wants("incident.opened"), me)
    wants("incident.opened", *of(me), about=watched)
    incident()
    assert told() == set()
    incident(watched)
    assert told() == {me}


def test_an_event_that_everybody_turned_off_is_no_more_looked_for():
    me = make.user()
    wants("incident.opened", *of(me), off=True)
    assert not engine.wanted("outages.Incident")


@pytest.mark.parametrize("mark", ["equipment", "site", "customer"])
def test_muting_a_thing_mutes_what_belongs_to_it_for_oneself_alone(mark):
    me, other = make.user(), make.user()
    equipment = make.equipment(kind="ap", site=make.site(), customer=make.customer())
    wants("incident.opened")
    actions.mute(me, equipment if mark == "equipment" else getattr(equipment, mark), None)
    incident(equipment)
    assert told() == {other}
    incident()
    assert told() == {me, other}


@pytest.mark.parametrize(("after", "hears"), [(-1, False), (0, True), (1, True)])
def test_a_mute_ends_at_its_time(after, hears):
    me, equipment = make.user(), make.equipment(kind="ap")
    until = NOW + timedelta(days=1)
    actions.mute(me, equipment, until)
    found = incident(equipment)
    wants("incident.opened", *of(me))
    assert engine.consider([(None, found)], until + timedelta(seconds=after)) == hears
    assert bool(hearing.mutes(me, until + timedelta(seconds=after))) is not hears


def test_muting_again_takes_the_new_time_and_twice_unmuted_is_no_error():
    me, site = make.user(), make.site()
    actions.mute(me, site, NOW)
    actions.mute(me, site, None)
    assert Mute.objects.get().until is None
    actions.unmute(me, site)
    actions.unmute(me, site)
    assert not Mute.objects.exists()


@pytest.mark.parametrize("where", ["equipment", "site", "customer"])
@pytest.mark.parametrize(
    ("tags_in", "tags_out", "hears"),
    [(["VIP"], [], True), (["vip", "gold"], [], True), (["gold"], [], False), ([], ["Vip"], False), ([], ["x"], True),
     (["vip"], ["vip"], False)],
)  # fmt: skip
def test_tags_count_from_the_equipment_its_site_and_its_customer(where, tags_in, tags_out, hears):
    things = {"site": make.site(), "customer": make.customer()}
    things["equipment"] = make.equipment(kind="ap", **things)
    things[where].tags.add("vip")
    me = make.user()
    wants("incident.opened", *of(me), tags_in=tags_in, tags_out=tags_out)
    incident(things["equipment"])
    assert told() == ({me} if hears else set())


def test_tags_are_asked_for_only_where_a_subscription_names_some():
    wants("incident.opened", *of(make.user()))
    plain, tagged = incident(), incident()
    Notice.objects.all().delete()
    with CaptureQueriesContext(connection) as without:
        assert engine.consider([(None, plain)], NOW) == 1
    Subscription.objects.update(tags_out=["vip"])
    with CaptureQueriesContext(connection) as having:
        assert engine.consider([(None, tagged)], NOW) == 1
    asked = [sum('FROM "taggit_tagged' in query["sql"] for query in one) for one in (without, having)]
    assert asked == [0, 1]


def test_whoever_is_subscribed_by_another_is_told_who_did_it_and_a_second_time_changes_nothing():
    ada, me, site = make.user("administrator", name="Ada Whitlock"), make.user(), make.site("Ridge")
    for _ in range(2):
        actions.choose(of(me), site, {"incident.opened": {"asked": {"at_least": 5}}}, ["incident.opened"], ada)
    assert direct(me) == ["Ada Whitlock subscribed you to “An incident opened”: Ridge"]
    assert not direct(ada)
    for _ in range(2):
        actions.choose(of(me), site, {}, ["incident.opened"], ada)
    assert direct(me)[0] == "Ada Whitlock unsubscribed you from “An incident opened”: Ridge"
    assert len(direct(me)) == 2
    assert "general notice" in why.reasons(Notice.objects.to(me))[Notice.objects.to(me)[0].pk]


def test_everybody_of_a_role_is_told_but_not_who_did_it_and_nobody_of_what_they_do_themselves():
    ada, other = make.user("administrator"), make.user("administrator")
    actions.subscribe(("role", "administrator"), "outage.opened", None, ada)
    assert len(direct(other)) == 1 and "everybody in the role Administrator" in direct(other)[0]
    assert not direct(ada)
    actions.subscribe(of(other), "outage.closed", None, other)
    assert len(direct(other)) == 1


def test_a_long_list_of_events_is_cut_at_280_signs():
    ada, me = make.user("administrator"), make.user(name="x")
    actions.choose(of(me), make.site("y" * 100), {"incident.opened": {}, "outage.opened": {}}, [], ada)
    actions.choose(of(me), make.customer("z" * 75), {"incident.opened": {}, "outage.opened": {}}, [], ada)
    assert all(len(text) <= 280 for text in direct(me))


def test_the_page_shows_ones_own_the_roles_and_who_made_them(engineer, administrator):
    wants("incident.opened", asked={"at_least": 12})
    wants("outage.opened", *of(engineer.user), about=make.site("Ridge"), created_by=administrator.user)
    page = engineer.get(reverse(MINE)).text
    assert "From how many customers on (towers, APs and links always): 12" in page
    assert "Ridge" in page and str(administrator.user) in page and "everybody in the role Engineer" in page
    assert "Not for me" in page and "Remove" in page


def test_what_the_role_hears_is_turned_off_and_on_again_from_the_page(engineer):
    row = wants("incident.opened")
    turn = reverse("subscription_turn", args=[row.pk])
    for _ in range(2):
        assert engineer.post(turn).url == reverse(MINE)
    assert Subscription.objects.get(off=True).recipient == of(engineer.user)
    assert "Turned off by me" in engineer.get(reverse(MINE)).text
    assert "An incident opened" not in engineer.get(reverse("me")).text
    for _ in range(2):
        engineer.post(turn, {"on": "yes"})
    assert not Subscription.objects.filter(off=True).exists()


def test_nobody_turns_off_what_does_not_reach_them(office, engineer):
    role, own = wants("incident.opened"), wants("incident.opened", *of(office.user))
    for row in (role, own):
        assert office.post(reverse("subscription_turn", args=[row.pk])).status_code == 404
    assert office.post(reverse("subscription_turn", args=[role.pk]), {"person": engineer.user.pk}).status_code == 403


def test_an_event_is_added_changed_and_removed(engineer):
    for _ in range(2):
        engineer.post(reverse(MINE), {"event": "incident.opened"})
    row = Subscription.objects.get()
    address = reverse("subscription", args=[row.pk])
    assert engineer.get(address).status_code == 200
    form = {"at_least": "40", "tags_in": "vip,  Vip, north ridge", "tags_out": ""}
    assert engineer.post(address, form).url == reverse(MINE)
    row.refresh_from_db()
    assert (row.asked, row.tags_in, row.tags_out) == ({"at_least": 40}, ["Vip", "north ridge"], [])
    assert "with Vip or north ridge" in engineer.get(reverse(MINE)).text
    assert engineer.post(address, {"at_least": "0"}).status_code == 200
    for _ in range(2):
        assert engineer.post(reverse("subscription_remove", args=[row.pk])).url == reverse(MINE)
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("event", ["", "long.gone"])
def test_an_unknown_event_is_not_added(engineer, event):
    assert engineer.post(reverse(MINE), {"event": event}).status_code == 404


@pytest.mark.parametrize("who", ["engineer", "office", "technician", "manager"])
def test_nobody_but_an_administrator_sees_or_changes_what_others_hear(request, who):
    client, other = request.getfixturevalue(who), make.user()
    row = wants("incident.opened", *of(other))
    assert client.get(reverse(MINE)).status_code == 200
    for address in (reverse("subscriptions_of", args=["user", other.pk]),
                    reverse("subscriptions_of", args=["role", "engineer"]),
                    reverse("subscription", args=[row.pk])):  # fmt: skip
        assert client.get(address).status_code == client.post(address, {"event": "outage.opened"}).status_code == 403
    assert client.post(reverse("subscription_remove", args=[row.pk])).status_code == 403
    assert list(Subscription.objects.all()) == [row]


def test_a_stranger_is_sent_to_sign_in(stranger):
    row = wants("incident.opened")
    of_the_row = ("subscription", "subscription_remove", "subscription_turn")
    addresses = [reverse(MINE), reverse("subscriptions_of", args=["role", "engineer"])]
    addresses += [reverse(name, args=[row.pk]) for name in of_the_row]
    for address in addresses:
        for answer in (stranger.get(address), stranger.post(address)):
            assert answer.status_code == 302 and answer.url.startswith(reverse("account_login"))
    assert Subscription.objects.get() == row


def test_an_administrator_sees_to_a_user_and_to_a_role(administrator):
    other = make.user(name="Tomás Núñez")
    row = wants("incident.opened")
    for kind, key in (("user", other.pk), ("role", "engineer")):
        address = reverse("subscriptions_of", args=[kind, key])
        assert administrator.get(address).status_code == 200
        assert administrator.post(address, {"event": "outage.opened"}).url == address
    assert len(direct(other)) == 2
    turned = administrator.post(reverse("subscription_turn", args=[row.pk]), {"person": other.pk})
    assert turned.url == reverse("subscriptions_of", args=["user", other.pk])
    assert "Turned off for this person" in administrator.get(turned.url).text
    assert direct(other)[0].endswith("turned off, for you, “An incident opened”")
    administrator.post(reverse("subscription", args=[row.pk]), {"at_least": "9"})
    assert direct(other)[0].endswith("changed what everybody in the role Engineer asked for, of “An incident opened”")


@pytest.mark.parametrize(("kind", "key"), [("role", "astronaut"), ("user", "999999"), ("user", "abc"), ("team", "1")])
def test_nobody_is_nowhere(administrator, kind, key):
    assert administrator.get(reverse("subscriptions_of", args=[kind, key])).status_code == 404


def test_ones_own_page_is_found_under_ones_own_name_too(administrator):
    assert administrator.get(reverse("subscriptions_of", args=of(administrator.user))).url == reverse(MINE)


def test_what_is_about_something_deleted_is_not_shown(engineer):
    site = make.site("Ridge")
    wants("incident.opened", *of(engineer.user), about=site)
    actions.mute(engineer.user, site, None)
    type(site).objects.filter(pk=site.pk).quietly().delete()
    assert "No subscriptions here yet" in engineer.get(reverse(MINE)).text


def test_many_subscriptions_cost_no_more_queries_than_few(engineer, django_assert_max_num_queries):
    for _ in range(3):
        wants("incident.opened", *of(engineer.user), about=make.site(), created_by=make.user())
    # Kept for two seconds, which may end in the middle.
    cache.set(options.KEY, options.fresh(), 60)
    engineer.get(reverse(MINE))
    with CaptureQueriesContext(connection) as few:
        engineer.get(reverse(MINE))
    for _ in range(12):
        wants("outage.opened", *of(engineer.user), about=make.site(), created_by=make.user())
    with django_assert_max_num_queries(len(few)):
        engineer.get(reverse(MINE))


def test_the_events_to_add_stand_by_the_kind_of_what_they_are_of(engineer):
    page = engineer.get(reverse(MINE))
    kinds = [kind for kind, _ in page.context["to_add"]]
    assert len(kinds) == len(set(kinds)) and {"Incidents", "Equipment", "Addresses"} <= set(kinds)
    assert '<optgroup label="Incidents">' in page.text
