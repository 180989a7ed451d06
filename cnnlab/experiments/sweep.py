"""Run what is missing of an experiment, here or on a cluster, and keep each result as it comes."""

from __future__ import annotations

import operator
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import joblib
from tqdm.auto import tqdm

from cnnlab.arithmetic import whole
from cnnlab.experiments.cluster import performed_on
from cnnlab.experiments.run import Result, Task, available, perform, task
from cnnlab.experiments.store import append, read_results
from cnnlab.table import Table
from cnnlab.whole_file import check_writable


def sweep(
    change: Mapping[str, Iterable[Any]],
    *,
    out: str | Path,
    base: Mapping[str, Any] | None = None,
    seeds: Iterable[int] = (0, 1, 2),
    data: str = "auto",
    root: str | None = None,
    images: int | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    progress: bool = True,
) -> Table[Result]:
    """Change one thing at a time, and train every variant with every seed.

    What `out` holds already is not run again, so a sweep that was stopped (Ctrl-C, the stop button, a
    crash, a power cut) goes on with the same call, and a larger one takes over the results of a smaller one.

    Args:
        change: settings to change, one at a time, and the values to try, such as
            {"kernel": [3, 5, 7], "optimizer": ["sgd", "adam"]}. The names are those of `BASE`.
        out: the file of results; it is added to, and never overwritten.
        base: settings of the network that all are compared with, where they differ from `BASE`.
        seeds: each variant is trained once with each.
        data: the data set, as for `load_data`; a sixth of its training images is held out, the same
            for all, and measures them. The test images are not touched.
        root: the folder of the data, which every worker must see under the same name.
        images: training images for each run, the first of those not held out; None takes all.
        jobs: runs at the same time; None takes one for each core. Each run has one thread.
        scheduler: address of a Dask scheduler, such as "tcp://10.0.0.5:8786": its workers do the runs.
        progress: show a bar with the time left.
    Returns:
        The results of this sweep, seed by seed: what was kept, and what is new. After Ctrl-C or the
        stop button, those that there are; it says how many are missing.
    Raises:
        ValueError, TypeError: a setting or an argument is out of range; nothing was run then.
        ModuleNotFoundError: a scheduler is given, and Dask is not installed.
        OSError: the disk is full or the cluster gone; what is done is kept, and the same call goes on.
    """
    path = Path(out)
    if not isinstance(change, Mapping):
        raise TypeError(f"change={change!r} is no mapping: write such as {{'hidden': [100, 200]}}.")
    if not isinstance(seeds, Iterable) or isinstance(seeds, str):
        raise TypeError(f"seeds={seeds!r} is no list of seeds: write range({seeds}) or [0, 1, 2].")
    if base is not None and not isinstance(base, Mapping):
        raise TypeError(f"base={base!r} is no mapping: write such as {{'hidden': 100}}.")
    if isinstance(images, float):
        raise TypeError(f"images={images} is a float, and a number of images is whole.")
    if images is not None:
        images = whole("images", images, at_least=1)
    tasks = _tasks(change, base or {}, tuple(_seed(one) for one in seeds), data, root, images)
    check_writable(path)
    kept = {result.key: result for result in read_results(path)}
    missing = [one for one in tasks if one.key not in kept]
    if missing:
        hidden = not progress or bool(os.environ.get("TQDM_DISABLE"))
        done = len(tasks) - len(missing)
        bar = tqdm(total=len(tasks), initial=done, unit="run", disable=hidden)
        try:
            with bar, warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=".* have been cancelled")  # joblib's, after a stop
                for result in _performed(missing, root, jobs, scheduler):
                    append(path, result)
                    kept[result.key] = result
                    bar.update()
        except KeyboardInterrupt:
            kept = {result.key: result for result in read_results(path)}  # also one that was just written
            done = sum(one.key in kept for one in tasks)
            print(f"Stopped: {done} of {len(tasks)} runs are kept, and the same call goes on with the rest.")
        except OSError as error:  # a full disk, or a cluster that went away
            done = sum(one.key in kept for one in tasks)
            why = f"{error.strerror} ({path})" if error.strerror else str(error).rstrip(".")
            raise OSError(
                f"{why}: {done} of {len(tasks)} runs are kept, and the same call goes on with the rest."
            ) from error
    return Table(kept[one.key] for one in tasks if one.key in kept)


def _tasks(
    change: Mapping[str, Iterable[Any]],
    base: Mapping[str, Any],
    seeds: tuple[int, ...],
    data: str,
    root: str | None,
    images: int | None,
) -> list[Task]:
    """Every run once: the base and each change of one setting; all with the first seed, then the next."""
    if not seeds:
        raise ValueError("seeds is empty: give at least one, better three.")
    for name, values in change.items():
        if isinstance(values, (str, Mapping)) or not isinstance(values, Iterable):
            raise TypeError(f"change[{name!r}]={values!r} is no list of values: write [{values!r}].")
    variants = [dict(base), *({**base, name: value} for name, values in change.items() for value in values)]
    for variant in variants:
        task(variant, seeds[0], data, images)  # before the data are read: a wrong setting is said at once
    name, most = available(data, root)
    if images is not None and not 1 <= images <= most:
        raise ValueError(
            f"images={images}: {name} leaves 1 to {most:,} training images, a sixth being held out."
        )
    made = [task(variant, seed, name, images) for seed in seeds for variant in variants]
    return list({one.key: one for one in made}.values())


def _seed(given: object) -> int:
    """A seed as Python's own integer; NumPy's and PyTorch's will do."""
    try:
        if isinstance(given, bool):
            raise TypeError
        seed = operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"seeds holds {given!r}: a seed is a whole number, such as 0.") from None
    if not 0 <= seed < 2**32:
        raise ValueError(f"seeds holds {seed}: a seed is 0 to {2**32 - 1:,}.")
    return seed


def _performed(
    tasks: Sequence[Task], root: str | None, jobs: int | None, scheduler: str | None
) -> Iterator[Result]:
    """The results, in the order in which they get ready."""
    if scheduler is not None:
        return performed_on(scheduler, tasks, root)
    count = joblib.cpu_count() if jobs is None else jobs
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"jobs={jobs!r}: give 1 or more runs at the same time.")
    pool = joblib.Parallel(n_jobs=count, return_as="generator_unordered", pre_dispatch="all")
    results: Iterator[Result] = pool(joblib.delayed(perform)(one, root) for one in tasks)
    return results
