"""All that is known of a customer, as one packed file: a JSON of everything, and each part as a CSV."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from customers.imports.export import lines
from customers.people.models import Customer
from customers.privacy.parts import Row, parts
from notifications.cells import guarded


def known(customer: Customer) -> dict[str, list[Row]]:
    """Everything, by the names of its parts."""
    return {part.name: list(part.rows(customer)) for part in reversed(parts())}


def packed(customer: Customer) -> bytes:
    """The whole as a ZIP file."""
    found, file = known(customer), io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("everything.json", json.dumps(found, cls=DjangoJSONEncoder, indent=1, ensure_ascii=False))
        for name, rows in found.items():
            archive.writestr(f"{name}.csv", _sheet(rows))
    return file.getvalue()


def _sheet(rows: list[Row]) -> str:
    heads = list(dict.fromkeys(name for row in rows for name in row))
    # Spreadsheets take a file without the mark for one in their own old encoding.
    return "\ufeff" + lines([heads, *([_cell(row.get(name)) for name in heads] for row in rows)])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = (
        json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    )
    return guarded(text)
