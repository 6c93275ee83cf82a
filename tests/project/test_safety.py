"""Rules of the source that keep Portunus from acting, from running what it reads, and from giving different bits."""

from __future__ import annotations

import ast
import re
import tomllib

from sources import ROOT, calls, dotted, imports, trees

# Libraries that can press keys, move a mouse, or read another process; python-xlib carries the XTEST extension.
ACTING = {"pynput", "keyboard", "mouse", "pyautogui", "pydirectinput", "Xlib", "xlib", "python-xlib", "uinput", "evdev", "autopy", "win32api",
          "pywin32", "win32gui", "pywinauto", "pymem", "ReadWriteMemory", "frida", "scapy"}
ACTING_NAMES = ("XTestFake", "SendInput", "keybd_event", "mouse_event", "xdotool", "PostMessage", "SendMessage", "ReadProcessMemory",
                "WriteProcessMemory", "ptrace", "process_vm_readv", "uinput")
# Where Python text is executed: the numba target's generated modules and their readable twin.
EXECUTES = ("portunus/runtime/", "portunus/codegen/")
# numba's compiled functions are pickles; this file reads one only from the user's private folder and only if its digest agrees.
UNPICKLES = {"portunus/runtime/stored.py"}
WRITES_DIRECTLY = {
    "portunus/files.py",  # the one place
    "portunus/display.py",  # a log and a cookie of the X server, in a fresh private folder that is removed with the screen
    "portunus/runtime/cache.py",  # a lock file, which stays empty
    "portunus/planner/child.py",  # a log, which grows line by line
    "portunus/cli/demo_steps.py",  # logs of the commands it runs
    "overlay/latency.py",  # a log, which grows line by line
    "portunus/codegen/lua_addon.py",  # a fresh folder that is renamed into place as a whole
}


def source(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_no_library_that_can_act() -> None:
    wrong = [f"{path}:{line} {name}" for path in trees() for name, line in imports(path) if name.split(".")[0] in ACTING]
    project = tomllib.loads(source("pyproject.toml"))["project"]
    for requirement in [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]:
        name = re.match(r"[A-Za-z0-9._-]+", requirement)
        if name is None or name[0].lower() in {a.lower() for a in ACTING}:
            wrong.append(f"pyproject.toml {requirement}")
    assert wrong == []


def test_no_system_call_that_can_act() -> None:
    wrong = [f"{path}: {name}" for path in trees() for name in ACTING_NAMES if name in source(path)]
    assert wrong == []


def test_bits_do_not_depend_on_the_machine() -> None:
    """No fast-math, no parallel sums, and no numba cache outside the sealed one."""
    wrong = []
    for path in trees():
        for call, name in calls(path):
            for keyword in call.keywords:
                on = not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
                own_cache = keyword.arg == "cache" and path == "portunus/runtime/cache.py"
                if name.split(".")[-1] in {"njit", "jit", "cfunc", "vectorize", "guvectorize"} and keyword.arg in {"fastmath", "parallel", "cache"} \
                        and on and not own_cache:
                    wrong.append(f"{path}:{call.lineno} {keyword.arg}")
        if any(name.endswith(".prange") for name, _ in imports(path)):
            wrong.append(f"{path} prange")
    assert wrong == []


def test_a_model_file_is_opened_by_torch_in_one_place_only() -> None:
    places = set()
    for path in trees():
        for node in ast.walk(trees()[path]):
            if isinstance(node, ast.Attribute) and dotted(node).startswith(("torch.jit", "torch.load", "torch.package", "torch.export")):
                places.add(path)
    assert places <= {"portunus/evaluator/torchscript.py"}


def test_nothing_that_was_read_is_executed() -> None:
    wrong = []
    for path in trees():
        if path not in UNPICKLES:
            pickles = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
            wrong += [f"{path}:{line} {name}" for name, line in imports(path) if name.split(".")[0] in pickles]
        for call, name in calls(path):
            if name in {"eval", "exec", "compile"} and not path.startswith(EXECUTES):
                wrong.append(f"{path}:{call.lineno} {name}")
            if name in {"os.system", "os.popen"} or any(k.arg == "shell" and not (isinstance(k.value, ast.Constant) and not k.value.value) for k in call.keywords):
                wrong.append(f"{path}:{call.lineno} shell")
            if name.endswith("Lark") and any(k.arg == "cache" for k in call.keywords):
                wrong.append(f"{path}:{call.lineno} Lark(cache=)")
    assert wrong == []


def test_files_are_written_whole_or_not_at_all() -> None:
    wrong = []
    for path in sorted(set(trees()) - WRITES_DIRECTLY):
        for call, name in calls(path):
            is_method = isinstance(call.func, ast.Attribute)
            method = call.func.attr if isinstance(call.func, ast.Attribute) else name
            if is_method and method in {"write_text", "write_bytes"}:
                wrong.append(f"{path}:{call.lineno} {method}")
            if method == "open" and name != "os.open":
                position = 0 if is_method and name != "io.open" else 1
                mode = next((k.value for k in call.keywords if k.arg == "mode"), call.args[position] if len(call.args) > position else None)
                if isinstance(mode, ast.Constant) and isinstance(mode.value, str) and set(mode.value) & set("wax+"):
                    wrong.append(f"{path}:{call.lineno} open {mode.value!r}")
    assert wrong == []
