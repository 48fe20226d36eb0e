"""Lists: narrowed by a filter form, sorted by an allowed column, 50 a page; while one types, only the rows are sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.functional import cached_property

PER_PAGE = 50
# Nobody turns two thousand pages: beyond that many rows a list neither counts them nor has a last page.
MOST = 100_000
# Longer ones cannot be put into the order of another table's column while somebody waits.
SHORT = 10_000


class End(str):
    """A column that is empty for what has not ended yet: in its order that comes last, as the latest end of all."""


class Pages(Paginator):
    """Pages that cost no more at the end of a long list than at its beginning.

    Counting ends at `most`; a page is found by its keys alone, which an index has in order, and only its own rows are
    then read whole.
    """

    most = MOST

    @cached_property
    def count(self) -> int:
        """How many rows there are, or `most` where there are more (then `more` is true)."""
        rows: Any = self.object_list
        counted: int = rows.order_by()[: self.most + 1].count()
        self.more = counted > self.most
        return min(counted, self.most)

    more = False

    @property
    def short(self) -> bool:
        """May it be sorted by columns of other tables?"""
        return self.count <= SHORT and not self.more

    def page(self, number: Any) -> Page:
        """The rows of one page, as a list."""
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        keys = self._keys(bottom, min(bottom + self.per_page, self.count))
        places = {key: place for place, key in enumerate(keys)}
        return Page(sorted(_whole(self.object_list, keys), key=lambda row: places[row.pk]), number, self)

    def _keys(self, bottom: int, top: int) -> list[Any]:
        """The keys from one place to another; those of the second half are sought from the end."""
        rows: Any = self.object_list
        keys = rows.values_list("pk", flat=True)
        if self.more or not keys.ordered or bottom <= self.count // 2:
            return list(keys[bottom:top])
        return list(keys.reverse()[self.count - top : self.count - bottom])[::-1]


def _whole(rows: Any, keys: Sequence[Any]) -> QuerySet:
    """The rows of these keys with all that their list wants of them, without searching for them once more."""
    if rows.query.annotations:
        return rows.order_by().filter(pk__in=keys)  # type: ignore[no-any-return]
    found: Any = rows.model._default_manager.filter(pk__in=keys)
    found.query.select_related = rows.query.select_related
    found._prefetch_related_lookups = rows._prefetch_related_lookups
    return found.order_by()  # type: ignore[no-any-return]


def ordered(rows: QuerySet, sort: str, columns: Mapping[str, Sequence[str]]) -> QuerySet:
    """The rows by the column that `sort` names ("-name" is backwards); as they are for a column that is not allowed."""
    chosen = columns.get(sort.removeprefix("-"))
    if not chosen:
        return rows
    if sort.startswith("-"):
        return rows.order_by(*(F(column).desc(**_empty(rows, column, backwards=True)) for column in chosen), "-pk")
    return rows.order_by(*(F(column).asc(**_empty(rows, column, backwards=False)) for column in chosen), "pk")


def _empty(rows: QuerySet, column: str, *, backwards: bool) -> dict[str, bool]:
    """Where what has nothing in this column stands: last in either direction, but for an End.

    A column that is never empty must not say it, for then PostgreSQL does not see that its index has that order.
    """
    model: Any = rows.model
    nullable = False
    for name in column.split("__"):
        field = model._meta.get_field(name)
        nullable, model = nullable or field.null, field.related_model
    if not nullable:
        return {}
    return {"nulls_first": True} if backwards and isinstance(column, End) else {"nulls_last": True}


def page_of(
    request: HttpRequest,
    rows: QuerySet,
    columns: Mapping[str, Sequence[str]],
    only_short: Collection[str] = (),
    most: int = MOST,
) -> Page:
    """The page of the rows that the query asks for; a page that does not exist is the first or the last one.

    By the columns `only_short` only a short list is sorted; counting ends at `most`.
    """
    pages = Pages(rows, PER_PAGE)
    pages.most = most
    sort = request.GET.get("sort", "")
    if sort.removeprefix("-") not in only_short or pages.short:
        pages.object_list = ordered(rows, sort, columns)
    return pages.get_page(request.GET.get("page"))


def render_list(request: HttpRequest, template: str, rows_template: str, page: Page, **context: Any) -> HttpResponse:
    """The whole page, or the rows alone for htmx; caches are told that the two are not the same."""
    alone = request.headers.get("HX-Target") == "rows"
    shown = {"page_obj": page, "rows_template": rows_template, **context}
    response = render(request, rows_template if alone else template, shown)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
