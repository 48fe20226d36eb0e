"""The invented customers: who they are and how they are reached."""

import random
import re
import unicodedata
from dataclasses import dataclass

from agents.simulated import names

_LOCAL_AREAS = (406, 307, 208)
# An area code is NXX, and N11 belongs to services.
_AREAS = _LOCAL_AREAS + tuple(
    code for code in range(200, 1000) if code // 10 % 10 < 9 and code % 100 != 11 and code not in _LOCAL_AREAS
)
MOST_CUSTOMERS = 50_000


@dataclass(frozen=True)
class Customer:
    """A person, or a company (`company` is not empty) with the name of its contact."""

    number: str
    given_name: str
    family_name: str
    company: str
    phone: str
    email: str
    street: str
    town: str
    tags: tuple[str, ...] = ()
    never_online: bool = False

    @property
    def name(self) -> str:
        """What the office calls this customer."""
        return self.company or f"{self.given_name} {self.family_name}"


class People:
    """Invents customers one after the other; no two live at the same address."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._last_house: dict[tuple[str, str], int] = {}
        self._companies = 0

    def next(self, index: int, town: str, *, never_online: bool, suspended: bool) -> Customer:
        """The customer at this place in the list, living in this town."""
        number = str(10_001 + index)
        given, family = self._rng.choice(names.GIVEN), self._rng.choice(names.FAMILY)
        company = self._company() if self._rng.random() < 0.2 else ""
        return Customer(
            number=number,
            given_name=given,
            family_name=family,
            company=company,
            phone=phone(index),
            email=email(given, family, company, number),
            street=self._house(town),
            town=town,
            tags=self._tags(company, suspended),
            never_online=never_online,
        )

    def _company(self) -> str:
        self._companies += 1
        if self._companies <= len(names.COMPANIES):
            return names.COMPANIES[self._companies - 1]
        return f"{self._rng.choice(names.OWNERS)} {self._rng.choice(names.TRADES)}"

    def _house(self, town: str) -> str:
        street = self._rng.choice(names.STREETS)
        house = self._last_house.get((street, town), 0) + self._rng.randint(1, 9)
        self._last_house[street, town] = house
        return f"{house} {street}"

    def _tags(self, company: str, suspended: bool) -> tuple[str, ...]:
        chances = (("sla", 0.4 if company else 0.0), ("vip", 0.05), ("medical", 0.0 if company else 0.03))
        drawn = [tag for tag, chance in chances if self._rng.random() < chance]
        return tuple((["business"] if company else []) + drawn + (["suspended"] if suspended else []))


def phone(index: int) -> str:
    """A number out of the range kept for fiction: 555-0100 to 555-0199 of each area."""
    area, line = divmod(index, 100)
    return f"+1 {_AREAS[area]} 555 01{line:02d}"


def email(given: str, family: str, company: str, number: str) -> str:
    """An address at a domain that can never exist; the number keeps it unique."""
    if company:
        return f"office@{_plain(company)[:40].strip('-')}-{number}.example"
    return f"{_plain(given)}.{_plain(family)}.{number}@example.net"


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.lower().replace("ø", "o")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters.replace("'", "")).strip("-")
