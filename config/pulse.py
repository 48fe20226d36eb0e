"""Signs of life of a queue cluster: a file per process group, whose time says until when its silence means nothing.

The time is the machine's monotonic clock, which all processes share and nobody sets. It needs no database, so a slow
one does not look like a dead worker.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django_q.conf import Conf
from django_q.signals import post_execute_in_worker, pre_execute


def folder() -> Path:
    """Where the signs are; it exists only under `manage.py up`."""
    return Path(settings.VAR) / "beats"


def clear() -> None:
    """Forget all signs of earlier starts."""
    shutil.rmtree(folder(), ignore_errors=True)
    folder().mkdir()


def sign(until: float) -> None:
    """This process's cluster lives, and may be silent until then."""
    file = folder() / str(os.getpgrp())
    with suppress(OSError):
        if not file.exists():
            file.touch()
        os.utime(file, (until, until))


def last(group: int) -> float:
    """Until when the silence of a cluster means nothing; 0 when it never gave a sign."""
    try:
        return (folder() / str(group)).stat().st_mtime
    except OSError:
        return 0.0


def listen() -> None:
    """Give a sign before and after each task of this process's cluster."""
    pre_execute.connect(_begins, dispatch_uid="pulse")
    post_execute_in_worker.connect(_ends, dispatch_uid="pulse")


def _begins(**_: Any) -> None:
    # All workers may be busy for as long as a task may take. Each that is not busy would answer a beat.
    sign(time.monotonic() + (Conf.TIMEOUT or 0))


def _ends(**_: Any) -> None:
    sign(time.monotonic())
