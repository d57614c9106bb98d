"""Three hosts whose forwarders are one: changed from any, a host away, a copy edited by hand, a crash, and who may join."""
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import pytest

from forward_peers import yagura
from harness import PROGRAM, free_port


class Receiver:
    """A plain TCP syslog receiver that counts its connections."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.open, self.seen, self.text, self.lock = 0, 0, b"", threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.read, args=(connection,), daemon=True).start()

    def read(self, connection):
        with self.lock:
            self.open += 1
            self.seen += 1
        try:
            while data := connection.recv(65536):
                with self.lock:
                    self.text += data
        except OSError:
            pass
        with self.lock:
            self.open -= 1


class Host:
    def __init__(self, folder: pathlib.Path, number):
        folder.mkdir(parents=True)
        self.name, self.folder, self.data, self.source = f"node{number}", folder, folder / "data", folder / "app.log"
        self.address = f"127.0.0.{number}:{free_port()}"
        self.source.write_text("")
        (folder / "agent.yaml").write_text(f"data: {self.data}\nhost: {self.name}\nspool: {{min_free: 16MiB}}\nsources:\n  - {{kind: file, paths: [{self.source}]}}\n")

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "agent", "run", "--config", self.folder / "agent.yaml"], stdout=log, stderr=log)
        wait(lambda: (self.data / "forwarder-status.json").exists() and (not (self.data / "cluster").exists() or self.listens()), self)
        return self

    def listens(self):
        ip, port = self.address.split(":")
        with socket.socket() as probe:
            return probe.connect_ex((ip, int(port))) == 0

    def kill(self):
        self.process.kill()
        self.process.wait(20)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def run(self, *words, check=0, **more):
        return yagura(*words, "--data", self.data, check=check, **more)

    def set(self, port, *more):
        return self.run("forwarder", "set", "--server-name", "127.0.0.1", "--server-port", port, "--no-encryption", "--subscription", "all", "--output-severity", "Verbose", *more).stdout.strip()

    def get(self, *words, check=None):
        return json.loads(self.run("forwarder", "get", "--json", *words, check=check).stdout)

    def plan(self, plan, *more):
        return json.loads(self.run("actionplan", "get", plan, "--json", *more, check=None).stdout)

    def audit(self):
        return [json.loads(line) for line in (self.data / "audit.jsonl").read_text().splitlines()]


def wait(condition, what=None, seconds=25):
    until = time.time() + seconds
    while not condition():
        assert time.time() < until, what and getattr(what, "folder", None) and (what.folder / "log").read_text()[-3000:]
        time.sleep(0.2)


def states(plan):
    return {host["host"]: host["state"] for host in plan["hosts"]}


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    hosts = [Host(folder / f"host{i}", i).start() for i in (1, 2, 3)]
    token = folder / "token"
    hosts[0].run("forwarder", "cluster", "init", "--listen", hosts[0].address, "--name", "node1", "--token-file", token)
    assert oct(token.stat().st_mode)[-3:] == "600"
    wait(hosts[0].listens, hosts[0])
    for host in hosts[1:]:
        host.run("forwarder", "cluster", "join", "--peer", hosts[0].address, "--token-file", token, "--listen", host.address, "--name", host.name)
        wait(host.listens, host)
    yield hosts
    for host in hosts:
        host.stop()


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.socket.close()


def test_a_change_of_one_host_is_on_all(hosts, receiver):
    wait(lambda: all([one["state"] for one in json.loads(host.run("forwarder", "cluster", "list", "--json", check=None).stdout)["hosts"]].count("there") == 2 for host in hosts))
    plan = hosts[0].set(receiver.port)
    assert states(hosts[2].plan(plan, "--wait", 20)) == {"node1": "Succeeded", "node2": "Succeeded", "node3": "Succeeded"}
    ended = hosts[1].plan(plan)
    assert ended["state"] == "Succeeded" and all(step["startedAt"] and step["endedAt"] for host in ended["hosts"] for step in host["steps"])
    wait(lambda: receiver.open == 3)
    for host in hosts:
        with open(host.source, "a") as out:
            out.write(f"<13>Nov 22 08:00:00 {host.name} app: hello of {host.name} end\n")
    wait(lambda: all(f"hello of {host.name} end".encode() in receiver.text for host in hosts))
    views = [host.get("--cluster", check=0) for host in hosts]
    assert views[0] == views[1] == views[2] and views[0]["settings"]["serverPort"] == receiver.port and views[0]["changedBy"].endswith(" at node1"), views[0]
    per_node = hosts[2].get("--per-node", check=0)
    assert [host["host"] for host in per_node["hosts"]] == ["node1", "node2", "node3"]
    assert {host["digest"] for host in per_node["hosts"]} == {per_node["digest"]} and not any(host["drifted"] for host in per_node["hosts"])
    assert [host["host"] for host in hosts[1].get("--local", check=0)["hosts"]] == ["node2"]
    # The one that took it, and those that applied it.
    assert any("done, action plan " + plan in entry["outcome"] for entry in hosts[0].audit())
    for host in hosts[1:]:
        assert any(entry["outcome"].startswith("applied") and entry["user"].endswith(" at node1") for entry in host.audit())


def test_a_host_that_was_away_converges_and_the_plan_survives_crashes(hosts, receiver):
    hosts[1].kill()
    plan = hosts[0].run("forwarder", "disable").stdout.strip()
    found = hosts[0].plan(plan, "--wait", 15)
    wait(lambda: states(hosts[0].plan(plan)) == {"node1": "Succeeded", "node2": "Pending", "node3": "Succeeded"})
    found = hosts[0].plan(plan)
    assert found["state"] == "Running" and "not reached" in next(host for host in found["hosts"] if host["host"] == "node2")["steps"][0]["message"]
    away = next(host for host in hosts[2].get("--per-node", check=1)["hosts"] if host["host"] == "node2")
    assert not away["reached"] and away["agent"].startswith("not reached")
    hosts[0].kill()  # the one that keeps the plan
    hosts[2].run("forwarder", "enable", check=0)  # a later change, from a host that is there
    hosts[0].start()
    hosts[1].start()
    wait(lambda: hosts[1].get("--cluster")["generation"] == hosts[2].get("--cluster")["generation"] == hosts[0].get("--cluster")["generation"] and hosts[1].get("--cluster")["state"] == "Enabled")
    wait(lambda: all(set(states(hosts[i].plan(plan)).values()) == {"Succeeded"} for i in (0, 1, 2)), seconds=35)
    wait(lambda: receiver.open == 3, seconds=35)
    assert not any(host["drifted"] for host in hosts[0].get("--per-node", check=0)["hosts"])


def test_drift_is_seen_from_everywhere_and_mended_by_force_only(hosts):
    copy = hosts[1].data / "forwarder.json"
    copy.write_text(copy.read_text().replace('"127.0.0.1"', '"192.0.2.66"'))
    node2 = lambda check: next(host for host in hosts[2].get("--per-node", check=check)["hosts"] if host["host"] == "node2")
    drifted = node2(1)
    assert drifted["drifted"] and "by hand" in drifted["drift"] and drifted["configuration"]["settings"]["serverName"] == "192.0.2.66"
    assert hosts[0].run("forwarder", "enable").stdout.strip() == ""
    time.sleep(4)  # the hosts have talked since
    assert node2(1)["drifted"]
    plan = hosts[0].run("forwarder", "enable", "--force").stdout.strip()
    assert hosts[2].plan(plan, "--wait", 20)["state"] == "Succeeded"
    assert not node2(0)["drifted"] and "192.0.2.66" not in copy.read_text()


def test_removed_from_one_stops_all(hosts, receiver):
    wait(lambda: receiver.open == 3, seconds=35)
    plan = hosts[2].run("forwarder", "remove").stdout.strip()
    assert hosts[0].plan(plan, "--wait", 20)["state"] == "Succeeded"
    wait(lambda: receiver.open == 0)
    for host in hosts:
        assert host.get("--cluster", check=0)["state"] == "NotConfigured"
        assert "Set-AzSSyslogForwarder" in host.run("forwarder", "enable", "--force", check=2).stderr


def test_strangers_and_hosts_that_were_removed(hosts, receiver, tmp_path):
    ip, port = hosts[0].address.split(":")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    import http.client
    for path in ("state", "plan"):
        line = http.client.HTTPSConnection(ip, int(port), context=context, timeout=10)
        line.request("POST", f"/cluster/v1/{path}", body="{}")
        assert line.getresponse().status == 401
    stranger = Host(tmp_path / "stranger", 4)
    token = tmp_path / "token"
    hosts[0].run("forwarder", "cluster", "token", "--token-file", token)
    good = token.read_text().strip()
    token.write_text("yht_" + "A" * 32 + good[good.index("."):])
    assert "token" in stranger.run("forwarder", "cluster", "join", "--peer", hosts[0].address, "--token-file", token, "--listen", stranger.address, check=3).stderr
    token.write_text(good[:good.index(".")] + "." + "0" * 64)
    assert "fingerprint" in stranger.run("forwarder", "cluster", "join", "--peer", hosts[0].address, "--token-file", token, "--listen", stranger.address, check=3).stderr
    assert not (stranger.data / "cluster").exists()
    hosts[0].run("forwarder", "cluster", "leave", check=2)  # it holds the authority

    hosts[0].run("forwarder", "cluster", "remove", "node3")
    assert "removed" in (refused := hosts[2].run("forwarder", "set", "--server-name", "127.0.0.1", "--server-port", receiver.port, "--no-encryption", check=3).stderr) or "belong" in refused
    plan = hosts[1].set(receiver.port)
    assert states(hosts[0].plan(plan, "--wait", 20)) == {"node1": "Succeeded", "node2": "Succeeded"}
    assert hosts[2].get("--cluster")["state"] == "NotConfigured"
    hosts[2].run("forwarder", "cluster", "leave")
    wait(lambda: not hosts[2].listens())
    hosts[1].run("forwarder", "cluster", "leave")
    wait(lambda: len(json.loads(hosts[0].run("forwarder", "cluster", "list", "--json").stdout)["hosts"]) == 1)
    hosts[0].run("forwarder", "cluster", "leave")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to act for somebody else")
def test_what_root_changes_belongs_to_the_agent():
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir()
        os.chown(data, 65534, 65534)
        yagura("forwarder", "cluster", "init", "--listen", "127.0.0.1:6444", "--name", "node1", "--token-file", folder / "token", "--data", data, check=0)
        yagura("forwarder", "set", "--server-name", "127.0.0.1", "--server-port", 514, "--no-encryption", "--data", data, check=0)
        files = list(data.rglob("*"))
        assert len(files) > 12 and {file.stat().st_uid for file in files} == {65534}
        assert (data / "cluster/identity.pem").stat().st_mode & 0o777 == 0o600 and (folder / "token").stat().st_uid == 0
        assert {json.loads(line)["user"] for line in (data / "audit.jsonl").read_text().splitlines()} == {"root"}
    finally:
        shutil.rmtree(folder)
