"""What pages of the floors below say in the demo."""

from __future__ import annotations

from django import template
from django.conf import settings

from agents.simulated.uisp import DEMO_CRM, DEMO_NMS
from config import demo, options

register = template.Library()


@register.simple_tag
def demo_uisp() -> dict[str, str] | None:
    """Where the invented network is a UISP as well, and its keys; None where no demo is loaded."""
    if not (options.current().demo and settings.LOOPBACK):
        return None
    return {"address": demo.uisp_address(), "nms_key": DEMO_NMS, "crm_key": DEMO_CRM}
