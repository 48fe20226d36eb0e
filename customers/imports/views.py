"""Pages of CSV in and out; each kind asks for the right to change it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST

from customers.imports import actions
from customers.imports.export import pages, while_sent
from customers.imports.forms import Upload
from customers.imports.kinds import SORTS, Sort
from customers.imports.models import ImportRun
from customers.imports.sheets import Unreadable
from notifications import audit


@login_required
def export(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """What a list shows with this query, as CSV."""
    sort = _allowed(request, key)
    audit.note("export", request.GET.urlencode(), sort.nouns)
    pieces = pages(sort, request.GET)
    body = while_sent(pieces) if isinstance(request, ASGIRequest) else pieces
    answer = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{sort.key}-{timezone.localdate():%Y-%m-%d}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


@login_required
def send(request: HttpRequest, key: str) -> HttpResponse:
    """Send a file; what cannot be read as a whole is said at once."""
    sort = _allowed(request, key)
    form = Upload(request.POST, request.FILES) if request.method == "POST" else Upload()
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            return redirect(actions.begin(sort, request.user, file.name, file.read()))
        except Unreadable as why:
            form.add_error("file", str(why))
    context = {"form": form, "sort": sort, "heading": f"Import {sort.nouns} from CSV", "submit": "Look at it"}
    return render(request, "customers/import_send.html", context | {"cancel": reverse(sort.shown_at)})


@login_required
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """What would come of a file, or how far it is; while it is worked on, the inside of the page alone."""
    found = _mine(request, pk)
    alone = request.headers.get("HX-Target") == "import"
    template = "customers/import_state.html" if alone else "customers/import.html"
    context = {"run": found, "sort": found.of, "stalled": found.stalled(timezone.now())}
    answer = render(request, template, context | {"send": reverse("import_send", args=[found.sort])})
    patch_vary_headers(answer, ["HX-Request", "HX-Target"])
    return answer


@login_required
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Import what was looked at."""
    found = _mine(request, pk)
    leave_out, tell = (bool(request.POST.get(name)) for name in ("leave_out", "tell"))
    if not actions.confirm(found, leave_out, tell):
        messages.error(request, "It is not imported: look again at how it stands.")
    return redirect(found)


@login_required
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a file."""
    found = _mine(request, pk)
    back = reverse("import_send", args=[found.sort])
    if found.works:
        return redirect(found)
    actions.discard(found)
    return redirect(back)


def _allowed(request: HttpRequest, key: str) -> Sort:
    sort = SORTS.get(key)
    if sort is None:
        raise Http404
    if not request.user.has_perm(sort.permission):
        raise PermissionDenied
    return sort


def _mine(request: HttpRequest, pk: int) -> ImportRun:
    found = get_object_or_404(ImportRun, pk=pk, user=request.user)
    _allowed(request, found.sort)
    return found
