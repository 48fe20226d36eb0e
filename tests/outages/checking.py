"""The form of a check as a browser sends it, and why it was refused."""

RULE = {"probe": "icmp", "port": "", "interval": "10", "count": "3", "window": "15", "on": "on"}


def errors(answer, form="form"):
    """The errors of a form that was refused."""
    assert answer.status_code == 200
    return answer.context[form].errors
