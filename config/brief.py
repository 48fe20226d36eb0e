"""A request that is refused is one line of the log: the fault is none of ours."""

from __future__ import annotations

import logging

FAULT = 500


class Brief(logging.Filter):
    """Takes the traceback off what was answered with a status below 500."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes."""
        if getattr(record, "status_code", FAULT) < FAULT:
            record.exc_info = record.exc_text = None
        return True
