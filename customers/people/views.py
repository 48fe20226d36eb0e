"""Pages of customers and their contacts."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from customers import removal, removal_views
from customers.lists import page_of, render_list
from customers.people.actions import archive_with_equipment
from customers.people.forms import ContactForm, CustomerFilter, CustomerForm
from customers.people.models import Contact, Customer
from customers.type_ahead import suggest

COLUMNS = {
    "name": ("name",),
    "account": ("account",),
    "town": ("town", "street"),
    "state": ("state", "state_since"),
    "added": ("created_at",),
}

may_see = permission_required("customers.view", raise_exception=True)
may_change = permission_required("customers.change_people", raise_exception=True)


@may_see
def customers(request: HttpRequest) -> HttpResponse:
    """The list of customers."""
    chosen = CustomerFilter(request.GET)
    rows = chosen.narrow(Customer.objects.with_tags())
    page = page_of(request, rows, COLUMNS)
    return render_list(request, "customers/customers.html", "customers/customers_rows.html", page, filter=chosen)


@may_see
def customer(request: HttpRequest, pk: int) -> HttpResponse:
    """One customer: served or not, with what, and whom to talk to."""
    found = get_object_or_404(Customer.objects.with_tags().prefetch_related("contacts", "sites"), pk=pk)
    equipment = found.equipment.select_related("uplink", "site").order_by("archived_at", "name", "pk")
    return render(request, "customers/customer.html", {"object": found, "customer": found, "equipment": equipment})


@may_see
def choices(request: HttpRequest) -> HttpResponse:
    """Suggestions for a field in which a customer is chosen."""
    return suggest(request, Customer.objects.current())


@may_change
def add(request: HttpRequest) -> HttpResponse:
    """A new customer."""
    form = CustomerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    context = {"form": form, "heading": "Add a customer", "submit": "Add", "cancel": reverse("customers")}
    return render(request, "parts/form_page.html", {"kind": "Customers", **context})


@may_change
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a customer."""
    found = get_object_or_404(Customer, pk=pk)
    name, back = str(found), found.get_absolute_url()
    form = CustomerForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    return render(request, "parts/form_page.html", {"form": form, "heading": f"Change {name}", "cancel": back})


@may_change
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a customer that nothing hangs on."""
    found, instead = get_object_or_404(Customer, pk=pk), reverse("customer_archive", args=[pk])
    return removal_views.delete_page(request, found, reverse("customers"), instead)


@may_change
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Archive a customer, with the equipment if that is wanted, or bring one back."""
    put_away = archive_with_equipment if request.POST.get("equipment") else removal.archive
    found = get_object_or_404(Customer, pk=pk)
    return removal_views.archive_page(request, found, put_away, "customers/customer_archive.html")


@may_change
def add_contact(request: HttpRequest, pk: int) -> HttpResponse:
    """A new contact of a customer."""
    of = get_object_or_404(Customer, pk=pk)
    form = ContactForm(request.POST or None, instance=Contact(customer=of))
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    context = {"form": form, "kind": str(of), "heading": "Add a contact", "submit": "Add"}
    return render(request, "parts/form_page.html", context | {"cancel": of.get_absolute_url()})


@may_change
def edit_contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a contact."""
    found = get_object_or_404(Contact.objects.select_related("customer"), pk=pk)
    name = str(found)
    form = ContactForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    context = {"form": form, "kind": str(found.customer), "heading": f"Change {name}"}
    return render(request, "parts/form_page.html", context | {"cancel": found.get_absolute_url()})


@may_change
def delete_contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a contact."""
    found = get_object_or_404(Contact.objects.select_related("customer"), pk=pk)
    return removal_views.delete_page(request, found, found.get_absolute_url())
