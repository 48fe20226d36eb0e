"""The terms of one subscription as a form: what it asks for, which tags and channels, and what else may be chosen.

The same form stands in the menu of an object, in the list of subscriptions, on a page of its own and behind the API.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from notifications import recipients
from notifications.channels.channel import named, ready
from notifications.event import Audience, Event
from notifications.models import Subscription
from notifications.recipients import Recipient

OTHERS = "notifications.subscribe_others"
LONGEST_WAIT = 7 * 24 * 60
MOST_TAGS = 30


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a form is for: by which channels they can be told, and what may be chosen for them."""

    to: Recipient
    channels: tuple[tuple[str, str], ...]
    may_escalate: bool
    involved: bool
    is_own: bool

    @classmethod
    def of(cls, to: Recipient, by: Any) -> Reach:
        """That of a recipient, where the user `by` chooses."""
        person = next(iter(recipients.resolve(*to)), None) if to[0] == recipients.PERSON else None
        names = usable(person) if person is not None else list(ready())
        channels = tuple((name, str(named(name).label)) for name in names)
        may_escalate = to[0] == recipients.ON_CALL or by.has_perm(OTHERS)
        return cls(to, channels, may_escalate, recipients.involved(to), to == recipients.own(by))


def usable(person: Any) -> list[str]:
    """The channels that reach this person at this moment, in the order of the settings."""
    there = {address.channel for address in recipients.reached([person])}
    return [name for name in ready() if name in there]


class TagsField(forms.CharField):
    """Tags with commas between them, each once."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(label=label, required=False, max_length=1000, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """A list as one text."""
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """One text as a list; raises ValidationError for what is no tag."""
        names = (" ".join(name.split()) for name in super().clean(value).split(","))
        found = list({name.casefold(): name for name in names if name}.values())
        if long := [name for name in found if len(name) > 100]:
            raise ValidationError(f"A tag has at most 100 signs: “{long[0][:30]}…” has more.")
        if len(found) > MOST_TAGS:
            raise ValidationError(f"At most {MOST_TAGS} tags.")
        return found


class ChannelsField(forms.MultipleChoiceField):
    """Some of the channels on offer."""

    widget = forms.CheckboxSelectMultiple
    default_error_messages = {
        "invalid_choice": "“%(value)s” is no channel that can be chosen here.",
        "invalid_list": "Name the channels one by one.",
    }


class TermsForm(forms.Form):
    """What one subscription asks for, by which channels, for which tags, and what else the event allows.

    With a `prefix` several stand in one form. What was not sent stays as it is in force.
    """

    tags_in = TagsField("Only with one of these tags", help_text="Commas between them. The tags of its customer count.")
    tags_out = TagsField("With none of these tags")
    channels = ChannelsField(label="Tell by", required=False, help_text="None: by my defaults.")
    involved = forms.BooleanField(label="Only if I am involved", required=False)
    own_acts = forms.BooleanField(label="Also what I do myself", required=False)
    now_too = forms.BooleanField(label="Also tell me what is true now", required=False)
    escalate_after = forms.IntegerField(
        label="Louder after so many minutes",
        required=False,
        min_value=1,
        max_value=LONGEST_WAIT,
        help_text="Without an answer it goes on to a louder channel, then to the next person.",
    )
    order = ("channels", "tags_in", "tags_out", "involved", "own_acts", "now_too", "escalate_after")

    def __init__(self, event: Event, row: Subscription | None, reach: Reach, **kwargs: Any) -> None:
        self.event, self.row, self.reach = event, row, reach
        super().__init__(initial=_in_force(row, reach), **kwargs)
        chosen = row.asked if row else {}
        asks = {ask.name: ask.field(chosen.get(ask.name, ask.default)) for ask in event.asks}
        self.options = [name for name in self.order if name in on_offer(event, reach)]
        self.fields = {**asks, **{name: self.fields[name] for name in self.options}}
        channels: Any = self.fields["channels"]
        channels.choices = [*reach.channels, *_gone(row, reach)]
        if not reach.is_own:
            self._speak_of_them()

    def _speak_of_them(self) -> None:
        words = {"involved": "Only if they are involved", "own_acts": "Also what they do themselves"}
        for name, label in (words | {"now_too": "Also tell them what is true now"}).items():
            if name in self.fields:
                self.fields[name].label = label
        whose = "their" if self.reach.to[0] == recipients.PERSON else "each one's"
        self.fields["channels"].help_text = f"None: by {whose} defaults."

    def add_prefix(self, field_name: str) -> str:
        """With a dot: the names of events have none of the signs that Django puts there."""
        return f"{self.prefix}.{field_name}" if self.prefix else field_name

    @property
    def asks(self) -> list[forms.BoundField]:
        """The fields of what the event asks for."""
        return [self[ask.name] for ask in self.event.asks]

    @property
    def more(self) -> list[forms.BoundField]:
        """The other fields."""
        return [self[name] for name in self.options]

    @property
    def has_more(self) -> bool:
        """Does one of the other fields say something, or is one wrong?"""
        return any(field.value() for field in self.more) or any(field.errors for field in self.more)

    @property
    def terms(self) -> dict[str, Any]:
        """What to change, of a valid form."""
        # A box that is not ticked is not sent: that it was shown is told by the text field beside it.
        is_whole = self.add_prefix("tags_in") in self.data
        given = {name for name in self.fields if is_whole or self.add_prefix(name) in self.data}
        found = {name: self.cleaned_data[name] for name in self.options if name in given}
        return {"asked": self._asked(given), **found}

    def _asked(self, given: set[str]) -> dict[str, Any]:
        before = self.row.asked if self.row else {}
        asked = {ask.name: self.cleaned_data[ask.name] for ask in self.event.asks if ask.name in given}
        return self.event.asked(before | {name: value for name, value in asked.items() if value is not None})


def on_offer(event: Event, reach: Reach) -> set[str]:
    """The terms that an event allows, by the names of their fields, besides what it asks for."""
    found = {"channels", "tags_in", "tags_out", "own_acts"}
    if event.people is not None and event.audience is not Audience.PERSONAL:
        found.add("involved")
    if event.holds is not None or event.plans is not None:
        found.add("now_too")
    return found | ({"escalate_after"} if reach.may_escalate else set())


def _in_force(row: Subscription | None, reach: Reach) -> dict[str, Any]:
    if row is None:
        return {"involved": reach.involved}
    return {name: getattr(row, name) for name in TermsForm.order}


def _gone(row: Subscription | None, reach: Reach) -> list[tuple[str, str]]:
    """The channels that were chosen and do not reach them any more: they stay until somebody takes them out."""
    there = {name for name, _ in reach.channels}
    known = [name for name in (row.channels if row else ()) if name not in there and name in settings.CHANNELS]
    return [(name, f"{named(name).label} (does not work now)") for name in known]
