"""yagura agent against a server: joining, sources, exactly once across kill -9 and a broken network, certificates, bounds."""
import json
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from evtx_maker import GrowingLog
from harness import PROGRAM, Yagura, free_port

# 20 each take three minutes; the nightly run asks for them.
AGENT_KILLS = int(os.environ.get("YAGURA_AGENT_KILLS", "8"))
SERVER_KILLS = int(os.environ.get("YAGURA_SERVER_KILLS", "3"))


class Agent:
    def __init__(self, folder, server, port, sources, host="web1", extra="send: {flush: 100ms}"):
        self.folder, self.server, self.port, self.host = pathlib.Path(folder), server, port, host
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config, self.data, self.process = self.folder / "agent.yaml", self.folder / "data", None
        self.config.write_text(f"data: {self.data}\nhost: {host}\n{extra}\nlog: {{format: json}}\n"
                               + ("" if "spool:" in extra else "spool: {min_free: 16MiB}\n") + f"sources:\n{sources}\n")

    def token(self, *options):
        return self.server.command("admin", "agent-token", "create", f"for {self.host}", "--data", self.server.data, *options).stdout.strip()

    def enrol(self, token=None, port=None, *options):
        (self.folder / "token").write_text(token if token is not None else self.token())
        return subprocess.run([PROGRAM, "agent", "enrol", "--config", self.config, "--server", f"https://127.0.0.1:{port or self.port}",
                               "--token-file", self.folder / "token", *options], capture_output=True, text=True, timeout=60)

    def start(self):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen([PROGRAM, "agent", "run", "--config", self.config], stdout=self.log, stderr=self.log)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait(20)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def status(self):
        return json.loads((self.data / "agent-status.json").read_text())

    def log_text(self):
        return (self.folder / "log").read_text()

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()


class Proxy(threading.Thread):
    """TCP in between that can refuse, drop, half-close and stall."""

    def __init__(self, target):
        super().__init__(daemon=True)
        self.target, self.mode, self.pairs = target, "pass", []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            if self.mode == "refuse":
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                client.close()
                continue
            self.pairs.append((client, server))
            threading.Thread(target=self.carry, args=(client, server), daemon=True).start()

    def carry(self, client, server):
        try:
            while True:
                for ready in select.select([client, server], [], [], 0.2)[0]:
                    if self.mode == "stall":
                        time.sleep(0.05)
                        continue
                    data = ready.recv(65536)
                    if not data:
                        return
                    if self.mode == "swallow-answers" and ready is server:
                        return  # the server has it, the agent never learns
                    (server if ready is client else client).sendall(data)
        except (OSError, ValueError):
            pass
        finally:
            client.close()
            server.close()

    def cut(self):
        for pair in self.pairs:
            for one in pair:
                one.close()
        self.pairs.clear()

    def half_close(self):
        for client, server in self.pairs:
            try:
                client.shutdown(socket.SHUT_WR)
            except OSError:
                pass


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    port = free_port()
    one = Yagura(tmp_path_factory.mktemp("agents") / "server",
                 settings=f'agents: {{listen: "127.0.0.1:{port}", heartbeat: 1s, certificate_validity: 25s, minimum_version: 99.0}}')
    one.agents = port
    yield one.start()
    one.close()


def file_source(path, name="files"):
    return f"  - {{name: {name}, kind: file, paths: [{path}], poll_interval: 20ms, rescan_interval: 200ms}}"


def counts(server, table, column, like):
    rows = server.query(f"{table} | where {column} startswith '{like}' | summarize all = count(), distinct = dcountif({column}, true, 4)")
    return rows[0]["all"], rows[0]["distinct"]


def numbers(server, prefix):
    """Message numbers in the store, each as often as it is there."""
    rows = server.query(f"Syslog | where SyslogMessage startswith '{prefix} ' | summarize n = count() by SyslogMessage")
    return {int(row["SyslogMessage"].split(" ")[-1]): row["n"] for row in rows}


def wait_for(check, seconds=40, what="it"):
    until = time.time() + seconds
    while time.time() < until:
        result = check()
        if result:
            return result
        time.sleep(0.2)
    raise AssertionError(f"{what} did not come about within {seconds} s")


def test_sources_of_a_host_come_to_their_tables(server, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "audit").mkdir()
    syslog_port = free_port(socket.SOCK_DGRAM)
    log = GrowingLog(logs / "Security.evtx", computer="win7.example")
    for i in range(300):
        log.add(f"evtx event {i}")
    log.flush()
    agent = Agent(tmp_path / "agent", server, server.agents, f"""
{file_source(logs / 'app.log')}
  - {{kind: auditd, paths: [{logs}/audit/audit.log]}}
  - {{kind: evtx, paths: [{logs}], poll_interval: 50ms}}
  - {{kind: syslog, transport: udp, listen: "127.0.0.1:{syslog_port}"}}""", host="web7")
    try:
        joined = agent.enrol()
        assert joined.returncode == 0, joined.stderr
        agent.start()
        with open(logs / "app.log", "a") as out:
            for i in range(500):
                out.write(f"Nov 22 12:00:00 app[7]: sources line {i}\n")
        (logs / "audit/audit.log").write_text(
            'type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=2 success=no exit=-13 comm="cat" exe="/bin/cat" key="sshd_config"\n'
            'type=CWD msg=audit(1364481363.243:24287): cwd="/home/shadowman"\n')
        # auditd turns its log over by renaming.
        time.sleep(0.6)
        os.rename(logs / "audit/audit.log", logs / "audit/audit.log.1")
        (logs / "audit/audit.log").write_text('type=USER_LOGIN msg=audit(1364481400.000:24300): pid=1 uid=0 auid=1000 ses=1 msg=\'op=login acct="root" res=success\'\n')
        subprocess.run(["logger", "--server", "127.0.0.1", "--port", str(syslog_port), "--udp", "--tag", "fromlogger", "sources by logger"], check=True)
        for i in range(300, 1500):
            log.add(f"evtx event {i}")
            if i % 50 == 0:
                log.flush()
                time.sleep(0.02)
        log.flush()
        assert server.wait_count("Syslog | where SyslogMessage startswith 'sources line' and Computer == 'web7'", 500) == 500
        assert server.wait_count("Syslog | where SyslogMessage has 'sources by logger'", 1) == 1
        wait_for(lambda: server.count("Syslog | where Computer == 'web7' and SyslogMessage has 'audit' and SyslogMessage has_any ('24287', '24300')") == 3,
                 what="the three audit records")
        wait_for(lambda: server.count("SecurityEvent | where Computer == 'win7.example'") >= 1500, what="1500 Windows events")
        rows = server.query("SecurityEvent | where Computer == 'win7.example' | summarize n = count(), ids = dcount(_ItemId, 4), records = dcount(EventRecordId, 4), "
                            "read = countif(isnotnull(_TimeRead))")
        assert rows[0]["n"] == 1500 and rows[0]["ids"] == 1500, rows
        assert rows[0]["read"] == 1500, "each row says when the host read it"
        # Older than the server wants: said, and taken all the same.
        listed = json.loads(server.request("GET", "/api/v1/agents")[1])["agents"]
        mine = next(one for one in listed if one["name"] == "web7")
        assert mine["state"] == "connected" and mine["outdated"] is True and mine["missing"] == 0, mine

        def ledger():
            one = json.loads(server.request("GET", f"/api/v1/agents/{mine['id']}")[1])["status"]
            evtx = next(source for source in one["heartbeat"]["sources"] if source["name"] == "evtx")
            return (one, evtx["streams"][0]) if evtx["sent"] == 1500 else None
        shown, stream = wait_for(ledger, what="the ledger")
        assert (stream["first"], stream["last"], stream["lost"]) == (1, 1500, {}), stream
        assert shown["gaps"] == []
        assert agent.stop() == 0
    finally:
        agent.close()


def test_once_in_the_store_whoever_is_killed_whenever(tmp_path):
    """kill -9 of the agent and of the server at random points, the line cut in between."""
    port = free_port()
    server = Yagura(tmp_path / "server", settings=f'agents: {{listen: "127.0.0.1:{port}", heartbeat: 1s}}')
    server.agents = port
    proxy = Proxy(port)
    path, log_path = tmp_path / "app.log", tmp_path / "w.evtx"
    log = GrowingLog(log_path, computer="kill.example")
    agent = Agent(tmp_path / "agent", server, proxy.port,
                  f"{file_source(path)}\n  - {{kind: evtx, paths: [{log_path}], poll_interval: 20ms}}", host="killed")
    dice = random.Random(int(os.environ.get("YAGURA_SEED", "20261122")))
    written, stop = [0], threading.Event()

    def write():
        with open(path, "a") as out:
            while not stop.is_set():
                for _ in range(20):
                    out.write(f"Nov 22 12:00:00 app[1]: killed line {written[0]}\n")
                    log.add(f"killed event {written[0]}")
                    written[0] += 1
                out.flush()
                log.flush()
                time.sleep(0.02)

    writer = threading.Thread(target=write, daemon=True)
    try:
        server.start()
        joined = agent.enrol()
        assert joined.returncode == 0, joined.stderr
        agent.start()
        writer.start()
        faults = ["agent"] * AGENT_KILLS + ["server"] * SERVER_KILLS + ["cut", "half", "swallow", "refuse"]
        dice.shuffle(faults)
        for fault in faults:
            time.sleep(dice.uniform(0.05, 0.7))
            if fault == "agent":
                agent.kill()
                agent.start()
            elif fault == "server":
                server.kill()
                time.sleep(dice.uniform(0, 0.3))
                server.start()
            elif fault == "cut":
                proxy.cut()
            elif fault == "half":
                proxy.half_close()
            else:
                proxy.mode = "swallow-answers" if fault == "swallow" else "refuse"
                proxy.cut()
                time.sleep(1.5)
                proxy.mode = "pass"
        stop.set()
        writer.join()
        total = written[0]
        wait_for(lambda: len(numbers(server, "killed line")) >= total, 90, f"{total} lines")
        wait_for(lambda: server.count("SecurityEvent | where Computer == 'kill.example'") >= total, 60, f"{total} Windows events")
        time.sleep(1)  # what would come twice
        seen = numbers(server, "killed line")
        assert set(seen) == set(range(total))
        doubled = {number: n for number, n in seen.items() if n != 1}
        assert not doubled, f"{len(doubled)} of {total} lines are there more than once, such as {sorted(doubled.items())[:5]}"
        rows = server.query("SecurityEvent | where Computer == 'kill.example' | summarize n = count() by EventRecordId, _ItemId | summarize records = count(), most = max(n)")
        assert rows == [{"records": total, "most": 1}], rows
        one = wait_for(lambda: next((one for one in json.loads(server.request("GET", "/api/v1/agents")[1])["agents"] if one["state"] == "connected"), None), what="a heartbeat")
        assert one["missing"] == 0, server.command("admin", "agents", "show", "killed", "--data", server.data).stdout
        print(f"{total} lines and {total} Windows events, each once, over {AGENT_KILLS} kills of the agent, {SERVER_KILLS} of the server, 4 faults of the line")
    finally:
        stop.set()
        agent.close()
        server.close()


def test_who_may_not_join_is_told_why(server, tmp_path):
    agent = Agent(tmp_path / "agent", server, server.agents, file_source(tmp_path / "x.log"), host="stranger")
    wrong = agent.enrol("yjt_wrong." + agent.token().split(".")[1])
    assert wrong.returncode == 3 and "join token is unknown" in wrong.stderr, wrong.stderr
    secret = agent.token()
    other_ca = agent.enrol(secret.split(".")[0], None, "--ca-fingerprint", "ab" * 32)
    assert other_ca.returncode == 3 and "this is not the server that made the token" in other_ca.stderr, other_ca.stderr
    nothing = agent.enrol(secret.split(".")[0])
    assert nothing.returncode == 2 and "--ca-fingerprint is needed" in nothing.stderr, nothing.stderr
    assert not (agent.data / "identity.pem").exists()
    assert agent.enrol(secret).returncode == 0, "the token was not used up by attempts that failed before it was sent"
    assert (agent.data / "identity.pem").stat().st_mode & 0o777 == 0o600
    again = Agent(tmp_path / "other", server, server.agents, file_source(tmp_path / "x.log"), host="second").enrol(secret)
    assert again.returncode == 3 and "used already" in again.stderr, again.stderr
    expired = agent.token("--expires", "1s")
    time.sleep(1.2)
    late = Agent(tmp_path / "late", server, server.agents, file_source(tmp_path / "x.log"), host="late").enrol(expired)
    assert late.returncode == 3 and "has expired" in late.stderr, late.stderr
    assert secret.split(".")[0] not in server.log_text()


def test_certificates_are_renewed_and_removed_agents_refused(server, tmp_path):
    path = tmp_path / "app.log"
    agent = Agent(tmp_path / "agent", server, server.agents, file_source(path), host="renewed")
    try:
        assert agent.enrol().returncode == 0
        first = (agent.data / "identity.pem").read_bytes()
        agent.start()
        path.write_text("Nov 22 12:00:00 app[1]: renewed line 1\n")
        assert server.wait_count("Syslog | where SyslogMessage == 'renewed line 1'", 1) == 1
        # 25 seconds of validity: renewed after some 17.
        wait_for(lambda: (agent.data / "identity.pem").read_bytes() != first, 25, "a renewal")
        time.sleep(1.5)
        with open(path, "a") as out:
            out.write("Nov 22 12:00:00 app[1]: renewed line 2\n")
        assert server.wait_count("Syslog | where SyslogMessage == 'renewed line 2'", 1) == 1
        # Whoever copied the old identity is refused now.
        (tmp_path / "old.pem").write_bytes(first)
        shown = subprocess.run(["curl", "-sk", "--cert", tmp_path / "old.pem", "-H", "X-Yagura-Protocol: 1", "-X", "POST",
                                f"https://127.0.0.1:{server.agents}/agent/v1/heartbeat", "-d", "{}", "-w", "%{http_code}"], capture_output=True, text=True)
        assert shown.stdout.endswith("403") and "newer certificate" in shown.stdout or shown.returncode in (35, 56), shown
        plain = subprocess.run(["curl", "-sk", "-H", "X-Yagura-Protocol: 1", "-X", "POST", f"https://127.0.0.1:{server.agents}/agent/v1/batch", "-d", "x",
                                "-w", "%{http_code}"], capture_output=True, text=True)
        assert plain.stdout.endswith("401"), plain.stdout
        older = subprocess.run(["curl", "-sk", "--cert", agent.data / "identity.pem", "-H", "X-Yagura-Protocol: 0", "-X", "POST",
                                f"https://127.0.0.1:{server.agents}/agent/v1/heartbeat", "-d", "{}", "-w", "%{http_code}"], capture_output=True, text=True)
        assert older.stdout.endswith("426"), older.stdout
        server.command("admin", "agents", "remove", "renewed", "--data", server.data)
        with open(path, "a") as out:
            out.write("Nov 22 12:00:00 app[1]: renewed line 3\n")
        wait_for(lambda: "was removed from this server" in agent.log_text(), 20, "the refusal")
        assert server.count("Syslog | where SyslogMessage == 'renewed line 3'") == 0
        # Joined again, it goes on behind what it had sent.
        assert agent.enrol().returncode == 0
        agent.stop()
        agent.start()
        assert server.wait_count("Syslog | where SyslogMessage == 'renewed line 3'", 1) == 1
        assert [row["n"] for row in server.query("Syslog | where SyslogMessage startswith 'renewed line' | summarize n = count() by SyslogMessage")] == [1, 1, 1]
    finally:
        agent.close()


def test_the_server_says_which_sources_there_are(server, tmp_path):
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    agent = Agent(tmp_path / "agent", server, server.agents, file_source(first), host="remote")
    try:
        assert agent.enrol().returncode == 0
        agent.start()
        first.write_text("Nov 22 12:00:00 app[1]: remote first\n")
        assert server.wait_count("Syslog | where SyslogMessage == 'remote first'", 1) == 1
        identity = next(one["id"] for one in json.loads(server.request("GET", "/api/v1/agents")[1])["agents"] if one["name"] == "remote")
        status, answer = server.request("PUT", "/api/v1/agents/configurations/special", {"text": "sources: [{kind: fil, paths: [x]}]"})
        assert status == 400 and "did you mean 'file'" in answer.decode(), answer
        status, answer = server.request("PUT", "/api/v1/agents/configurations/special", {"text": f"sources:\n{file_source(second, 'second')}\n"})
        assert status == 200 and json.loads(answer)["generation"] == 1, answer
        assert server.request("PATCH", f"/api/v1/agents/{identity}", {"configuration": "nothing"})[0] == 404
        assert server.request("PATCH", f"/api/v1/agents/{identity}", {"configuration": "special"})[0] == 200
        second.write_text("Nov 22 12:00:00 app[1]: remote second\n")
        assert server.wait_count("Syslog | where SyslogMessage == 'remote second'", 1) == 1
        wait_for(lambda: json.loads(server.request("GET", f"/api/v1/agents/{identity}")[1])["applied_generation"] == 1, what="the generation")
        assert "generation 1" in (agent.data / "server-configuration.yaml").read_text()
    finally:
        agent.close()


def test_a_full_spool_waits_and_loses_nothing(server, tmp_path):
    path = tmp_path / "app.log"
    proxy = Proxy(server.agents)
    agent = Agent(tmp_path / "agent", server, proxy.port, file_source(path), host="full",
                  extra="send: {flush: 100ms}\nspool: {max_size: 4MiB, keep_sent: 1MiB, min_free: 16MiB}")
    try:
        assert agent.enrol().returncode == 0
        proxy.mode = "refuse"
        proxy.cut()
        agent.start()
        path.write_text("")
        wait_for(lambda: (agent.data / "agent-status.json").exists(), what="the status")
        agent.kill()  # sources begin only once it has joined: identity is there, so at the next start
        noise, total = random.Random(7), 25_000
        with open(path, "a") as out:  # does not compress: some 9 MiB on disk, twice the bound
            for i in range(total):
                out.write(f"Nov 22 12:00:00 app[1]: full {noise.randbytes(360).hex()} {i}\n")
        agent.start()
        wait_for(lambda: "the spool holds" in agent.log_text(), 30, "the full spool")
        size = sum(one.stat().st_size for one in (agent.data / "spool/journal").glob("*.yjs"))
        assert size < 7 << 20, f"{size} bytes in a spool of 4 MiB"
        proxy.mode = "pass"
        assert server.wait_count("Syslog | where SyslogMessage startswith 'full '", total, 60) == total
        wait_for(lambda: sum(one.stat().st_size for one in (agent.data / "spool/journal").glob("*.yjs")) < 3 << 20, 30, "a trimmed spool")
    finally:
        agent.close()


def test_install_writes_unit_and_idle_configuration(tmp_path):
    done = subprocess.run([PROGRAM, "agent", "install", "--root", tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    unit = (tmp_path / "etc/systemd/system/yagura-agent.service").read_text()
    assert "CPUQuota=" in unit and "MemoryMax=" in unit and f"ExecStart={pathlib.Path(PROGRAM).resolve()} agent run" in unit
    assert subprocess.run([PROGRAM, "agent", "run", "--check", "--config", tmp_path / "etc/yagura/agent.yaml"], capture_output=True).returncode == 0
    if shutil.which("systemd-analyze"):
        checked = subprocess.run(["systemd-analyze", "verify", tmp_path / "etc/systemd/system/yagura-agent.service"], capture_output=True, text=True)
        assert "yagura-agent.service" not in checked.stderr or "Failed" not in checked.stderr, checked.stderr
    gone = subprocess.run([PROGRAM, "agent", "uninstall", "--root", tmp_path], capture_output=True, text=True)
    assert gone.returncode == 0 and not (tmp_path / "etc/systemd/system/yagura-agent.service").exists()
    assert (tmp_path / "etc/yagura/agent.yaml").exists()


def test_an_agent_that_joined_nothing_is_idle(server, tmp_path):
    path = tmp_path / "app.log"
    path.write_text("Nov 22 12:00:00 app[1]: idle\n")
    agent = Agent(tmp_path / "agent", server, server.agents, file_source(path), host="idle")
    try:
        agent.start()
        status = wait_for(lambda: (agent.data / "agent-status.json").exists() and agent.status(), what="the status")
        assert status["server"] == "" and status["heartbeat"]["sources"] == []
        assert agent.enrol().returncode == 0  # beside the running agent
        assert server.wait_count("Syslog | where SyslogMessage == 'idle'", 1) == 1
    finally:
        agent.close()
