"""Who works here: users, each with one role."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.urls import reverse


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
        email = self.normalize_email(email).lower()
        user = self.model(username=email, email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractUser):
    """One of the staff."""

    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=Role, default=Role.TECHNICIAN)

    objects: ClassVar[Users] = Users()

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
    def is_administrator(self) -> bool:
        """May do everything, and nothing is hidden from them."""
        return self.is_active and self.role == Role.ADMINISTRATOR


class Option(models.Model):
    """One value that staff set at run time; `config.options` says which there are."""

    name = models.CharField(max_length=60, primary_key=True)
    value = models.JSONField()

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"
