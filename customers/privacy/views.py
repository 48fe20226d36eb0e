"""Handing out all that is known of a customer, and taking their name out of it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from customers.people.models import Customer
from customers.privacy import actions, export
from notifications import audit

may_change = permission_required("customers.change_people", raise_exception=True)
may_anonymise = permission_required("customers.anonymise", raise_exception=True)


@require_safe
@may_change
def everything(request: HttpRequest, pk: int) -> HttpResponse:
    """All that is known of a customer, to keep or to hand over. Who asked is written down."""
    found = get_object_or_404(Customer, pk=pk)
    answer = HttpResponse(export.packed(found), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="customer-{found.pk}.zip"'
    answer["Cache-Control"] = "no-store"
    audit.note("export", "all that is known", found)
    return answer


@may_anonymise
def anonymise(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask once, and on POST forget who the customer was."""
    found = get_object_or_404(Customer, pk=pk)
    if found.anonymised_at:
        messages.info(request, f"{found} is anonymous already.")
        return redirect(found)
    if request.method == "POST":
        actions.anonymise(found, timezone.now())
        messages.success(request, "The name is gone, and so is everything that told who it was.")
        return redirect(found)
    context = {"heading": f"Anonymise {found}?", "submit": "Anonymise for good", "danger": True}
    return render(
        request, "customers/anonymise.html", {**context, "customer": found, "cancel": found.get_absolute_url()}
    )
