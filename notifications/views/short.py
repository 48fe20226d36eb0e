"""The short way from a text message to what its notice leads to."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from notifications.models import Notice
from notifications.views.inbox import reader


@require_safe
def short(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a notice of one's own leads; it stays unread, for whoever asks may be a preview."""
    notice = get_object_or_404(Notice.objects.to(reader(request)), pk=pk)
    return redirect(notice.link or "inbox")
