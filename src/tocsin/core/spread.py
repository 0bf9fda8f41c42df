"""Where work runs: the same function over many tasks, here, in processes, or on Apache Spark.

Every task carries all it needs and its own seed, so the answers are the same wherever they are made; only the time
differs. A function must be a top-level one of an importable module, and tasks and answers must pickle.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tocsin.core.errors import BadInput, SetupProblem

Task = TypeVar("Task")
Found = TypeVar("Found")

WAYS = ("no", "processes", "spark")
SPARK_MASTER = "local-cluster[2,1,1024]"


def spread(func: Callable[[Task], Found], tasks: Sequence[Task], how: str = "no") -> list[Found]:
    """Answers of `func` to every task, in their order.

    Parameters
    ----------
    func : callable
        A top-level function.
    tasks : sequence
    how : str
        ``no``: one after the other, for tests and small work. ``processes``: as many processes as processors.
        ``spark``: Apache Spark on two executor processes of this machine; ``spark:MASTER`` on a cluster, for example
        ``spark:spark://head:7077`` or ``spark:yarn``.

    Raises
    ------
    BadInput
        If there is no such way.
    SetupProblem
        If Spark is asked for and not installed.
    """
    way, master = way_of(how)
    if way == "no" or not tasks:
        return [func(task) for task in tasks]
    if way == "processes":
        return _processes(func, tasks)
    return _spark(func, tasks, master or SPARK_MASTER)


def way_of(how: str) -> tuple[str, str]:
    """Way and master of a setting; BadInput if there is no such way."""
    way, _, master = how.partition(":")
    if way not in WAYS or (master and way != "spark"):
        raise BadInput("work cannot be spread by '{how}': choose {known} or spark:MASTER", how=how,
                       known=", ".join(WAYS))  # fmt: skip
    return way, master


def _processes(func: Callable[[Task], Found], tasks: Sequence[Task]) -> list[Found]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # Not forked: threads of numerical libraries do not survive a fork.
    context = multiprocessing.get_context("spawn")
    workers = min(len(tasks), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        return list(pool.map(func, tasks))


def _spark(func: Callable[[Task], Found], tasks: Sequence[Task], master: str) -> list[Found]:
    try:
        import pyspark
        from pyspark.sql import SparkSession
    except ImportError as problem:
        raise SetupProblem("Apache Spark is not installed: pip install 'tocsin[spark]', and Java 17") from problem

    # local-cluster starts executors out of SPARK_HOME; the installed package is one.
    os.environ.setdefault("SPARK_HOME", str(Path(pyspark.__file__).parent))
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    path = os.pathsep.join(entry for entry in sys.path if entry)
    builder: Any = SparkSession.builder
    session = (
        builder.appName("tocsin")
        .master(master)
        .config("spark.ui.enabled", "false")
        .config("spark.executorEnv.PYTHONPATH", path)
        .config("spark.task.maxFailures", "2")
        .getOrCreate()
    )
    try:
        # One partition a task: tasks are few and long.
        return list(session.sparkContext.parallelize(list(tasks), len(tasks)).map(func).collect())
    finally:
        session.stop()
