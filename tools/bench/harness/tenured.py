"""tenured itself: starts and kills it, makes workspaces, and counts in its audit feed what it acknowledged."""

import concurrent.futures
import contextlib
import http.client
import json
import pathlib
import select
import signal
import subprocess
import time

from . import parse, processes
from .failure import CannotMeasure

START_SECONDS_MAX = 120
CLIENTS = 8


class Server:
    """One tenured on `data`. May be started, stopped and killed any number of times."""

    def __init__(self, program, data, log, flags=()):
        self.program, self.data, self.log, self.flags = program, data, log, flags
        self.service = self.port = self.token = None

    def start(self):
        """Seconds from exec to the `listening` line, and to the first 200 of /readyz."""
        begin = time.monotonic()
        self.service = processes.Service([str(self.program), "--data-dir", str(self.data), "--listen", "127.0.0.1:0",
                                          *self.flags],
                                         self.log, stdout=subprocess.PIPE)
        try:
            self.port = self._listening_port()
            listening = time.monotonic() - begin
            self.service.wait_until(self._ready, "tenured", START_SECONDS_MAX)
            ready = time.monotonic() - begin
            self.token = (self.data / "bootstrap-token").read_text().strip()
        except BaseException:
            self.kill()
            raise
        return {"listening_seconds": listening, "ready_seconds": ready}

    def _listening_port(self):
        readable, _, _ = select.select([self.service.process.stdout], [], [], START_SECONDS_MAX)
        line = self.service.process.stdout.readline().decode() if readable else ""
        port = parse.listening_port(line)
        if port is None:
            raise CannotMeasure(f"tenured printed {line!r} instead of its address: {self.service.log_tail()}")
        return port

    def _ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except ConnectionRefusedError:
            return False
        finally:
            connection.close()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        code = self.service.stop()
        if code != 0:
            raise CannotMeasure(f"tenured ended with {code} after SIGTERM: {self.service.log_tail()}")

    def kill(self):
        if self.service:
            self.service.stop(signal.SIGKILL)

    @contextlib.contextmanager
    def under_load(self):
        """Turns the lost connections of a server that died into a sentence about the server."""
        try:
            yield
        except (CannotMeasure, OSError) as error:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self.service.process.wait(0.5)
                raise CannotMeasure(f"tenured ended with {code} under load ({error}): {self.service.log_tail()}") from error
            raise CannotMeasure(f"{error}; tenured is running, its log ends: {self.service.log_tail()}") from error

    def idle_resident_kib(self, seconds):
        """The largest resident size, and its anonymous part, seen while nobody asks for anything."""
        end, largest = time.monotonic() + seconds, (0, 0)
        while time.monotonic() < end:
            largest = max(largest, self.service.resident_kib())
            time.sleep(0.05)
        return largest


class Client:
    """One keep-alive connection with the bootstrap token."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self.token = server.token

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def call(self, method, path, expected, body=None, key=None):
        """The bytes of the answer; a status other than `expected` is an error."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if key:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != expected:
            raise CannotMeasure(f"{method} {path} answered {answer.status} instead of {expected}: {text[:300]!r}")
        return text


def _on_all_connections(server, items, work):
    """work(client, item) for every item, on CLIENTS connections; the results in the order of the items."""
    def share(offset):
        with Client(server) as client:
            return [work(client, item) for item in items[offset::CLIENTS]]

    results = [None] * len(items)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        for offset, part in enumerate(pool.map(share, range(CLIENTS))):
            results[offset::CLIENTS] = part
    return results


def create_workspaces(server, count, seconds):
    """Ids of `count` new workspaces, all of them active."""
    def create(client, number):
        made = client.call("POST", "/v1/workspaces", 201, {"name": f"bench {number}"}, f"bench-create-{number}")
        return json.loads(made)["id"]

    ids = _on_all_connections(server, list(range(count)), create)
    if len(set(ids)) != count:
        raise CannotMeasure("tenured gave the same id twice")
    deadline = time.monotonic() + seconds
    waiting = ids
    while waiting:
        states = _on_all_connections(
            server, waiting, lambda client, one: json.loads(client.call("GET", f"/v1/workspaces/{one}", 200))["status"])
        waiting = [one for one, state in zip(waiting, states) if state != "active"]
        if waiting and time.monotonic() > deadline:
            raise CannotMeasure(f"{len(waiting)} of {count} workspaces are not active after {seconds} s")
        if waiting:
            time.sleep(0.1)
    return ids


def renames_in_audit(server, ids):
    """Successful renames in the audit feeds of all workspaces: the ledger against which acknowledgements are held."""
    def count(client, workspace):
        found, cursor = 0, ""
        while cursor is not None:
            page = json.loads(client.call("GET", f"/v1/workspaces/{workspace}/audit?limit=100{cursor}", 200))
            found += sum(1 for entry in page["data"]
                         if entry["action"] == "workspace.updated" and entry["outcome"] == "success")
            cursor = f"&cursor={page['next_cursor']}" if page["has_more"] else None
        return found

    return sum(_on_all_connections(server, ids, count))


class Ledger:
    """What was acknowledged, and what may have happened: wrk drops the answers in flight when its time is over."""

    def __init__(self):
        self.acknowledged = 0
        self.in_flight_max = 0

    def add(self, totals, connections):
        self.acknowledged += totals["ok"]
        self.in_flight_max += connections + 1  # and one: wrk builds a request before the first that it sends

    def check(self, server, ids, when):
        found = renames_in_audit(server, ids)
        if not self.acknowledged <= found <= self.acknowledged + self.in_flight_max:
            raise CannotMeasure(f"{when}: {self.acknowledged} renames were acknowledged (at most {self.in_flight_max} "
                                f"more were in flight), the audit feed has {found}")
        return found


def program(path):
    if not pathlib.Path(path).is_file():
        raise CannotMeasure(f"{path} is not there: run tools/dev build, or measure the peers alone with --peers")
    return pathlib.Path(path).resolve()
