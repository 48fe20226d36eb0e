"""The terms of a subscription: in the menu of an object and in the list, chosen, kept, changed together, refused."""

import pytest
from django.urls import reverse

from notifications import actions
from notifications.event import GENERAL, declared
from notifications.models import Address, Mute, Notice, Subscription
from notifications.terms import Reach, TermsForm
from tests import make

pytestmark = pytest.mark.django_db
MINE = "subscriptions"


def menu(thing, query=""):
    return reverse("subscribe", args=[thing._meta.label_lower, thing.pk]) + query


def wants(event, to, **fields):
    return Subscription.objects.create(event=event, recipient_kind="user", recipient_key=str(to.pk), **fields)


def chosen(key, **terms):
    """The menu with one event checked, all its fields sent as a browser does."""
    sent = {key: "on", f"{key}.tags_in": "", f"{key}.tags_out": ""}
    return sent | {f"{key}.{name}": value for name, value in terms.items()}


def listed(*rows, **terms):
    """The list as a browser sends it: of each row every text field."""
    sent = {}
    for row in rows:
        asks = {ask.name: row.asked.get(ask.name, ask.default) for ask in declared()[row.event].asks}
        given = {**asks, "tags_in": ", ".join(row.tags_in), "tags_out": ""}
        sent |= {f"row-{row.pk}.{name}": value for name, value in given.items()}
    return sent | {name.replace("__", "."): value for name, value in terms.items()}


def field(row, name):
    return f"row-{row.pk}.{name}"


def test_the_menu_takes_all_terms_of_an_event(administrator):
    site = make.site()
    Address.objects.create(owner=administrator.user, channel="webpush", value="https://push.example/1")
    sent = chosen(
        "outage.still_open", minutes="90", tags_in="vip, North ", tags_out="school", channels=["inbox"],
        own_acts="on", now_too="on", escalate_after="15",
    )  # fmt: skip
    assert administrator.post(menu(site), sent).url == site.get_absolute_url()
    row = Subscription.objects.get(recipient_kind="user")
    assert (row.asked, row.tags_in, row.tags_out) == ({"minutes": 90}, ["vip", "North"], ["school"])
    assert (row.channels, row.own_acts, row.now_too, row.escalate_after) == (["inbox"], True, True, 15)
    assert administrator.post(menu(site), chosen("outage.still_open", minutes="90")).status_code == 302
    row.refresh_from_db()
    assert (row.tags_in, row.channels, row.own_acts, row.escalate_after) == ([], [], False, None)


def test_what_is_not_sent_stays_as_it_is_in_force(engineer):
    site = make.site()
    row = wants("outage.closed", engineer.user, about=site, tags_in=["vip"], own_acts=True, channels=["inbox"])
    engineer.post(menu(site), {"outage.closed": "on"})
    row.refresh_from_db()
    assert (row.tags_in, row.own_acts, row.channels) == (["vip"], True, ["inbox"])


def test_several_lead_times_stand_on_one_subscription(engineer):
    radio = make.equipment()
    engineer.post(menu(radio), chosen("equipment.warranty_expiring", days="7, 60,30"))
    assert Subscription.objects.get(recipient_kind="user").asked == {"days": [60, 30, 7]}


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"at_least": "0"}, "From how many customers"),
        ({"tags_in": "x" * 101}, "Only with one of these tags: A tag has at most 100 signs"),
        ({"tags_in": ", ".join(f"t{n}" for n in range(31))}, "At most 30 tags"),
        ({"channels": ["carrier-pigeon"]}, "Tell by: “carrier-pigeon” is no channel"),
    ],
)
def test_bad_input_names_the_field_keeps_what_was_typed_and_changes_nothing(engineer, terms, words):
    site = make.site()
    sent = chosen("incident.opened", **({"at_least": "3", "tags_out": "kept as typed"} | terms))
    answer = engineer.post(menu(site), sent)
    assert answer.status_code == 200 and "An incident opened, " in answer.text
    assert words in answer.text and "kept as typed" in answer.text
    assert not Subscription.objects.filter(recipient_kind="user").exists()


def test_only_what_is_checked_has_to_be_in_order(engineer):
    site = make.site()
    sent = chosen("outage.opened") | {"incident.opened.at_least": "-5"}
    assert engineer.post(menu(site), sent).status_code == 302


def test_involved_is_offered_where_an_event_has_people_and_ticked_beforehand_for_technicians():
    boss, technician = make.user("administrator"), make.user("technician")
    for event in declared().values():
        offered = {
            "involved" in TermsForm(event, None, Reach.of(("user", str(user.pk)), boss)).fields
            for user in (boss, technician)
        }
        assert offered == {event.people is not None and event.audience.value != "personal"}
    assert [Reach.of(("user", str(user.pk)), boss).involved for user in (boss, technician)] == [False, True]
    assert Reach.of(("role", "technician"), boss).involved and not Reach.of(("role", "engineer"), boss).involved


def test_what_is_true_now_is_offered_where_something_can_be():
    user = make.user()
    reach = Reach.of(("user", str(user.pk)), user)
    offered = {key for key, event in declared().items() if "now_too" in TermsForm(event, None, reach).fields}
    assert "outage.still_open" in offered and "customer.deleted" not in offered


def test_only_who_sees_to_others_says_when_it_goes_on(engineer, administrator):
    site = make.site()
    assert "Louder after" not in engineer.get(menu(site)).text
    assert "Louder after" in administrator.get(menu(site)).text
    row = wants("outage.closed", engineer.user, about=site, escalate_after=20)
    engineer.post(menu(site), chosen("outage.closed", tags_in="vip", escalate_after="1"))
    row.refresh_from_db()
    assert (row.tags_in, row.escalate_after) == (["vip"], 20)


def test_the_channels_are_those_that_reach_the_person(engineer, administrator):
    Address.objects.create(owner=engineer.user, channel="webpush", value="https://push.example/1")
    off = Address.objects.create(owner=administrator.user, channel="webpush", value="https://push.example/2")
    Address.objects.filter(pk=off.pk).update(wanted=False)
    of_engineer, of_administrator = (
        dict(Reach.of(("user", str(one.user.pk)), one.user).channels) for one in (engineer, administrator)
    )
    assert "inbox" in of_engineer and "webpush" not in of_administrator


def test_a_channel_that_no_longer_works_stays_until_it_is_taken_out(engineer):
    row = wants("outage.closed", engineer.user, channels=["webpush"])
    page = engineer.get(reverse(MINE)).text
    assert "does not work now" in page
    engineer.post(reverse(MINE), listed(row) | {field(row, "channels"): ["webpush"]})
    row.refresh_from_db()
    assert row.channels == ["webpush"]


def test_several_rows_are_changed_and_saved_once(engineer):
    first = wants("incident.opened", engineer.user, asked={"at_least": 5})
    second = wants("outage.closed", engineer.user, about=make.site("Ridge"))
    third = wants("outage.opened", engineer.user, tags_in=["vip"])
    sent = listed(first, second, third) | {field(first, "at_least"): "9", field(second, "own_acts"): "on"}
    answer = engineer.post(reverse(MINE), sent, follow=True)
    assert "2 changed." in answer.text
    for row in (first, second, third):
        row.refresh_from_db()
    assert (first.asked, second.own_acts, third.tags_in) == ({"at_least": 9}, True, ["vip"])
    assert "Nothing was changed" in engineer.post(reverse(MINE), listed(first, second, third) | {
        field(second, "own_acts"): "on"}, follow=True).text  # fmt: skip
    assert not Notice.objects.exists()


def test_one_wrong_row_keeps_all_from_being_saved_and_keeps_what_was_typed(engineer):
    first = wants("incident.opened", engineer.user, asked={"at_least": 5})
    second = wants("outage.closed", engineer.user, about=make.site("Ridge"))
    sent = listed(first, second) | {field(first, "at_least"): "none", field(second, "tags_in"): "typed before"}
    answer = engineer.post(reverse(MINE), sent)
    assert "An incident opened, From how many customers" in answer.text and "typed before" in answer.text
    second.refresh_from_db()
    assert second.tags_in == []


def test_an_administrator_who_changes_several_of_somebody_tells_them_once(administrator):
    other = make.user()
    rows = [wants(key, other) for key in ("outage.opened", "outage.closed")]
    address = reverse("subscriptions_of", args=["user", other.pk])
    sent = listed(*rows) | {field(row, "tags_in"): "vip" for row in rows}
    assert administrator.post(address, sent).url == address
    told = Notice.objects.to(other).get(event=GENERAL)
    assert "“A piece of equipment went down”, “A piece of equipment came back”" in told.text
    assert {tuple(row.tags_in) for row in Subscription.objects.filter(recipient_kind="user")} == {("vip",)}


def test_nobody_changes_the_rows_of_others_by_their_own_list(engineer):
    row = wants("outage.closed", make.user())
    engineer.post(reverse(MINE), listed(row) | {field(row, "tags_in"): "mine now"})
    row.refresh_from_db()
    assert row.tags_in == []


def test_a_row_is_muted_and_removed_from_within_the_list(engineer):
    site = make.site("Ridge")
    row = wants("outage.closed", engineer.user, about=site)
    page = engineer.get(reverse(MINE)).text
    for name, args in (("subscription_remove", [row.pk]), ("subscribe_mute", ["customers.site", site.pk])):
        assert f'formaction="{reverse(name, args=args)}"' in page
    muted = engineer.post(
        reverse("subscribe_mute", args=["customers.site", site.pk]), listed(row) | {"back": "list", "for": "week"}
    )
    assert muted.url == reverse(MINE) and Mute.objects.get().about == site
    engineer.post(reverse("subscription_remove", args=[row.pk]), listed(row))
    assert not Subscription.objects.filter(pk=row.pk).exists()


def test_many_rows_come_page_by_page(engineer):
    rows = [
        Subscription(
            event="outage.closed", recipient_kind="user", recipient_key=str(engineer.user.pk), about=make.site()
        )
        for _ in range(55)
    ]
    Subscription.objects.bulk_create(rows)
    assert engineer.get(reverse(MINE)).text.count('class="terms listed"') == 50
    assert engineer.get(reverse(MINE), {"page": 2}).text.count('class="terms listed"') == 5


def test_a_role_is_subscribed_with_its_terms_and_told_who_did_it(administrator):
    other, site = make.user("office"), make.site("Ridge")
    administrator.post(menu(site, "?for=role:office"), chosen("outage.closed", escalate_after="30"))
    row = Subscription.objects.get(recipient_key="office", event="outage.closed")
    assert row.escalate_after == 30
    assert str(administrator.user) in Notice.objects.to(other).get(event=GENERAL).text


def test_choosing_puts_all_terms_down_and_keeps_those_that_are_not_named():
    me = make.user()
    to = ("user", str(me.pk))
    actions.choose(to, None, {"outage.opened": {"tags_in": ["vip"], "own_acts": True}}, ["outage.opened"], me)
    actions.choose(to, None, {"outage.opened": {"tags_in": ["x"]}}, ["outage.opened"], me)
    row = Subscription.objects.to(to).get()
    assert (row.tags_in, row.own_acts) == (["x"], True)


def test_what_a_technician_adds_is_of_what_involves_them_and_says_so(technician, engineer):
    for client, involved in ((technician, True), (engineer, False)):
        client.post(reverse(MINE), {"event": "incident.opened"})
        assert Subscription.objects.get(recipient_kind="user", recipient_key=client.user.pk).involved is involved
        page = client.get(reverse(MINE)).text
        assert ("only if involved" in page) is involved
        assert "involves them" not in page


def test_whoever_is_on_duty_may_be_chosen_with_when_it_goes_on(administrator):
    site = make.site()
    answer = administrator.post(menu(site, "?for=duty:now"), chosen("outage.closed", escalate_after="10"))
    assert answer.status_code == 302
    assert Subscription.objects.get(recipient_kind="duty", event="outage.closed").escalate_after == 10
