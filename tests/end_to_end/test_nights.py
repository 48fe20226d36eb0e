"""What runs by the clock, in the real processes: a backup that a night has missed, and the heartbeat."""

import signal
import threading

import pytest

from config.backups import backup_file
from tests.config.test_heartbeat import Watchman
from tests.end_to_end.installation import Installation, until
from tests.end_to_end.test_restore import PASSWORD

pytestmark = pytest.mark.processes


@pytest.fixture
def watchman():
    found = Watchman()
    threading.Thread(target=found.server.serve_forever, args=(0.05,), daemon=True).start()
    yield found
    found.server.shutdown()
    found.server.server_close()


def kept(desk: Installation) -> list:
    return sorted((desk.var / "backups").glob("towerwatch-*.tar.gz"))


def test_a_night_that_was_missed_is_made_up_for_and_a_watchman_hears_us(desk: Installation, watchman):
    desk.environment["ALLOW_PRIVATE_URLS"] = "yes"
    desk.run("manage.py", "migrate", "-v0")
    chosen = f"options.change(backup_night='2020-01-01', heartbeat_url={watchman.url!r})"
    desk.run("manage.py", "shell", "-v0", "-c", f"from config import options; {chosen}")
    first = desk.start()
    until(lambda: kept(desk), "backup of the night", 60)
    assert "customers_customer" in backup_file.check(kept(desk)[0]).rows

    browser = desk.browser()
    browser.send(first, token=first.split("/")[-2], name="Ada", email="ada@example.net", password=PASSWORD)
    browser.send("/backups/", "/backups/now/")
    until(lambda: len(kept(desk)) == 2, "backup by the button", 30)
    assert kept(desk)[1].name in browser.get("/backups/")
    # Its turn comes each minute; here it is asked for at once.
    beat = "from config import jobs; assert jobs.heartbeat()"
    desk.run("manage.py", "shell", "-v0", "-c", beat)
    assert watchman.heard

    desk.up.send_signal(signal.SIGTERM)
    assert desk.up.wait(6) == 0
    assert desk.left() == []
    assert "Traceback" not in desk.said()
