"""`make release`: build the sdist and the wheel, check them, and write the text of the tag.

Nothing is published and no tag is set: the commands for it are printed at the end. Whatever is wrong ends it with a
sentence and status 1.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
ALLOWED = tomllib.loads(Path(__file__).with_name("contents.toml").read_text("utf-8"))
"""The files that an archive may hold, and those that it must, as patterns."""


def main() -> None:
    """Make the release of the version that the package names."""
    version = read_version()
    notes = read_notes(version)
    refuse_changes()
    archives = build()
    for archive in archives:
        check_contents(list_files(archive), "wheel" if archive.suffix == ".whl" else "sdist", tracked_files())
    run(sys.executable, "-m", "twine", "check", "--strict", *map(str, archives))
    try_install(next(archive for archive in archives if archive.suffix == ".whl"))
    text = DIST / f"v{version}.txt"
    text.write_text(write_tag(version, notes, archives), "utf-8")
    print(f"\nWhat is in dist/ is ready. To release it:\n\n    git tag -a v{version} -F {text.relative_to(ROOT)}")
    print(f"    git push origin v{version}")
    print(
        f"    {Path(sys.executable).name} -m twine upload {' '.join(str(path.relative_to(ROOT)) for path in archives)}"
    )


def read_version() -> str:
    """Read the version where it stands: in the package, and nowhere else."""
    text = (ROOT / "validators/refundkit/__init__.py").read_text("utf-8")
    (version,) = re.findall(r'^__version__ = "([0-9]+\.[0-9]+\.[0-9]+)"$', text, re.MULTILINE)
    return str(version)


def read_notes(version: str) -> str:
    """Read the version's section of the changelog; without one there is no release."""
    sections = (ROOT / "CHANGELOG.md").read_text("utf-8").split("\n## ")[1:]
    notes = next(
        (text for heading, _, text in (section.partition("\n") for section in sections) if heading == version), ""
    )
    if not notes.strip():
        sys.exit(f"CHANGELOG.md says nothing about {version}: it needs a section '## {version}'")
    return notes.strip()


def refuse_changes() -> None:
    """A tag names a commit, so what is built has to be one."""
    if changes := run("git", "status", "--porcelain"):
        sys.exit(f"not committed yet:\n{changes}")


def tracked_files() -> set[str]:
    """List the files of the commit."""
    return set(run("git", "ls-files").splitlines())


def build() -> list[Path]:
    """Build the sdist, and from it the wheel for every machine, into an empty dist/."""
    shutil.rmtree(DIST, ignore_errors=True)
    os.environ["REFUNDKIT_PROOF"] = "0"  # cibuildwheel makes those of one machine, with the fast proof
    run(sys.executable, "-m", "build", "--outdir", str(DIST), str(ROOT))
    return sorted(DIST.iterdir())


def list_files(archive: Path) -> list[str]:
    """List the files of an archive, of an sdist without the folder that holds them all."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return sorted(wheel.namelist())
    with tarfile.open(archive) as sdist:
        return sorted(str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in sdist.getnames())


def check_contents(files: list[str], kind: str, tracked: set[str]) -> None:
    """Exit for a file that may not be there, one that no commit has, and one that is missing."""
    allowed, required = ALLOWED[kind]["may"], ALLOWED[kind]["must"]
    for file in files:
        source = {f"validators/{file}", f"generated/{file}"} if kind == "wheel" else {file}
        is_made = any(fnmatchcase(file, pattern) for pattern in ALLOWED[kind]["made"])
        if not is_made and not any(fnmatchcase(file, pattern) for pattern in allowed):
            sys.exit(f"the {kind} has a stray: {file}")
        if not is_made and not source & tracked:
            sys.exit(f"the {kind} has what no commit has: {file}")
    for pattern in required:
        if not any(fnmatchcase(file, pattern) for file in files):
            sys.exit(f"the {kind} lacks {pattern}")


def try_install(wheel: Path) -> None:
    """Install the wheel into an environment of its own, and check the examples with it."""
    with tempfile.TemporaryDirectory() as folder:
        run(sys.executable, "-m", "venv", folder)
        python = str(Path(folder, "bin", "python"))
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel))
        command = str(Path(folder, "bin", "refundkit"))
        print(run(command, "check", "--isolated", "--fail-on", "never", str(ROOT / "examples")).splitlines()[-1])
        run(python, "-m", "pip", "check")


def write_tag(version: str, notes: str, archives: list[Path]) -> str:
    """Write the text of the tag: what changed, and the digests of what was built."""
    digests = [f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}" for archive in archives]
    return "\n".join([f"refundkit {version}", "", notes.replace("\n#", "\n "), "", *digests, ""])


def run(*command: str) -> str:
    """Run a command in the repository and return its output; exit with what it said if it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
