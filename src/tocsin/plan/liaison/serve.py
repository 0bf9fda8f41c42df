"""Which villages given assistants serve: the most worth that fits, exactly."""

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def best_service(can: Flags, capacity: Ints, worth: Floats) -> Ints:
    """The assistant of each village (-1: nobody), so that the villages served are worth most.

    Villages are taken from the most to the least worth, and each is kept if all kept so far can still be shared out
    (an augmenting path). Sets of villages that can be served are a transversal matroid, so this is exact.

    Parameters
    ----------
    can : ndarray of bool, shape (n_assistants, n_villages)
        Whom each could serve: near enough and in a language of theirs.
    capacity : ndarray of int, shape (n_assistants,)
        Villages each can serve.
    worth : ndarray, shape (n_villages,)

    Examples
    --------
    >>> can = np.array([[True, True], [True, False]])
    >>> best_service(can, np.array([1, 1]), np.array([2.0, 1.0])).tolist()
    [1, 0]
    """
    served = np.full(len(worth), -1, dtype=np.int64)
    holds: list[list[int]] = [[] for _ in range(len(can))]

    def place(village: int, asked: set[int]) -> bool:
        options = [int(a) for a in np.flatnonzero(can[:, village]) if int(a) not in asked and capacity[a] > 0]
        for a in options:
            if len(holds[a]) < capacity[a]:
                holds[a].append(village)
                served[village] = a
                return True
        for a in options:
            if a in asked:
                continue
            asked.add(a)
            for other in list(holds[a]):
                holds[a].remove(other)
                if place(other, asked):
                    holds[a].append(village)
                    served[village] = a
                    return True
                holds[a].append(other)
                served[other] = a
        return False

    for village in np.argsort(-worth, kind="stable").tolist():
        if worth[village] > 0:
            place(village, set())
    return served
