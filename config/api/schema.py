"""The description of the API (OpenAPI): what drf-spectacular finds, with the faults that every request can meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

FAULT = {
    "type": "object",
    "required": ["detail", "fields"],
    "description": "What is wrong: in words, and by the fields of the body or the names in the query.",
    "properties": {
        "detail": {"type": "string"},
        "fields": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
}
METHODS = ("get", "post", "put", "patch", "delete")
ALWAYS = {
    "400": "Something in the query or the body has to be put right; `fields` says what.",
    "401": "No token, or one that is wrong, over, or of an account that is off.",
    "403": "This role, or the scope of this token, may not do it.",
    "404": "There is nothing at this address.",
    "405": "This address does not have that method.",
    "406": "The answer is JSON, and `Accept` leaves that out.",
    "429": "Too many requests in this minute; `Retry-After` says how many seconds to wait.",
}
WRITING = {
    "409": "It cannot be done as things stand now: somebody was faster, or history hangs on it.",
    "413": "The body is too large.",
    "415": "The body has to be JSON.",
}


class ByTokenScheme(OpenApiAuthenticationExtension):
    """How the description of the API names it."""

    target_class = "config.api.access.ByToken"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """An API key in a header, which is how OpenAPI says "Authorization: Token ..."."""
        words = "Authorization: Token, a space, and a token that was made under My account, API tokens."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": words}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(address, method, operation) for everything that the API does, in the order of the document."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def with_faults(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The document, each of whose operations says which faults it answers with."""
    result.setdefault("components", {}).setdefault("schemas", {})["Fault"] = FAULT
    shape = {"application/json": {"schema": {"$ref": "#/components/schemas/Fault"}}}
    for _path, method, operation in operations(result):
        for status, words in (ALWAYS | (WRITING if method != "get" else {})).items():
            operation["responses"].setdefault(status, {"description": words, "content": shape})
    return result
