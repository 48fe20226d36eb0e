"""The floors hold: imports point down, and what must know no Django knows none."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("notifications", "agents", "customers", "outages", "config")
# customers and agents stand side by side above notifications: neither knows the other.
MAY = {
    "notifications": {"notifications"},
    "agents": {"agents", "notifications"},
    "customers": {"customers", "notifications"},
    "outages": {"outages", "customers", "agents", "notifications"},
    "config": set(FLOORS),
}
WITHOUT_DJANGO = ("agents/probes", "agents/clients", "agents/program", "agents/cage", "agents/simulated")
ORDER = ("people", "equipment", "meters", "reminders", "imports")
RELATIONS = ("ForeignKey", "OneToOneField", "ManyToManyField")


def sources(place):
    return [path for path in sorted((ROOT / place).rglob("*.py")) if "migrations" not in path.parts]


def imported(path):
    """The modules that a file imports, wherever in the file it does so."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def foreign_keys(path):
    """The models that a file names as strings: a foreign key is an import as well."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in (
            "ForeignKey",
            "OneToOneField",
            "ManyToManyField",
        ):
            target = node.args[0] if node.args else None
            if isinstance(target, ast.Constant) and "." in str(target.value):
                yield target.value.split(".")[0]


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_point_down(floor):
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(floor)
        for name in (*imported(path), *foreign_keys(path))
        if name.split(".")[0] in FLOORS and name.split(".")[0] not in MAY[floor]
    ]
    assert wrong == []


@pytest.mark.parametrize("place", WITHOUT_DJANGO)
def test_what_a_remote_agent_needs_knows_no_django(place):
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources(place)
        for name in imported(path)
        if name.split(".")[0] in ("django", "django_q", "config", "notifications", "customers", "outages")
        or name in ("agents.models", "agents.shifts", "agents.roster", "agents.ways")
    ]
    assert wrong == []


def test_a_slice_imports_only_slices_before_it():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for place, slice_name in enumerate(ORDER)
        for path in sources(f"customers/{slice_name}")
        for name in imported(path)
        for later in ORDER[place + 1 :]
        if name.startswith(f"customers.{later}")
    ]
    assert wrong == []


def test_tests_and_benches_are_imported_by_nobody():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for floor in FLOORS
        for path in sources(floor)
        for name in imported(path)
        if name.split(".")[0] in ("tests", "bench")
    ]
    assert wrong == []
