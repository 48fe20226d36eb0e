"""Lists: narrowed by a filter form, sorted by an allowed column, 50 a page; while one types, only the rows are sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

PER_PAGE = 50


def ordered(rows: QuerySet, sort: str, columns: Mapping[str, Sequence[str]]) -> QuerySet:
    """The rows by the column that `sort` names ("-name" is backwards); as they are for a column that is not allowed."""
    chosen = columns.get(sort.removeprefix("-"))
    if not chosen:
        return rows
    if sort.startswith("-"):
        return rows.order_by(*(F(column).desc(nulls_last=True) for column in chosen), "-pk")
    return rows.order_by(*(F(column).asc(nulls_last=True) for column in chosen), "pk")


def page_of(request: HttpRequest, rows: QuerySet, columns: Mapping[str, Sequence[str]]) -> Page:
    """The page of the rows that the query asks for; a page that does not exist is the first or the last one."""
    rows = ordered(rows, request.GET.get("sort", ""), columns)
    return Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))


def render_list(request: HttpRequest, template: str, rows_template: str, page: Page, **context: Any) -> HttpResponse:
    """The whole page, or the rows alone for htmx; caches are told that the two are not the same."""
    alone = request.headers.get("HX-Target") == "rows"
    shown = {"page_obj": page, "rows_template": rows_template, **context}
    response = render(request, rows_template if alone else template, shown)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
