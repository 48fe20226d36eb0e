"""The files of node_modules that pages load."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command
from django.test import override_settings

from config.npm import FILES, NpmFinder


@pytest.fixture
def without_npm(tmp_path: Path):
    """A checkout in which nobody has run npm ci."""
    finder = NpmFinder()
    finder.storage = FileSystemStorage(location=tmp_path)
    return finder


def test_every_allowed_file_is_found_under_vendor():
    found = [NpmFinder().find(f"vendor/{name}") for name in FILES]
    assert found == [str(settings.BASE_DIR / "node_modules" / name) for name in FILES]


@pytest.mark.parametrize(
    "path",
    [
        "vendor/uplot/package.json",
        "vendor/../package.json",
        "vendor/",
        "uplot/dist/uPlot.min.css",
        "vendor/@tabler/core/dist/css/../css/tabler.min.css",
    ],
)
def test_nothing_else_is_found(path: str):
    assert NpmFinder().find(path) == []
    assert NpmFinder().find(path, find_all=True) == []


def test_all_places_of_a_file_are_one():
    name = FILES[0]
    assert NpmFinder().find(f"vendor/{name}", find_all=True) == [str(settings.BASE_DIR / "node_modules" / name)]


def test_the_list_leaves_out_what_it_is_told_to():
    assert [name for name, _ in NpmFinder().list([])] == list(FILES)
    assert [name for name, _ in NpmFinder().list(["*.map", "*.css"])] == [
        "@tabler/core/dist/js/tabler.min.js",
        "uplot/dist/uPlot.iife.min.js",
    ]


def test_a_check_says_to_run_npm_ci(without_npm: NpmFinder):
    [error] = without_npm.check()
    assert error.hint == "Run npm ci."
    assert FILES[0] in error.msg
    assert list(without_npm.list(None)) == []
    assert without_npm.find(f"vendor/{FILES[0]}") == []


def test_a_complete_checkout_passes_the_check():
    assert NpmFinder().check() == []


def test_everything_collects_under_names_that_change_with_the_content(tmp_path: Path):
    with override_settings(STATIC_ROOT=tmp_path, STORAGES=MANIFEST):
        call_command("collectstatic", interactive=False, verbosity=0)
    assert (tmp_path / "staticfiles.json").exists()
    assert list(tmp_path.glob("vendor/@tabler/core/dist/css/tabler.min.*.css.gz"))
    assert list(tmp_path.glob("towerwatch.*.css"))


MANIFEST = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
