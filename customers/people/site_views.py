"""Pages of sites."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from customers import removal_views
from customers.lists import page_of, render_list
from customers.people.forms import SiteFilter, SiteForm
from customers.people.models import Customer, Site
from customers.type_ahead import suggest

COLUMNS = {"name": ("name",), "kind": ("kind", "name"), "town": ("town", "name")}
SHOWN, STANDING = 20, 100

may_see = permission_required("customers.view", raise_exception=True)
may_change = permission_required("customers.change_network", raise_exception=True)


@may_see
def sites(request: HttpRequest) -> HttpResponse:
    """The list of sites, with how much stands at each."""
    chosen = SiteFilter(request.GET)
    rows = chosen.narrow(Site.objects.select_related("customer").with_tags())
    page = page_of(request, rows, COLUMNS)
    count_equipment(page.object_list)
    return render_list(request, "customers/sites.html", "customers/sites_rows.html", page, filter=chosen)


def count_equipment(shown: Any) -> None:
    """Write on each of these sites how much equipment stands there, and how much of it is down; one query."""
    there = Count("equipment", Q(equipment__archived_at=None))
    down = Count("equipment", Q(equipment__archived_at=None, equipment__state="down"))
    rows = Site.objects.filter(pk__in=[site.pk for site in shown]).order_by().annotate(there=there, down=down)
    counts = {pk: (there, down) for pk, there, down in rows.values_list("pk", "there", "down")}
    for site in shown:
        site.there, site.down = counts[site.pk]


@may_see
def site(request: HttpRequest, pk: int) -> HttpResponse:
    """One site: what stands there, and who is served from there."""
    found = get_object_or_404(Site.objects.select_related("customer").with_tags(), pk=pk)
    there = found.equipment.current().select_related("uplink", "customer").order_by("state", "name", "pk")
    equipment = list(there[: STANDING + 1])
    served = found.equipment.current().customers_served()
    counts = served.order_by().aggregate(
        total=Count("pk"),
        companies=Count("pk", ~Q(company_name="")),
        down=Count("pk", Q(state=Customer.State.DOWN, suspended=False)),
    )
    shown = served.order_by("state", "name", "pk")[:SHOWN]
    context = {"object": found, "site": found, "equipment": equipment[:STANDING], "more": len(equipment) > STANDING}
    return render(request, "customers/site.html", context | {"served": shown, "counts": counts})


@may_see
def choices(request: HttpRequest) -> HttpResponse:
    """Suggestions for a field in which a site is chosen."""
    return suggest(request, Site.objects.current())


@may_change
def add(request: HttpRequest) -> HttpResponse:
    """A new site; `?customer=12` makes it that customer's premises."""
    of = request.GET.get("customer", "")
    form = SiteForm(request.POST or None, initial={"customer": of, "kind": Site.Kind.PREMISES} if of else {})
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    context = {"form": form, "heading": "Add a site", "submit": "Add", "cancel": reverse("sites")}
    return render(request, "parts/form_page.html", {"kind": "Sites", **context})


@may_change
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a site."""
    found = get_object_or_404(Site, pk=pk)
    name, back = str(found), found.get_absolute_url()
    form = SiteForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    return render(request, "parts/form_page.html", {"form": form, "heading": f"Change {name}", "cancel": back})


@may_change
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a site that nothing hangs on."""
    found, instead = get_object_or_404(Site, pk=pk), reverse("site_archive", args=[pk])
    return removal_views.delete_page(request, found, reverse("sites"), instead)


@may_change
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Archive a site, or bring one back."""
    return removal_views.archive_page(request, get_object_or_404(Site, pk=pk))
