"""Brokers for a run, tenured on them, and bare librdkafka beside it."""

import json
import pathlib
import subprocess
import sys

from . import processes
from .failure import CannotMeasure

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "kafka" / "kafka.py"
UP_SECONDS = 300
BARE_TOPIC = "bare.log"
RECORD_BYTES = 900  # about what a rename takes


class Brokers:
    def __init__(self, folder, count):
        self.state = folder / "kafka.json"
        self._script("up", "--brokers", str(count))
        self.bootstrap = json.loads(self.state.read_text())["bootstrap"]

    def close(self):
        self._script("down")

    def _script(self, *arguments):
        command = [sys.executable, "-B", str(SCRIPT), "--state", str(self.state), *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=UP_SECONDS,
                              check=False)
        if done.returncode != 0:
            raise CannotMeasure(f"kafka.py {arguments[0]}: {(done.stderr or done.stdout).strip()[-600:]}")


def flags(brokers, prefix, root_key):
    """Of a tenured with topics of its own."""
    return ["--log", "kafka", "--kafka-brokers", brokers, "--kafka-topic", f"{prefix}.log", "--kafka-keys-topic",
            f"{prefix}.keys", "--kafka-events-topic", f"{prefix}.events", "--root-key-file", str(root_key),
            "--create-topics", "--partitions", "1"]


def round_trips(program, brokers, writers, seconds):
    text, cpu = processes.run([str(program), brokers, BARE_TOPIC, str(writers), str(seconds), str(RECORD_BYTES)],
                              seconds + 60)
    totals = json.loads(text)
    return {**totals, "rate": totals["round_trips"] * 1e6 / totals["duration_us"],
            "generator_cores": cpu / (totals["duration_us"] / 1e6)}
