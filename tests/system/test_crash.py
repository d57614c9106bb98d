"""kill -9 at random moments under load, killing the engine alone, and a full disk: accepted = stored, once."""
import collections
import json
import os
import random
import signal
import subprocess
import threading
import time

import pytest

from harness import Yagura

ROUNDS = int(os.environ.get("YAGURA_CRASH_ROUNDS", "6"))
CHANNEL = {"X-Splunk-Request-Channel": "0aeeac95-ac74-4aa9-b30d-6c4c0ac581ba"}


class HecLoad(threading.Thread):
    """Posts batches and remembers which numbers were acknowledged as durable (200 without acks comes after fsync)."""

    def __init__(self, server, first):
        super().__init__(daemon=True)
        self.server, self.next, self.acked, self.sent, self.stopping = server, first, set(), set(), False

    def run(self):
        while not self.stopping:
            numbers = list(range(self.next, self.next + 50))
            self.next += 50
            self.sent.update(numbers)
            try:
                status, _ = self.server.hec([{"event": {"number": n}, "host": "crash"} for n in numbers], timeout=5)
            except OSError:
                time.sleep(0.01)
                continue
            if status == 200:
                self.acked.update(numbers)


class TcpLoad(threading.Thread):
    """Syslog by TCP: no acknowledgement, so it only loads; its rows must be intact, not complete."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.stopping, self.count = server, False, 0

    def run(self):
        while not self.stopping:
            text = "".join(f"<38>Nov 22 08:00:00 crash-host app[1]: crash line {self.count + i}\n" for i in range(500)).encode()
            try:
                self.server.send_tcp(text)
                self.count += 500
                time.sleep(0.02)  # 25,000 lines a second at most: a backlog of minutes would only make the test slow
            except OSError:
                time.sleep(0.01)


def stored_numbers(server):
    rows = server.query("YaguraEvents | where Computer == 'crash' | project number = tolong(AdditionalFields.number) "
                        "| summarize n = count() by number")
    return collections.Counter({row["number"]: row["n"] for row in rows})


def test_kill_9_loses_nothing_and_doubles_nothing():
    server = Yagura()
    random_source = random.Random(20261122)
    acked, sent, first = set(), set(), 0
    try:
        for _ in range(ROUNDS):
            server.start()
            load, noise = HecLoad(server, first), TcpLoad(server)
            load.start()
            noise.start()
            time.sleep(random_source.uniform(0.1, 2.5))
            server.kill()
            load.stopping = noise.stopping = True
            load.join()
            noise.join()
            acked |= load.acked
            sent |= load.sent
            first = load.next
        assert acked, "nothing was acknowledged at all"
        server.start()
        until = time.time() + 180
        stored = stored_numbers(server)
        while time.time() < until and not acked <= set(stored):
            time.sleep(0.2)
            stored = stored_numbers(server)
        missing = acked - set(stored)
        assert not missing, f"{len(missing)} of {len(acked)} acknowledged events are missing, such as {sorted(missing)[:5]}"
        doubled = [number for number, count in stored.items() if count > 1]
        assert not doubled, f"{len(doubled)} events are there more than once, such as {doubled[:5]}"
        assert set(stored) <= sent
        # Every stored row's raw bytes come back from the journal.
        for row in server.query("Syslog | where Computer == 'crash-host' | take 20"):
            raw = server.command("evidence", "show", row["_ItemId"], "--raw", "--data", server.data).stdout
            assert raw.endswith(row["SyslogMessage"])
        report = server.command("evidence", "verify", "--data", server.data, "--json")
        assert report.returncode == 0, report.stdout
    finally:
        server.close()


def engine_pid(server):
    out = subprocess.run(["pgrep", "-f", "-P", str(server.process.pid), "engine"], capture_output=True, text=True).stdout.split()
    return int(out[0])


def test_killing_the_engine_loses_nothing(fresh_yagura):
    load = HecLoad(fresh_yagura, 0)
    load.start()
    for _ in range(4):
        time.sleep(0.7)
        os.kill(engine_pid(fresh_yagura), signal.SIGKILL)
        time.sleep(1.0)
    load.stopping = True
    load.join()
    assert len(load.acked) > 100, "intake went on while the engine was dead"
    until = time.time() + 60
    while time.time() < until:
        try:
            stored = stored_numbers(fresh_yagura)
        except RuntimeError:
            stored = {}
        if load.acked <= set(stored):
            break
        time.sleep(0.3)
    assert load.acked <= set(stored)
    assert all(count == 1 for count in stored.values())


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_pushes_back_and_loses_nothing(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", disk], capture_output=True).returncode != 0:
        pytest.skip("mounting is not permitted here")
    server = Yagura(folder=disk / "yagura")
    server.own_folder = False
    try:
        server.start()
        # What cannot be compressed fills the disk soonest.
        acked, refused = 0, 0
        blob = random.Random(1).randbytes
        for number in range(4000):
            status, answer = server.hec([{"event": {"number": number, "blob": blob(60_000).hex()}, "host": "full"}])
            if status == 200:
                acked += 1
            else:
                refused += 1
                assert status == 503 and answer["code"] == 9, answer
                break
        assert refused, "the disk never filled"
        health = json.loads(server.request("GET", "/health", token=False)[1])
        assert "ok" not in str(health.get("status", "")).lower() or "space" in json.dumps(health), health
        subprocess.run(["mount", "-o", "remount,size=600m", disk], check=True)
        until = time.time() + 30
        status = 503
        while time.time() < until and status != 200:
            status, answer = server.hec([{"event": {"number": 999999}, "host": "full"}])
            time.sleep(0.2)
        assert status == 200, f"intake did not go on when there was room: {answer}"
        assert server.wait_count("YaguraEvents | where Computer == 'full'", acked + 1) == acked + 1
    finally:
        server.close()
        subprocess.run(["umount", "-l", disk])
