#!/usr/bin/env python3
"""Requests made up from the OpenAPI document, right ones and wrong ones, against a tenured of its own: no answer is a 5xx, each has the
shape that the document promises, what the document calls wrong is refused, and what it calls right is not refused as malformed.

  properties.py [--tenured PROGRAM] [--examples N] [--seed N]

Schemathesis makes them up; it is fetched once, in the versions of requirements.txt. The same seed makes the same requests.
"""
import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import venv

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parents[1]
STOP_SECONDS = 30
# They would end the session that the others need.
LEFT_OUT = ("endCurrentSession", "endSession")

# A position or a version that is not there yet is waited for, and then said to be so with 503: they keep a value that is.
CONFIG = """
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "415", "422", "423"]
[parameters]
"header.Tenure-Min-Position" = "0"
"header.If-Match" = "*"
"""


class Failure(Exception):
    pass


def say(text):
    print(text, file=sys.stderr, flush=True)


def install():
    """The program schemathesis; fetched once, whoever asks first."""
    wanted = FOLDER / "requirements.txt"
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    folder = pathlib.Path(base) / "tenure" / f"schemathesis-{hashlib.sha256(wanted.read_bytes()).hexdigest()[:12]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            say("fetching Schemathesis")
            venv.create(folder, clear=True, with_pip=True)
            fetched = subprocess.run([folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check", "-r", wanted],
                                     stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
            if fetched.returncode != 0:
                raise Failure("pip could not fetch Schemathesis; see above")
            (folder / "whole").touch()
    return folder / "bin" / "schemathesis"


@contextlib.contextmanager
def serving(program, folder):
    """The address of a tenured on new data, and its first user's token. It has to end well."""
    log = folder / "log"
    with open(log, "w", encoding="utf-8") as out:
        server = subprocess.Popen([program, "--data-dir", folder / "data", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                                  stderr=out, text=True)
    try:
        line = server.stdout.readline()
        if not line.startswith("listening on "):
            raise Failure(f"tenured does not serve: {log.read_text()[-2000:]}")
        yield line.removeprefix("listening on ").strip(), (folder / "data" / "bootstrap-token").read_text().strip()
        server.terminate()
        try:
            code = server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as late:
            raise Failure(f"tenured does not end within {STOP_SECONDS} s: {log.read_text()[-2000:]}") from late
        if code != 0:
            raise Failure(f"tenured ended with {code}: {log.read_text()[-2000:]}")
    finally:
        server.kill()
        server.wait()


def make(url, token, path, body, headers=None):
    """A new resource, as it is answered."""
    request = urllib.request.Request(url + path, json.dumps(body).encode(), {
        "Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def check(schemathesis, folder, url, token, pinned, options):
    """One run over all routes; `pinned` are parameters that keep their value, so that what is behind them is reached."""
    config = folder / "schemathesis.toml"
    config.write_text(CONFIG + "".join(f'"{name}" = "{value}"\n' for name, value in pinned.items()))
    command = [schemathesis, "--config-file", config, "--no-color", "run", url + "/v1/openapi.json", "--header",
               f"Authorization: Bearer {token}", "--checks", "all", "--exclude-checks", "positive_data_acceptance", "--seed",
               str(options.seed), "--max-examples", str(options.examples), "--warnings", "off", "--continue-on-failure"]
    for operation in LEFT_OUT:
        command += ["--exclude-operation-id", operation]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "checks", "PYTHONPATH": str(FOLDER), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout if done.returncode else done.stdout[done.stdout.find("= SUMMARY ="):], flush=True)
    return done.returncode == 0


def run(options):
    schemathesis = install()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tenure-openapi-"))
    try:
        with serving(options.tenured, folder) as (url, session):
            workspace = make(url, session, "/v1/workspaces", {"name": "Acme"})["id"]
            token = make(url, session, "/v1/api_tokens", {"name": "robot"}, {"Akua-Context": workspace})["token"]
            passed = [
                check(schemathesis, folder, url, session, {}, options),
                check(schemathesis, folder, url, session, {"path.workspace": workspace, "header.Akua-Context": workspace}, options),
                check(schemathesis, folder, url, token, {"path.workspace": workspace}, options),
            ]
        return all(passed)
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tenured", type=pathlib.Path, default=ROOT / "build/release/bin/tenured", help="the server's program")
    parser.add_argument("--examples", type=int, default=20, help="requests a route and phase, at most (20)")
    parser.add_argument("--seed", type=int, default=1)
    try:
        return 0 if run(parser.parse_args()) else 1
    except (Failure, OSError) as failure:
        say(f"properties: {failure}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
