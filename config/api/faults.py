"""What the API answers where something is wrong, always in one shape: {"detail": "...", "fields": {...}}."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import IntegrityError
from django.http import Http404
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.exceptions import PermissionDenied as Refused
from rest_framework.response import Response
from rest_framework.views import exception_handler

from config.api.body import TooLarge

OF_THE_WHOLE = ("non_field_errors", "__all__")


def answer(fault: Exception, context: Mapping[str, Any]) -> Response | None:
    """The response to a fault; None where it is one of our own, which becomes a 500 and a line in the log."""
    response = exception_handler(_known(fault), dict(context))
    if response is not None:
        response.data = _shaped(fault, response.data)
    return response


class Taken(APIException):
    """Somebody else wrote the same at the same moment."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Somebody else has made or changed the same at this moment: read it again."


def _known(fault: Exception) -> Any:
    """The same where Django's own words say too little, or name a model."""
    if isinstance(fault, IntegrityError):
        return Taken()
    if isinstance(fault, RequestDataTooBig):
        return TooLarge()
    if isinstance(fault, Http404):
        return NotFound("There is nothing at this address.")
    if isinstance(fault, PermissionDenied) and not str(fault):
        return Refused("Your role may not do this.")
    return fault


def _shaped(fault: Exception, data: Any) -> dict[str, Any]:
    if not isinstance(fault, ValidationError):
        return {"detail": str(data.get("detail", "")), "fields": {}}
    found = dict(data) if isinstance(data, Mapping) else {OF_THE_WHOLE[0]: data}
    whole = [text for name in OF_THE_WHOLE for text in _texts(found.pop(name, []))]
    fields = {str(name): _texts(value) for name, value in found.items()}
    names = f"To be put right: {', '.join(fields)}." if fields else ""
    return {"detail": " ".join(filter(None, [*whole, names])), "fields": fields}


def _texts(value: Any) -> list[str]:
    """Messages, however deep they are, as a list."""
    if isinstance(value, Mapping):
        return [f"{name}: {text}" for name, inner in value.items() for text in _texts(inner)]
    if isinstance(value, (list, tuple)):
        return [text for inner in value for text in _texts(inner)]
    return [str(value)]
