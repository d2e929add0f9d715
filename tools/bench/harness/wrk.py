"""The load generator: wrk with the scripts in ../wrk."""

import pathlib

from . import parse, processes
from .failure import CannotMeasure

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent / "wrk"


class Generator:
    def __init__(self, threads):
        self.program = processes.need(["wrk"], "wrk")
        self.threads = threads

    def renames(self, base, connections, seconds, ids, token, round_name, limit=0):
        """PATCH of one workspace after the other. Every answer is looked at; one that is not 200 is an error.
        `limit`: stop after that many answers (the run still lasts `seconds`)."""
        threads = min(self.threads, connections)
        return self._run("patch.lua", base, connections, seconds,
                         [str(ids), token, round_name, str(-(-limit // threads)), str(threads)])

    def reads(self, url, connections, seconds, token, body_bytes):
        """GET of one URL. wrk counts answers above 399; shorter answers than the body show in the mean."""
        totals = self._run("get.lua", url, connections, seconds, [token])
        if totals["bytes"] / totals["answers"] < body_bytes:
            raise CannotMeasure(f"answers of {url} are shorter than the body of {body_bytes} bytes")
        return totals

    def _run(self, script, url, connections, seconds, arguments):
        command = [self.program, "-t", str(min(self.threads, connections)), "-c", str(connections),
                   "-d", f"{seconds}s", "--timeout", "10s", "-s", str(SCRIPTS / script), url, "--", *arguments]
        text, cpu = processes.run(command, seconds + 30)
        return {**parse.wrk(text), "generator_cpu": cpu}
