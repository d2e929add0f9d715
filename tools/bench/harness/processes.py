"""Child processes, the working folder, and the promise that neither outlives the benchmark."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import parse
from .failure import CannotMeasure

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def need(programs, what):
    """The path of the first of `programs` that is there."""
    for program in programs:
        found = shutil.which(program)
        if found:
            return found
    raise CannotMeasure(f"{what} is not installed: run tools/dev setup bench, or leave this work out with --only")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _file_system(folder):
    """Type of the file system that holds `folder`, from /proc/mounts."""
    best = ("", "unknown")
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, mount, kind, *_ = line.split()
        if pathlib.Path(mount) in (folder, *folder.parents) and len(mount) > len(best[0]):
            best = (mount, kind)
    return best[1]


@contextlib.contextmanager
def work_folder(parent):
    """A folder on a real disk that is removed at the end; others may enter it, since PostgreSQL is another user."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tenure-bench-", dir=parent)).resolve()
    try:
        if _file_system(folder) in ("tmpfs", "ramfs", "overlay"):
            raise CannotMeasure(f"{parent} is no real disk ({_file_system(folder)}): name one with --work-dir")
        folder.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def signals_as_interrupt():
    """SIGTERM and SIGHUP unwind like Ctrl-C, so that everything started is stopped."""
    def interrupt(number, _):
        raise KeyboardInterrupt(signal.Signals(number).name)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Service:
    """A process in a session of its own (Ctrl-C reaches us alone), its standard error in `log`."""

    def __init__(self, command, log, stop_signal=signal.SIGTERM, **options):
        self.log = log
        self.stop_signal = stop_signal
        with open(log, "ab") as errors:
            options.setdefault("stdout", errors)
            options.setdefault("stdin", subprocess.DEVNULL)
            self.process = subprocess.Popen(command, stderr=errors, start_new_session=True, **options)

    @property
    def pid(self):
        return self.process.pid

    def log_tail(self):
        return self.log.read_text(errors="replace").strip()[-600:] if self.log.exists() else ""

    def wait_until(self, ready, what, seconds=30):
        """Asks `ready` again and again until it is true; a process that ended, or the time, is an error."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise CannotMeasure(f"{what} ended with {self.process.returncode}: {self.log_tail()}")
            if time.monotonic() > deadline:
                raise CannotMeasure(f"{what} was not ready within {seconds} s: {self.log_tail()}")
            time.sleep(0.01)

    def stop(self, with_signal=None, seconds=40):
        """Returns the exit code; after `seconds` the process is killed with all its children."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal or self.stop_signal)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def cpu_seconds(self):
        """User and system time of the process and its direct children until now."""
        ticks = 0
        for pid in [self.pid, *_children(self.pid)]:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                ticks += parse.cpu_ticks(pathlib.Path(f"/proc/{pid}/stat").read_text())
        return ticks / TICKS_PER_SECOND

    def resident_kib(self):
        return parse.resident_kib(pathlib.Path(f"/proc/{self.pid}/status").read_text())


def _children(pid):
    path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    return path.read_text().split() if path.exists() else []


def run(command, seconds, **options):
    """Runs a command to its end and returns (standard output, CPU seconds it used); a failure is an error."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors,
                                   start_new_session=True, **options)
        try:
            usage = _wait(process, seconds)
        except BaseException:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            raise
        output.seek(0)
        errors.seek(0)
        text, complaint = output.read(), errors.read()
    if process.returncode != 0:
        name = pathlib.Path(command[0]).name
        raise CannotMeasure(f"{name} ended with {process.returncode}: {(complaint or text).strip()[-600:]}")
    return text, usage.ru_utime + usage.ru_stime


def _wait(process, seconds):
    """Waits for the end and returns the resource usage of exactly this process."""
    deadline = time.monotonic() + seconds
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage
        if time.monotonic() > deadline:
            raise CannotMeasure(f"{pathlib.Path(process.args[0]).name} did not end within {seconds} s")
        time.sleep(0.02)
