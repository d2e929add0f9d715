#!/usr/bin/env python3
"""A real Apache Kafka on loopback, for trying out and for tests: one or three brokers (KRaft, combined mode) on free ports, data in a
temporary folder that goes with them. With --secure, each broker also listens with TLS and SASL PLAIN.

  kafka.py up [--brokers N] [--secure] [--state FILE]
                                              start in the background; prints the bootstrap servers
  kafka.py down [--state FILE]                end what `up` started
  kafka.py status [--state FILE]              what runs, and where
  kafka.py run [--brokers N] [--secure]       start, say where in one line of JSON, then obey lines on stdin until it ends: `kill N`,
                                              `pause N`, `resume N`, `start N`, each answered with `ok` or a line that says what went wrong
  kafka.py install                            only fetch the artifacts
"""
import argparse
import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree

FOLDER = pathlib.Path(__file__).resolve().parent
START_SECONDS = 120
STOP_SECONDS = 10
HEAP = "256m"
USER = "tenure"
PR_SET_PDEATHSIG = 1


class Failure(Exception):
    pass


def say(text):
    print(text, file=sys.stderr, flush=True)


def version():
    root = xml.etree.ElementTree.parse(FOLDER / "pom.xml").getroot()
    return root.find("{http://maven.apache.org/POM/4.0.0}version").text


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "tenure" / f"kafka-{version()}"


def install():
    """The folder of the jars; fetched once, whoever asks first."""
    jars = cache()
    jars.parent.mkdir(parents=True, exist_ok=True)
    with open(jars.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if jars.is_dir():
            return jars
        say(f"fetching Apache Kafka {version()}")
        beside = pathlib.Path(tempfile.mkdtemp(prefix="kafka-", dir=jars.parent))
        command = ["mvn", "-q", "-B", "-f", str(FOLDER / "pom.xml"), "dependency:copy-dependencies",
                   f"-DoutputDirectory={beside}", "-Dmdep.useBaseVersion=true"]
        maven = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               check=False)
        if maven.returncode != 0:
            shutil.rmtree(beside, ignore_errors=True)
            raise Failure(f"Maven could not fetch Kafka: {maven.stdout.strip()}")
        beside.rename(jars)
        return jars


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def brokers_known(port):
    """How many brokers the one at `port` knows of (a Metadata request, version 1); 0 when it does not answer."""
    request = struct.pack(">hhih", 3, 1, 1, -1) + struct.pack(">i", 0)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = b""
            while len(answer) < 12:
                part = connection.recv(4096)
                if not part:
                    return 0
                answer += part
            return struct.unpack(">i", answer[8:12])[0]
    except OSError:
        return 0


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Cluster:
    def __init__(self, brokers, secure):
        self.count, self.secure = brokers, secure
        self.classpath = f"{install()}/*"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tenure-kafka-"))
        ports = free_ports(3 * brokers)
        self.ports, self.controllers, self.secure_ports = ports[:brokers], ports[brokers:2 * brokers], ports[2 * brokers:]
        self.password = secrets.token_hex(16)
        self.processes = {}
        self.numbers = range(1, brokers + 1)

    def bootstrap(self):
        return ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def described(self):
        about = {"bootstrap": self.bootstrap(), "folder": str(self.folder)}
        if self.secure:
            about["secure"] = {"bootstrap": ",".join(f"127.0.0.1:{port}" for port in self.secure_ports), "user": USER,
                               "password_file": str(self.folder / "password"), "ca": str(self.folder / "ca.pem")}
        return about

    def java(self, name, *arguments, log):
        command = ["java", f"-Xmx{HEAP}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
                   "-Dorg.slf4j.simpleLogger.showDateTime=true", "-cp", self.classpath, name, *map(str, arguments)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=end_with_parent)

    def config(self, number):
        return self.folder / f"broker-{number}.properties"

    def write_config(self, number):
        voters = ",".join(f"{each}@127.0.0.1:{self.controllers[each - 1]}" for each in self.numbers)
        broker = f"127.0.0.1:{self.ports[number - 1]}"
        replicas = min(3, self.count)
        lines = {
            "process.roles": "broker,controller",
            "node.id": number,
            "controller.quorum.voters": voters,
            "listeners": f"PLAINTEXT://{broker},CONTROLLER://127.0.0.1:{self.controllers[number - 1]}",
            "advertised.listeners": f"PLAINTEXT://{broker}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.folder / f"data-{number}",
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": replicas,
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": min(2, replicas),
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "num.network.threads": 2,
            "num.io.threads": 4,
        }
        if self.secure:
            secured = f",SASL_SSL://127.0.0.1:{self.secure_ports[number - 1]}"
            lines["listeners"] += secured
            lines["advertised.listeners"] += secured
            lines |= {
                "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL",
                "inter.broker.listener.name": "PLAINTEXT",
                "sasl.enabled.mechanisms": "PLAIN",
                "listener.name.sasl_ssl.plain.sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required "
                                                                 f'user_{USER}="{self.password}";',
                "ssl.keystore.type": "PKCS12",
                "ssl.keystore.location": self.keystore(),
                "ssl.keystore.password": self.password,
            }
        self.config(number).write_text("".join(f"{key}={value}\n" for key, value in lines.items()), encoding="utf-8")

    def keystore(self):
        return self.folder / "broker.p12"

    def make_credentials(self):
        """A password, and a certificate that its own key signed."""
        file = os.open(self.folder / "password", os.O_CREAT | os.O_WRONLY, 0o600)
        with open(file, "w", encoding="utf-8") as password:
            password.write(self.password)
        store = ["-alias", "broker", "-keystore", self.keystore(), "-storetype", "PKCS12", "-storepass:file", self.folder / "password"]
        for arguments in (["-genkeypair", *store, "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "30", "-dname",
                           "CN=tenure-kafka", "-ext", "SAN=ip:127.0.0.1"],
                          ["-exportcert", "-rfc", *store, "-file", self.folder / "ca.pem"]):
            done = subprocess.run(["keytool", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise Failure(f"keytool: {done.stdout}{done.stderr}")

    def format_all(self):
        with open(self.folder / "format.log", "wb") as log:
            running = []
            for number in self.numbers:
                self.write_config(number)
                running.append(self.java("kafka.tools.StorageTool", "format", "-t", "dGVudXJlLWthZmthLXRlcw", "-c",
                                         self.config(number), log=log))
            if any([process.wait(START_SECONDS) for process in running]):
                raise Failure((self.folder / "format.log").read_text(encoding="utf-8"))

    def start(self, number):
        with open(self.folder / f"broker-{number}.log", "ab") as log:
            self.processes[number] = self.java("kafka.Kafka", self.config(number), log=log)

    def wait(self, numbers, known):
        end = time.monotonic() + START_SECONDS
        for number in numbers:
            while brokers_known(self.ports[number - 1]) < known:
                if self.processes[number].poll() is not None or time.monotonic() > end:
                    raise Failure((self.folder / f"broker-{number}.log").read_text(encoding="utf-8")[-4000:])
                time.sleep(0.05)

    def start_all(self):
        if self.secure:
            self.make_credentials()
        self.format_all()
        for number in self.numbers:
            self.start(number)
        self.wait(self.numbers, self.count)

    def stop(self):
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        for process in self.processes.values():
            process.wait(STOP_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)

    def obey(self, line):
        verb, number = line.split()
        number = int(number)
        process = self.processes[number]
        if verb == "kill":
            process.kill()
            process.wait(STOP_SECONDS)
        elif verb == "pause":
            process.send_signal(signal.SIGSTOP)
        elif verb == "resume":
            process.send_signal(signal.SIGCONT)
        elif verb == "start":
            self.start(number)
            self.wait([number], 1)
        else:
            raise Failure(f"no verb is called {verb}")


def run(cluster, announce):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        cluster.start_all()
        announce(cluster)
    finally:
        cluster.stop()


def obey_stdin(cluster):
    print(json.dumps(cluster.described()), flush=True)
    for line in sys.stdin:
        try:
            cluster.obey(line)
            print("ok", flush=True)
        except (Failure, KeyError, ValueError, OSError) as error:
            print(repr(error), flush=True)


def default_state():
    return pathlib.Path(tempfile.gettempdir()) / f"tenure-kafka-{os.getuid()}.json"


def running(state):
    """What `up` wrote, if that still runs."""
    try:
        known = json.loads(state.read_text(encoding="utf-8"))
        command = pathlib.Path(f"/proc/{known['pid']}/cmdline").read_bytes()
    except (OSError, ValueError, KeyError):
        return None
    alive = b"kafka.py" in command and brokers_known(int(known["bootstrap"].split(":")[-1])) > 0
    return known if alive else None


def up(brokers, secure, state):
    known = running(state)
    if known and secure and "secure" not in known:
        raise Failure(f"the broker at {known['bootstrap']} has no TLS; end it with `down` first")
    if known:
        print_address(known)
        return
    state.parent.mkdir(parents=True, exist_ok=True)
    install()
    begun = time.monotonic()
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        os.close(read)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1):
            os.dup2(null, descriptor)

        def announce(cluster):
            state.write_text(json.dumps({"pid": os.getpid(), **cluster.described()}), encoding="utf-8")
            os.write(write, b"up")
            os.close(write)
            os.dup2(null, 2)
            threading.Event().wait()

        try:
            run(Cluster(brokers, secure), announce)
        except Failure as failure:
            say(str(failure))
        finally:
            state.unlink(missing_ok=True)
        os._exit(1)
    os.close(write)
    if os.read(read, 2) != b"up":
        raise Failure("Kafka did not start")
    known = json.loads(state.read_text(encoding="utf-8"))
    say(f"{brokers} broker{'s' if brokers > 1 else ''} of Apache Kafka {version()} after {time.monotonic() - begun:.1f} s; data in {known['folder']}")
    print_address(known)


def print_address(known):
    print(known["bootstrap"])
    if "secure" in known:
        print("with TLS and SASL: --kafka-brokers {bootstrap} --kafka-config security.protocol=SASL_SSL --kafka-config ssl.ca.location={ca} "
              "--kafka-config sasl.mechanisms=PLAIN --kafka-config sasl.username={user} --kafka-config sasl.password=@{password_file}"
              .format(**known["secure"]))


def down(state):
    known = running(state)
    if not known:
        say("no Kafka runs")
        return
    os.kill(known["pid"], signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while state.exists() and time.monotonic() < end:
        time.sleep(0.02)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["up", "down", "status", "run", "install"])
    parser.add_argument("--brokers", type=int, choices=[1, 3], default=1)
    parser.add_argument("--secure", action="store_true", help="also listen with TLS and SASL PLAIN")
    parser.add_argument("--state", type=pathlib.Path, default=default_state(), help="where `up` writes what it started")
    arguments = parser.parse_args()
    if arguments.command == "up":
        up(arguments.brokers, arguments.secure, arguments.state)
    elif arguments.command == "down":
        down(arguments.state)
    elif arguments.command == "status":
        known = running(arguments.state)
        print(f"running at {known['bootstrap']}, data in {known['folder']}" if known else "no Kafka runs")
    elif arguments.command == "install":
        install()
    else:
        run(Cluster(arguments.brokers, arguments.secure), obey_stdin)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        say(f"kafka.py: {failure}")
        sys.exit(1)
