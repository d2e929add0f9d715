"""nginx with a static file of exactly the size of our answer, and with a fixed answer for the generator's own limit."""

import http.client
import os
import pathlib
import subprocess

from . import processes
from .failure import CannotMeasure

# Set up to be fast: no access log, no limit of requests a connection, open files and their sizes cached.
CONFIGURATION = """
daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
{user}
events {{ worker_connections 4096; }}
http {{
  access_log off;
  default_type application/json;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  sendfile on;
  tcp_nodelay on;
  open_file_cache max=100 inactive=1h;
  open_file_cache_valid 1h;
  client_body_temp_path {folder}/client_body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{files} backlog=4096; root {folder}/root; }}
  server {{ listen 127.0.0.1:{fixed} backlog=4096; location / {{ return 200 '{answer}'; }} }}
}}
"""


class Server:
    """`files` serves `body` at `path`; `fixed` answers every request, whatever its method, with as many bytes."""

    def __init__(self, folder, path, body):
        program = processes.need(["nginx", "/usr/sbin/nginx"], "nginx")
        self.version = subprocess.run([program, "-v"], capture_output=True, text=True).stderr.strip().rpartition("/")[2]
        self.folder = folder / "nginx"
        self.path, self.body = path, body
        file = self.folder / "root" / path.lstrip("/")
        file.parent.mkdir(parents=True)
        file.write_bytes(body)
        for entry in [self.folder, *self.folder.rglob("*")]:
            entry.chmod(0o755 if entry.is_dir() else 0o644)
        files, fixed = processes.free_port(), processes.free_port()
        self.files, self.fixed = f"http://127.0.0.1:{files}", f"http://127.0.0.1:{fixed}"
        configuration = self.folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(
            folder=self.folder, files=files, fixed=fixed, answer="x" * len(body),
            user="user nobody nogroup;" if os.geteuid() == 0 and pathlib.Path("/etc/debian_version").exists() else ""))
        self.service = processes.Service([program, "-c", str(configuration)], folder / "nginx.log")
        try:
            self.service.wait_until(lambda: self._answer(files, path) == body, "nginx", 10)
            if len(self._answer(fixed, path) or b"") != len(body):
                raise CannotMeasure("nginx's fixed answer has the wrong size")
        except BaseException:
            self.close()
            raise

    def _answer(self, port, path):
        """The body of a 200, None before nginx listens."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.read() if answer.status == 200 else None
        except ConnectionRefusedError:
            return None
        finally:
            connection.close()

    def close(self):
        self.service.stop()
