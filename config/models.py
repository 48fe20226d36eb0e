"""Who works here: users, each with one role; invitations to become one; and what staff set at run time."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.urls import reverse

from config.checkups import BackupRun as BackupRun
from config.checkups import Checkup as Checkup
from config.tokens import Token as Token
from notifications.audit import History, whoever

# The names of options whose values are for nobody's eyes; an address may carry a secret, too.
SECRET = re.compile(r"(token|secret|key|password|url)s?$")


class Role(models.TextChoices):
    """What a person does here; `config.people.MAY` says what each role may do."""

    ADMINISTRATOR = "administrator", "Administrator"
    ENGINEER = "engineer", "Engineer"
    OFFICE = "office", "Office"
    TECHNICIAN = "technician", "Technician"
    MANAGER = "manager", "Manager"


class Users(UserManager["User"]):
    """Users are known by their e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:  # type: ignore[override]
        """A new user; the username is the address, which allauth does not show."""
        user = self.build(email, password, **fields)
        user.save(using=self._db)
        return user

    def build(self, email: str, password: str | None = None, **fields: Any) -> User:
        """The same, not saved yet."""
        email = self.normalize_email(email).lower()
        user = self.model(username=email, email=email, **fields)
        user.set_password(password)
        return user

    def working(self) -> models.QuerySet[User]:
        """Those who may come in and do something."""
        return self.filter(is_active=True).exclude(role="")

    def waiting(self) -> models.QuerySet[User]:
        """Those who came by themselves, and whom no administrator has admitted or refused yet."""
        return self.filter(is_active=True, role="")


class User(AbstractUser):  # type: ignore[django-manager-missing]  # of tokens, by the library
    """One of the staff; without a role they wait to be admitted, and may do nothing."""

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=Role, default=Role.TECHNICIAN, blank=True)
    left_at = models.DateTimeField("left", null=True, blank=True, editable=False)

    objects: ClassVar[Users] = Users()
    history = History("email", "name", "role", "is_active", "left_at")

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name or self.email

    def get_absolute_url(self) -> str:
        """The page of this user."""
        return reverse("user", args=[self.pk])

    def get_full_name(self) -> str:
        """The name as the user writes it."""
        return self.name

    @property
    def is_waiting(self) -> bool:
        """Has no administrator admitted them yet?"""
        return not self.role

    @property
    def is_administrator(self) -> bool:
        """May do everything, and nothing is hidden from them."""
        return self.is_active and self.role == Role.ADMINISTRATOR


class Invitations(models.QuerySet["Invitation"]):
    """The vocabulary of invitations."""

    def open(self) -> Invitations:
        """Those that nobody has used or taken back; their time may be over."""
        return self.filter(used_at=None, revoked_at=None)


class Invitation(models.Model):
    """Somebody may become one of the staff, by a link of which only the hash is kept."""

    name = models.CharField(max_length=120)
    email = models.EmailField("e-mail address")
    role = models.CharField(max_length=20, choices=Role)
    # The events that they are subscribed to for themselves once they come in.
    starters = models.JSONField(default=list)
    hashed = models.CharField(max_length=64, unique=True, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    mail_fault = models.CharField(max_length=300, blank=True)
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = Invitations.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["email"], condition=Q(used_at=None, revoked_at=None), name="invitation_one_open_per_email"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.email})"

    def is_over(self, now: datetime) -> bool:
        """Is its time over?"""
        return self.expires_at <= now


class Option(models.Model):
    """One value that staff set at run time; `config.options` says which there are."""

    name = models.CharField(max_length=60, primary_key=True)
    value = models.JSONField()

    # What Towerwatch notes for itself is nobody's decision.
    history = History(
        "value",
        said="config.models.option_name",
        wanted=lambda row: whoever() is not None,
        hidden=lambda row: SECRET.search(row.name) is not None,
    )

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"


def option_name(row: Option) -> str:
    """What an option is called."""
    return row.name.replace("_", " ").capitalize()
