"""The API: every app's resources under /api/v1/, their description, and a page that explains it to people."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path, re_path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.exceptions import NotFound
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

import customers.api
import notifications.api.addresses
import notifications.api.deliveries
import notifications.api.rows
import outages.api
from config.api.docs import chapters

router = SimpleRouter()
for name, resource in (
    *customers.api.RESOURCES,
    *outages.api.RESOURCES,
    *notifications.api.rows.RESOURCES,
    *notifications.api.addresses.RESOURCES,
    *notifications.api.deliveries.RESOURCES,
):
    router.register(name, resource, basename=f"api_{name.rpartition('/')[2]}")


class NotThere(APIView):
    """What no resource answers is a fault in the API's own shape, not a page."""

    @extend_schema(exclude=True)
    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Ask who it is first: a stranger learns nothing of what there is."""
        self.http_method_names = [request.method.lower()]
        setattr(self, request.method.lower(), self.nothing)
        return super().dispatch(request, *args, **kwargs)

    def nothing(self, request: Any, **_: Any) -> Any:
        """Always a fault."""
        words = "There is nothing at this address."
        raise NotFound(words if request.path.endswith("/") else f"{words} Addresses end with a slash.")


def reference(request: HttpRequest) -> HttpResponse:
    """What the API has, for people to read."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    context = {"chapters": chapters(document), "document": document, "origin": request.build_absolute_uri("/api/v1/")}
    return render(request, "config/api.html", context)


urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("docs/", reference, name="api_docs"),
    path("v1/", include(router.urls)),
    re_path(r"^v1/(?P<rest>[\s\S]*)$", NotThere.as_view(), name="api_nothing"),
]
