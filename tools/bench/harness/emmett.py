"""Emmett on that PostgreSQL: ../emmett/commands.mjs in one node process that lives as long as the benchmark."""

import hashlib
import json
import pathlib
import select
import shutil
import subprocess

from . import parse, processes
from .failure import CannotMeasure

FILES = pathlib.Path(__file__).resolve().parent.parent / "emmett"


def install(cache):
    """Folder with the pinned packages, downloaded by npm on first use. The lock file's hash names the folder."""
    lock = (FILES / "package-lock.json").read_bytes()
    folder = cache / f"emmett-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not (folder / "installed").exists():
        npm = processes.need(["npm"], "npm")
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(FILES / name, folder)
        try:
            processes.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], 300, cwd=folder)
        except CannotMeasure as error:
            raise CannotMeasure(f"Emmett's packages could not be installed (tools/dev setup bench): {error}") from error
        (folder / "installed").touch()
    shutil.copy(FILES / "commands.mjs", folder)
    return folder


class Store:
    def __init__(self, cluster, cache, pool):
        node = processes.need(["node"], "node")
        folder = install(cache)
        self.cluster = cluster
        self.expected_events = 0
        self.process = processes.Service(
            [node, "commands.mjs", str(cluster.folder), str(cluster.port), "bench", str(pool)],
            cluster.folder.parent / "emmett.log", cwd=folder, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def commands(self, round_name, concurrency, seconds, streams, append_only):
        """Commands for `seconds`, checked against the number of events that are really there."""
        request = {"round": round_name, "seconds": seconds, "concurrency": concurrency, "streams": streams,
                   "append_only": append_only}
        try:
            self.process.process.stdin.write(json.dumps(request) + "\n")
            self.process.process.stdin.flush()
        except BrokenPipeError as error:
            raise CannotMeasure(f"Emmett's process has ended: {self.process.log_tail()}") from error
        ready, _, _ = select.select([self.process.process.stdout], [], [], seconds + 120)
        if not ready:
            raise CannotMeasure("Emmett's process gave no answer")
        totals = parse.emmett(self.process.process.stdout.readline() or self.process.log_tail())
        self.expected_events += totals["events"]
        self.check_events()
        return totals

    def check_events(self):
        """Every stream is gapless and there is exactly one event a command."""
        total = int(self.cluster.sql("select count(*) from emt_messages"))
        if total != self.expected_events:
            raise CannotMeasure(f"Emmett acknowledged {self.expected_events} events, {total} are there")
        gaps = int(self.cluster.sql("select count(*) from (select stream_id from emt_messages group by stream_id"
                                    " having count(*) <> max(stream_position)) as broken"))
        if gaps:
            raise CannotMeasure(f"{gaps} of Emmett's streams have gaps")

    def close(self):
        self.process.process.stdin.close()
        self.process.stop()
