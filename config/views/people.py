"""The staff: who works here, what each role may do, and one's own page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from config import accounts, github, invitations, leaving, people, staff, tokens
from config.forms import MeForm, UserForm
from config.models import Invitation, Role, User
from customers.lists import page_of, render_list

may_see = permission_required("config.health", raise_exception=True)
may_change = permission_required("config.people", raise_exception=True)
COLUMNS = {"name": ("name",), "role": ("role", "name"), "email": ("email",), "seen": ("last_login",)}


@may_see
def users(request: HttpRequest) -> HttpResponse:
    """Everybody who works here."""
    rows = User.objects.exclude(is_active=True, role="")
    if text := request.GET.get("q", "").strip():
        rows = rows.filter(Q(name__icontains=text) | Q(email__icontains=text))
    if (role := request.GET.get("role", "")) in Role.values:
        rows = rows.filter(role=role)
    if (state := request.GET.get("state", "")) in ("active", "off"):
        rows = rows.filter(is_active=state == "active")
    page = page_of(request, rows, COLUMNS)
    shown: dict[str, Any] = {"roles": Role.choices, "role": role, "state": state}
    if request.user.has_perm("config.people"):
        shown |= {"invited": Invitation.objects.open().select_related("by"), "knocking": User.objects.waiting()}
        shown |= {"can_mail": invitations.can_mail(), "now": timezone.now()}
    return render_list(request, "config/users.html", "config/user_rows.html", page, **shown)


@may_see
def user(request: HttpRequest, pk: int) -> HttpResponse:
    """One of the staff; an administrator's POST makes a new link to choose a password."""
    person = get_object_or_404(User, pk=pk)
    if request.method == "POST":
        if not request.user.has_perm("config.people") or not person.is_active or person.is_waiting:
            raise PermissionDenied
        return _hand_over(request, person)
    if person == request.user:
        return redirect("me")
    context = {"person": person, "rights": people.rights(person), "hears": staff.hears(person)}
    context |= {"has_second_factor": accounts.has_second_factor(person), "handed_over": leaving.told(person)}
    context["tokens"] = tokens.of(person, timezone.now()) if request.user.has_perm("config.people") else []
    return render(request, "config/user.html", context)


def _hand_over(request: HttpRequest, person: User) -> HttpResponse:
    response = render(request, "config/user_link.html", {"person": person, "link": staff.password_link(person)})
    response["Cache-Control"] = "no-store"
    return response


@may_change
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Another name, address or role."""
    person = get_object_or_404(User, pk=pk)
    if person.is_waiting:
        return redirect("user_admit", pk)
    form = UserForm(request.POST or None, user=person, by=asking(request))
    if form.is_valid():
        try:
            staff.change(person, asking(request), **form.cleaned_data)
        except staff.Refused as fault:
            form.add_error("role", str(fault))
        else:
            messages.success(request, f"{form.cleaned_data['name']} is changed.")
            return redirect(person)
    context = {"heading": f"Change {person}", "submit": "Save", "cancel": person.get_absolute_url()}
    return render(request, "parts/form_page.html", {"form": form, "kind": "User", **context})


@may_change
def set_active(request: HttpRequest, pk: int) -> HttpResponse:
    """Turn an account off, after asking once, or on again."""
    person = get_object_or_404(User, pk=pk)
    if request.method != "POST":
        return _ask(request, person) if person.is_active else redirect(person)
    try:
        if request.POST.get("active") == "yes":
            staff.turn_on(person)
            how = "with the password they had" if person.has_usable_password() else "with a password link from here"
            messages.success(request, f"{person} can sign in again, {how}.")
        else:
            staff.turn_off(person, asking(request))
            messages.success(request, f"{person} is turned off, and signed out everywhere.")
    except staff.Refused as fault:
        messages.error(request, str(fault))
    return redirect(person)


def _ask(request: HttpRequest, person: User) -> HttpResponse:
    context = {"heading": f"Turn off the account of {person}?", "submit": "Turn off", "danger": True}
    return render(request, "config/user_off.html", {**context, "cancel": person.get_absolute_url()})


@may_see
def roles(request: HttpRequest) -> HttpResponse:
    """Who may do what."""
    rows = [(right.label, [(role.label, role in right.roles) for role in Role]) for right in people.MAY]
    return render(request, "config/roles.html", {"roles": list(Role), "rows": rows})


def me(request: HttpRequest) -> HttpResponse:
    """Oneself: the name, the password, and what one hears of."""
    person = asking(request)
    form = MeForm(request.POST or None, initial={"name": person.name})
    if form.is_valid():
        staff.rename(person, form.cleaned_data["name"])
        messages.success(request, "Your name is changed.")
        return redirect("me")
    context = {"form": form, "rights": people.rights(person), "hears": staff.hears(person)}
    context |= {"has_second_factor": accounts.has_second_factor(person), "github_is_on": github.is_on()}
    return render(request, "config/me.html", context)


def asking(request: HttpRequest) -> User:
    """Whoever asks."""
    assert isinstance(request.user, User)  # the middleware lets nobody else in
    return request.user
