"""Compiling a module of many small functions as one piece.

numba optimises every function with all it calls and makes machine code of each: with 200 functions that call each other the same code passes
through LLVM dozens of times. Here inner functions are only typed and lowered; an entry takes in the code of all it needs, hides everything but
itself, and is optimised once, as a whole. Hidden functions let LLVM see that no error is ever returned, drop what is unused, and inline better.
"""

from __future__ import annotations

from typing import Any

from llvmlite import binding
from numba.core import cgutils, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import PassManager


class _NoEnvironment:
    """A code generator that leaves out the link between machine code and Python objects, as inner functions have no machine code."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)

    def set_env(self, env_name: str, env: Any) -> None:
        """Nothing to set."""


class _Ingredients(JITCodeLibrary):
    """The code of one inner function, as it was lowered; never machine code."""

    def add_ir_module(self, ir_module: Any) -> None:
        self._raise_if_finalized()
        module = binding.parse_assembly(cgutils.normalize_ir_text(str(ir_module)))
        self._final_module.link_in(module)

    def add_linking_library(self, library: Any) -> None:
        _take_in(self, library)

    def finalize(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    @property
    def codegen(self) -> Any:
        return _NoEnvironment(self._codegen)

    def get_pointer_to_function(self, name: str) -> int:
        return 0


class _Whole(JITCodeLibrary):
    """The code of an entry and of all it calls."""

    def add_linking_library(self, library: Any) -> None:
        _take_in(self, library)

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if not function.is_declaration and not function.name.startswith("cfunc."):
                function.linkage = "internal"
        super()._optimize_final_module()


def _take_in(caller: Any, library: Any) -> None:
    """Add a library and, as it is not linked itself, all that it needs."""
    library._ensure_finalized()
    needed = [library, *(library._linking_libraries if isinstance(library, _Ingredients) else ())]
    caller._linking_libraries += [one for one in needed if one not in caller._linking_libraries]


# Passes that only serve constructs generated code does not have (closures, `with`, raising, literal types) or that annotate for a reader.
_IDLE_PASSES = ("WithLifting", "InlineClosureLikes", "RewriteDynamicRaises", "MakeFunctionToJitFunction", "InlineInlinables", "DeadBranchPrune",
                "FindLiterallyCalls", "LiteralUnroll", "LiteralPropagationSubPipelinePass", "InlineOverloads", "NopythonRewrites", "AnnotateTypes",
                "NoPythonSupportedFeatureValidation", "DumpParforDiagnostics")


_texts: dict[int, tuple[types.Record, str]] = {}
_text_of = types.Record.__repr__


def _remembered_text(record: types.Record) -> str:
    """The text of a record type, which numba asks for thousands of times while it compiles a module, and which has hundreds of fields."""
    if id(record) not in _texts:
        _texts[id(record)] = record, _text_of(record)
    return _texts[id(record)][1]


def remember_types(typingctx: Any) -> None:
    """Have numba remember what an operator gives for numbers of some types, instead of trying all its meanings again in every line."""
    # numba has no other place where the text of a type could be kept; mypy does not know that a method may be replaced.
    types.Record.__repr__ = _remembered_text  # type: ignore[method-assign,assignment]
    if hasattr(typingctx, "remembered_operators"):
        return
    resolve, found = typingctx.resolve_function_type, {}

    def remembering(function: Any, arguments: Any, named: Any) -> Any:
        if named or not isinstance(function, types.Function) or not all(type(a) in (types.Integer, types.Float, types.Boolean) for a in arguments):
            return resolve(function, arguments, named)
        if getattr(function.typing_key, "__module__", "") != "_operator":
            return resolve(function, arguments, named)
        asked = function, tuple(arguments)
        if asked not in found:
            found[asked] = resolve(function, arguments, named)
        return found[asked]

    typingctx.resolve_function_type = remembering
    typingctx.remembered_operators = found


class InnerCompiler(Compiler):
    """For `njit(pipeline_class=...)`: inner functions. Their record and array arguments never overlap."""

    def __init__(self, typingctx: Any, targetctx: Any, library: Any, args: Any, return_type: Any, flags: Any, locals: Any) -> None:
        flags.noalias = True
        remember_types(typingctx)
        super().__init__(typingctx, targetctx, library, args, return_type, flags, locals)

    def compile_extra(self, func: Any) -> Any:
        self.state.library = _Ingredients(self.state.targetctx.codegen(), func.__qualname__)
        return super().compile_extra(func)


    def define_pipelines(self) -> list[Any]:
        (usual,) = super().define_pipelines()
        quick = PassManager("inner")
        quick.passes = [each for each in usual.passes if each[0].__name__ not in _IDLE_PASSES]
        quick.finalize()
        return [quick]


class EntryCompiler(Compiler):
    """For `cfunc(pipeline_class=...)`: what is called from outside."""

    def compile_extra(self, func: Any) -> Any:
        self.state.library = _Whole(self.state.targetctx.codegen(), func.__qualname__)
        self.state.library.enable_object_caching()
        return super().compile_extra(func)
