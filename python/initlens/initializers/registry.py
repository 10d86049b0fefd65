"""The names of the schemes: what `get` reads, with formulas and sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .._tools.checks import choice, real
from .._tools.text import build, unknown
from ..theory.gains import gain as gain_of
from .data_driven import LSUV
from .plain import Constant, Custom, FromArray, Normal, TruncatedNormal, Uniform
from .scaling import (
    AUTHORS,
    DISTRIBUTIONS,
    ActivationGain,
    Library,
    MeanFieldCritical,
    MuP,
    RandomWalk,
    Siren,
    VarianceScaling,
)
from .scheme import INFINITIES, DrawFunction, Scheme
from .structured import Identity, LooksLinear, NguyenWidrow, Orthogonal, Sparse, ZeroHadamard

if TYPE_CHECKING:
    from ..tables import Table

__all__ = ["SchemeLike", "from_config", "get", "list_initializers", "names"]

SchemeLike: TypeAlias = str | Scheme | DrawFunction | NDArray[Any]


class _Entry(NamedTuple):
    """A name: how it is built, and its row in the table."""

    build: Callable[..., Scheme]
    formula: str
    variance: str
    source: str


def _always(scheme: Scheme) -> Callable[[], Scheme]:
    return lambda: scheme


def _uniform(
    low: float | None = None, high: float | None = None, *, limit: float | None = None
) -> Uniform:
    """Read uniform(limit), uniform(limit=...), uniform(low, high)."""
    if high is None and (low is None) != (limit is None):
        bound = real("limit", limit if low is None else low, minimum=0.0)
        return Uniform(-bound, bound)
    if low is None or high is None or limit is not None:
        raise ValueError("uniform takes either limit, as uniform(0.1), or low and high")
    return Uniform(low, high)


def _variance_scaling(
    scale: float | None = None,
    mode: str = "fan_in",
    distribution: str = "normal",
    *,
    gain: float | str | None = None,
) -> VarianceScaling:
    """Read scale, or gain as a number or an activation's name."""
    if gain is None:
        return VarianceScaling(1.0 if scale is None else scale, mode, distribution)
    if scale is not None:
        raise ValueError("variance_scaling takes scale or gain, not both: scale is gain squared")
    factor = gain_of(gain) if isinstance(gain, str) else real("gain", gain, minimum=0.0)
    return VarianceScaling(factor * factor, mode, distribution)


def _kumar(
    activation: str = "tanh", mode: str = "fan_in", distribution: str = "normal"
) -> ActivationGain:
    return ActivationGain(activation, "kumar", mode, distribution)


def _gain(
    activation: str = "tanh",
    kind: str = "forward",
    mode: str = "fan_in",
    distribution: str = "normal",
) -> ActivationGain:
    return ActivationGain(activation, kind, mode, distribution)


def _critical(
    activation: str = "tanh", q: float | None = None, sigma_b2: float | None = None
) -> MeanFieldCritical:
    return MeanFieldCritical(activation, q, sigma_b2)


def _sklearn_mlp(activation: str = "relu") -> Library:
    """Read sklearn_mlp, with a third of the variance for logistic."""
    choice("activation", activation, ("identity", "logistic", "tanh", "relu"))
    scale = 1.0 / 3.0 if activation == "logistic" else 1.0
    label = "sklearn_mlp('logistic')" if activation == "logistic" else "sklearn_mlp"
    law = VarianceScaling(scale, "fan_avg", "uniform")
    return Library(label, law, law)


_TORCH_LAW: Final = VarianceScaling(1.0 / 3.0, "fan_in", "uniform")
_ZEROS: Final = Constant(0.0)
# Variance of the standard normal cut at 2: Haiku does not correct for it.
_HAIKU_LAW: Final = VarianceScaling(0.87962566103423975041**2, "fan_in", "truncated_normal")

_GLOROT, _HE, _LECUN = "Glorot & Bengio 2010", "He et al. 2015", "LeCun et al. 1998"
_FORMULAS: Final = {
    "uniform": "U(-r, r), r = sqrt(3 variance)",
    "normal": "N(0, variance)",
    "truncated_normal": "N cut at 2 std, widened to the variance",
}
_SCALED: Final = {
    "glorot": ("2 / (n_in + n_out)", _GLOROT),
    "he": ("2 / n_in", _HE),
    "lecun": ("1 / n_in", _LECUN),
}

_ENTRIES: Final[dict[str, _Entry]] = {
    "zeros": _Entry(_always(Constant(0.0)), "0", "0", "-"),
    "ones": _Entry(_always(Constant(1.0)), "1", "0", "-"),
    "constant": _Entry(Constant, "value", "0", "-"),
    "normal": _Entry(Normal, "N(mean, std^2)", "std^2", "-"),
    "uniform": _Entry(_uniform, "U(low, high)", "(high - low)^2 / 12", "-"),
    "truncated_normal": _Entry(
        TruncatedNormal, "N(mean, std^2) cut to [low, high] std", "0.7737 std^2 at 2 std", "-"
    ),
    "variance_scaling": _Entry(
        _variance_scaling, "normal, uniform or truncated_normal", "scale / fan", _HE
    ),
    **{
        f"{author}_{law}": _Entry(
            _always(VarianceScaling(*AUTHORS[author], law)), _FORMULAS[law], variance, source
        )
        for author, (variance, source) in _SCALED.items()
        for law in DISTRIBUTIONS
    },
    "orthogonal": _Entry(
        Orthogonal, "gain Q, Haar uniform", "gain^2 / max(n_in, n_out)", "Saxe et al. 2013"
    ),
    "identity": _Entry(Identity, "gain I", "-", "-"),
    "sparse": _Entry(
        Sparse, "N(0, std^2), all but nonzeros of a line 0", "std^2 nonzeros / n", "Martens 2010"
    ),
    "zero_hadamard": _Entry(
        ZeroHadamard, "I, or Hadamard corner / 2^(k/2)", "-", "Zhao et al. 2021"
    ),
    "gain": _Entry(_gain, "by the activation's gain", "gain^2 / fan", "see initlens.gain"),
    "kumar": _Entry(_kumar, "N(0, variance)", "1 / (n_in phi'(0)^2 (1 + phi(0)^2))", "Kumar 2017"),
    "mean_field_critical": _Entry(
        _critical, "W and b on the edge of chaos", "1 / (n_in E phi'^2)", "Schoenholz et al. 2017"
    ),
    "siren": _Entry(Siren, "U(-r, r); first r = 1 / n_in", "2 / (n_in w0^2)", "Sitzmann 2020"),
    "nguyen_widrow": _Entry(
        NguyenWidrow, "norm 0.7 n_out^(1/n_in) a unit", "norm^2 / n_in", "Nguyen & Widrow 1990"
    ),
    "lecun_tanh": _Entry(
        _always(VarianceScaling(1.0, "fan_in", "normal")),
        "N(0, variance), for 1.7159 tanh(2z/3)",
        "1 / n_in",
        _LECUN,
    ),
    "looks_linear": _Entry(
        LooksLinear, "[[O, -O], [-O, O]]", "gain^2 / (max(n_in, n_out) / 2)", "Balduzzi et al. 2017"
    ),
    "random_walk": _Entry(
        RandomWalk, "N(0, variance), g exact", "g(n_out)^2 / n_in", "Sussillo & Abbott 2014"
    ),
    "mup": _Entry(MuP, "N(0, variance)", "scale / n_in; output / n_in^2", "Yang et al. 2021"),
    "lsuv": _Entry(LSUV, "orthogonal / measured std", "of outputs: 1", "Mishkin & Matas 2016"),
    "torch_linear": _Entry(
        _always(Library("torch_linear", _TORCH_LAW, _TORCH_LAW)),
        "W, b: U(-r, r), r = 1 / sqrt(n_in)",
        "1 / (3 n_in)",
        "PyTorch",
    ),
    "keras_dense": _Entry(
        _always(Library("keras_dense", VarianceScaling(1.0, "fan_avg", "uniform"), _ZEROS)),
        "glorot_uniform, b = 0",
        "2 / (n_in + n_out)",
        "Keras",
    ),
    "flax_dense": _Entry(
        _always(Library("flax_dense", VarianceScaling(1.0, "fan_in", "truncated_normal"), _ZEROS)),
        "lecun_truncated_normal, b = 0",
        "1 / n_in",
        "Flax",
    ),
    "haiku_linear": _Entry(
        _always(Library("haiku_linear", _HAIKU_LAW, _ZEROS)),
        "N(0, 1 / n_in) cut at 2 std, b = 0",
        "0.7737 / n_in",
        "Haiku",
    ),
    "mlx_linear": _Entry(
        _always(Library("mlx_linear", _TORCH_LAW, _TORCH_LAW)),
        "W, b: U(-r, r), r = 1 / sqrt(n_in)",
        "1 / (3 n_in)",
        "MLX",
    ),
    "sklearn_mlp": _Entry(
        _sklearn_mlp, "W, b: U(-r, r)", "2 / (n_in + n_out); logistic a third", "scikit-learn"
    ),
    "matlab_initnw": _Entry(
        _always(NguyenWidrow(2.0, True)),
        "nguyen_widrow(2), b spaced; hidden tanh",
        "norm^2 / n_in",
        "MATLAB",
    ),
}


# Names of Keras and PyTorch with arguments, defaults or an order of their own.
def _keras_normal(mean: float = 0.0, stddev: float = 0.05) -> Normal:
    return Normal(stddev, mean)


def _keras_uniform(minval: float = -0.05, maxval: float = 0.05) -> Uniform:
    return Uniform(minval, maxval)


def _keras_truncated(mean: float = 0.0, stddev: float = 0.05) -> TruncatedNormal:
    return TruncatedNormal(stddev, mean)


def _keras_scaling(
    scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal"
) -> VarianceScaling:
    if distribution == "normal":
        raise ValueError(
            "Keras truncates its 'normal': write distribution='truncated_normal' for that, "
            "'untruncated_normal' for the whole normal distribution"
        )
    law = "normal" if distribution == "untruncated_normal" else distribution
    return VarianceScaling(scale, mode, law)


def _torch_normal(mean: float = 0.0, std: float = 1.0) -> Normal:
    return Normal(std, mean)


def _torch_uniform(a: float = 0.0, b: float = 1.0) -> Uniform:
    return Uniform(a, b)


def _torch_truncated(
    mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0
) -> TruncatedNormal:
    return TruncatedNormal(std, mean, a, b, absolute=True)


def _torch_sparse(sparsity: float, std: float = 0.01) -> Sparse:
    return Sparse(sparsity=sparsity, std=std, line="input")


def _torch_xavier(distribution: str) -> Callable[..., VarianceScaling]:
    def xavier(gain: float = 1.0) -> VarianceScaling:
        return _variance_scaling(None, "fan_avg", distribution, gain=gain)

    return xavier


def _torch_kaiming(distribution: str) -> Callable[..., VarianceScaling]:
    def kaiming(
        a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu"
    ) -> VarianceScaling:
        # Scales as fractions of integers: no root to square again.
        if nonlinearity in ("relu", "leaky_relu"):
            slope = real("a", a) if nonlinearity == "leaky_relu" else 0.0
            return VarianceScaling(2.0 / (1.0 + slope * slope), mode, distribution)
        factor = gain_of(nonlinearity, "torch")
        return VarianceScaling(factor * factor, mode, distribution)

    return kaiming


_FOREIGN: Final[dict[str, Callable[..., Scheme]]] = {
    "random_normal": _keras_normal,
    "randomnormal": _keras_normal,
    "random_uniform": _keras_uniform,
    "randomuniform": _keras_uniform,
    "truncatednormal": _keras_truncated,
    "variancescaling": _keras_scaling,
    "normal_": _torch_normal,
    "uniform_": _torch_uniform,
    "trunc_normal_": _torch_truncated,
    "sparse_": _torch_sparse,
    **{
        f"{name}_{distribution}{ending}": make(distribution)
        for name, make in (("xavier", _torch_xavier), ("kaiming", _torch_kaiming))
        for distribution in ("uniform", "normal")
        for ending in ("", "_")
    },
}
# Only where the meaning, defaults and order of arguments included, is the same.
_ALIASES: Final = {
    "zeros_": "zeros",
    "ones_": "ones",
    "constant_": "constant",
    "eye": "identity",
    "eye_": "identity",
    "orthogonal_": "orthogonal",
    "orthogonalinitializer": "orthogonal",
    "identityinitializer": "identity",
    "glorotuniform": "glorot_uniform",
    "heuniform": "he_uniform",
    "lecununiform": "lecun_uniform",
}

_FACTORIES: Final = {name: entry.build for name, entry in _ENTRIES.items()}
_OTHER_NAMES: Final = _FOREIGN | {alias: _FACTORIES[name] for alias, name in _ALIASES.items()}


def names() -> list[str]:
    """Return the names that `get` knows, those of other libraries not included.

    Examples
    --------
    >>> import initlens as il
    >>> il.initializers.names()[:3]
    ['constant', 'flax_dense', 'gain']
    """
    return sorted(_ENTRIES)


def list_initializers() -> Table:
    """Return every scheme with its formula, its variance and its source.

    Returns
    -------
    Table

    Examples
    --------
    >>> import initlens as il
    >>> table = il.initializers.list_initializers()
    >>> [row for row in table.rows if row[0] == "he_normal"]
    [('he_normal', 'N(0, variance)', '2 / n_in', 'He et al. 2015')]
    """
    from ..tables import Table

    rows = tuple(
        (name, entry.formula, entry.variance, entry.source) for name, entry in _ENTRIES.items()
    )
    notes = (
        "The *_normal schemes draw the whole normal distribution, as PyTorch does; Keras's and "
        "Flax's of the same names are the *_truncated_normal ones. lecun_tanh is lecun_normal.",
    )
    return Table("Initializers", ("name", "weights", "variance", "source"), rows, notes)


def get(scheme: SchemeLike) -> Scheme:
    """Return the scheme that a text describes.

    Parameters
    ----------
    scheme : str, Scheme, callable or ndarray
        A name ("he_normal"), a name with arguments ("normal(std=0.01)"), a `Scheme`, which is
        returned as it is, a function ``(shape, rng) -> array``, which becomes a `Custom` under
        its own name, or the weights of one layer.

    Returns
    -------
    Scheme

    Raises
    ------
    ValueError
        If the name is not known or an argument does not fit.
    TypeError
        If it is none of these.

    Examples
    --------
    >>> import initlens as il
    >>> il.initializers.get("kaiming_normal")
    VarianceScaling(scale=2.0, mode='fan_in', distribution='normal')
    >>> print(il.initializers.get("kaiming_normal"))
    he_normal
    """
    if isinstance(scheme, Scheme):
        return scheme
    if isinstance(scheme, str):
        author, normal, _ = scheme.strip().lower().partition("normal")
        if normal and author in AUTHORS:
            raise ValueError(
                f"Keras's class {author.capitalize()}Normal is truncated: that is "
                f"{author}_truncated_normal here; {author}_normal is the whole normal distribution"
            )
        return build("scheme", scheme, _FACTORIES, _OTHER_NAMES)
    if isinstance(scheme, np.ndarray):
        return FromArray(scheme)
    if isinstance(scheme, type):
        name = scheme.__name__
        raise TypeError(f"a scheme must be an object, got the class {name}: write {name}()")
    if callable(scheme):
        return Custom(getattr(scheme, "__name__", type(scheme).__name__), scheme)
    raise TypeError(
        "a scheme is a name, such as 'he_normal' or 'normal(0.01)', a Scheme, a function "
        f"(shape, rng) -> array, or an array; got {scheme!r}"
    )


_CLASSES: Final[dict[str, Callable[..., Scheme]]] = {
    kind.__name__: kind
    for kind in (
        ActivationGain,
        Constant,
        FromArray,
        Identity,
        Library,
        LooksLinear,
        LSUV,
        MeanFieldCritical,
        MuP,
        NguyenWidrow,
        Normal,
        Orthogonal,
        RandomWalk,
        Siren,
        Sparse,
        TruncatedNormal,
        Uniform,
        VarianceScaling,
        ZeroHadamard,
    )
}


def _setting(value: Any) -> Any:
    """Return a setting of a config as it was."""
    if isinstance(value, Mapping):
        return from_config(value)
    return INFINITIES.get(value, value) if isinstance(value, str) else value


def from_config(config: Mapping[str, Any]) -> Scheme:
    """Return the scheme that `Scheme.to_config` wrote.

    Parameters
    ----------
    config : dict
        Its settings.

    Returns
    -------
    Scheme
        Equal to the one that was written: it draws the same numbers.

    Raises
    ------
    ValueError
        If the kind of scheme is not known or a setting does not fit.
    TypeError
        If `config` is no dict.

    Examples
    --------
    >>> import initlens as il
    >>> he = il.initializers.get("he_normal")
    >>> il.initializers.from_config(he.to_config()) == he
    True
    """
    if not isinstance(config, Mapping):
        raise TypeError(f"config must be a dict, as of Scheme.to_config, got {config!r}")
    settings = {name: _setting(value) for name, value in config.items()}
    name = settings.pop("scheme", None)
    kind = _CLASSES.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(unknown("kind of scheme", str(name), _CLASSES))
    try:
        return kind(**settings)
    except TypeError as error:
        raise ValueError(f"config of {name}: {error}") from None
