"""The description of the API as chapters, one for each resource, for the page that people read. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from config.api.schema import operations

USUAL = {
    "_list": "Several, page by page",
    "_retrieve": "One of them",
    "_create": "Add one",
    "_partial_update": "Change what is given of one",
    "_destroy": "Delete one for good",
}


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter or a field: its name, its kind in words, whether it has to be there, and what it means."""

    name: str
    kind: str
    required: bool
    words: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked."""

    method: str
    path: str
    words: str
    query: list[Value]
    body: list[Value]
    anchor: str


@dataclass(slots=True)
class Chapter:
    """A resource with all that can be asked of it, and the fields of its rows."""

    name: str
    words: str = ""
    operations: list[Operation] = field(default_factory=list)
    fields: list[Value] = field(default_factory=list)


def chapters(document: dict[str, Any]) -> list[Chapter]:
    """Every resource, in the order of the document."""
    found: dict[str, Chapter] = {}
    for path, method, operation in operations(document):
        if path.startswith("/api/v1/"):
            name = path.split("/")[3]
            chapter = found.setdefault(name, Chapter(name, _said(operation)))
            chapter.operations.append(_operation(document, path, method, operation))
            chapter.fields = chapter.fields or _answered(document, operation)
    return list(found.values())


def _operation(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Operation:
    query = [
        Value(one["name"], _kind(document, one["schema"]), one.get("required", False), _said(one))
        for one in operation.get("parameters", [])
        if one["in"] == "query"
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    words = next((words for end, words in USUAL.items() if operation["operationId"].endswith(end)), _said(operation))
    return Operation(method.upper(), path, words, query, _fields(document, body), operation["operationId"])


def _said(about: dict[str, Any]) -> str:
    """The first paragraph of a description; a list of choices is none, for they stand beside it."""
    words = str(about.get("description", "")).strip().split("\n\n")[0]
    return "" if words.startswith("* `") else words.replace("`", "").replace("\n", " ")


def _answered(document: dict[str, Any], operation: dict[str, Any]) -> list[Value]:
    """The fields of a row, by what the operation answers with."""
    for status in ("200", "201"):
        content = operation["responses"].get(status, {}).get("content", {})
        schema = _whole(document, content.get("application/json", {}).get("schema", {}))
        rows = schema.get("properties", {}).get("results", {}).get("items")
        return _fields(document, rows or schema)
    return []


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> list[Value]:
    whole = _whole(document, schema)
    wanted = whole.get("required", [])
    return [
        Value(name, _kind(document, one), name in wanted, _said(one))
        for name, one in whole.get("properties", {}).items()
    ]


def _whole(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, where it is only referred to."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _kind(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """What kind of value it is, in a few words."""
    parts = [_whole(document, one) for one in (schema.get("allOf") or schema.get("oneOf") or [schema])]
    kinds = []
    for part in parts:
        choices = [str(one) for one in part.get("enum", []) if one not in (None, "")]
        if choices:
            kinds.append(" | ".join(choices))
        elif part.get("type") == "array":
            kinds.append(f"list of {_kind(document, part['items'])}")
        elif part.get("type"):
            kinds.append({"date-time": "time", "uri": "address"}.get(part.get("format", ""), part["type"]))
    null = " or null" if schema.get("nullable") or any(part.get("nullable") for part in parts) else ""
    return (" | ".join(kinds) or "anything") + null
