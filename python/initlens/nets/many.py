"""Many nets: train nets of one architecture on the same data, side by side."""

import threading
from collections.abc import Iterable, Sequence

from numpy.typing import ArrayLike

from .._tools import pool
from .._tools.checks import training_counts
from .._tools.cpus import threads
from .._tools.progress import Progress, reporter
from ..optimizers import Optimizer
from ..optimizers import get as get_optimizer
from . import history, targets
from .history import History
from .network import Network

__all__ = ["fit_many"]


def fit_many(
    nets: Sequence[Network],
    X: ArrayLike,
    y: ArrayLike,
    *,
    optimizer: str | Optimizer | Sequence[str | Optimizer] = "sgd(1.2)",
    steps: int = 10_000,
    batch_size: int | None = None,
    record: int | None = None,
    progress: Progress = None,
    n_jobs: int | None = None,
) -> list[History]:
    """Train many nets on the same data, each as its own `Network.fit` would, to the same bits.

    Small nets of one architecture share the vector registers, one net per lane, so that a thousand
    seeds or learning rates take little longer than a hundred one by one.

    Parameters
    ----------
    nets : sequence of Network
        Different nets of equal `Network.settings`. They may differ in their weights, keys and the
        state of their optimizers.
    X : array_like of shape (m, n_in)
        Samples in rows.
    y : array_like
        Targets, as in `Network.loss`.
    optimizer : Optimizer or str, or a sequence of one per net, default "sgd(1.2)"
        Those of a sequence may differ in their numbers, not in their kind or in which of momentum,
        Nesterov and weight decay they use.
    steps, batch_size, record
        As in `Network.fit`.
    progress : bool or callable, optional
        True shows a bar on stderr; a function is called as ``progress(done, nets)``.
    n_jobs : int, optional
        Threads, which take whole nets; as many as there are CPUs by default. The bits are the same
        for any number. A few large nets are better trained by `Network.fit`, which shares a step.

    Returns
    -------
    list of History
        One per net. A net that diverges ends there (`History.diverged_at`); its neighbours do not
        notice.

    Raises
    ------
    ValueError
        If the nets are not of one architecture, the optimizers not alike, or an argument is out of
        its range. No net has changed then.
    TypeError
        If an argument is of another kind.
    KeyboardInterrupt
        At Ctrl-C; every net is as after its last full step.

    Examples
    --------
    >>> import initlens as il
    >>> flower = il.datasets.flower()
    >>> nets = [il.Network([2, 4, 1]).initialize("normal(0.01)", rng=i) for i in range(20)]
    >>> histories = il.fit_many(nets, flower.X, flower.y, steps=1_000)
    >>> len(histories), histories[0].steps_done
    (20, 1000)
    """
    if isinstance(nets, Network) or not isinstance(nets, Iterable):
        raise TypeError(f"nets must be a list of Network, got {nets!r}")
    chosen = list(nets)
    for i, net in enumerate(chosen):
        if not isinstance(net, Network):
            raise TypeError(f"nets[{i}] must be a Network, got {type(net).__name__}")
        if net.settings != chosen[0].settings:
            raise ValueError(
                f"nets must be of one architecture: nets[{i}] has {net.settings}, nets[0] "
                f"{chosen[0].settings}; train each kind in a call of its own"
            )
    if len(set(map(id, chosen))) < len(chosen):
        raise ValueError("nets holds one net twice; train a copy: net.copy()")
    if isinstance(optimizer, Iterable) and not isinstance(optimizer, str):
        specs = [get_optimizer(one)._spec() for one in optimizer]
    else:
        specs = [get_optimizer(optimizer)._spec()] * len(chosen)
    if len(specs) != len(chosen):
        raise ValueError(f"optimizer holds {len(specs)} settings for {len(chosen)} nets")
    kinds = {(s["kind"], s["nesterov"], s["momentum"] > 0, s["weight_decay"] > 0) for s in specs}
    if len(kinds) > 1:
        raise ValueError(
            "optimizer must be of one kind for all nets, with momentum, nesterov and weight_decay "
            "used by all or by none"
        )
    total, batch, every = training_counts(steps, batch_size, record)
    jobs = threads(n_jobs)
    if not chosen:
        return []
    settings = chosen[0].settings
    samples, target = chosen[0]._samples(X, y)
    chosen[0]._loss(samples, target)  # the core checks the data before the first net changes
    chance_loss = targets.chance_loss(target, settings.loss)
    stop = threading.Event()

    def train(group: Sequence[int]) -> list[History]:
        if stop.is_set():
            return []
        results = Network._fit_many(
            [chosen[i] for i in group],
            samples,
            target,
            [specs[i] for i in group],
            total,
            batch,
            every,
            lambda _: stop.is_set(),
        )
        if any(result["interrupted"] for result in results):
            return []
        return [
            history.from_results(
                [result], settings.layers[1:], stopped=False, chance_loss=chance_loss
            )
            for result in results
        ]

    size = pool.group_size(settings.layers, settings.dtype)
    with reporter(progress, len(chosen), "net") as report:
        histories, interrupted = pool.run_groups(
            train, range(len(chosen)), size, jobs, stop, report
        )
    if interrupted:
        raise KeyboardInterrupt
    return histories
