"""What every template can say without loading it: states, times, durations, sortable columns and form controls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BoundField, CheckboxInput, Form, RadioSelect, Select
from django.forms.boundfield import BoundWidget
from django.template import Context
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from tablericons import IconDoesNotExist
from tablericons.templatetags.tablericons import icon as drawing

from outages.spans import duration

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86400

# state: colour, icon
STATES = {
    "up": ("good", "circle-check"),
    "down": ("bad", "circle-x"),
    "degraded": ("warn", "alert-triangle"),
    "unknown": ("quiet", "help-circle"),
    "new": ("fresh", "circle-plus"),
    "archived": ("quiet", "archive"),
    "open": ("bad", "alert-circle"),
    "acknowledged": ("warn", "eye-check"),
    "working": ("warn", "tool"),
    "resolved": ("good", "circle-check"),
    "closed": ("quiet", "circle-check"),
    "maintenance": ("fresh", "calendar-cog"),
    "alive": ("good", "heartbeat"),
    "late": ("bad", "clock-exclamation"),
    "suspended": ("quiet", "player-pause"),
    "sent": ("good", "check"),
    "failed": ("bad", "alert-circle"),
    "works": ("good", "circle-check"),
    "faulty": ("bad", "circle-x"),
    "waiting": ("quiet", "hourglass"),
    "done": ("good", "check"),
    "withdrawn": ("quiet", "arrow-back-up"),
    "held": ("fresh", "stack-2"),
    "digested": ("quiet", "stack-2"),
    "due": ("warn", "alarm"),
}


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, size: int = 20, css: str = "") -> SafeString:
    """An outline icon of Tabler, for the eye only; an unknown name draws a dashed circle rather than fail the page."""
    try:
        return SafeString(drawing(f"outline/{name}", size=size, aria_hidden="true", **{"class": f"icon {css}".strip()}))
    except IconDoesNotExist:
        return icon("circle-dashed", size, css)


@register.filter
def state_badge(state: Any) -> SafeString:
    """A state as icon and text; a state that is not in STATES gets a plain badge with its own name."""
    value = str(getattr(state, "value", state) or "unknown")
    colour, picture = STATES.get(value, ("quiet", "circle"))
    text = getattr(state, "label", value.replace("_", " ").capitalize())
    return format_html('<span class="state state-{}">{}<span>{}</span></span>', colour, icon(picture, 16), text)


@register.simple_tag(name="state")
def state_tag(state: Any) -> SafeString:
    """The same badge as a tag."""
    return state_badge(state)


def distance(seconds: float) -> str:
    """How long ago, or in what time; one unit is enough."""
    size = abs(int(seconds))
    if size < 10:
        return "now"
    units = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1, "s"))
    count, unit = next((size // length, unit) for length, unit in units if size >= length)
    return f"{count} {unit} ago" if seconds > 0 else f"in {count} {unit}"


@register.filter(name="span")
def span_filter(seconds: float | None) -> str:
    """Seconds in words; nothing for None."""
    return "" if seconds is None else duration(seconds)


@register.filter
def lasted(start: datetime | None, end: datetime | None = None) -> str:
    """From start to end in words; a running clock if there is no end yet."""
    if start is None:
        return ""
    text = duration(((end or timezone.now()) - start).total_seconds())
    return text if end else format_html('<span class="clock" data-since="{}">{}</span>', start.isoformat(), text)


def clock_time(local: datetime, now: datetime) -> str:
    """The time of day, with as much of the date as today leaves open."""
    if local.date() == now.date():
        return date_format(local, "H:i")
    return date_format(local, "D j M H:i" if local.year == now.year else "j M Y H:i")


@register.filter
def moment(when: datetime | None) -> SafeString | str:
    """A time in the ISP's zone with its distance from now, such as "14:02 · 3 min ago"."""
    if when is None:
        return ""
    local, now = timezone.localtime(when), timezone.localtime()
    return time_element(when, format_html("{} · {}", clock_time(local, now), ago_element(when)))


@register.filter
def ago(when: datetime | None) -> SafeString | str:
    """Only the distance from now, with the time itself as a title."""
    return "" if when is None else time_element(when, ago_element(when))


def ago_element(when: datetime) -> SafeString:
    """The distance from now, which the page keeps up to date."""
    return format_html('<span class="ago">{}</span>', distance((timezone.now() - when).total_seconds()))


def time_element(when: datetime, inside: SafeString) -> SafeString:
    """A time for machines, with the whole of it as a title."""
    title = date_format(timezone.localtime(when), "l j F Y, H:i:s T")
    return format_html('<time datetime="{}" title="{}">{}</time>', when.isoformat(), title, inside)


@register.simple_tag(takes_context=True)
def sort_header(context: Context, key: str, label: str, css: str = "") -> SafeString:
    """A column head that sorts by `key`, and the other way round when it already does."""
    query = context["request"].GET.copy()
    current = query.get("sort", context.get("sort", ""))
    order = {key: "ascending", f"-{key}": "descending"}.get(current, "none")
    query["sort"] = f"-{key}" if order == "ascending" else key
    query.pop("page", None)
    arrow = {"ascending": "chevron-up", "descending": "chevron-down"}.get(order, "selector")
    link = format_html('<a href="?{}">{}{}</a>', query.urlencode(), label, icon(arrow, 14))
    return format_html('<th scope="col" aria-sort="{}" class="{}">{}</th>', order, f"sortable {css}".strip(), link)


@register.filter
def elided(page: Page) -> Iterator[int | str]:
    """The page numbers around this one, with gaps."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)


@register.filter
def field_kind(field: BoundField) -> str:
    """How a field is laid out: "check" beside its label, "choices" under a legend, or "control" under a label."""
    if isinstance(field.field.widget, CheckboxInput):
        return "check"
    return "choices" if isinstance(field.field.widget, RadioSelect) else "control"


@register.filter
def control(field: BoundField) -> SafeString:
    """The widget of a field with the classes of the design; what ties it to its help and errors is Django's."""
    widget = field.field.widget
    kind = {CheckboxInput: "form-check-input"}.get(type(widget), "form-control")
    name = "form-select" if isinstance(widget, Select) and kind == "form-control" else kind
    wrong = " is-invalid" if field.errors else ""
    return field.as_widget(attrs={"class": f"{widget.attrs.get('class', '')} {name}{wrong}".strip()})


@register.filter
def as_shown(field: BoundField) -> SafeString | str:
    """For a field that asks for it, a hidden one with the value that the page shows, to tell a change by."""
    return field.as_hidden(only_initial=True) if field.field.show_hidden_initial else ""


@register.filter
def choice_tag(choice: BoundWidget) -> SafeString:
    """One radio button or check box of a field with several."""
    choice.data["attrs"] = {**choice.data["attrs"], "class": "form-check-input"}
    return SafeString(choice.tag(wrap_label=False))


@register.filter
def initials(name: str) -> str:
    """The first letters of the first and the last word of a name."""
    words = name.split("@")[0].replace(".", " ").split() or ["?"]
    return "".join(word[0] for word in dict.fromkeys([words[0], words[-1]])).upper()


@register.filter
def breaking(address: str) -> SafeString:
    """An e-mail address whose line breaks before its at sign, rather than within a word."""
    return format_html_join(SafeString("<wbr>@"), "{}", ((part,) for part in address.split("@")))


@register.filter
def form_groups(form: Form) -> Iterable[tuple[str, list[BoundField]]]:
    """The visible fields under the legends of `form.fieldsets` (legend, names), and those it does not name."""
    fieldsets = getattr(form, "fieldsets", [])
    groups = [(legend, [form[name] for name in names if name in form.fields]) for legend, names in fieldsets]
    named = {field.name for _, fields in groups for field in fields}
    rest = [field for field in form.visible_fields() if field.name not in named]
    return [group for group in [("", rest), *groups] if group[1]]
