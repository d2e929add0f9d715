"""Figures to ratios, bars and text."""

import statistics

from . import parse

# name, what is measured, least ratio (ours / peer)
RATIO_BARS = [
    ("commands_vs_emmett", "commands at 32 connections / Emmett at 32", "commands_32", "emmett_32", 3.0),
    ("commands_vs_pgbench", "commands at 32 connections / pgbench at 32", "commands_32", "pgbench_32", 0.7),
    ("get_vs_nginx", "GET of a workspace / nginx static file", "get", "nginx", 0.7),
]
IDLE_KIB_MAX = 64 * 1024
START_SECONDS_MAX = 2.0
START_COMMITS = 100_000
GENERATOR_RATIO = 3.0
KAFKA_RATE_MIN = 0.7
KAFKA_P50_MAX = 1.5

TITLES = {
    "fsync": "raw append of 1 KiB + fdatasync, one writer",
    "pgbench_32": "pgbench, single-row insert, 32 clients",
    "nginx": "nginx, static file of that size, 32 connections",
    "get": "tenured, GET of a workspace, 32 connections",
    "generator": "generator alone: the same renames on nginx's fixed answer",
}


def title(work):
    kind, _, number = work.rpartition("_")
    if kind == "emmett":
        return f"Emmett 0.42 on PostgreSQL, commands, {number} at a time"
    if kind == "append":
        return f"Emmett 0.42, append alone (no read, no decision), {number} at a time"
    if kind == "bare":
        return f"librdkafka alone: produce and read back, {number} writer{'s' if number != '1' else ''}"
    if kind == "kafka":
        return f"tenured on Kafka, renames, {number} connection{'s' if number != '1' else ''}"
    if kind == "commands":
        return f"tenured, renames, {number} connection{'s' if number != '1' else ''}"
    return TITLES.get(work, work)


def summarize(rounds, extras, quick):
    """rounds: work -> list of totals, one a round. extras: 'memory' and 'start'. quick: no bar is judged."""
    works = {work: _work(totals) for work, totals in rounds.items()}
    return {"works": works, "ratios": _ratios(rounds), "bars": _bars(rounds, extras, quick), **extras}


def _work(totals):
    rates = [one["rate"] for one in totals]
    work = {"rate_median": statistics.median(rates), "rate_min": min(rates), "rate_max": max(rates), "rates": rates}
    for name in ("p50_us", "p99_us", "server_cores", "generator_cores"):
        if name in totals[0]:
            work[name] = statistics.median(one[name] for one in totals)
    return work


def _rates(rounds, work):
    return [one["rate"] for one in rounds[work]]


def _ratios(rounds):
    pairs = [(ours, peer) for ours in rounds for peer in rounds
             if ours.startswith("commands_") and (peer == "fsync" or peer.startswith(("pgbench_", "emmett_", "append_")))]
    pairs += [(ours, "bare_" + ours.removeprefix("kafka_")) for ours in rounds if ours.startswith("kafka_")]
    pairs += [("get", "nginx"), ("generator", "commands_32"), ("emmett_32", "pgbench_32"), ("pgbench_32", "fsync")]
    return {f"{ours} / {peer}": parse.median_ratio(_rates(rounds, ours), _rates(rounds, peer))
            for ours, peer in pairs if ours in rounds and peer in rounds}


def _bars(rounds, extras, quick):
    bars = []

    def add(name, what, value, bar, passed, unit, judged=True):
        verdict = ("pass" if passed else "FAIL") if judged and not quick else "not judged"
        bars.append({"name": name, "what": what, "value": value, "bar": bar, "unit": unit, "verdict": verdict})

    for name, what, ours, peer, least in RATIO_BARS:
        if ours in rounds and peer in rounds:
            ratio = parse.median_ratio(_rates(rounds, ours), _rates(rounds, peer))
            add(name, what, ratio, f">= {least}", ratio >= least, "x")
    for ours in [work for work in rounds if work.startswith("kafka_")]:
        number = ours.removeprefix("kafka_")
        bare = f"bare_{number}"
        rate = parse.median_ratio(_rates(rounds, ours), _rates(rounds, bare))
        add(f"{ours}_rate", f"commands on Kafka / librdkafka alone, {number} at a time", rate,
            f">= {KAFKA_RATE_MIN}", rate >= KAFKA_RATE_MIN, "x")
        p50 = parse.median_ratio([one["p50_us"] for one in rounds[ours]], [one["p50_us"] for one in rounds[bare]])
        add(f"{ours}_p50", f"their p50, {number} at a time", p50, f"<= {KAFKA_P50_MAX}", p50 <= KAFKA_P50_MAX, "x")
    if "generator" in rounds and "commands_32" in rounds:
        ratio = parse.median_ratio(_rates(rounds, "generator"), _rates(rounds, "commands_32"))
        add("generator_not_the_limit", "generator alone / commands at 32 connections", ratio,
            f">= {GENERATOR_RATIO}", ratio >= GENERATOR_RATIO, "x")
    if "memory" in extras:
        largest = max(extras["memory"].values(), key=lambda one: one["resident_kib"])["resident_kib"]
        add("idle_memory", "largest idle resident size", largest / 1024, "<= 64", largest <= IDLE_KIB_MAX, "MiB")
    if "start" in extras:
        start = extras["start"]
        slowest = max(one["ready_seconds"] for one in start["runs"])
        add("start", f"slowest start on {start['commits']:,} commits", slowest, f"<= {START_SECONDS_MAX}",
            slowest <= START_SECONDS_MAX, "s", start["commits"] >= START_COMMITS)
    return bars


def text(result):
    """The whole result as plain tables."""
    parts = [_works_table(result["works"])]
    if result["ratios"]:
        parts.append(_table(["ratio, median of the rounds", ""],
                            [[name, f"{value:.2f}"] for name, value in result["ratios"].items()]))
    if "memory" in result:
        parts.append(_table(["idle resident memory", "MiB", "anonymous"],
                            [[when, f"{one['resident_kib'] / 1024:.1f}", f"{one['anonymous_kib'] / 1024:.1f}"]
                             for when, one in result["memory"].items()]))
    if "start" in result:
        parts.append(_table([f"start on {result['start']['commits']:,} commits", "listening s", "ready s"],
                            [[one["after"], f"{one['listening_seconds']:.3f}", f"{one['ready_seconds']:.3f}"]
                             for one in result["start"]["runs"]]))
    if result["bars"]:
        parts.append(_table(["bar", "", "wanted", ""],
                            [[bar["what"], f"{bar['value']:.2f} {bar['unit']}", bar["bar"], bar["verdict"]]
                             for bar in result["bars"]]))
    return "\n\n".join(parts)


def _works_table(works):
    def optional(work, name, form):
        return form.format(work[name]) if name in work else ""

    rows = [[title(name), f"{work['rate_median']:,.0f}", f"{work['rate_min']:,.0f}", f"{work['rate_max']:,.0f}",
             optional(work, "p50_us", "{:,.0f}"), optional(work, "p99_us", "{:,.0f}"),
             optional(work, "server_cores", "{:.2f}"), optional(work, "generator_cores", "{:.2f}")]
            for name, work in works.items()]
    return _table(["a second", "median", "least", "most", "p50 us", "p99 us", "server cores", "wrk cores"], rows)


def _table(head, rows):
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(row):
        return "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                         for i, (cell, width) in enumerate(zip(row, widths))).rstrip()

    return "\n".join([line(head), "  ".join("-" * width for width in widths), *map(line, rows)])
