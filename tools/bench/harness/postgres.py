"""A PostgreSQL cluster of our own, with the durability it ships with, and pgbench on it."""

import glob
import os
import pathlib
import pwd
import signal

from . import parse, processes
from .failure import CannotMeasure

FILES = pathlib.Path(__file__).resolve().parent.parent / "pgbench"
DATABASE = "bench"


def _programs():
    """Folder of the server's programs; Debian keeps them out of PATH, a folder a version."""
    for folder in ["/usr/lib/postgresql/15/bin", *sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)]:
        if os.access(f"{folder}/initdb", os.X_OK):
            return pathlib.Path(folder)
    return pathlib.Path(processes.need(["initdb"], "PostgreSQL")).resolve().parent


def _unprivileged():
    """PostgreSQL does not run as root: options that start a process as somebody else, empty when not needed."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise CannotMeasure("PostgreSQL does not run as root, and there is no user postgres or nobody")


class Cluster:
    """Started by the constructor, reached only over a Unix socket in its own folder, stopped by close()."""

    def __init__(self, folder):
        self.programs = _programs()
        self.owner = _unprivileged()
        self.folder = folder / "postgresql"
        self.folder.mkdir(mode=0o755)
        if self.owner:
            os.chown(self.folder, self.owner["user"], self.owner["group"])
        self.data = self.folder / "data"
        self.port = 5432  # names the socket file; no TCP port is opened
        self.environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "PGUSER": "bench",
                            "PGHOST": str(self.folder), "PGPORT": str(self.port), "PGDATABASE": DATABASE}
        self._program("initdb", "--username=bench", "--auth=trust", "--encoding=UTF8", "--no-locale",
                      "-D", str(self.data))
        self.server = None
        self._start()
        try:
            self.sql(f"create database {DATABASE}", database="postgres")
            self._check_durable()
            self.sql((FILES / "schema.sql").read_text())
        except BaseException:
            self.close()
            raise
        self.version = self.sql("show server_version")

    def _program(self, name, *arguments, seconds=120):
        text, _ = processes.run([str(self.programs / name), *arguments], seconds, env=self.environment,
                                cwd=self.folder, **self.owner)
        return text

    def _start(self):
        command = [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(self.port),
                   "-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}",
                   "-c", "max_connections=400"]
        # SIGINT is PostgreSQL's fast shutdown.
        self.server = processes.Service(command, self.folder.parent / "postgresql.log", signal.SIGINT,
                                        env=self.environment, cwd=self.folder, **self.owner)
        self.server.wait_until(self._answers, "PostgreSQL", 60)

    def _answers(self):
        try:
            self._program("pg_isready", "--quiet", "--dbname=postgres")
            return True
        except CannotMeasure:
            return False

    def sql(self, statement, database=DATABASE):
        return self._program("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
                             "--set=ON_ERROR_STOP=1", f"--dbname={database}", f"--command={statement}").strip()

    def _check_durable(self):
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            value = self.sql(f"show {setting}")
            if value != "on":
                raise CannotMeasure(f"PostgreSQL runs with {setting} = {value}: the peer would not be durable")

    def log_syncs(self):
        """Times the write-ahead log was forced to disk since the start: proof that commits are synced.
        A session reports its share when it ends, so ask after the load."""
        return int(self.sql("select wal_sync from pg_stat_wal"))

    def insert_rows(self, clients, seconds):
        """pgbench for `seconds`, checked against the number of rows that are really there."""
        before = int(self.sql("select count(*) from renames"))
        text = self._program("pgbench", "--no-vacuum", f"--client={clients}", f"--jobs={min(2, clients)}",
                             "--protocol=prepared", f"--time={seconds}", f"--file={FILES / 'insert.sql'}",
                             seconds=seconds + 60)
        totals = parse.pgbench(text)
        added = int(self.sql("select count(*) from renames")) - before
        if added != totals["transactions"]:
            raise CannotMeasure(f"pgbench counted {totals['transactions']} inserts, the table grew by {added}")
        return totals

    def crash_and_start(self):
        """Ends every process at once without a checkpoint, as kill -9 would, and lets it recover."""
        self.server.stop(signal.SIGQUIT)
        self._start()

    def close(self):
        """Without the checkpoint of an orderly shutdown: the data is removed next."""
        if self.server:
            self.server.stop(signal.SIGQUIT)
