"""Compiles what `gemel/compiled` holds when gemel is installed.

Where there is no compiler, or it fails, gemel is installed without it, and answers at a fraction
of the speed. `GEMEL_KERNEL=require` makes that an error, `GEMEL_KERNEL=no` leaves it out.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_ROOM = Path("gemel", "compiled")
_SOURCES = ("rows.c", "scan.c", "spell.c", "steps.c")
_LIBRARY = "gemel.library"
_FLAGS = ["-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi"]
_FLAGS += ["-shared", "-fPIC"]


class CompileLibrary(BuildHookInterface[Any]):
    """Makes `gemel/compiled/gemel.library` and puts it into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, before the wheel is packed."""
        wish = os.environ.get("GEMEL_KERNEL", "")
        if self.target_name != "wheel" or wish == "no":
            return
        problem = _compile(Path(self.root) / _ROOM)
        if problem and wish == "require":
            raise RuntimeError(f"gemel/compiled cannot be compiled: {problem}")
        if problem:
            self.app.display_warning(f"gemel without its compiled part, slower: {problem}")
            return
        build_data["artifacts"].append(str(_ROOM / _LIBRARY))
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform()}"


def _compile(room: Path) -> str:
    """Compile for all kinds of processor that the compiler knows; say what went wrong."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    compiler = compiler or shutil.which("clang")
    if compiler is None:
        return "no C compiler found (set CC, or install gcc or clang)"
    sources = [str(room / name) for name in _SOURCES]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / _LIBRARY
        for extra in (["-DGEMEL_TILES"], []):  # older compilers do not know AMX
            command = [*compiler.split(), *_FLAGS, *extra, *sources, "-o", str(made)]
            try:
                result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
            except OSError as error:
                return f"{compiler}: {error.strerror}"
            if not result.returncode:
                new = room / f"{_LIBRARY}.new"
                shutil.copy(made, new)
                new.replace(room / _LIBRARY)
                return ""
    return result.stderr.strip() or f"{compiler} failed"


def _platform() -> str:
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


if __name__ == "__main__":
    sys.exit(_compile(Path(__file__).parent / _ROOM) or 0)
