"""Sigma correlations in the running server: alerts after a pause, on fields of device packs, once across kill -9."""
import collections
import datetime
import json
import os
import random
import threading
import time

from harness import Yagura

ROUNDS = int(os.environ.get("YAGURA_CRASH_ROUNDS", "6"))
RULES = """
title: Refused
name: test_refused
id: 11111111-0000-4000-8000-000000000001
logsource: {product: linux, service: sshd}
detection: {k: ['Failed password for'], condition: k}
level: low
---
title: Refused Five Times
id: 11111111-0000-4000-8000-000000000002
correlation:
  type: event_count
  rules: [test_refused]
  group-by: [source.ip]
  timespan: 30m
  condition: {gte: 5}
level: high
---
title: Root From Far Away
id: 11111111-0000-4000-8000-000000000003
logsource: {product: linux, service: sshd}
detection: {s: {source.ip|cidr: 198.51.100.0/24, user.name: root}, condition: s}
level: high
"""


def make(tmp_path, settings=""):
    rules = tmp_path / "rules"
    rules.mkdir(exist_ok=True)
    (rules / "test.yml").write_text(RULES)
    server = Yagura(folder=tmp_path / "yagura", settings=f"detection: {{rules: [{rules}], lateness: 2s{settings}}}")
    return server


def line(group, user="bob", net="10"):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    address = f"{net}.{group // 62500}.{group // 250 % 250}.{group % 250}" if net == "10" else f"198.51.100.{group}"
    return f"<38>1 {now} gate sshd 77 - - Failed password for {user} from {address} port 4242 ssh2\n"


def alerts(server, title="Refused Five Times"):
    rows = server.query(f"SecurityAlert | where AlertName == '{title}' "
                        "| project SystemAlertId, group = tostring(parse_json(ExtendedProperties).GroupBy)")
    return [(row["SystemAlertId"], json.loads(row["group"] or "{}").get("source.ip")) for row in rows]


def wait_for(condition, seconds=60):
    until = time.time() + seconds
    while time.time() < until:
        if condition():
            return True
        time.sleep(0.3)
    return condition()


def test_a_correlation_on_a_field_of_a_device_pack_speaks_after_its_pause(tmp_path):
    with make(tmp_path) as server:
        server.send_tcp("".join(line(7) for _ in range(4)).encode())
        server.send_tcp(line(8, user="root", net="198.51.100").encode())
        server.send_tcp(line(7).encode())
        assert wait_for(lambda: alerts(server, "Root From Far Away"), 20)
        # Nothing more comes: the server itself must see that time passes.
        assert wait_for(lambda: alerts(server), 20)
        assert [group for _, group in alerts(server)] == ["10.0.0.7"]
        status, body = server.request("GET", "/api/v1/rules")
        rule = next(r for r in json.loads(body)["rules"] if r["id"].endswith("000000000002"))
        assert rule["matches"] == 1


class Load(threading.Thread):
    """Five refusals of each group, spread over time, so that every kill falls into the middle of some."""

    def __init__(self, server, step):
        super().__init__(daemon=True)
        self.server, self.step, self.stopping = server, step, False

    def run(self):
        while not self.stopping:
            text = "".join(line(g) for i in range(5) for g in range(10 * (self.step - 4 * i), 10 * (self.step - 4 * i) + 10) if g >= 0)
            self.step += 1
            try:
                self.server.send_tcp(text.encode())
            except OSError:
                pass
            time.sleep(0.05)


def test_kill_9_loses_no_alert_and_doubles_none(tmp_path):
    server = make(tmp_path, ", alerts_per_minute: 0")
    source = random.Random(5)
    step = 0
    try:
        for _ in range(ROUNDS):
            server.start()
            load = Load(server, step)
            load.start()
            time.sleep(source.uniform(0.5, 4))
            server.kill()
            load.stopping = True
            load.join()
            step = load.step
        server.start()
        marker = "<38>1 - gate marker 1 - - the end\n"
        server.send_tcp(marker.encode())
        assert wait_for(lambda: server.count("Syslog | where ProcessName == 'marker'") == 1, 120)
        stored = collections.Counter()
        for row in server.query("Syslog | where ProcessName == 'sshd' | parse SyslogMessage with * 'from ' address ' port' * | summarize n = count() by address"):
            stored[row["address"]] = row["n"]
        wanted = {address for address, count in stored.items() if count == 5}
        assert len(wanted) > 20 and max(stored.values()) == 5
        wait_for(lambda: len(alerts(server)) >= len(wanted), 60)
        time.sleep(5)
        found = alerts(server)
        groups = [group for _, group in found]
        assert len({identity for identity, _ in found}) == len(found)
        assert sorted(groups) == sorted(wanted), (
            f"lost {sorted(wanted - set(groups))[:5]}, doubled or unwanted {[g for g, n in collections.Counter(groups).items() if n > 1 or g not in wanted][:5]}")
    finally:
        server.close()
