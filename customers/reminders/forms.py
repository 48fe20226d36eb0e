"""Forms of reminders."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils import timezone

from customers.reminders.models import LONGEST, Reminder

LONGEST_AWAY = timedelta(days=3660)
SHOWN = [("", "Open"), ("done", "Done"), ("others", "For others, by me")]


class ReminderForm(forms.ModelForm):
    """What to think of, when, and who is to: oneself, or a colleague."""

    class Meta:
        model = Reminder
        fields = ["text", "due_at", "user"]
        widgets = {
            "text": forms.Textarea(attrs={"rows": 2, "maxlength": LONGEST}),
            "due_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        }

    def __init__(self, *args: Any, by: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.instance.created_by = by
            self.initial.setdefault("user", by.pk)
        # Who has no role waits to be admitted.
        works = (Q(is_active=True) & ~Q(role="")) | Q(pk=self.instance.user_id)
        users: Any = self.fields["user"]
        users.queryset, users.empty_label = get_user_model().objects.filter(works), None

    def clean_text(self) -> str:
        """One line."""
        return " ".join(str(self.cleaned_data["text"]).split())

    def clean_due_at(self) -> datetime:
        """A time that is still to come, within ten years; one that was set stays."""
        due: datetime = self.cleaned_data["due_at"].replace(second=0, microsecond=0)
        now = timezone.now()
        if "due_at" not in self.changed_data:
            return self.instance.due_at or due
        if due <= now:
            raise forms.ValidationError("This time has passed already.")
        if due > now + LONGEST_AWAY:
            raise forms.ValidationError("This is more than ten years away.")
        return due


class QuickForm(forms.Form):
    """A few words, or none: then the object itself is what one is reminded of."""

    text = forms.CharField(label="Of what", required=False, max_length=LONGEST)


class ReminderFilter(forms.Form):
    """What the list of one's reminders can be narrowed by; a choice that does not exist is as good as none."""

    show = forms.ChoiceField(label="Show", required=False, choices=SHOWN)
    q = forms.CharField(label="Search", required=False, max_length=200, widget=forms.TextInput({"type": "search"}))

    def narrow(self, rows: Any, user: Any) -> Any:
        """The rows that the filter leaves: the open ones soonest first, those that are done latest first."""
        self.is_valid()
        chosen = {name: self.cleaned_data.get(name, "") for name in ("show", "q")}
        if chosen["q"]:
            rows = rows.filter(Q(text__icontains=chosen["q"]) | Q(about__icontains=chosen["q"]))
        if chosen["show"] == "others":
            return rows.filter(created_by=user.pk).exclude(user=user.pk).order_by("-due_at", "-pk")
        mine = rows.filter(user=user.pk)
        if chosen["show"] == "done":
            return mine.exclude(done_at=None).order_by("-done_at", "-pk")
        return mine.open().soonest_first()

    @property
    def chosen(self) -> str:
        """Which of them are shown; to be asked after `narrow`."""
        return str(self.cleaned_data.get("show", ""))

    @property
    def narrowed(self) -> bool:
        """Is there a search?"""
        return bool(self.cleaned_data.get("q"))
