"""What the guide for a server says is so: every start-up value is in its table, and systemd takes its unit."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "deploy.md").read_text()
# What up tells its own processes, and no operator.
OURS = {"Q_CLUSTER_NAME"}
READ = re.compile(r'env\.(?:both\("[A-Z_]+", "[A-Z_]+"|\w+\(\s*"[A-Z_]+")')


def test_every_start_up_value_is_in_the_table_and_nothing_else_is():
    calls = " ".join(call for file in (ROOT / "config").rglob("*.py") for call in READ.findall(file.read_text()))
    read = set(re.findall('"([A-Z_]+)"', calls))
    rows = [line.split("|")[1] for line in GUIDE.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)} == read - OURS


def test_its_links_lead_somewhere():
    links = re.findall(r"\]\(([\w./-]+)\)", GUIDE)
    assert len(links) >= 3
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_every_make_target_that_it_names_is_there():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^(?:towerwatch|sudo -u towerwatch make) ([a-z]+)", GUIDE, re.MULTILINE))
    assert {"backup", "restore", "upgrade", "keys"} <= targets
    assert named and named <= targets


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_takes_the_unit(tmp_path):
    text = (ROOT / "docs" / "deploy" / "towerwatch.service").read_text()
    unit = tmp_path / "towerwatch.service"
    unit.write_text(text.replace("/opt/towerwatch/.venv/bin/python", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
