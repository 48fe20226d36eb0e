"""The staff: who works here, what each role may do, and one's own page."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from config import people, staff
from config.forms import MeForm, UserForm
from config.models import Role, User
from customers.lists import page_of, render_list

may_see = permission_required("config.health", raise_exception=True)
may_change = permission_required("config.people", raise_exception=True)
INTRO = "You get a link to hand over, by which they choose their own password."
COLUMNS = {"name": ("name",), "role": ("role", "name"), "email": ("email",), "seen": ("last_login",)}


@may_see
def users(request: HttpRequest) -> HttpResponse:
    """Everybody who works here."""
    rows = User.objects.all()
    if text := request.GET.get("q", "").strip():
        rows = rows.filter(Q(name__icontains=text) | Q(email__icontains=text))
    if (role := request.GET.get("role", "")) in Role.values:
        rows = rows.filter(role=role)
    if (state := request.GET.get("state", "")) in ("active", "off"):
        rows = rows.filter(is_active=state == "active")
    page = page_of(request, rows, COLUMNS)
    return render_list(
        request, "config/users.html", "config/user_rows.html", page, roles=Role.choices, role=role, state=state
    )


@may_change
def add(request: HttpRequest) -> HttpResponse:
    """A new account, and the link by which its owner chooses a password: shown once."""
    form = UserForm(request.POST or None)
    if form.is_valid():
        return _hand_over(request, staff.add(**form.cleaned_data), is_new=True)
    context = {"heading": "Add a user", "intro": INTRO, "submit": "Add, and make a link", "cancel": reverse("users")}
    return render(request, "parts/form_page.html", {"form": form, "kind": "User", **context})


@may_see
def user(request: HttpRequest, pk: int) -> HttpResponse:
    """One of the staff; an administrator's POST makes a new link to choose a password."""
    person = get_object_or_404(User, pk=pk)
    if request.method == "POST":
        if not request.user.has_perm("config.people") or not person.is_active:
            raise PermissionDenied
        return _hand_over(request, person, is_new=False)
    if person == request.user:
        return redirect("me")
    context = {"person": person, "rights": people.rights(person), "hears": staff.hears(person)}
    return render(request, "config/user.html", context)


def _hand_over(request: HttpRequest, person: User, is_new: bool) -> HttpResponse:
    context = {"person": person, "is_new": is_new, "link": staff.password_link(person)}
    response = render(request, "config/user_link.html", context)
    response["Cache-Control"] = "no-store"
    return response


@may_change
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Another name, address or role."""
    person = get_object_or_404(User, pk=pk)
    form = UserForm(request.POST or None, user=person, by=_asking(request))
    if form.is_valid():
        try:
            staff.change(person, _asking(request), **form.cleaned_data)
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
            messages.success(request, f"{person} can sign in again, with the password they had.")
        else:
            staff.turn_off(person, _asking(request))
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
    person = _asking(request)
    form = MeForm(request.POST or None, initial={"name": person.name})
    if form.is_valid():
        User.objects.filter(pk=person.pk).update(name=form.cleaned_data["name"])
        messages.success(request, "Your name is changed.")
        return redirect("me")
    context = {"form": form, "rights": people.rights(person), "hears": staff.hears(person)}
    return render(request, "config/me.html", context)


def _asking(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the middleware lets nobody else in
    return request.user
