"""The parts of a run over several processes; results come back in the order of the parts.

A process is a fresh interpreter at the other end of two pipes: it shares nothing with the parent, whether that has
threads or not, and costs about as much as one start of the command. It gets a task, answers it, gets the next, so that
the two sides never both wait on a full pipe. multiprocessing and concurrent.futures are not used: their spawned
processes import the parent's main module again, and their forked ones inherit locks that its threads held.
"""

from __future__ import annotations

import os
import pickle
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, TypeAlias

import msgspec

from ..errors import SourceError
from .record import Linted
from .sources import STRETCH, Part, measure_part, split_file

_FILES = 64  # in one task

Task: TypeAlias = tuple[Part, ...]
Check: TypeAlias = Callable[[Part], Iterable[Linted]]

# The child gets the path of the parent, so that it finds the same modules.
_CHILD_PROGRAM = "import sys; sys.path[:] = {path!r}; from refundkit.cli import work; work()"


def count_cores() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make_tasks(files: Iterable[str]) -> Iterator[Task]:
    """Make tasks of the files in their order: large files cut up, small ones together. Raises SourceError."""
    waiting: list[Part] = []
    room = STRETCH
    for file in files:
        for part in split_file(file):
            waiting.append(part)
            room -= measure_part(part)
            if room <= 0 or len(waiting) == _FILES:
                yield tuple(waiting)
                waiting, room = [], STRETCH
    if waiting:
        yield tuple(waiting)


def run_tasks(work: Iterable[Task], options: dict[str, Any], jobs: int) -> Iterator[tuple[Task, list[Linted]]]:
    """Check the tasks in this many processes; yield the results in the order of the tasks.

    `options` are the arguments of the command: each process makes its own configuration and contexts from them. Raises
    SourceError for what a process could not check, and for a process that died. However it ends, no process stays.
    """
    crew = _Crew(options, jobs)
    try:
        yield from crew.iter_answers(iter(work))
    finally:
        crew.stop()


class _Crew:
    """The processes of a run, started as there is work for them."""

    def __init__(self, options: dict[str, Any], jobs: int) -> None:
        self.options = options
        self.jobs = jobs
        self.processes: list[_Process] = []
        self.idle: list[_Process] = []
        self.ready = selectors.DefaultSelector()

    def iter_answers(self, work: Iterator[Task]) -> Iterator[tuple[Task, list[Linted]]]:
        sent = turn = 0
        done: dict[int, tuple[Task, list[Linted]]] = {}
        while True:
            while (self.idle or len(self.processes) < self.jobs) and (task := next(work, None)) is not None:
                self._take_idle().send(sent, task)
                sent += 1
            if turn == sent:
                return
            for key, _ in self.ready.select():
                process: _Process = key.data
                done[process.number] = (process.task, process.receive())
                self.idle.append(process)
            while turn in done:
                yield done.pop(turn)
                turn += 1

    def _take_idle(self) -> _Process:
        if not self.idle:
            process = _Process(self.options)
            self.processes.append(process)
            self.ready.register(process.answers, selectors.EVENT_READ, process)
            return process
        return self.idle.pop()

    def stop(self) -> None:
        for process in self.processes:
            process.stop()
        self.ready.close()


class _Process:
    """One process, and the task that it works on."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-c", _CHILD_PROGRAM.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # An interrupt at the terminal goes to the parent alone, which then ends its processes.
            process_group=0 if os.name == "posix" else None,
        )
        if self.child.stdin is None or self.child.stdout is None:
            raise SourceError("--jobs: a process without pipes")
        self.requests: IO[bytes] = self.child.stdin
        self.answers: IO[bytes] = self.child.stdout
        self.first = pickle.dumps(options)
        self.number = -1
        self.task: Task = ()

    def send(self, number: int, task: Task) -> None:
        self.number, self.task = number, task
        try:
            self.requests.write(self.first + pickle.dumps(task))
            self.requests.flush()
        except BrokenPipeError:
            raise self._explain_death() from None
        self.first = b""

    def receive(self) -> list[Linted]:
        try:
            results: list[Linted] | str = pickle.load(self.answers)  # noqa: S301 - from a process of our own
        except (EOFError, pickle.UnpicklingError):
            raise self._explain_death() from None
        if isinstance(results, str):
            raise SourceError(results)
        return results

    def _explain_death(self) -> SourceError:
        status = self.child.wait()
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        file = self.task[0].file
        return SourceError(f"{file}: the process that checked it {how}; with --jobs 1 there is no other process")

    def stop(self) -> None:
        self.child.kill()
        for pipe in (self.requests, self.answers):
            try:
                pipe.close()
            except BrokenPipeError:  # the process is dead, and part of a task was still to be written
                continue
        self.child.wait()


def answer_tasks(start_check: Callable[[dict[str, Any]], Check], describe_error: Callable[[Exception], str]) -> None:
    """Run in a process of --jobs: answer tasks from standard input on standard output until there are none.

    `start_check` makes the check from the options; `describe_error` makes what the user reads of an error.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What a user's own rule prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = sys.stdin.buffer
    try:
        check = start_check(pickle.load(requests))  # noqa: S301 - from the parent
        while True:
            task: Task = pickle.load(requests)  # noqa: S301
            answers.write(pickle.dumps(_answer_task(check, task, describe_error)))
            answers.flush()
    except (EOFError, BrokenPipeError):
        os._exit(0)


def _answer_task(check: Check, task: Task, describe_error: Callable[[Exception], str]) -> list[Linted] | str:
    try:
        return merge_clean(linted for part in task for linted in check(part))
    except Exception as error:
        return describe_error(error)


def merge_clean(results: Iterable[Linted]) -> list[Linted]:
    """Merge identical clean results; order is kept."""
    merged: list[Linted] = []
    places: dict[tuple[str, str, Any], int] = {}
    for linted in results:
        place = (
            len(merged)
            if linted.findings
            else places.setdefault((linted.file, linted.operation, linted.not_run), len(merged))
        )
        if place == len(merged):
            merged.append(linted)
        else:
            merged[place] = msgspec.structs.replace(merged[place], records=merged[place].records + linted.records)
    return merged
