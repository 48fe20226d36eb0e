"""How somebody becomes one of the staff and ceases to be: inviting, admitting, leaving; and lost second factors."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from config import invitations, leaving, staff, starters
from config.forms import HeirForm, InviteForm, UserForm
from config.models import Invitation, Role, User
from config.views.people import asking, may_change

ONE_IS_OPEN = "Somebody has invited this address in this moment: look at the page “Users”."


@may_change
def invite(request: HttpRequest) -> HttpResponse:
    """Whom, as what, and what they hear of from the start; then the link, shown once, or an e-mail on its way."""
    role = request.POST.get("role") or request.GET.get("role") or Role.TECHNICIAN
    form = InviteForm(request.POST or None, role=role)
    if form.is_valid():
        try:
            row, link = invitations.invite(**form.terms, by=asking(request), now=timezone.now())
        except IntegrityError:
            form.add_error("email", ONE_IS_OPEN)
        else:
            return _mailed(request, row) if "mail" in request.POST else _handed_over(request, row, link)
    context = {"form": form, "can_mail": invitations.can_mail(), "everybody": starters.by_role(role)}
    return render(request, "config/invite.html", {**context, "role": dict(Role.choices).get(role, "")})


@may_change
@require_POST
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Another link, shown or mailed; the one before stops working."""
    row = get_object_or_404(Invitation, pk=pk)
    if "mail" in request.POST and invitations.can_mail():
        return _mailed(request, row)
    try:
        return _handed_over(request, row, invitations.renew(row, timezone.now(), asking(request)))
    except invitations.Gone as why:
        messages.error(request, str(why))
        return redirect("users")


def _mailed(request: HttpRequest, row: Invitation) -> HttpResponse:
    invitations.mail_later(row, asking(request))
    messages.success(request, f"An e-mail with the link is on its way to {row.email}.")
    return redirect("users")


def _handed_over(request: HttpRequest, row: Invitation, link: str) -> HttpResponse:
    response = render(request, "config/invited.html", {"invitation": row, "link": link})
    response["Cache-Control"] = "no-store"
    return response


@may_change
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    row = get_object_or_404(Invitation, pk=pk)
    invitations.revoke(row, timezone.now())
    messages.success(request, f"The link of {row.name} opens nothing any more.")
    return redirect("users")


@may_change
def admit(request: HttpRequest, pk: int) -> HttpResponse:
    """Give somebody who came by GitHub a role."""
    person = get_object_or_404(User, pk=pk)
    if not person.is_waiting:
        return redirect(person)
    form = UserForm(request.POST or None, user=person)
    if form.is_valid():
        try:
            staff.admit(person, **form.cleaned_data)
        except staff.Refused as why:
            messages.error(request, str(why))
        else:
            messages.success(request, f"{form.cleaned_data['name']} is one of the staff now.")
        return redirect("users")
    context = {"heading": f"Admit {person}?", "submit": "Admit", "cancel": reverse("users"), "kind": "User"}
    return render(request, "parts/form_page.html", {"form": form, **context})


@may_change
@require_POST
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep somebody who came by GitHub out."""
    person = get_object_or_404(User, pk=pk)
    try:
        staff.refuse(person)
        messages.success(request, f"{person} is not admitted, and stays out.")
    except staff.Refused as why:
        messages.error(request, str(why))
    return redirect("users")


@may_change
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, with what there is to hand over; then end everything."""
    person = get_object_or_404(User, pk=pk)
    handover = leaving.look(person)
    form = HeirForm(request.POST or None, heirs=leaving.heirs(person))
    if request.method == "POST" and form.is_valid():
        try:
            leaving.leave(person, asking(request), form.cleaned_data["heir"])
            messages.success(request, f"{person} has left: signed out everywhere, and told nothing more.")
        except staff.Refused as why:
            messages.error(request, str(why))
        return redirect(person)
    context = {"heading": f"{person} leaves?", "submit": "They leave", "danger": True, "handover": handover}
    # Where there is nothing to take over, nobody is asked who does.
    asked = form if handover.incidents or handover.reminders else None
    context |= {"person": person, "cancel": person.get_absolute_url(), "form": asked}
    return render(request, "config/user_leave.html", context)


@may_change
def reset_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a lost second factor off, after asking once."""
    person = get_object_or_404(User, pk=pk)
    if request.method == "POST":
        staff.reset_second_factor(person, asking(request))
        messages.success(request, f"{person} signs in with the password alone, and was told so.")
        return redirect(person)
    context = {"heading": f"Take off the second factor of {person}?", "submit": "Take it off", "danger": True}
    text = "Do this when they have lost their phone and their recovery codes, and you are sure that it is they who ask."
    return render(request, "parts/confirm.html", {**context, "text": text, "cancel": person.get_absolute_url()})
