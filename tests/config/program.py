"""A program that uses the API, and what it may find there."""

import json

from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.utils import timezone

from config import tokens
from config.models import User
from notifications.models import Notice
from outages.models import Incident, Outage
from tests import make


class Program:
    """A client of the API with a token: it sends JSON, and gives (status, what came back)."""

    def __init__(self, user, scope="write"):
        self.user = user
        self.token = tokens.make(user, "test", scope, 30)
        self.client = Client(headers={"Authorization": f"Token {self.token}"})

    def __call__(self, method, path, body=None, **more):
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        answer = getattr(self.client, method)(f"/api/v1/{path}", **data, **more)
        return answer.status_code, answer.json() if answer.content else None


def outage(of=None, at=None, **fields):
    at = at or timezone.now()
    of = of or make.equipment()
    return Outage.objects.create(equipment=of, started_at=at, opened_at=at, opened_by={"message": "silent"}, **fields)


def incident(**fields):
    return Incident.objects.create(equipment=make.equipment(), opened_at=timezone.now(), **fields)


def notice(to, number=0, **fields):
    kind, now = ContentType.objects.get_for_model(User), timezone.now()
    about = {"object_type": kind, "object_id": to.pk, "recipient_type": kind, "recipient_id": to.pk}
    words = {"fingerprint": f"{to.pk}-{number}", "event": "notice.direct", "text": f"Notice {number}"}
    return Notice.objects.create(**({"due_at": now, "created_at": now} | about | words | fields))
