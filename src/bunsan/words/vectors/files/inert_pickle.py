"""Reading the data out of a pickle without running anything it names.

A pickle is a program: the standard reader imports and calls whatever it asks for. This one knows a
short list of names and gives for each a stand-in that only keeps what it is handed; for any other
name it stops. Arrays are built from their raw bytes here, not by numpy's own unpickling.
"""

import math
import pickle
from pathlib import Path
from typing import IO, Any

import numpy as np

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

# What gensim's files name, by module. Each becomes an object without behaviour.
_RECORDS = {
    "gensim.models.keyedvectors": (
        "KeyedVectors", "Word2VecKeyedVectors", "EuclideanKeyedVectors", "FastTextKeyedVectors",
        "WordEmbeddingsKeyedVectors", "BaseKeyedVectors", "Vocab", "CompatVocab",
    ),
    "gensim.models.word2vec": (
        "Word2Vec", "Word2VecVocab", "Word2VecTrainables", "Vocab", "Heapitem",
    ),
    "gensim.models.fasttext": (
        "FastText", "FastTextKeyedVectors", "FastTextVocab", "FastTextTrainables",
    ),
    "gensim.models.deprecated.keyedvectors": ("KeyedVectors", "EuclideanKeyedVectors", "Vocab"),
    "gensim.models.deprecated.word2vec": ("Word2Vec", "Vocab"),
    "gensim.utils": ("RULE_DEFAULT", "call_on_class_only"),
    "builtins": ("hash", "object", "int", "float", "str", "bool", "set", "frozenset"),
    "__builtin__": ("hash", "object", "int", "float", "str", "unicode", "bool", "set", "frozenset"),
    "copyreg": ("_reconstructor",),
    "copy_reg": ("_reconstructor",),
    "numpy.random": ("RandomState",),
    "numpy.random._pickle": (
        "__randomstate_ctor", "__bit_generator_ctor", "__generator_ctor",
    ),
    "numpy.random.mtrand": ("__RandomState_ctor", "RandomState"),
    "numpy.random._mt19937": ("MT19937",),
    "numpy.random._pcg64": ("PCG64",),
}  # fmt: skip
_MULTIARRAY = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric")
_DTYPES = frozenset(["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"])
_UNREADABLE = (
    pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, KeyError,
    TypeError, ValueError, UnicodeDecodeError, OverflowError, MemoryError, RecursionError,
)  # fmt: skip


class Record:
    """An object of the pickle: its attributes in `state`, what it was called with in `arguments`."""

    def __init__(self, *arguments: Any, **_: Any) -> None:
        self.arguments = arguments
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.state = {str(name): value for name, value in state.items()}


def read_inert(file: IO[bytes], path: Path) -> Any:
    """The object in a pickle: a `Record`, or numbers, strings, lists, dicts and arrays.

    Raises
    ------
    BadInput : the pickle names something that is not known to be harmless, or is damaged.
    """
    reader = _Reader(file, path)
    try:
        return reader.load()
    except BadInput:
        raise
    except _UNREADABLE as error:
        raise BadInput(
            tr(
                f"is cut short or no pickle of gensim's ({error}).",
                f"途中で切れているか、gensim の pickle ではありません({error})。",
            ),
            remedy=tr("Fetch it again.", "取得し直してください。"),
            file=path,
        ) from error


class _Reader(pickle.Unpickler):
    """Gives stand-ins for the names of a list. They are made anew for every file, so that nothing a
    pickle does to them outlives it."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        super().__init__(file, encoding="latin1")
        self._path = path
        self._names = _stand_ins()

    def find_class(self, module: str, name: str) -> Any:
        known = self._names.get((module, name))
        if known is None:
            raise BadInput(
                tr(
                    f"names {module}.{name}, which vectors do not need; it was not run.",
                    f"ベクトルに不要な {module}.{name} を呼び出そうとしています"
                    "(実行していません)。",
                ),
                remedy=tr(
                    "Do not trust this file. Ask for one in word2vec's format.",
                    "このファイルは信用せず、word2vec 形式のものを入手してください。",
                ),
                file=self._path,
            )
        return known

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("a persistent id")


def _stand_ins() -> dict[tuple[str, str], Any]:
    names: dict[tuple[str, str], Any] = {}
    for module, members in _RECORDS.items():
        for member in members:
            names[module, member] = type(member, (Record,), {"__module__": __name__})

    class NumpyType:
        """numpy.dtype: "f4" with its byte order."""

        def __init__(self, code: Any, *_: Any) -> None:
            self.code, self.order = str(code), "|"

        def __setstate__(self, state: Any) -> None:
            self.order = state[1]

        def dtype(self) -> np.dtype[Any]:
            code = self.code
            if code not in _DTYPES or self.order not in ("<", ">", "|", "="):
                raise ValueError(f"an array of {code}")
            return np.dtype("<" + code if self.order in "|=" else self.order + code)

    class Array:
        """numpy.ndarray: read by `array_of`."""

        array: Any = None

        def __setstate__(self, state: Any) -> None:
            _, shape, kind, fortran, raw = state
            if isinstance(raw, list):  # an array of objects
                self.array = raw
                return
            self.array = _array(raw, kind.dtype(), shape, bool(fortran))

    def reconstruct(*_: Any) -> Any:
        return Array()

    def scalar(kind: Any, raw: Any) -> Any:
        return _array(raw, kind.dtype(), (1,), False)[0].item()

    def frombuffer(raw: Any, kind: Any, shape: Any, order: Any) -> Any:
        made = Array()
        made.array = _array(raw, kind.dtype(), shape, order == "F")
        return made

    def encode(text: Any, codec: Any = "latin1") -> bytes:
        if not isinstance(text, str) or codec not in ("latin1", "latin-1"):
            raise ValueError("a codec other than latin1")
        return text.encode("latin1")

    for module in _MULTIARRAY:
        names[module, "_reconstruct"] = reconstruct
        names[module, "scalar"] = scalar
        names[module, "_frombuffer"] = frombuffer
    names["numpy._core.numeric", "_frombuffer"] = frombuffer
    names["numpy", "ndarray"] = type("ndarray", (), {})
    names["numpy", "dtype"] = NumpyType
    names["_codecs", "encode"] = encode
    for module in ("collections",):
        names[module, "OrderedDict"] = type("OrderedDict", (dict,), {})
        names[module, "defaultdict"] = type("defaultdict", (dict,), {"__init__": _ignore})
    for code in ("float32", "float64", "int32", "int64", "uint32"):
        names["numpy", code] = type(code, (Record,), {})
    return names


def _ignore(self: Any, *_: Any) -> None:
    """Take no arguments in."""


def _array(raw: Any, dtype: np.dtype[Any], shape: Any, fortran: bool) -> Any:
    raw = raw.encode("latin1") if isinstance(raw, str) else bytes(raw)
    shape = tuple(int(n) for n in shape)
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(raw):
        raise ValueError(f"an array of shape {shape} in {len(raw)} bytes")
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran else "C")


def array_of(value: Any) -> Any:
    """The numpy array of a stand-in, or the value itself."""
    return getattr(value, "array", value)
