"""Compiles the engine's kernel when gemel is installed.

Where there is no compiler, or it fails, gemel is installed without it, and answers at about half
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

_ROOM = Path("gemel", "inference")
_FLAGS = ["-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi"]
_FLAGS += ["-shared", "-fPIC"]


class CompileKernel(BuildHookInterface[Any]):
    """Makes `gemel/inference/lstm.library` and puts it into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, before the wheel is packed."""
        wish = os.environ.get("GEMEL_KERNEL", "")
        if self.target_name != "wheel" or wish == "no":
            return
        library = Path(self.root) / _ROOM / "lstm.library"
        problem = _compile(Path(self.root) / _ROOM / "lstm.c", library)
        if problem and wish == "require":
            raise RuntimeError(f"the kernel cannot be compiled: {problem}")
        if problem:
            self.app.display_warning(f"gemel without its compiled kernel, slower: {problem}")
            return
        build_data["artifacts"].append(str(_ROOM / "lstm.library"))
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{_platform()}"


def _compile(source: Path, library: Path) -> str:
    """Compile for several kinds of processor, or else for this kind; say what went wrong."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    compiler = compiler or shutil.which("clang")
    if compiler is None:
        return "no C compiler found (set CC, or install gcc or clang)"
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / library.name
        for extra in (["-DGEMEL_CLONES"], []):
            command = [*compiler.split(), *_FLAGS, *extra, str(source), "-o", str(made)]
            result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
            if not result.returncode:
                shutil.copy(made, library.with_suffix(".new"))
                library.with_suffix(".new").replace(library)
                return ""
    return result.stderr.strip() or f"{compiler} failed"


def _platform() -> str:
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


if __name__ == "__main__":
    room = Path(__file__).parent / _ROOM
    sys.exit(_compile(room / "lstm.c", room / "lstm.library"))
