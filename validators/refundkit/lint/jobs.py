"""The parts of a run over several processes; what they find comes back in the order of the parts.

A process is a fresh interpreter at the other end of two pipes: it shares nothing with a parent of any kind, with
threads or without, and costs about as much as one start of the command. It gets a task, answers it, gets the next, so
that neither side ever writes to a full pipe while the other one does.
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
from .sources import STRETCH, Part, extent, parts

_FILES = 64  # in one task

Task: TypeAlias = tuple[Part, ...]
Check: TypeAlias = Callable[[Part], Iterable[Linted]]

# The path of the parent is the path of the child: nothing else decides which modules it finds.
_CHILD = "import sys; sys.path[:] = {path!r}; from refundkit.cli import work; work()"


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def tasks(files: Iterable[str]) -> Iterator[Task]:
    """The parts of the files in their order, large ones cut up and small ones together. Raises SourceError."""
    held: list[Part] = []
    room = STRETCH
    for file in files:
        for part in parts(file):
            held.append(part)
            room -= extent(part)
            if room <= 0 or len(held) == _FILES:
                yield tuple(held)
                held, room = [], STRETCH
    if held:
        yield tuple(held)


def spread(work: Iterable[Task], options: dict[str, Any], jobs: int) -> Iterator[tuple[Task, list[Linted]]]:
    """What so many processes find in each task, in the order of the tasks.

    `options` are the arguments of the command, by which each process makes its own configuration and contexts. Raises
    SourceError for whatever a process could not check, and for a process that died. However it ends, no process stays.
    """
    crew = _Crew(options, jobs)
    try:
        yield from crew.answers(iter(work))
    finally:
        crew.end()


class _Crew:
    """The processes of a run, started as there is work for them."""

    def __init__(self, options: dict[str, Any], jobs: int) -> None:
        self.options = options
        self.jobs = jobs
        self.all: list[_Process] = []
        self.idle: list[_Process] = []
        self.ready = selectors.DefaultSelector()

    def answers(self, work: Iterator[Task]) -> Iterator[tuple[Task, list[Linted]]]:
        sent = turn = 0
        done: dict[int, tuple[Task, list[Linted]]] = {}
        while True:
            while (self.idle or len(self.all) < self.jobs) and (task := next(work, None)) is not None:
                self._free().send(sent, task)
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

    def _free(self) -> _Process:
        if not self.idle:
            process = _Process(self.options)
            self.all.append(process)
            self.ready.register(process.answers, selectors.EVENT_READ, process)
            return process
        return self.idle.pop()

    def end(self) -> None:
        for process in self.all:
            process.end()
        self.ready.close()


class _Process:
    """One process, and the task that it has in hand."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-c", _CHILD.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # An interrupt at the terminal is for the parent alone, which then ends its processes.
            process_group=0 if os.name == "posix" else None,
        )
        if self.child.stdin is None or self.child.stdout is None:
            raise SourceError("--jobs: a process without pipes")
        self.questions: IO[bytes] = self.child.stdin
        self.answers: IO[bytes] = self.child.stdout
        self.first = pickle.dumps(options)
        self.number = -1
        self.task: Task = ()

    def send(self, number: int, task: Task) -> None:
        self.number, self.task = number, task
        try:
            self.questions.write(self.first + pickle.dumps(task))
            self.questions.flush()
        except BrokenPipeError:
            raise self._lost() from None
        self.first = b""

    def receive(self) -> list[Linted]:
        try:
            found: list[Linted] | str = pickle.load(self.answers)  # noqa: S301 - from a process of our own
        except (EOFError, pickle.UnpicklingError):
            raise self._lost() from None
        if isinstance(found, str):
            raise SourceError(found)
        return found

    def _lost(self) -> SourceError:
        status = self.child.wait()
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        file = self.task[0].file
        return SourceError(f"{file}: the process that checked it {how}; with --jobs 1 there is no other process")

    def end(self) -> None:
        self.child.kill()
        for pipe in (self.questions, self.answers):
            try:
                pipe.close()
            except BrokenPipeError:  # what is left to write has no reader any more
                continue
        self.child.wait()


def answer(begin: Callable[[dict[str, Any]], Check], worded: Callable[[Exception], str]) -> None:
    """The other end: answers tasks from standard input on standard output until there are none.

    `begin` makes the check from the options; `worded` is what the user reads of an error.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What a rule of the user's own prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    questions = sys.stdin.buffer
    try:
        check = begin(pickle.load(questions))  # noqa: S301 - from the parent
        while True:
            task: Task = pickle.load(questions)  # noqa: S301
            answers.write(pickle.dumps(_answered(check, task, worded)))
            answers.flush()
    except (EOFError, BrokenPipeError):
        os._exit(0)


def _answered(check: Check, task: Task, worded: Callable[[Exception], str]) -> list[Linted] | str:
    try:
        return compact(one for part in task for one in check(part))
    except Exception as error:
        return worded(error)


def compact(found: Iterable[Linted]) -> list[Linted]:
    """The same with clean records that are alike as one, where the first of them was: no order is lost by that."""
    kept: list[Linted] = []
    places: dict[tuple[str, str, Any], int] = {}
    for one in found:
        place = len(kept) if one.findings else places.setdefault((one.file, one.operation, one.not_run), len(kept))
        if place == len(kept):
            kept.append(one)
        else:
            kept[place] = msgspec.structs.replace(kept[place], records=kept[place].records + one.records)
    return kept
