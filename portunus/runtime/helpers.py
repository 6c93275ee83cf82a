"""How the functions inside a generated module are compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from portunus.runtime.whole import InnerCompiler

SEAL = "seal.json"


def helper_for(file: str) -> Callable[[tuple[Any, ...]], Callable[..., Any]]:
    """The decorator of a generated module's inner functions, given that module's `__file__`.

    While the module is being made they are compiled at once with explicit types: otherwise numba makes one version for every constant
    argument. In a sealed module the entries come compiled from the cache, and an inner function is compiled only if a new priority
    list calls it.
    """
    sealed = Path(file).with_name(SEAL).exists()

    def helper(signature: tuple[Any, ...]) -> Callable[..., Any]:
        if sealed:
            return njit(error_model="numpy")
        return njit(signature, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, pipeline_class=InnerCompiler, _nrt=False)

    return helper
