"""Reads what pgbench, wrk, Emmett and /proc print. Pure functions, covered by `run --self-test`."""

import json
import re
import statistics

from .failure import CannotMeasure


def pgbench(text):
    """{'rate', 'transactions'} of a pgbench run; a failed or aborted transaction is an error."""
    rate = re.search(r"^tps = ([\d.]+) \(without initial connection time\)", text, re.M)
    done = re.search(r"^number of transactions actually processed: (\d+)", text, re.M)
    failed = re.search(r"^number of failed transactions: (\d+)", text, re.M)
    if not rate or not done:
        raise CannotMeasure(f"pgbench printed no rate: {text.strip()[-300:]}")
    if "aborted" in text or (failed and int(failed.group(1)) > 0):
        raise CannotMeasure(f"pgbench had failed transactions: {text.strip()[-300:]}")
    return {"rate": float(rate.group(1)), "transactions": int(done.group(1))}


def wrk(text):
    """The BENCH line of wrk/report.lua plus 'rate'; one bad answer or lost connection is an error."""
    line = re.search(r"^BENCH (\{.*\})$", text, re.M)
    if not line:
        raise CannotMeasure(f"wrk printed no totals: {text.strip()[-300:]}")
    totals = json.loads(line.group(1))
    if totals["refused"]:
        raise CannotMeasure(f"{totals['refused']} answers were not 200, the first: {totals['example'] or 'see the log'}")
    lost = {name: totals[name] for name in ("connect", "read", "write", "timeout") if totals[name]}
    if lost:
        raise CannotMeasure(f"wrk lost connections: {lost}")
    if not totals["ok"]:
        raise CannotMeasure("wrk got no answer at all")
    totals["rate"] = totals["answers"] / (totals["duration_us"] / 1e6)
    return totals


def emmett(line):
    """One answer of emmett/commands.mjs plus 'rate'."""
    try:
        totals = json.loads(line)
    except json.JSONDecodeError as error:
        raise CannotMeasure(f"Emmett's process answered {line.strip()[:300]!r}") from error
    if "error" in totals:
        raise CannotMeasure(f"Emmett refused a command: {totals['error']}")
    totals["rate"] = totals["commands"] / totals["seconds"]
    return totals


def listening_port(line):
    """The port in tenured's one line on standard output, or None when the line is another."""
    found = re.fullmatch(r"listening on https?://\S+:(\d+)\s*", line)
    return int(found.group(1)) if found else None


def resident_kib(status):
    """VmRSS and its anonymous part from the text of /proc/PID/status, in KiB."""
    values = dict(re.findall(r"^(VmRSS|RssAnon):\s+(\d+) kB$", status, re.M))
    if "VmRSS" not in values:
        raise CannotMeasure("the process has no resident memory: it has ended")
    return int(values["VmRSS"]), int(values.get("RssAnon", 0))


def cpu_ticks(stat):
    """User plus system clock ticks from the text of /proc/PID/stat; the name may hold blanks and brackets."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def median_ratio(ours, peer):
    """The median of the ratios of each round: what disturbs one round disturbs both sides of its ratio."""
    return statistics.median(a / b for a, b in zip(ours, peer, strict=True))
