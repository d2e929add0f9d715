"""Which works there are, and the order in which a run goes through them."""

import base64
import contextlib
import os
import secrets
import shutil
import sys
import time

from . import emmett, fsync, kafka, nginx, postgres, report, tenured, wrk
from .failure import CannotMeasure

PEER_WORKS = ("fsync", "pgbench", "emmett", "nginx", "generator")
OUR_WORKS = ("commands", "get", "memory", "start")
KAFKA_WORKS = ("kafka",)  # only when asked for: three brokers take a gigabyte of memory
STAND_IN_PATH = "/v1/workspaces/ws_stand_in"
READY_SECONDS = 300
START_ATTEMPTS = 3
COMPARE_CONNECTIONS = 32


def say(sentence):
    print(sentence, file=sys.stderr, flush=True)


class Bench:
    """One run. `options` are the parsed arguments of ../run; everything started goes on `stack`."""

    def __init__(self, options, folder, stack):
        self.options, self.folder, self.stack = options, folder, stack
        self.nonce = secrets.token_hex(3)
        self.extras = {}
        self.works = {}  # name -> function(round_name, seconds) -> totals, in the order of the report
        self.ledger = tenured.Ledger()
        self.ours = self.ids = self.cluster = self.emmett = None

    def wants(self, name):
        return name in self.options.only

    def run(self):
        if any(self.wants(name) for name in OUR_WORKS):
            self._prepare_ours()
        if self.wants("fsync"):
            self.works["fsync"] = lambda _, seconds: fsync.measure(self.folder, seconds)
        if self.wants("pgbench") or self.wants("emmett"):
            self._prepare_postgres()
        if self.wants("commands"):
            for connections in self.options.connections:
                self.works[f"commands_{connections}"] = self._renames(connections)
        if self.wants("kafka"):
            self._prepare_kafka()
        if any(self.wants(name) for name in ("nginx", "get", "generator")):
            self._prepare_reads()
        rounds = self._rounds()
        self._check_at_the_end()
        return rounds

    def _rounds(self):
        """Every work once a round; the order is turned by one each round, so that no work always follows the same."""
        names = list(self.works)
        rounds = {name: [] for name in names}
        if not names:
            return rounds
        say("warming up")
        for name in names:
            self.works[name](f"{self.nonce}w", 1)
        for number in range(self.options.rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                os.sync()  # no work pays for what the one before it left to be written
                rounds[name].append(self.works[name](f"{self.nonce}{number:02d}", self.options.seconds))
            say(f"round {number + 1} of {self.options.rounds}: "
                + ", ".join(f"{name} {rounds[name][-1]['rate']:,.0f}" for name in names))
        return rounds

    # PostgreSQL and Emmett

    def _prepare_postgres(self):
        say("starting PostgreSQL")
        self.cluster = postgres.Cluster(self.folder)
        self.stack.callback(self.cluster.close)
        self.extras.setdefault("versions", {})["postgresql"] = self.cluster.version
        if self.wants("pgbench"):
            self.works["pgbench_32"] = lambda _, seconds: self._synced(
                lambda: self.cluster.insert_rows(COMPARE_CONNECTIONS, seconds))
        if self.wants("emmett"):
            say("starting Emmett")
            self.emmett = emmett.Store(self.cluster, self.options.cache, self.options.pool)
            self.stack.callback(self.emmett.close)
            for concurrency in self.options.emmett_concurrency:
                self.works[f"emmett_{concurrency}"] = self._emmett_commands(concurrency, append_only=False)
            self.works[f"append_{COMPARE_CONNECTIONS}"] = self._emmett_commands(COMPARE_CONNECTIONS, append_only=True)

    def _emmett_commands(self, concurrency, append_only):
        streams = f"c{concurrency}{'a' if append_only else 'd'}"
        return lambda name, seconds: self._synced(lambda: self.emmett.commands(
            name + streams, concurrency, seconds, self.options.workspaces, append_only))

    def _synced(self, load):
        """A peer whose commits reach no disk is no peer."""
        before = self.cluster.log_syncs()
        totals = load()
        if self.cluster.log_syncs() <= before:
            raise CannotMeasure("PostgreSQL acknowledged commits without forcing its log to disk")
        return totals

    # tenured

    def _prepare_ours(self):
        program = tenured.program(self.options.tenured)
        if self.wants("memory"):
            self._measure_fresh_memory(program)
        self.ours = tenured.Server(program, self.folder / "data", self.folder / "tenured.log")
        self.stack.callback(self.ours.kill)
        self.ours.start()
        say(f"creating {self.options.workspaces} workspaces")
        self.ids = tenured.create_workspaces(self.ours, self.options.workspaces, READY_SECONDS)
        self.ids_file = self.folder / "ids"
        self.ids_file.write_text("\n".join(self.ids) + "\n")
        self.generator = wrk.Generator(self.options.wrk_threads)
        if self.wants("memory"):
            self._measure_memory(f"{self.options.workspaces} workspaces just created")
            self.ours.stop()
            self.ours.start()
            self._measure_memory(f"{self.options.workspaces} workspaces, started again")
        if self.wants("start"):
            self._measure_start(program)

    def _measure_fresh_memory(self, program):
        server = tenured.Server(program, self.folder / "fresh", self.folder / "tenured-fresh.log")
        server.start()
        try:
            self._measure_memory("fresh", server)
            server.stop()
        finally:
            server.kill()

    def _measure_memory(self, when, server=None):
        resident, anonymous = (server or self.ours).idle_resident_kib(self.options.seconds)
        self.extras.setdefault("memory", {})[when] = {"resident_kib": resident, "anonymous_kib": anonymous}

    def _renames(self, connections):
        def measure(name, seconds):
            before = self.ours.service.cpu_seconds()
            totals = self._load_with_renames(connections, seconds, f"{name}c{connections}")
            return _with_cores(totals, self.ours.service.cpu_seconds() - before)
        return measure

    def _load_with_renames(self, connections, seconds, name, limit=0):
        with self.ours.under_load():
            totals = self.generator.renames(self.ours.base, connections, seconds, self.ids_file, self.ours.token, name,
                                            limit)
        self.ledger.add(totals, connections)
        return totals

    def _measure_start(self, program):
        """Fills the log up to the wanted number of commits, then starts on it after kill -9 and after a clean stop."""
        say(f"renaming until there are {self.options.commits:,} commits")
        number = 0
        while self.ledger.acknowledged < self.options.commits:
            self._load_with_renames(64, self.options.seconds, f"{self.nonce}s{number}",
                                    self.options.commits - self.ledger.acknowledged)
            number += 1
        self.ours.kill()
        runs = [self._start_on_copy(program, attempt) for attempt in range(START_ATTEMPTS)]
        self.ours.start()
        say("counting the acknowledged renames after kill -9")
        self.ledger.check(self.ours, self.ids, "after kill -9")
        for attempt in range(START_ATTEMPTS):
            self.ours.stop()
            runs.append({"after": f"a clean stop, {attempt + 1}", **self.ours.start()})
        self.extras["start"] = {"commits": self.ledger.acknowledged, "runs": runs}
        if self.wants("memory"):
            self._measure_memory(f"started on {self.ledger.acknowledged:,} renames")

    def _start_on_copy(self, program, attempt):
        """Times a start on a copy of the killed data, so that no attempt finds what an earlier one tidied up."""
        copy = shutil.copytree(self.ours.data, self.folder / "copy")
        server = tenured.Server(program, copy, self.folder / "tenured-copy.log")
        try:
            return {"after": f"kill -9, {attempt + 1}", **server.start()}
        finally:
            server.kill()
            shutil.rmtree(copy)

    # Kafka

    def _prepare_kafka(self):
        say(f"starting {self.options.brokers} broker{'s' if self.options.brokers > 1 else ''} of Kafka")
        brokers = kafka.Brokers(self.folder, self.options.brokers)
        self.stack.callback(brokers.close)
        self.extras["brokers"] = self.options.brokers
        root_key = self.folder / "root-key"
        root_key.write_text(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
        root_key.chmod(0o600)
        server = tenured.Server(tenured.program(self.options.tenured), self.folder / "data-kafka",
                                self.folder / "tenured-kafka.log", kafka.flags(brokers.bootstrap, "ours", root_key))
        self.stack.callback(server.kill)
        server.start()
        say(f"creating {self.options.workspaces} workspaces on Kafka")
        ids = self.folder / "ids-kafka"
        ids.write_text("\n".join(tenured.create_workspaces(server, self.options.workspaces, READY_SECONDS)) + "\n")
        generator = wrk.Generator(self.options.wrk_threads)
        bare = tenured.program(self.options.tenured).with_name("kafka_round_trips")

        def renames(connections):
            def measure(name, seconds):
                before = server.service.cpu_seconds()
                with server.under_load():
                    totals = generator.renames(server.base, connections, seconds, ids, server.token,
                                               f"{name}k{connections}")
                return _with_cores(totals, server.service.cpu_seconds() - before)
            return measure

        def round_trips(writers):
            return lambda _, seconds: kafka.round_trips(bare, brokers.bootstrap, writers, seconds)

        for connections in self.options.connections:
            self.works[f"bare_{connections}"] = round_trips(connections)
            self.works[f"kafka_{connections}"] = renames(connections)

    # GET and the generator alone

    def _prepare_reads(self):
        self.generator = wrk.Generator(self.options.wrk_threads)
        path, body, token = STAND_IN_PATH, b"x" * self.options.body_bytes, "stand-in"
        if self.ours:
            path, token = f"/v1/workspaces/{self.ids[0]}", self.ours.token
            with tenured.Client(self.ours) as client:
                body = client.call("GET", path, 200)
        else:
            self.ids_file = self.folder / "ids"
            self.ids_file.write_text("".join(f"ws_{number:026d}\n" for number in range(self.options.workspaces)))
        self.extras["body_bytes"] = len(body)
        server = nginx.Server(self.folder, path, body)
        self.stack.callback(server.close)
        self.extras.setdefault("versions", {})["nginx"] = server.version
        if self.wants("nginx"):
            self.works["nginx"] = self._reads(server.files + path, token, len(body), server.service)
        if self.wants("get"):
            self.works["get"] = self._reads(self.ours.base + path, token, len(body), self.ours.service)
        if self.wants("generator"):
            self.works["generator"] = self._generator_alone(server, token)

    def _reads(self, url, token, body_bytes, service):
        # A rename between the rounds may change the body's length by a digit or two, never by half.
        least = body_bytes // 2

        def measure(_, seconds):
            before = service.cpu_seconds()
            totals = self.generator.reads(url, COMPARE_CONNECTIONS, seconds, token, least)
            return _with_cores(totals, service.cpu_seconds() - before)
        return measure

    def _generator_alone(self, server, token):
        def measure(name, seconds):
            before = server.service.cpu_seconds()
            totals = self.generator.renames(server.fixed, COMPARE_CONNECTIONS, seconds, self.ids_file, token, name)
            return _with_cores(totals, server.service.cpu_seconds() - before)
        return measure

    def _check_at_the_end(self):
        """Kills PostgreSQL and tenured the hard way and counts: what was acknowledged must still be there."""
        if self.cluster:
            rows = int(self.cluster.sql("select count(*) from renames"))
            self.cluster.crash_and_start()
            if int(self.cluster.sql("select count(*) from renames")) != rows:
                raise CannotMeasure("PostgreSQL lost rows of pgbench in a crash")
            if self.emmett:
                self.emmett.check_events()
        if self.ours and self.wants("commands"):
            self.ours.kill()
            self.ours.start()
            say("counting the acknowledged renames after kill -9")
            self.extras["acknowledged_renames"] = self.ledger.acknowledged
            self.extras["renames_in_audit"] = self.ledger.check(self.ours, self.ids, "at the end")


def _with_cores(totals, server_cpu):
    """Cores that server and generator kept busy: what is left of the machine shows who was the limit."""
    seconds = totals["duration_us"] / 1e6
    return {**totals, "server_cores": server_cpu / seconds, "generator_cores": totals["generator_cpu"] / seconds}


def measure(options, folder):
    """The whole run: the result that report.text prints and --json writes."""
    begin = time.monotonic()
    with contextlib.ExitStack() as stack:
        bench = Bench(options, folder, stack)
        rounds = bench.run()
    result = report.summarize(rounds, bench.extras, options.short)
    result["settings"] = {"rounds": options.rounds, "seconds": options.seconds, "short": options.short,
                          "workspaces": options.workspaces, "wrk_threads": options.wrk_threads}
    result["took_seconds"] = time.monotonic() - begin
    return result
