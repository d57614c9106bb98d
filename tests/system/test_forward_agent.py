"""Agents that forward, without any Yagura server: each alone, configured while they run, killed and started again."""
import collections
import json
import pathlib
import re
import signal
import subprocess
import time

import pytest

from forward_peers import Authority, Rsyslog, yagura
from harness import PROGRAM

LINES = 2000


class Agent:
    def __init__(self, folder: pathlib.Path, host):
        folder.mkdir(parents=True)
        self.folder, self.host, self.data, self.source = folder, host, folder / "data", folder / "app.log"
        self.source.write_text("")
        self.config = folder / "agent.yaml"
        self.config.write_text(f"data: {self.data}\nhost: {host}\nspool: {{min_free: 16MiB}}\nsources:\n  - {{kind: file, paths: [{self.source}]}}\n")
        self.process = None

    def start(self):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen([PROGRAM, "agent", "run", "--config", self.config], stdout=self.log, stderr=self.log)
        until = time.time() + 20
        while time.time() < until and not (self.data / "forwarder-status.json").exists():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait(20)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def write(self, begin, end):
        with open(self.source, "a") as out:
            for i in range(begin, end):
                out.write(f"<13>Nov 22 08:00:00 {self.host} app: n={i:05d} end\n")

    def local(self):
        return json.loads(yagura("Get-AzSSyslogForwarder", "-Local", "-Json", "-DataFolder", self.data).stdout)["hosts"][0]


@pytest.fixture
def three(tmp_path):
    agents = [Agent(tmp_path / f"agent{i}", f"node{i}") for i in (1, 2, 3)]
    yield agents
    for agent in agents:
        agent.stop()


def by_host(lines):
    found = collections.defaultdict(collections.Counter)
    for line in lines:
        if match := re.search(r"(node\d) app.*n=(\d{5}) end", line):
            found[match[1]][int(match[2])] += 1
    return found


def ledger(agent):
    return json.loads((agent.data / "ledger" / "syslog-forwarder.json").read_text())


def test_three_agents_each_alone(three, tmp_path):
    authority = Authority(tmp_path / "ca")
    receiver = Rsyslog(tmp_path / "receiver", "tls", authority)
    for agent in three:
        agent.start()
        agent.write(0, LINES // 2)
        assert agent.local()["status"]["state"] == "NotConfigured"
    plans = []
    with receiver:
        for agent in three:
            yagura("cert", "import", "--file", authority.root, "--data", agent.data, check=0)
            plans.append(yagura("Set-AzSSyslogForwarder", "-ServerName", "127.0.0.1", "-ServerPort", receiver.port, "-OutputSeverity", "Verbose", "-Subscription", "all",
                                "-Encoding", "rfc5424", "-DataFolder", agent.data, check=0).stdout.strip())
        for agent, plan in zip(three, plans):  # carried out while the agent runs
            assert json.loads(yagura("actionplan", "get", plan, "--wait", 20, "--json", "--data", agent.data, check=0).stdout)["state"] == "Succeeded"
        three[1].kill()
        for agent in three:
            agent.write(LINES // 2, LINES)
        until = time.time() + 30
        while time.time() < until and any(len(by_host(receiver.lines())[host]) < LINES for host in ("node1", "node3")):
            time.sleep(0.2)
        found = by_host(receiver.lines())
        assert {host: len(found[host]) for host in ("node1", "node3")} == {"node1": LINES, "node3": LINES}
        assert set(found["node1"].values()) == set(found["node3"].values()) == {1}
        three[1].start()
        until = time.time() + 30
        while time.time() < until and len(by_host(receiver.lines())["node2"]) < LINES:
            time.sleep(0.2)
        found = by_host(receiver.lines())
        assert len(found["node2"]) == LINES
        yagura("Set-AzSSyslogForwarder", "-Remove", "-DataFolder", three[0].data, check=0)
        until = time.time() + 20
        while time.time() < until and three[0].local()["status"]["state"] != "NotConfigured":
            time.sleep(0.2)
        assert three[0].local()["status"]["forwarder"] is None
        three[0].write(LINES, LINES + 50)
        time.sleep(1)
        assert len(by_host(receiver.lines())["node1"]) == LINES
        # What is young may have to be sent again: the ledger counts it a little later.
        until = time.time() + 20
        while time.time() < until and any(ledger(agent)["sent"] < LINES for agent in three[1:]):
            time.sleep(0.2)
    for agent in three[1:]:
        agent.stop()
        kept = ledger(agent)
        assert kept["balanced"] and kept["scanned"] == kept["sent"] == LINES and kept["lost"] == {}, kept
