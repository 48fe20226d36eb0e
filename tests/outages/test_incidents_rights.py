"""The pages of Now, incidents and outages, tried by everybody."""

import pytest
from django.urls import reverse

from outages.models import IncidentNote
from tests.outages.working import SEEN, WORKED, address, incident, work, working

pytestmark = pytest.mark.django_db
ROLES = ["administrator", "engineer", "office", "technician", "manager"]


@pytest.mark.parametrize("name", SEEN + WORKED)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_is_sent_to_sign_in(stranger, name, method):
    answer = getattr(stranger, method)(address(name))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("who", ROLES)
def test_everybody_of_the_staff_sees_everything(request, who):
    client = request.getfixturevalue(who)
    assert {name: client.get(address(name)).status_code for name in SEEN} == dict.fromkeys(SEEN, 200)


@pytest.mark.parametrize("name", WORKED)
def test_a_manager_looks_on_and_works_on_nothing(manager, name):
    assert manager.post(address(name), working(text="x")).status_code == 403
    assert not IncidentNote.objects.exists()
    page = manager.get(address("incident")).text
    assert '<form method="post"' not in page.partition('id="content"')[2].partition("</main>")[0]


@pytest.mark.parametrize("who", ["administrator", "engineer", "office", "technician"])
def test_all_others_work_on_incidents(request, who):
    client, found = request.getfixturevalue(who), incident()
    assert client.post(reverse("incident_acknowledge", args=[found.pk])).url == found.get_absolute_url()
    assert work(client, found).url == found.get_absolute_url()
    assert client.post(reverse("incident_note", args=[found.pk]), {"text": "On my way."}).status_code == 302
    found.refresh_from_db()
    assert (found.state, found.owner) == ("working", None)
    assert IncidentNote.objects.filter(by=client.user).count() == 3


@pytest.mark.parametrize("name", WORKED)
def test_work_is_posted_and_never_a_link(engineer, name):
    assert engineer.get(address(name)).status_code == 405


@pytest.mark.parametrize("name", ["incident", "outage"])
@pytest.mark.parametrize("pk", [9_999_999, 10**30])
def test_what_is_not_there_is_not_found(engineer, name, pk):
    assert engineer.get(reverse(name, args=[pk])).status_code == 404


@pytest.mark.parametrize("name", WORKED)
def test_nobody_works_on_what_is_not_there(engineer, name):
    assert engineer.post(reverse(name, args=[9_999_999]), working(text="x")).status_code == 404
