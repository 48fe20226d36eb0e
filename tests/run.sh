#!/usr/bin/env bash
# Run the tests by a Python: four at once, then those by twos that start real processes and count their seconds.
# Usage: tests/run.sh PYTHON [ARGUMENT OF PYTEST...]
set -u
python=$1
shift

"$python" -m pytest -n 4 --dist worksteal -m "not processes" "$@"
many=$?
"$python" -m pytest -n 2 --dist worksteal -m processes "$@"
few=$?

# Of what was asked for there may be none of one sort: pytest says 5 then.
none=5
[ $many = $none ] && [ $few = $none ] && exit $none
[ $many = $none ] && many=0
[ $few = $none ] && few=0
exit $((many > few ? many : few))
