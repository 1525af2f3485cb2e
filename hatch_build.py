"""Compiles the fast proof where there is a C compiler; without one the wheel is pure Python, and checks are slower.

So it is with REFUNDKIT_PROOF=0 in the environment. An editable install has the compiled module beside its source.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
import zlib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULE = "refundkit._proofscan"
# Of another name than the module, which is not there without a compiler.
SOURCE = "validators/refundkit/proofscan.py"
FLAGS = [] if os.name == "nt" else ["-O3", "-g0"]


def compiles() -> bool:
    """Return whether a C compiler is to be tried; on Windows setuptools looks for it."""
    if os.environ.get("REFUNDKIT_PROOF") == "0":
        return False
    command = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    return os.name == "nt" or shutil.which(command.split()[0]) is not None


class CustomBuildHook(BuildHookInterface[Any]):
    """Adds the compiled module to a wheel, where it can be compiled."""

    def dependencies(self) -> list[str]:
        """Return what the build needs beside hatchling."""
        return ["cython>=3.1,<4", "setuptools>=77"] if self.target_name == "wheel" and compiles() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the module, and name the wheel for the Python and the machine that it is for."""
        if self.target_name != "wheel" or not compiles():
            return
        try:
            built = compile_module()
        except Exception as error:  # the compiler's own words are above
            self.app.display_warning(f"refundkit is built without its fast proof: {error}")
            return
        build_data |= {"pure_python": False, "infer_tag": True}
        if version == "editable":
            shutil.copy(built, Path(self.root, SOURCE).parent)
        else:
            build_data["force_include"][str(built)] = f"refundkit/{built.name}"


def compile_module(flags: list[str] = FLAGS) -> Path:
    """Compile the module below build/, from the project's folder, and return its file.

    It knows of which source it is: checking/proof.py uses it for no other.
    """
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension

    folder, text = Path("build", "proof"), Path(SOURCE).read_bytes()
    text += b"\n\nSOURCE = %d\n" % zlib.crc32(text)
    source = folder / "proofscan.py"
    if not source.exists() or source.read_bytes() != text:  # else nothing is compiled again
        folder.mkdir(parents=True, exist_ok=True)
        source.write_bytes(text)
    extension = Extension(MODULE, [str(source)], extra_compile_args=flags, extra_link_args=flags)
    modules = cythonize([extension], build_dir=str(folder), language_level=3, quiet=True)
    command = Distribution({"ext_modules": modules}).get_command_obj("build_ext")
    command.build_lib = command.build_temp = str(folder)
    command.ensure_finalized()
    command.run()
    return folder.resolve() / command.get_ext_filename(MODULE)
