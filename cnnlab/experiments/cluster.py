"""Let the workers of a Dask cluster do the runs of an experiment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from cnnlab.experiments.run import Result, Task, perform

_ADDRESS = re.compile(r"inproc://\S+|(?:(?:tcp|tls|ucx|wss?)://)?(?:[^\s/:]+|\[[\da-fA-F:]+\]):\d{1,5}")
WAIT = 10.0  # seconds that a scheduler has to answer, and its workers to come


def performed_on(address: str, tasks: Sequence[Task], root: str | None) -> Iterator[Result]:
    """The results, in the order in which they get ready; all runs are done by the workers.

    Where a worker dies, another one takes its run. Whoever stops early takes back what is not done.

    Args:
        address: of the scheduler, such as "tcp://10.0.0.5:8786".
        tasks: the runs.
        root: the folder of the data, which every worker must see under the same name.
    Raises:
        ModuleNotFoundError: Dask is not installed.
        ValueError: no scheduler answers there, or it has no worker.
        ConnectionError: the scheduler went away, or each worker died that took a run.
    """
    client = _client(address)
    try:
        from dask.distributed import KilledWorker, as_completed

        futures = [client.submit(perform, one, root, pure=False) for one in tasks]
        try:
            for future in as_completed(futures, loop=client.loop):  # type: ignore[no-untyped-call]
                if future.cancelled():
                    raise ConnectionError(f"the Dask scheduler at {address} is gone: start it again.")
                try:
                    yield future.result()
                except KilledWorker as error:
                    raise ConnectionError(
                        f"each worker died that took the run: is its memory enough? ({error})"
                    ) from error
        finally:
            if client.status == "running":
                client.cancel(futures)
    finally:
        client.close()


def _client(address: str) -> Any:
    try:
        from dask.distributed import Client
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a scheduler needs Dask: pip install 'cnnlab[cluster]', here and on the workers."
        ) from error
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        raise ValueError(f"scheduler={address!r} is no address: it looks like 'tcp://10.0.0.5:8786'.")
    try:
        client = Client(address, timeout=WAIT, set_as_default=False)  # type: ignore[no-untyped-call]
    except OSError as error:
        raise ValueError(
            f"no Dask scheduler answers at {address!r}: is it running, and is the port right?"
        ) from error
    try:
        client.wait_for_workers(1, timeout=WAIT)
    except TimeoutError as error:
        client.close()  # type: ignore[no-untyped-call]
        raise ValueError(
            f"the Dask scheduler at {address} has no worker: start one, with `dask worker {address}`."
        ) from error
    return client
