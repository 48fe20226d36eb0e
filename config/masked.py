"""What is logged holds no address that opens something by itself: an invitation, a hint, the end of an e-mail."""

from __future__ import annotations

import logging
import re
from typing import Any

# That by which a notice is acknowledged begins with the number of the notice.
OPENS = re.compile(
    r"(/(?:setup|demo/enter|invitation|stop|sources/hint|account/password/reset/key)/|/a/(?=\d+\.))[^/\s?]+"
)


class Masked(logging.Filter):
    """Covers, in each line, what stands behind such a path."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes."""
        record.msg = _cover(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(_cover(one) for one in record.args)
        return True


def _cover(value: Any) -> Any:
    return OPENS.sub(r"\1***", value) if isinstance(value, str) else value
