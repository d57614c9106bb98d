"""A running Yagura for the system tests: starts the built program on a folder of its own, asks it, stops or kills it."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = pathlib.Path(os.environ.get("YAGURA_PROGRAM", ROOT / "build/release/yagura"))
CACHE = pathlib.Path(os.environ.get("YAGURA_CACHE", ROOT / ".cache"))


def free_port(kind=socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Yagura:
    """One server. Folder layout: <folder>/data, <folder>/keys, <folder>/yagura.yaml, <folder>/log."""

    def __init__(self, folder=None, settings="", program=None):
        self.own_folder = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="yagura-system-"))
        self.data = self.folder / "data"
        self.keys = self.folder / "keys"
        self.program = pathlib.Path(program or PROGRAM)
        self.http_port, self.https_port = free_port(), free_port()
        self.tcp_port, self.tls_port, self.hec_port = free_port(), free_port(), free_port()
        self.udp_port = free_port(socket.SOCK_DGRAM)
        self.hec_token = "11111111-2222-3333-4444-555555555555"
        self.ack_token = "99999999-2222-3333-4444-555555555555"
        self.extra_settings = settings
        self.process = None
        self.token = None

    def write_settings(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "yagura.yaml").write_text(f"""
data: {self.data}
keys: {self.keys}
content: {ROOT / 'content'}
log: {{level: info, format: json}}
journal: {{min_free: 16MiB}}
api: {{http: "127.0.0.1:{self.http_port}", https: "127.0.0.1:{self.https_port}"}}
sources:
  - {{name: udp, kind: syslog, transport: udp, listen: "127.0.0.1:{self.udp_port}"}}
  - {{name: tcp, kind: syslog, transport: tcp, listen: "127.0.0.1:{self.tcp_port}"}}
  - {{name: tls, kind: syslog, transport: tls, listen: "127.0.0.1:{self.tls_port}"}}
  - {{name: hec, kind: hec, listen: "127.0.0.1:{self.hec_port}", tls: {{enabled: false}},
     tokens: [{{name: tests, token: "{self.hec_token}"}}, {{name: acks, token: "{self.ack_token}", acks: true}}]}}
{self.extra_settings}
""")

    def start(self, wait=True):
        self.write_settings()
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen([self.program, "serve", "--config", self.folder / "yagura.yaml"],
                                        stdout=self.log, stderr=self.log, start_new_session=True)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=60):
        until = time.time() + seconds
        while time.time() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"yagura ended with {self.process.returncode}:\n{self.log_text()[-4000:]}")
            with contextlib.suppress(OSError, urllib.error.URLError):
                if urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/ready", timeout=2).status == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"not ready within {seconds} s:\n{self.log_text()[-4000:]}")

    def log_text(self):
        return (self.folder / "log").read_text(errors="replace")

    def stop(self, seconds=60):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(seconds)
        return self.process.returncode if self.process else None

    def kill(self):
        """kill -9 of the server and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        if self.own_folder:
            if os.environ.get("YAGURA_KEEP"):
                print(f"kept: {self.folder}")
            else:
                shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    # Asking

    def command(self, *words, check=True, text=True, timeout=120):
        result = subprocess.run([self.program, *map(str, words)], capture_output=True, text=text, timeout=timeout)
        if check and result.returncode not in (0, 1):
            raise RuntimeError(f"{words}: exit code {result.returncode}\n{result.stderr}")
        return result

    def api_token(self, role="Admin"):
        if self.token is None:
            self.token = self.command("admin", "tokens", "add", f"test-{time.time_ns()}", "--role", role, "--data", self.data).stdout.strip()
        return self.token

    def request(self, method, path, body=None, headers=None, token=True, timeout=120):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {self.api_token()}"
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}", data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def query(self, text):
        """Rows of the first table, as dictionaries."""
        status, body = self.request("POST", "/v1/workspaces/default/query", {"query": text})
        answer = json.loads(body)
        if status != 200:
            raise RuntimeError(f"{text}: {status} {json.dumps(answer)}")
        table = answer["tables"][0]
        names = [column["name"] for column in table["columns"]]
        return [dict(zip(names, row)) for row in table["rows"]]

    def count(self, text):
        return self.query(text + " | count")[0]["Count"]

    def wait_count(self, text, wanted, seconds=60):
        """The count once it has reached `wanted` and stayed there, or what it is in the end."""
        until = time.time() + seconds
        count = -1
        while time.time() < until:
            count = self.count(text)
            if count >= wanted:
                break
            time.sleep(0.1)
        return count

    # Sending

    def send_tcp(self, data: bytes, port=None):
        with socket.create_connection(("127.0.0.1", port or self.tcp_port), timeout=30) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass

    def hec(self, events, path="/services/collector/event", headers=None, timeout=60, token=None):
        body = events if isinstance(events, bytes) else "".join(json.dumps(event) for event in events).encode()
        headers = {"Authorization": f"Splunk {token or self.hec_token}", **(headers or {})}
        request = urllib.request.Request(f"http://127.0.0.1:{self.hec_port}{path}", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")


def untrusting_tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
