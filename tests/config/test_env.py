import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config import env

ROOT = Path(__file__).resolve().parents[2]


def manage(folder: Path, command: str, **values: str) -> subprocess.CompletedProcess:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env=kept | {"VAR": str(folder)} | values,
        capture_output=True,
        text=True,
        timeout=60,
    )


def refused(folder: Path, command: str = "check", **values: str) -> str:
    """The one line with which the start is refused."""
    done = manage(folder, command, **values)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("towerwatch: ")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("towerwatch: ").rstrip("\n")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("PORT", "abc", "it must be a whole number from 1 to 65535"),
        ("PORT", "99999", "it must be a whole number from 1 to 65535"),
        ("SHARDS", "--5", "it must be a whole number from 1 to 64"),
        ("DEBUG", "perhaps", "it must be yes or no"),
        ("LOG_LEVEL", "loud", "it must be one of DEBUG, INFO, WARNING, ERROR"),
        ("PUBLIC_URL", "desk.example.net", "it must be http://HOST[:PORT] or https://HOST[:PORT]"),
        ("REDIS_URL", "localhost:6379", "it must be redis://HOST[:PORT] or rediss://HOST[:PORT]"),
        ("DATABASE_URL", "mysql://x", "it must begin with sqlite:/// or postgres://"),
        ("DATABASE_URL", "sqlite://:memory:", "it names no database that several processes could share"),
        ("DATABASE_URL", "postgres://localhost", "it names no database that several processes could share"),
    ],
)
def test_a_bad_value_stops_the_start_with_one_line(tmp_path, name, value, why):
    assert refused(tmp_path, **{name: value}) == f"{name}={value!r} cannot be used: {why}"


@pytest.mark.parametrize("scheme", ["mysql", "postgress", "postgres"])
def test_a_password_in_a_bad_address_is_never_printed(tmp_path, scheme):
    line = refused(tmp_path, DATABASE_URL=f"{scheme}://ann:hush/hush@db.example.net:5432x/tower")
    assert "hush" not in line
    assert "db.example.net" in line


def test_a_folder_that_cannot_be_made_stops_the_start(tmp_path):
    (tmp_path / "file").touch()
    assert refused(tmp_path / "file" / "var") == f"VAR='{tmp_path}/file/var' cannot be used: Not a directory"
    assert refused(tmp_path / "file") == f"VAR='{tmp_path}/file' cannot be used: File exists"


def test_a_folder_with_files_that_others_can_read_is_left_as_it_is(tmp_path):
    (tmp_path / "letters.txt").touch()
    tmp_path.chmod(0o755)
    assert "others can read it, and it is not empty" in refused(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@pytest.mark.processes
def test_a_taken_port_stops_the_start(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = refused(tmp_path, "up", PORT=port)
    assert line == f"HOST=127.0.0.1 PORT={port} cannot be used: Address already in use"


@pytest.mark.processes
@pytest.mark.parametrize(
    ("name", "scheme", "begins"),
    [
        ("DATABASE_URL", "postgres", "DATABASE_URL: tower at 127.0.0.1:{port} does not answer: "),
        ("REDIS_URL", "redis", "REDIS_URL: redis://***@127.0.0.1:{port}/tower does not answer: "),
    ],
)
def test_a_server_that_does_not_answer_stops_the_start(tmp_path, name, scheme, begins):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        line = refused(tmp_path, "up", PORT=str(free_port()), **{name: f"{scheme}://ann:hush@127.0.0.1:{port}/tower"})
    assert line.startswith(begins.format(port=port))
    assert "hush" not in line


def test_a_file_that_is_no_database_stops_the_start(tmp_path):
    (tmp_path / "secret_key").write_text("x" * 50)
    (tmp_path / "towerwatch.sqlite3").write_text("not a database" * 100)
    assert "file is not a database" in refused(tmp_path, "up", PORT=str(free_port()))


@pytest.mark.parametrize(
    ("values", "url", "host"),
    [
        ({"ALLOWED_HOSTS": "desk.example"}, "http://localhost:8000", "localhost"),
        ({"ALLOWED_HOSTS": ","}, "http://localhost:8000", "localhost"),
        ({"HOST": "fd00::2"}, "http://[fd00::2]:8000", "[fd00::2]"),
        ({"PUBLIC_URL": "https://Desk.example/"}, "https://Desk.example", "desk.example"),
    ],
)
def test_the_address_that_the_console_prints_is_answered(tmp_path, values, url, host):
    settings = dict(line.split(" = ", 1) for line in manage(tmp_path, "diffsettings", **values).stdout.splitlines())
    assert settings["PUBLIC_URL"].startswith(f"'{url}'")
    assert f"'{host}'" in settings["ALLOWED_HOSTS"]


def test_an_unset_or_empty_variable_has_its_default(monkeypatch):
    monkeypatch.delenv("GIVEN", raising=False)
    assert env.number("GIVEN", 7, 1, 9) == 7
    monkeypatch.setenv("GIVEN", " ")
    assert env.number("GIVEN", 7, 1, 9) == 7
    assert env.flag("GIVEN", True) is True
    assert env.names("GIVEN", ["a"]) == ["a"]


def test_values_are_read_as_they_are_meant(monkeypatch):
    monkeypatch.setenv("GIVEN", "a.example, b.example,")
    assert env.names("GIVEN", []) == ["a.example", "b.example"]
    monkeypatch.setenv("GIVEN", "Yes")
    assert env.flag("GIVEN", False) is True
    monkeypatch.setenv("GIVEN", "https://desk.example.net/")
    assert env.address("GIVEN", "", ("https",)) == "https://desk.example.net"
    monkeypatch.setenv("GIVEN", "warning")
    assert env.choice("GIVEN", "INFO", ("INFO", "WARNING")) == "WARNING"


def test_databases_are_read_by_their_address(monkeypatch, tmp_path):
    assert env.database("UNSET", tmp_path / "x") == {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(tmp_path / "x"),
    }
    monkeypatch.setenv("GIVEN", "postgres://ann:p%40ss@db.example.net:5433/tower")
    found = env.database("GIVEN", tmp_path)
    wanted = {"NAME": "tower", "USER": "ann", "PASSWORD": "p@ss", "HOST": "db.example.net", "PORT": 5433}
    assert {name: found[name] for name in wanted} == wanted


def test_a_new_folder_and_its_parents_are_closed_to_others(monkeypatch, tmp_path):
    monkeypatch.setenv("GIVEN", str(tmp_path / "a" / "b"))
    made = env.folder("GIVEN", tmp_path)
    assert [stat.S_IMODE(place.stat().st_mode) for place in (made, made.parent)] == [0o700, 0o700]


def test_an_empty_folder_is_closed_to_others(monkeypatch, tmp_path):
    (tmp_path / "a").mkdir(mode=0o755)
    monkeypatch.setenv("GIVEN", str(tmp_path / "a"))
    assert stat.S_IMODE(env.folder("GIVEN", tmp_path).stat().st_mode) == 0o700


def test_a_secret_is_made_once_and_kept(tmp_path):
    first = env.secret("UNSET", tmp_path / "key")
    assert env.secret("UNSET", tmp_path / "key") == first
    assert len(first) > 50
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["key"]


def test_an_empty_secret_is_not_used(tmp_path, capsys):
    (tmp_path / "key").touch()
    with pytest.raises(SystemExit):
        env.secret("UNSET", tmp_path / "key")
    assert "is empty" in capsys.readouterr().err


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]
