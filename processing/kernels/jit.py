"""The one place where numba's flags are set, and where the types of kernels' arguments are made.

A kernel takes few arguments: arrays of records with named, typed fields, handed over in NamedTuples of arrays (*contexts*). `record`
makes a dtype, `context` the type of a NamedTuple, and `kernel` compiles for the types that it is given, so that a wrong type is an
error at once and no silent recompile. Kernels are never compiled with fast math, never in parallel.

Numba is imported when the first kernel is called, not when a file of kernels is: so the catalogue and `fieldline check` know all operators
for next to nothing, and a process compiles what it uses.

A kernel is cached in a folder that is named by what its file and the kernel files which that imports say, since numba does not notice
when a function that a kernel calls has changed. Comments, docstrings and the places of lines do not count.
"""

import ast
import functools
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import platformdirs

from fieldline.memory import hidden

_ROOT = Path(__file__).resolve().parents[2]
_FLAGS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": False,
    # Kernels make no arrays, so that they need not count who holds one: a helper that takes a context would count them all, each call.
    "_nrt": False,
    # They are called by Python and by each other, never by a pointer.
    "no_cfunc_wrapper": True,
}
_IS_COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


@dataclass(frozen=True)
class Type:
    """The type of an argument: of numbers, or of arrays of a dtype and some dimensions, or of a NamedTuple of such."""

    dtype: np.dtype | None = None
    dimensions: int = 0
    is_readonly: bool = False
    of: type | None = None
    fields: "tuple[Type, ...]" = ()

    def resolved(self) -> Any:
        """What numba calls it."""
        from numba.core import types
        from numba.np.numpy_support import from_dtype

        if self.of is not None:
            return types.BaseTuple.from_types([field.resolved() for field in self.fields], self.of)
        if self.dtype is None:
            return types.void
        scalar = from_dtype(self.dtype)
        return types.Array(scalar, self.dimensions, "C", self.is_readonly) if self.dimensions else scalar


def _arrays(kind: str, dimensions: int = 1) -> Type:
    return Type(np.dtype(kind), dimensions)


NOTHING, INT, FLOAT = Type(), Type(np.dtype("i8")), Type(np.dtype("f8"))
INTS, INTS32, FLOATS, BYTES, SIGNS = (_arrays(kind) for kind in ("i8", "i4", "f8", "u1", "i1"))
FLOATS2, FLOATS3, INTS2 = _arrays("f8", 2), _arrays("f8", 3), _arrays("i8", 2)
FRAME_CODES = Type(np.dtype("i4"), 1, True)
"""Codes in a frame as it was read, which nobody may change."""
WORDS = _arrays("u8", 2)
"""Records as rows of 64-bit words, see `words`."""


def record(*fields: tuple[str, str] | tuple[str, str, int]) -> np.dtype:
    """A record of named fields of eight bytes each: `("time", "i8")`, `("value", "f8")`, with a length for several in a row.

    Raises TypeError for a field of another size: records are kept and compared by their bytes, so no gap may lie between two fields.
    """
    made = np.dtype(list(fields), align=True)
    for name, (kind, *_) in (made.fields or {}).items():
        if kind.base.itemsize != 8:
            raise TypeError(f"record: field {name!r}: expected a type of 8 bytes, got {kind.base}")
    return made


def words(array: np.ndarray) -> np.ndarray:
    """Records, shape [n], as uint64[n, words] over the same memory: for what treats all records alike, keeping and comparing."""
    return array.view(np.uint64).reshape(len(array), array.dtype.itemsize // 8)


def records(dtype: np.dtype) -> Type:
    """The type of an array of records, of one dimension."""
    return Type(dtype, 1)


def context(of: type, *kinds: Type) -> Type:
    """The type of a NamedTuple, by the types of its fields.

    Each class needs a name of its own: numba takes two of the same name and types for each other.
    """
    return Type(of=of, fields=kinds)


@functools.cache
def _numba() -> Any:
    """Numba with all that it needs to compile or load a kernel; imported here and nowhere before."""
    # It imports scipy.linalg where that is installed, to learn whether kernels may call BLAS. Ours never do, and it is 13 MB.
    with hidden("scipy"):
        import numba
        from numba.core.registry import cpu_target

        cpu_target.typing_context.refresh()
        cpu_target.target_context.refresh()
    numba.config.CACHE_LOCATOR_CLASSES = _LOCATORS  # type: ignore[attr-defined]
    return numba


class Compiled:
    """A function that is compiled when it is first called; among kernels, where one calls another, it stands for what is compiled."""

    def __init__(self, function: Callable[..., Any], signature: "str | tuple[Type, ...] | None") -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._signature = signature

    @functools.cached_property
    def dispatcher(self) -> Any:
        """Numba's own, compiled."""
        numba = _numba()
        if self._signature is None:
            return numba.njit(no_cpython_wrapper=True, **_FLAGS)(self._function)
        signature = self._signature
        if not isinstance(signature, str):
            returns, *arguments = (kind.resolved() for kind in signature)
            signature = returns(*arguments)
        return numba.njit(signature, cache=True, **_FLAGS)(self._function)

    @functools.cached_property
    def _entry(self) -> Any:
        """What Python calls: of a function that kernels call, one compiled apart, for theirs has no way in from Python."""
        if self._signature is None:
            return _numba().njit(**_FLAGS)(self._function)
        return self.dispatcher

    def __call__(self, *arguments: Any) -> Any:
        return self._entry(*arguments)

    @property
    def _numba_type_(self) -> Any:
        """What numba asks of a global that a kernel uses."""
        from numba.core import types

        return types.Dispatcher(self.dispatcher)


KERNELS: list[Compiled] = []
"""Every kernel whose file was imported."""

_FILES: set[str] = set()
"""The files that these stand in, another distribution's too; other functions that numba compiles are none of ours."""


def kernel(returns: "str | Type", *arguments: Type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile for these types, releasing the GIL; division by zero gives inf or NaN as in numpy.

    A kernel of plain arrays and numbers may state its signature as one text instead: `"float64(float64[::1], int64)"`.
    """
    signature = returns if isinstance(returns, str) else (returns, *arguments)

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        if not _IS_COMPILED:
            return _uncompiled(function)
        _FILES.add(function.__code__.co_filename)
        KERNELS.append(Compiled(function, signature))
        return KERNELS[-1]

    return decorated


def inline(function: Callable[..., Any]) -> Callable[..., Any]:
    """For the functions that kernels call; they are compiled as part of their callers. Arguments are records, numbers, a context."""
    return Compiled(function, None) if _IS_COMPILED else function


class _Record(np.record):  # type: ignore[misc]
    """A record whose fields are attributes, also those named as an attribute that numpy's records have (`flags`, `min`)."""

    def __getattribute__(self, name: str) -> Any:
        fields = np.void.__getattribute__(self, "dtype").fields
        return self[name] if fields and name in fields else super().__getattribute__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def _uncompiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Without compilation a field is an attribute only in records of a class that has it so."""

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        return function(*map(_with_attributes, arguments))

    return call


def _with_attributes(argument: Any) -> Any:
    if isinstance(argument, np.ndarray) and argument.dtype.names:
        return argument.view(np.dtype((_Record, argument.dtype)))
    if isinstance(argument, tuple) and hasattr(argument, "_fields"):
        return type(argument)(*map(_with_attributes, argument))
    return argument


def _path_of(module: str) -> Path:
    return _ROOT.joinpath(*module.split(".")).with_suffix(".py")


@functools.cache
def _imports(path: Path) -> tuple[Path, ...]:
    """The files of `processing` that a file imports."""
    modules = []
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("processing."):
            modules += [f"{node.module}.{alias.name}" for alias in node.names] + [str(node.module)]
    return tuple(path for path in map(_path_of, modules) if path.exists())


def _said(code: CodeType) -> bytes:
    """What code does, without where its lines stand."""
    constants = [_said(each) if isinstance(each, CodeType) else repr(each).encode() for each in code.co_consts]
    names = repr((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)).encode()
    return b"\0".join([code.co_code, names, *constants])


@functools.cache
def _digest_of(path: Path) -> bytes:
    return hashlib.sha256(_said(compile(path.read_bytes(), path.name, "exec", optimize=2))).digest()


@functools.cache
def digest(path: Path) -> str:
    """A name for what a kernel file, with the files that it imports, says to numba and numpy of these versions."""
    found, left = {path}, [path]
    while left:
        fresh = set(_imports(left.pop())) - found
        found |= fresh
        left += fresh
    made = hashlib.sha256(f"numba {version('numba')} numpy {np.__version__}".encode())
    for each in sorted(found):
        made.update(each.name.encode() + _digest_of(each))
    return made.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled kernels live: below `FIELDLINE_KERNEL_CACHE`, `NUMBA_CACHE_DIR` or the user's cache folder."""
    root = os.environ.get("FIELDLINE_KERNEL_CACHE") or os.environ.get("NUMBA_CACHE_DIR")
    return Path(root) if root else Path(platformdirs.user_cache_dir("fieldline")) / "kernels"


class KernelLocator:
    """Tells numba where it keeps a kernel: by `digest`, so that nothing is compiled again for a changed comment.

    Numba calls it by these names for each function that it caches (`numba.core.caching`).
    """

    def __init__(self, path: Path) -> None:
        self._digest = digest(path)
        self._folder = cache_folder() / f"{path.stem}-{self._digest}"

    @classmethod
    def from_function(cls, _: Callable[..., Any], path: str) -> "KernelLocator | None":
        """A locator for a function of a file that has kernels, else None."""
        return cls(Path(path)) if path in _FILES and Path(path).exists() else None

    def ensure_cache_path(self) -> None:
        """Make the folder. Raises OSError where that can't be."""
        self._folder.mkdir(parents=True, exist_ok=True)

    def get_cache_path(self) -> str:
        """The folder of a file's kernels."""
        return str(self._folder)

    def get_source_stamp(self) -> str:
        """What a cached kernel must have been made of to be used."""
        return self._digest

    def get_disambiguator(self) -> str:
        """Nothing: within a file a function's name is its own."""
        return ""


_LOCATORS = f"{__name__}.{KernelLocator.__name__},UserProvidedCacheLocator,InTreeCacheLocator,UserWideCacheLocator"
