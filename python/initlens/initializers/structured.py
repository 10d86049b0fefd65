"""Schemes of a whole matrix: orthogonal, identity, sparse, Hadamard, mirrored, normalized."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .._core import fill as core_fill
from .._tools.checks import choice, integer, real
from .._tools.warnings import SymmetryWarning, warn
from .scheme import (
    CoreScheme,
    Layer,
    Purpose,
    Scheme,
    check_position,
    checked_layer,
    core_tuple,
    finite,
    narrowed,
    place_of,
)

if TYPE_CHECKING:
    from .._core import SchemeTuple  # the stub's own, not there at run time

__all__ = [
    "Identity",
    "LooksLinear",
    "NguyenWidrow",
    "Orthogonal",
    "Sparse",
    "ZeroHadamard",
]


@dataclass(frozen=True)
class _Matrix(CoreScheme):
    """Of weights only."""

    def _refuse_biases(self, purpose: Purpose) -> None:
        if purpose == "biases":
            raise ValueError(f"{self} makes a matrix of weights; it cannot draw biases")


@dataclass(frozen=True)
class Orthogonal(_Matrix):
    """Random orthogonal matrices, uniform in Haar's sense, times a gain.

    Columns are orthonormal if there are at most as many as rows, else rows are. Computed in
    float64 whatever the dtype.

    Parameters
    ----------
    gain : float, default 1
        Finite.

    Notes
    -----
    The Q of the QR factorization of a Gaussian matrix by Householder's method, its columns times
    the signs of R's diagonal, without which it would not be uniform [1]_. The reflectors are drawn
    directly, as Gaussian vectors of falling length [2]_. A weight has mean square
    gain**2 / max(n_in, n_out) and, times n, the square of a Beta(1/2, (n - 1)/2) law.

    References
    ----------
    .. [1] F. Mezzadri, "How to generate random matrices from the classical compact groups", 2007,
       math-ph/0609050.
    .. [2] G. W. Stewart, "The efficient generation of random orthogonal matrices with an
       application to condition estimators", SIAM J. Numer. Anal. 17, 1980.
    .. [3] A. M. Saxe, J. L. McClelland and S. Ganguli, "Exact solutions to the nonlinear dynamics
       of learning in deep linear neural networks", 2013, arXiv:1312.6120.

    Examples
    --------
    >>> import numpy as np
    >>> import initlens as il
    >>> w = il.initializers.Orthogonal()((5, 3), rng=0)
    >>> bool(np.allclose(w.T @ w, np.eye(3)))
    True
    """

    gain: float = 1.0

    _name: ClassVar[str] = "orthogonal"

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "gain", real("gain", self.gain, minimum=0.0))

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        self._refuse_biases(purpose)
        return core_tuple("orthogonal", self.gain)


@dataclass(frozen=True)
class Identity(_Matrix):
    """The identity times a gain; zeros beside it in a rectangle.

    Parameters
    ----------
    gain : float, default 1
        Finite, at least 0.

    Examples
    --------
    >>> import initlens as il
    >>> il.initializers.Identity(2.0)((2, 3))
    array([[2., 0., 0.],
           [0., 2., 0.]])
    """

    gain: float = 1.0

    _name: ClassVar[str] = "identity"

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "gain", real("gain", self.gain, minimum=0.0))

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        self._refuse_biases(purpose)
        return core_tuple("identity", self.gain)


@dataclass(frozen=True)
class Sparse(_Matrix):
    """Normal weights, most of them zero: the same number of others in each line.

    Parameters
    ----------
    nonzeros : int, optional
        Weights of a line that are not zero; all, where the line is shorter. 15 by default.
    sparsity : float, optional
        Share of zeros instead, in [0, 1]; their number is rounded up, as in PyTorch.
    std : float, default 0.01
        Of the others.
    line : {"unit", "input"}, default "unit"
        What a line is: the inputs of a unit, as in the paper and MLX, or the outputs of an input,
        as in PyTorch.

    Notes
    -----
    Which weights are zero depends on the seed, as the others do: `Normal` draws the same.

    References
    ----------
    .. [1] J. Martens, "Deep learning via Hessian-free optimization", ICML 2010.

    Examples
    --------
    >>> import numpy as np
    >>> import initlens as il
    >>> w = il.initializers.Sparse(nonzeros=3)((20, 5), rng=0)
    >>> np.count_nonzero(w, axis=0).tolist()
    [3, 3, 3, 3, 3]
    """

    nonzeros: int | None = None
    sparsity: float | None = None
    std: float = 0.01
    line: str = "unit"

    _name: ClassVar[str] = "sparse"

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.sparsity is not None:
            if self.nonzeros is not None:
                raise ValueError("sparse takes nonzeros or sparsity, not both")
            share = real("sparsity", self.sparsity, minimum=0.0, maximum=1.0)
            object.__setattr__(self, "sparsity", share)
        else:
            count = 15 if self.nonzeros is None else self.nonzeros
            object.__setattr__(self, "nonzeros", integer("nonzeros", count, minimum=0))
        object.__setattr__(self, "std", real("std", self.std, minimum=0.0))
        choice("line", self.line, ("unit", "input"))

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        self._refuse_biases(purpose)
        size = layer.n_in if self.line == "unit" else layer.n_out
        if self.sparsity is not None:
            count = size - math.ceil(self.sparsity * size)
        else:
            count = min(self.nonzeros or 0, size)
        mode = "fan_in" if self.line == "unit" else "fan_out"
        return core_tuple("sparse", 0.0, self.std, mode=mode, count=count)


@dataclass(frozen=True)
class ZeroHadamard(_Matrix):
    """ZerO: the identity, or a corner of a Hadamard matrix where the layer widens.

    Without randomness. A layer of more units than 2**ceil(log2 n_in) has units that are equal,
    which a `SymmetryWarning` says.

    References
    ----------
    .. [1] J. Zhao, F. Schaefer and A. Anandkumar, "ZerO initialization: initializing neural
       networks with only zeros and ones", 2021, arXiv:2110.12661.

    Examples
    --------
    >>> import initlens as il
    >>> il.initializers.ZeroHadamard()((2, 2))
    array([[1., 0.],
           [0., 1.]])
    >>> il.initializers.ZeroHadamard()((3, 4))
    array([[ 0.5,  0.5,  0.5,  0.5],
           [ 0.5, -0.5,  0.5, -0.5],
           [ 0.5,  0.5, -0.5, -0.5]])
    """

    _name: ClassVar[str] = "zero_hadamard"

    def _spec(self, layer: Layer, purpose: Purpose) -> SchemeTuple:
        self._refuse_biases(purpose)
        distinct = 1 << (layer.n_in - 1).bit_length()
        if layer.n_out > distinct:
            warn(
                f"zero_hadamard gives only {distinct} distinct units of {layer.n_out} to "
                f"{layer.n_in} inputs: the others start as copies",
                SymmetryWarning,
            )
        return core_tuple("hadamard")


@dataclass(frozen=True)
class LooksLinear(Scheme):
    r"""Mirrored orthogonal weights: a relu net that starts as a linear one.

    Every unit has a partner with the negative weights, and the next layer takes the difference of
    the two, so relu(z) - relu(-z) = z and the net is a product of orthogonal matrices at any depth.

    Parameters
    ----------
    gain : float, default 1
        Of the orthogonal matrices.
    form : {"mirrored", "crelu"}, default "mirrored"
        For plain relu layers: blocks [O, -O] first, [[O, -O], [-O, O]] between, [[O], [-O]] last;
        widths between must be even. Or for layers that give [relu(z), relu(-z)]: O first and
        [[O], [-O]] then; n_in must be even.
    position : {"auto", "first", "hidden", "last"}, default "auto"
        Place of the layer; "auto" takes it from the net. A matrix on its own is a first layer; the
        only layer of a net is O itself.

    Raises
    ------
    ValueError
        If a width that must be even is odd.

    References
    ----------
    .. [1] D. Balduzzi et al., "The shattered gradients problem", ICML 2017.
    .. [2] R. Burkholz and A. Dubatovka, "Initialization of ReLUs for dynamical isometry",
       NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> import initlens as il
    >>> net = il.Network([3] + [6] * 20 + [3], activation="relu", loss="mse")
    >>> X = np.eye(3)
    >>> Y = net.initialize("looks_linear", rng=0).forward(X)
    >>> bool(np.allclose(Y @ Y.T, X) and np.allclose(net.forward(-X), -Y))
    True
    """

    gain: float = 1.0
    form: str = "mirrored"
    position: str = "auto"

    _name: ClassVar[str] = "looks_linear"

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "gain", real("gain", self.gain, minimum=0.0))
        choice("form", self.form, ("mirrored", "crelu"))
        check_position(self.position)

    def variance(self, n_in: int, n_out: int) -> float | None:  # noqa: D102 - as in the base
        halved_in, halved_out = self._halved(checked_layer(n_in, n_out))
        rows = n_in // 2 if halved_in else n_in
        columns = n_out // 2 if halved_out else n_out
        return self.gain**2 / max(rows, columns)

    def _halved(self, layer: Layer) -> tuple[bool, bool]:
        """Return whether inputs and outputs come in pairs."""
        place = place_of(layer, self.position)
        pairs_in = place in ("hidden", "last")
        pairs_out = place in ("first", "hidden") and self.form == "mirrored"
        for name, paired, size in (
            ("inputs", pairs_in, layer.n_in),
            ("units", pairs_out, layer.n_out),
        ):
            if paired and size % 2:
                raise ValueError(f"{self} needs an even number of {name}, got {size}")
        return pairs_in, pairs_out

    def _law_text(self, layer: Layer, purpose: Purpose = "weights") -> str:
        pairs_in, pairs_out = self._halved(layer)
        row = "O, -O" if pairs_out else "O"
        blocks = f"[[{row}], [{'-O, O' if pairs_out else '-O'}]]" if pairs_in else f"[{row}]"
        return f"{blocks}, O {self.gain:.6g} times a random orthogonal matrix"

    def _draw(self, layer: Layer, key: int, purpose: Purpose, dtype: str) -> NDArray[Any]:
        if purpose == "biases":
            raise ValueError(f"{self} makes a matrix of weights; it cannot draw biases")
        pairs_in, pairs_out = self._halved(layer)
        n_in = layer.n_in // 2 if pairs_in else layer.n_in
        n_out = layer.n_out // 2 if pairs_out else layer.n_out
        halved = Layer.dense(n_in, n_out, layer.index)
        block = Orthogonal(self.gain)._draw(halved, key, purpose, dtype)
        if pairs_out:
            block = np.hstack([block, -block])
        if pairs_in:
            block = np.vstack([block, -block])
        return finite(str(self), block)


@dataclass(frozen=True)
class NguyenWidrow(Scheme):
    r"""Weights of equal norm for each unit, so that the units share the input range between them.

    Directions are uniform on (-1, 1) in each input and scaled to the norm
    :math:`\beta = active\cdot 0.7\,n_{out}^{1/n_{in}}`; inputs are taken to lie in [-1, 1].
    `Network.initialize` draws the scheme's biases unless it is given others.

    Parameters
    ----------
    active : float, default 1
        Half the width of the activation's active range; MATLAB has 2 for tanh.
    spaced : bool, default False
        Biases evenly spaced from -beta to beta, with the sign of the unit's first weight, as in
        MATLAB's `initnw`, where a single unit has bias 0; else uniform on (-beta, beta).

    Notes
    -----
    MATLAB uses `initnw` for layers whose activation has a finite active range, as tanh has, and
    maps the range of the inputs to [-1, 1]; scale yours. A linear output layer gets weights and
    biases uniform on (-1, 1) there: for a net with one hidden layer give
    ``["matlab_initnw", "uniform(1)"]`` as scheme and as bias.

    References
    ----------
    .. [1] D. Nguyen and B. Widrow, "Improving the learning speed of 2-layer neural networks by
       choosing initial values of the adaptive weights", IJCNN 1990.

    Examples
    --------
    >>> import numpy as np
    >>> import initlens as il
    >>> w = il.initializers.NguyenWidrow()((2, 9), rng=0)
    >>> bool(np.allclose(np.linalg.norm(w, axis=0), 0.7 * 9**0.5))
    True
    """

    active: float = 1.0
    spaced: bool = False

    _name: ClassVar[str] = "nguyen_widrow"

    def __post_init__(self) -> None:
        """Check the settings."""
        object.__setattr__(self, "active", real("active", self.active, above=0.0))
        if not isinstance(self.spaced, bool):
            raise TypeError(f"spaced must be True or False, got {self.spaced!r}")

    def __str__(self) -> str:
        """Return the text form."""
        return "matlab_initnw" if (self.active, self.spaced) == (2.0, True) else super().__str__()

    def variance(self, n_in: int, n_out: int) -> float | None:  # noqa: D102 - as in the base
        return self._beta(checked_layer(n_in, n_out)) ** 2 / n_in

    def _beta(self, layer: Layer) -> float:
        return float(self.active * 0.7 * layer.n_out ** (1.0 / layer.n_in))

    def _bias(self) -> Scheme | None:
        return self

    def _law_text(self, layer: Layer, purpose: Purpose = "weights") -> str:
        beta = f"{self._beta(layer):.6g}"
        if purpose == "weights":
            return f"random directions of norm {beta}"
        return f"{'evenly spaced' if self.spaced else 'uniform'} from -{beta} to {beta}"

    def _draw(self, layer: Layer, key: int, purpose: Purpose, dtype: str) -> NDArray[Any]:
        beta = self._beta(layer)
        if purpose == "biases" and not self.spaced:
            drawn = beta * self._uniform(layer, key, purpose)
        elif purpose == "biases":
            first = self._uniform(layer, key, "weights")[0]
            places = np.linspace(-beta, beta, layer.n_out) if layer.n_out > 1 else np.zeros(1)
            drawn = places * np.sign(first)
        else:
            directions = self._uniform(layer, key, purpose)
            # Row by row: one order of the sum, whatever vectors NumPy has.
            squares = np.zeros(layer.n_out)
            for row in directions:
                squares += row * row
            drawn = directions * (beta / np.sqrt(squares))
        return narrowed(str(self), drawn, dtype)

    def _uniform(self, layer: Layer, key: int, purpose: Purpose) -> NDArray[np.float64]:
        out = np.empty(layer.shape(purpose))
        spec = core_tuple("uniform", -1.0, 1.0)
        core_fill(out, spec, layer.n_in, layer.n_out, key, layer.index, purpose, 0, 1)
        return out
