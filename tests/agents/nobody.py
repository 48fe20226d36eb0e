"""Work done by a process without any privilege."""

import multiprocessing
import os

from agents.probes.readings import ProbeError

NOBODY = 65534


def as_nobody(work):
    """What `work` returns or raises in a process without any privilege, in the present namespace."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()

    def child():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        try:
            there.send(work())
        except ProbeError as error:
            there.send(error)

    process = context.Process(target=child)
    process.start()
    result = here.recv() if here.poll(30) else None
    process.join()
    return result
