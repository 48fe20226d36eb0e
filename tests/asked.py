"""What a page asks of the database."""

from django.db import connection
from django.test.utils import CaptureQueriesContext


def asked(client, address):
    """The statements of a page that was shown once before, without their values.

    The options are left out: they are remembered for two seconds, and whether these end in between is chance.
    """
    client.get(address)
    with CaptureQueriesContext(connection) as caught:
        client.get(address)
    found = (query["sql"].split(" WHERE ")[0] for query in caught)
    return [sql for sql in found if '"config_option"' not in sql]
