"""Every address of the site, found where Django finds them: a new page is looked at without being named here."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from notifications import acknowledging

# The sign-in library's steps to a second factor, which test_second_factor goes through.
STEPS = {
    "mfa_activate_totp", "mfa_authenticate", "mfa_deactivate_totp", "mfa_download_recovery_codes",
    "mfa_generate_recovery_codes", "mfa_index", "mfa_reauthenticate", "mfa_view_recovery_codes",
}  # fmt: skip
# What a browser is not shown as a page of its own: parts of pages, streams, data, and what only takes a POST.
NOT_PAGES = STEPS | {
    "audit_csv", "github_callback", "github_login", "invitation_renew", "invitation_revoke", "user_refuse", "waiting",
    "backup_begin", "backup_download", "customer_everything", "sending_discard", "sending_release",
    "account_confirm_login_code", "account_set_password", "address_on", "address_test", "delivery_discard",
    "delivery_replay", "alarms", "bell", "channel", "channel_remove", "channel_test", "channel_code_again",
    "channel_renew", "notice_short", "channel_turn", "check_readings", "csv", "customer_choices", "demo_enter",
    "demo_link", "demo_load", "demo_play", "equipment_choices", "equipment_looking", "equipment_ping",
    "equipment_trace", "import_confirm", "import_discard", "inbox_read", "incident_acknowledge", "incident_note",
    "incident_work", "keep_alive", "live", "manifest", "notice", "now_board", "push", "push_key", "push_moved",
    "duty_cover_remove", "duty_turn_remove", "general_by", "inbox_act", "push_acknowledge", "report",
    "push_off", "reminder_done", "reminder_later", "reminder_quick", "site_choices",
    "subscribe_mute", "subscription_remove", "subscription_turn", "token_revoke", "dry_run", "unsubscribe",
    "source_accept", "source_choose", "source_hint", "source_look", "source_rotate", "source_switch", "source_sync",
    "triage_sort", "user_token_revoke", "worker",
}  # fmt: skip
# Open for as long as there is no administrator, or no equipment: test_start looks at them.
AT_THE_START = {"setup", "welcome"}
AT_THE_DOOR = {
    "account_login", "account_inactive", "account_signup", "account_reset_password", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "invitation", "socialaccount_login_cancelled",
}  # fmt: skip
# What the sign-in library has and this house does not.
CLOSED = {
    "account_confirm_email", "account_email", "account_email_verification_sent", "account_reset_password_done",
    "socialaccount_login_error", "socialaccount_signup",
}  # fmt: skip
# What a page may also be asked for: nothing found, the next page, a word that is searched.
ALSO = {
    "audit": ("?kind=subscription", "?until=2001-01-01"),
    "deliveries": ("?state=failed", "?text=nothing-of-these-words", "?until=2001-01-01"),
    "customers": ("?q=nobody-of-this-name", "?page=2", "?state=down&sort=-name"),
    "equipments": ("?q=nothing-of-this-name",),
    "incidents": ("?q=nothing-of-this-name", "?show=open"),
    "inbox": ("?show=unread",),
    "outages": ("?q=nothing-of-this-name",),
    "reminders": ("?show=done", "?show=others", "?q=nothing-of-these-words"),
    "search": ("?q=09", "?q=nothing-of-this-name"),
    "sites": ("?kind=all",),
    "triage": ("?q=nothing-of-this-name", "?show=seasonal"),
    "events": ("?q=tagged", "?q=nothing-of-this-name"),
    "users": ("?q=nobody",),
}
KEYS = {
    "channel_add": {"name": "webhook"},
    "invitation": {"token": "a-token-that-opens-it"},
    "subscriptions_of": {"kind": "role", "key": "engineer"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "used-already"},
    "account_confirm_email": {"key": "no-such-key"},
    "import_send": {"key": "customers"},
}

# The kind of thing that a page is of, where the first word of its name does not say it.
OF = {
    "contact_add": "customer", "check_add": "equipment", "meter": "equipment", "extend": "plan", "duty_turn": "turn",
    "duty_cover": "cover",
}  # fmt: skip


def patterns(found: Iterable[Any] = ()) -> Iterator[URLPattern]:
    """All of them, however deep."""
    for one in found or get_resolver().url_patterns:
        if isinstance(one, URLResolver):
            yield from patterns(one.url_patterns)
        else:
            yield one


API = {pattern.name for pattern in patterns() if (pattern.name or "").startswith("api_")} - {"api_docs"}
NAMES = sorted({pattern.name for pattern in patterns() if pattern.name} - NOT_PAGES - API - AT_THE_START - CLOSED)
TAKE_A_PK = {pattern.name for pattern in patterns() if "pk" in pattern.pattern.converters} | {"acknowledge"}


def of(name: str, samples: dict[str, list[Any]]) -> list[str]:
    """Where a page is: of each sample for the page of a thing, of the first one for what can be done with it."""
    if name == "subscribe":
        things = [samples[kind][0] for kind in ("customer", "site", "equipment", "incident", "outage")]
        return [reverse(name, args=[thing._meta.label_lower, thing.pk]) + "?of=this" for thing in things]
    if name == "send_notice":
        things = [samples[kind][0] for kind in ("customer", "incident", "source")]
        return [reverse(name, args=[thing._meta.label_lower, thing.pk]) for thing in things]
    if name == "why":
        return [reverse(name, args=[thing._meta.label_lower, thing.pk]) for thing in (samples["site"][0],)]
    if name == "acknowledge":
        return [reverse(name, args=[acknowledging.token(notice)]) for notice in samples["notice"]]
    if name not in TAKE_A_PK:
        address = reverse(name, kwargs=KEYS.get(name))
        return [address, *(address + also for also in ALSO.get(name, ()))]
    kind = OF.get(name, name.split("_")[0])
    assert kind in samples, f"the page {name!r} is of a {kind!r}: let tests/browser/world.py make one"
    return [reverse(name, args=[one.pk]) for one in (samples[kind] if name == kind else samples[kind][:1])]
