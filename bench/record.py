"""Looking, judging and storing together: 10,000 checks of which 1 % change their state, through recording.record.

Every round asks all hosts with the shipped ICMP probe, in network namespaces where every address answers but those
that were silenced, and hands the readings to recording. The figure is CPU seconds of this process and of the
database server, where there is one, for 1,000 checks. Run as root: `python -m bench.record`.
"""

from __future__ import annotations
