"""Downloading a report: for whom it was sent to and who sent it, always as a file with a harmless name."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from notifications.models import Notice, Report
from tests import make
from tests.conftest import signed_in
from tests.notifications.test_direct import post

pytestmark = pytest.mark.django_db


def test_a_report_is_kept_once_and_given_to_its_recipients_and_its_sender_alone(engineer, office, manager):
    thing, other = make.equipment("ap-1"), signed_in("technician")
    post(engineer, thing, ["role:office", f"user:{other.user.pk}"], report="csv")
    report = Report.objects.get()
    assert {one.report for one in Notice.objects.all()} == {report}
    for client in (engineer, office, other):
        response = client.get(f"/reports/{report.pk}/")
        assert response.status_code == 200
        assert response.content == bytes(report.content)
        assert response.headers["Content-Disposition"].startswith('attachment; filename="ap-1-')
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "private, no-store"
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert manager.get(f"/reports/{report.pk}/").status_code == 404
    assert engineer.post(f"/reports/{report.pk}/").status_code == 405
    assert engineer.get("/reports/999999/").status_code == 404


def test_the_name_of_a_report_is_safe_in_a_header_whatever_its_object_is_called(engineer):
    thing, to = make.site('Türm "Nord"\r\nSet-Cookie: x=1; ../../etc'), make.user("office")
    post(engineer, thing, [f"user:{to.pk}"], report="csv")
    response = engineer.get(f"/reports/{Report.objects.get().pk}/")
    said = response.headers["Content-Disposition"]
    assert said.startswith("attachment; filename*=utf-8''T%C3%BCrm-Nord-Set-Cookie-x-1-..-..-etc-")
    assert "/" not in unquote(said).partition("''")[2]
    assert "Set-Cookie" not in response.headers
