"""SIEM agents against a running server: events arrive at somebody else's receiver once and in order, whatever is killed."""
import contextlib
import datetime
import json
import random
import re
import signal
import socket
import subprocess
import threading
import time

import pytest
from harness import Yagura, free_port


class Receiver:
    """A TCP server that keeps the lines it gets; stop() and start() as a SIEM that goes down."""

    def __init__(self):
        self.port = free_port()
        self.lines = []
        self.listener = None
        self.connections = []

    def start(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()
        return self

    def accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self.read, args=(connection,), daemon=True).start()

    def read(self, connection):
        rest = b""
        with contextlib.suppress(OSError):
            while piece := connection.recv(65536):
                *lines, rest = (rest + piece).split(b"\n")
                self.lines += [line.decode() for line in lines]

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which would take one more
        self.listener.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self.connections = []

    def wait(self, count, seconds=60):
        until = time.time() + seconds
        while time.time() < until and len(self.lines) < count:
            time.sleep(0.1)
        return self.lines


class Agent:
    def __init__(self, server, token, folder):
        self.server, self.folder = server, folder
        folder.mkdir(exist_ok=True)
        (folder / "token").write_text(token)
        self.process = None

    def start(self, *more):
        self.process = subprocess.Popen(
            [self.server.program, "siem-agent", "run", "--server", f"http://127.0.0.1:{self.server.http_port}", "--token-file", self.folder / "token",
             "--logsDirectory", self.folder / "logs", *more], stderr=open(self.folder / "err", "ab"))
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def send(server, first, count, host="gate"):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with socket.create_connection(("127.0.0.1", server.tcp_port)) as out:
        for number in range(first, first + count):
            out.sendall(f"<38>1 {now} {host} app 77 - - number={number}= of the test\n".encode())
    return now


def numbers(lines):
    return [int(m.group(1)) for line in lines if (m := re.search(r"number\\?=(\d+)\\?=", line))]


@pytest.fixture(scope="module")
def server():
    with Yagura() as running:
        yield running


def make(server, name, receiver, *more):
    made = server.command("siem-agent", "add", name, "--remote-host", "127.0.0.1", "--remote-port", receiver.port, "--table", "Syslog", "--json", *more,
                          "--data", server.data)
    return json.loads(made.stdout)


def show(server, name):
    return json.loads(server.command("siem-agent", "show", name, "--json", "--data", server.data).stdout)


def until_has(receiver, wanted, seconds=90):
    until = time.time() + seconds
    while time.time() < until and not set(numbers(receiver.lines)) >= set(wanted):
        time.sleep(0.1)
    assert set(numbers(receiver.lines)) >= set(wanted)


def wait_rows(server, host, count):
    for _ in range(200):
        if server.query(f"Syslog | where Computer == '{host}' | count")[0]["Count"] >= count:
            return
        time.sleep(0.1)
    raise AssertionError("the rows did not come")


def test_events_arrive_as_cef_in_order_and_once(server, tmp_path):
    receiver = Receiver().start()
    made = make(server, "first", receiver, "--activity-filter", "SyslogMessage has 'test' and Computer == 'gate1'")
    assert made["status"] == "Created" and made["token"].startswith("ysa_")
    agent = Agent(server, made["token"], tmp_path / "agent").start()
    try:
        send(server, 0, 300, "gate1")
        send(server, 1000, 50, "other")
        lines = receiver.wait(300)
        assert numbers(lines) == list(range(300))
        assert re.match(r"<\d+>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d gate1 CEF:0\|Yagura\|SIEM_Agent\|[^|]+\|ACTIVITY_Syslog\|Syslog\|\d+\|", lines[0]), lines[0]
        for part in ("externalId=", "rt=", "cat=Syslog", "dvchost=gate1"):
            assert part in lines[0]
        for _ in range(100):
            state = show(server, "first")
            if state["activities_sent"] == 300:
                break
            time.sleep(0.1)
        assert state["status"] == "Connected" and state["activities_sent"] == 300 and state["notifications"] == []
        log = next((tmp_path / "agent/logs").glob("siem-agent-*.log")).read_text()
        assert "Initializing agent..." in log and "Initialization complete" in log
        assert agent.stop() == 0
        # Each start opens a new trace log.
        agent.start()
        time.sleep(1.5)
        agent.stop()
        assert len(list((tmp_path / "agent/logs").glob("*.log"))) == 2
    finally:
        agent.kill()
        receiver.stop()


def test_a_receiver_that_is_down_loses_nothing(server, tmp_path):
    receiver = Receiver().start()
    made = make(server, "down", receiver, "--activity-filter", "Computer == 'gate2'")
    agent = Agent(server, made["token"], tmp_path / "agent").start()
    try:
        send(server, 0, 100, "gate2")
        receiver.wait(100)
        time.sleep(3)  # taken: the kernel's acknowledgement and the time to settle
        receiver.stop()
        send(server, 100, 400, "gate2")
        for _ in range(300):
            state = show(server, "down")
            if state["notifications"]:
                break
            time.sleep(0.1)
        title = state["notifications"][0]["title"]
        assert title in ("Data server connection error", "Data server send error"), state
        receiver.start()
        receiver.wait(500)
        assert sorted(set(numbers(receiver.lines))) == list(range(500))
        for _ in range(150):
            state = show(server, "down")
            if not state["notifications"] and state["activities_sent"] == 500:
                break
            time.sleep(0.1)
        assert state["activities_sent"] == 500 and state["notifications"] == []
        log = "".join(path.read_text() for path in (tmp_path / "agent/logs").glob("*.log"))
        assert "refused" in log.lower() and str(receiver.port) in log and "ECONNREFUSED" in log
    finally:
        agent.kill()
        receiver.stop()


def test_killed_agents_go_on_and_settings_change_without_restart(server, tmp_path):
    receiver, other = Receiver().start(), Receiver().start()
    made = make(server, "killed", receiver, "--activity-filter", "Computer == 'gate3'")
    agent = Agent(server, made["token"], tmp_path / "agent").start()
    try:
        for begin in range(0, 500, 100):
            send(server, begin, 100, "gate3")
            time.sleep(random.uniform(0.2, 3))
            agent.kill()
            agent.start()
        until_has(receiver, range(500))
        # A second process with the same token is told so, and the first goes on.
        second = Agent(server, made["token"], tmp_path / "second").start()
        time.sleep(3)
        second.kill()
        assert "another process" in (tmp_path / "second/err").read_text()
        server.command("siem-agent", "edit", "killed", "--remote-port", other.port, "--data", server.data)
        time.sleep(3)
        send(server, 500, 50, "gate3")
        until_has(other, range(500, 550))
    finally:
        agent.kill()
        receiver.stop()
        other.stop()


def test_recovery_sends_the_time_frame_and_ends(server, tmp_path):
    receiver = Receiver().start()
    original = make(server, "original", receiver, "--activity-filter", "Computer == 'gate4'")
    send(server, 0, 20, "gate4")
    wait_rows(server, "gate4", 20)
    rows = server.query("Syslog | where Computer == 'gate4' | summarize Begin = min(TimeGenerated), End = max(TimeGenerated)")[0]
    time.sleep(0.01)
    send(server, 100, 20, "gate4")
    wait_rows(server, "gate4", 40)
    made = json.loads(server.command("siem-agent", "recover", "original", "--from", rows["Begin"], "--to",
                                     (datetime.datetime.fromisoformat(rows["End"][:26]) + datetime.timedelta(milliseconds=1)).isoformat() + "Z", "--json", "--data",
                                     server.data).stdout)
    agent = Agent(server, made["token"], tmp_path / "agent").start()
    try:
        assert agent.process.wait(60) == 0  # by itself
        assert sorted(numbers(receiver.lines)) == list(range(20))
        assert all(f"YaguraRecoveryId={made['recovery']['id']}" in line for line in receiver.lines)
        state = show(server, made["name"])
        assert state["status"] == "Completed" and state["activities_sent"] == 20
        assert show(server, "original")["activities_sent"] == 0
        # What the original has handed over is left out when asked for.
        first = Agent(server, original["token"], tmp_path / "first").start()
        receiver.wait(60)
        for _ in range(100):
            if show(server, "original")["activities_sent"] == 40:
                break
            time.sleep(0.1)
        first.stop()
        again = json.loads(server.command("siem-agent", "recover", "original", "--from", "2020-01-01T00:00:00Z", "--to", "2030-01-01T00:00:00Z", "--deduplicate", "--name", "again",
                                          "--json", "--data", server.data).stdout)
        before = len(receiver.lines)
        second = Agent(server, again["token"], tmp_path / "second").start()
        for _ in range(100):
            state = show(server, "again")
            if state["duplicates"] == 40:
                break
            time.sleep(0.1)
        second.stop()
        assert state["duplicates"] == 40 and state["activities_sent"] == 0 and len(receiver.lines) == before
    finally:
        agent.kill()
        receiver.stop()


def test_errors_say_what_they_say_in_the_manual(server, tmp_path):
    (tmp_path / "token").write_text("ysa_wrong")
    base = ["siem-agent", "run", "--server", f"http://127.0.0.1:{server.http_port}", "--token-file", tmp_path / "token", "--logsDirectory", tmp_path / "logs"]
    wrong = subprocess.run([server.program, *base], capture_output=True, text=True, timeout=30)
    assert wrong.returncode == 3 and "Invalid token" in wrong.stderr and "regenerate-token" in wrong.stderr
    proxy = subprocess.run([server.program, *base, "--proxy", "not a proxy:x"], capture_output=True, text=True, timeout=30)
    assert proxy.returncode == 2 and "Invalid proxy address" in proxy.stderr
    explained = server.command("explain", "Invalid token", "--language", "ja").stdout
    assert "無効なトークン" in explained
    filtered = server.command("siem-agent", "add", "bad", "--remote-host", "127.0.0.1", "--remote-port", 1, "--activity-filter", "Nothing ===", "--data", server.data, check=False)
    assert filtered.returncode == 2 and "filter" in filtered.stderr
    assert "bad" not in server.command("siem-agent", "list", "--data", server.data).stdout


def test_support_bundle_holds_no_secret(server, tmp_path):
    path = tmp_path / "bundle.tar.gz"
    server.command("support", "bundle", "--data", server.data, "--config", server.folder / "yagura.yaml", "-o", path)
    listing = subprocess.run(["tar", "xzOf", path], capture_output=True, check=True).stdout
    assert b"yagura_" in listing and server.hec_token.encode() not in listing
    names = subprocess.run(["tar", "tzf", path], capture_output=True, text=True, check=True).stdout
    assert "yagura-support/health.json" in names and "yagura-support/metrics.txt" in names
