"""The heartbeat: whom to tell each minute that the network is looked at."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from config import heartbeat as outside
from config import options
from notifications.delivery import pause


class HeartbeatForm(forms.Form):
    """Whom to tell that the network is looked at."""

    heartbeat_url = forms.CharField(
        label="Address",
        max_length=500,
        required=False,
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Such as https://hc-ping.com/your-own-key. Empty: nobody is told.",
    )

    def clean_heartbeat_url(self) -> str:
        """An address that can be told."""
        given: str = self.cleaned_data["heartbeat_url"]
        if given:
            try:
                outside.parts_of(given)
            except ValueError as fault:
                raise forms.ValidationError(str(fault)) from None
        return given


@permission_required("config.options", raise_exception=True)
def heartbeat(request: HttpRequest) -> HttpResponse:
    """Whom to tell each minute; what is entered is tried at once."""
    form = HeartbeatForm(request.POST or None, initial={"heartbeat_url": options.fresh().heartbeat_url})
    if request.method == "POST" and form.is_valid() and _is_heard(form):
        options.change(heartbeat={}, **form.cleaned_data)
        messages.success(request, "Saved. It is told within two minutes, and then each minute.")
        return redirect("health")
    context = {
        "heading": "Heartbeat",
        "kind": "Settings",
        "intro": "This address is asked for each minute while the network is looked at. When it hears nothing for a "
        "while, whoever runs it wakes you: healthchecks.io, Uptime Kuma or a watchman of your own.",
        "cancel": reverse("settings"),
    }
    return render(request, "parts/form_page.html", {"form": form, **context})


def _is_heard(form: HeartbeatForm) -> bool:
    address = form.cleaned_data["heartbeat_url"]
    try:
        if address and not pause.is_paused():
            outside.tell(address)
    except outside.Unheard as fault:
        form.add_error("heartbeat_url", f"{str(fault)[:1].upper()}{str(fault)[1:]}.")
        return False
    return True
