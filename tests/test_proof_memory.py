"""The scanner keeps within its text: compiled with sanitizers of addresses and undefined behaviour, and fed bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from share import share
from story import ROOT

pytestmark = pytest.mark.slow

SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-O1", "-g"]
COMPILER = shutil.which(os.environ.get("CC", "cc").split()[0])
# Compiles the module into the current folder: hatch_build.py without hatchling, which only a build needs.
BUILD = """
import sys
from Cython.Build import cythonize
from setuptools import Distribution, Extension
source, *flags = sys.argv[1:]
extension = Extension("refundkit._proofscan", [source], extra_compile_args=flags, extra_link_args=flags)
modules = cythonize([extension], build_dir="c", language_level=3, quiet=True)
command = Distribution({"ext_modules": modules}).get_command_obj("build_ext")
command.build_lib, command.build_temp = "lib", "c"
command.ensure_finalized()
command.run()
"""


def run(*words: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(
        words, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def library(name: str) -> str:
    """Return the path of one of the compiler's libraries; its bare name if it has none."""
    return run(str(COMPILER), f"-print-file-name={name}").stdout.strip()


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")
def test_no_byte_is_read_beyond_the_text(tmp_path: Path) -> None:
    """Mutated bodies, orders and refunds are scanned along every tree, and no sanitizer has anything to say."""
    for package in ("Cython", "setuptools"):
        pytest.importorskip(package, reason=f"{package} is not installed here")
    if not Path(library("libasan.so")).is_absolute():
        pytest.skip("the compiler has no address sanitizer")
    source = Path(shutil.copy(ROOT / "validators" / "refundkit" / "proofscan.py", tmp_path))
    built = run(sys.executable, "-c", BUILD, source.name, *SANITIZERS, folder=tmp_path)
    assert built.returncode == 0, built.stderr
    folder, texts = str(tmp_path / "lib" / "refundkit"), str(share(200_000, least=4_000))
    scanned = run(
        *(sys.executable, "-m", "tests.proof_bytes", folder, texts),
        LD_PRELOAD=f"{library('libasan.so')} {library('libubsan.so')}",
        ASAN_OPTIONS="detect_leaks=0",
        PYTHONMALLOC="malloc",  # so that each text has room of its own
    )
    assert scanned.returncode == 0, scanned.stdout + scanned.stderr
    assert "texts scanned" in scanned.stdout
