"""Values of any library as NumPy arrays, and back, by duck typing: no library is imported here."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._tools.checks import refuse_boxed, refuse_masked

__all__ = ["is_a", "is_torch_tensor", "is_writable", "like", "real_array", "samples_array", "write"]


def is_a(value: Any, package: str, name: str) -> bool:
    """Tell whether the class of `value`, or one above it, is `package`'s class `name`."""
    return any(
        cls.__name__ == name and cls.__module__.split(".")[0] == package
        for cls in type(value).__mro__
    )


def is_torch_tensor(value: Any) -> bool:
    """Tell whether `value` is a PyTorch tensor."""
    return is_a(value, "torch", "Tensor")


def real_array(name: str, value: Any) -> tuple[NDArray[Any], list[str]]:
    """Return `value` as a float32 or float64 array, and what had to be done for that.

    A float32 or float64 array that NumPy can see is not copied.

    Raises
    ------
    TypeError
        If `value` does not hold real numbers.
    ValueError
        If it has no values yet.
    """
    array, done = _plain(name, value)
    kind, size = array.dtype.kind, array.dtype.itemsize
    narrow = "bfloat16" in array.dtype.name or "float8" in array.dtype.name
    if narrow or (kind == "f" and size < 4):
        done.append(f"{name}: {array.dtype.name} widened to float32")
        return array.astype(np.float32), done
    if kind in "iu":
        done.append(f"{name}: {array.dtype.name} converted to float64")
        return array.astype(np.float64), done
    if kind != "f":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if size > 8:
        done.append(f"{name}: {array.dtype.name} rounded to float64")
        return array.astype(np.float64), done
    return array, done


def samples_array(name: str, value: Any) -> NDArray[Any]:
    """Return data as an array; half precision is widened."""
    array, _ = _plain(name, value)
    refuse_boxed(name, array)
    narrow = "float8" in array.dtype.name or array.dtype.name == "bfloat16"
    return array.astype(np.float32) if narrow else array


def _plain(name: str, value: Any) -> tuple[NDArray[Any], list[str]]:
    if is_torch_tensor(value):
        return _from_torch(name, value)
    if is_a(value, "keras", "Variable"):
        return _plain(name, value.value)  # the backend's own tensor
    if is_a(value, "flax", "Variable"):  # of nnx; the array is inside
        value = value.get_value() if hasattr(value, "get_value") else value.value
    refuse_masked(name, value)
    try:
        return np.asarray(value), []
    except ValueError as error:
        raise ValueError(f"{name} is no array: {error}") from None
    except Exception as error:  # a traced or deleted array of JAX has error classes of its own
        raise TypeError(f"{name} cannot be read: {type(error).__name__}: {error}") from None


def _from_torch(name: str, tensor: Any) -> tuple[NDArray[Any], list[str]]:
    done = []
    if tensor.device.type == "meta" or is_a(tensor, "torch", "UninitializedTensorMixin"):
        raise ValueError(f"{name} has no values yet: materialize the model first")
    if str(tensor.layout) != "torch.strided" or tensor.is_quantized:
        raise TypeError(f"{name} is a sparse or quantized tensor: convert it to a dense one first")
    plain = tensor.detach()
    if plain.device.type != "cpu":
        done.append(f"{name}: copied from {plain.device}")
        plain = plain.cpu()
    dtype = str(plain.dtype).removeprefix("torch.")
    if dtype == "bfloat16" or dtype.startswith("float8"):
        done.append(f"{name}: {dtype} widened to float32")
        plain = plain.float()
    return np.asarray(plain.resolve_conj().resolve_neg().numpy()), done


def is_writable(target: Any) -> bool:
    """Tell whether `write` can write into `target`."""
    return (
        is_torch_tensor(target)
        or is_a(target, "keras", "Variable")
        or (isinstance(target, np.ndarray) and target.flags.writeable)
    )


def write(target: Any, array: NDArray[Any]) -> None:
    """Write `array` into a parameter of a model, in place."""
    if is_torch_tensor(target):
        torch = sys.modules["torch"]
        with torch.no_grad():
            target.copy_(torch.from_numpy(array.copy()))
    elif is_a(target, "keras", "Variable"):
        target.assign(array)
    else:
        target[...] = array


def like(target: Any, array: NDArray[Any]) -> Any:
    """Return a copy of `array` in the dtype of `target`, as a PyTorch tensor where that is one."""
    if is_torch_tensor(target):
        return sys.modules["torch"].from_numpy(array.copy()).to(target.dtype)
    dtype = np.asarray(target).dtype if not hasattr(target, "dtype") else target.dtype
    try:
        return np.array(array, dtype=dtype, order="C")
    except TypeError:  # Keras names its dtypes by text, bfloat16 among them
        return np.array(array, order="C")
