"""Sigma correlations in the running server: alerts after a pause, on fields of device packs, once across kill -9."""
import collections
import datetime
import io
import json
import os
import random
import threading
import time
import zipfile

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


ORDERED = """
title: Order Failed
name: order_failed
id: 22222222-0000-4000-8000-000000000001
logsource: {product: linux, service: sshd}
detection: {k: ['Failed password for'], condition: k}
level: low
---
title: Order Accepted
name: order_accepted
id: 22222222-0000-4000-8000-000000000002
logsource: {product: linux, service: sshd}
detection: {k: ['Accepted password for'], condition: k}
level: low
---
title: Order Many Failed
name: order_many
id: 22222222-0000-4000-8000-000000000003
correlation: {type: event_count, rules: [order_failed], group-by: [source.ip], timespan: 5m, condition: {gte: 4}, generate: true}
level: medium
---
title: Order Guessed
id: 22222222-0000-4000-8000-000000000004
correlation: {type: temporal_ordered, rules: [order_many, order_accepted], group-by: [source.ip], timespan: 10m, generate: true}
level: high
---
title: Order Many Users
id: 22222222-0000-4000-8000-000000000005
correlation: {type: value_count, rules: [order_failed, order_accepted], group-by: [source.ip], timespan: 5m, condition: {field: user.name, gte: 3}}
level: high
"""


def test_the_order_of_arrival_does_not_matter(tmp_path):
    """One history, a hundred times: each time from an address of its own, all of it shuffled on the wire."""
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "test.yml").write_text(ORDERED)
    chance = random.Random(4)
    start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=2)
    history, at = [], 0.0
    for _ in range(40):
        at += chance.randrange(1, 900) / 10
        history.append((at, "Failed" if chance.random() < 0.75 else "Accepted", f"u{chance.randrange(4)}"))
    lines = []
    for address in range(100):
        for at, what, user in history:
            stamp = (start + datetime.timedelta(seconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            lines.append(f"<38>1 {stamp} gate sshd 77 - - {what} password for {user} from 10.9.0.{address} port 4242 ssh2\n")
    chance.shuffle(lines)
    with Yagura(folder=tmp_path / "yagura", settings=f"detection: {{rules: [{rules}], lateness: 5s, alerts_per_minute: 0}}") as server:
        server.send_tcp("".join(lines).encode())
        query = ("SecurityAlert | where AlertName in ('Order Many Failed', 'Order Guessed', 'Order Many Users') | extend p = parse_json(ExtendedProperties) "
                 "| project AlertName, StartTime, EndTime, events = tostring(p.EventCount), group = tostring(p.GroupBy)")
        seen = []

        def settled():
            before = len(seen)
            seen[:] = server.query(query)
            if len(seen) == before and before:
                return True
            time.sleep(3)
            return False

        assert wait_for(settled, 60)
    by_address = collections.defaultdict(list)
    for row in seen:
        by_address[json.loads(row["group"])["source.ip"]].append((row["AlertName"], row["StartTime"], row["EndTime"], row["events"]))
    kinds = {tuple(sorted(found)) for found in by_address.values()}
    assert len(by_address) == 100
    assert len(kinds) == 1, kinds
    assert {name for name, *_ in next(iter(kinds))} == {"Order Many Failed", "Order Guessed", "Order Many Users"}


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


def call(server, method, path, body=None, wanted=200):
    status, answer = server.request(method, path, body)
    assert status == wanted, f"{method} {path}: {status} {answer[:500]}"
    return json.loads(answer) if answer else {}


def pack():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rules/packed.yml", "title: Packed\nid: 22222222-0000-4000-8000-000000000001\n"
                         "logsource: {product: linux}\ndetection: {k: ['packed word'], condition: k}\nlevel: high\n")
        archive.writestr("rules/dead.yml", "title: Dead\nid: 22222222-0000-4000-8000-000000000002\n"
                         "logsource: {product: windows, category: dns_query}\ndetection: {s: {QueryNam: x}, condition: s}\n")
        archive.writestr("rules/broken.yml", "title: Broken\nlogsource: {product: linux}\ndetection: {s: {a|contain: x}, condition: s}\n")
    return buffer.getvalue()


def test_rules_are_tuned_suppressed_and_packed_while_the_server_runs(tmp_path):
    root = "11111111-0000-4000-8000-000000000003"
    with make(tmp_path) as server:
        def raised(title, count):
            return wait_for(lambda: len(alerts(server, title)) >= count, 15) and len(alerts(server, title)) == count

        far = line(9, user="root", net="198.51.100")
        server.send_tcp(far.encode())
        assert raised("Root From Far Away", 1)
        # Title and exclusion.
        call(server, "PATCH", f"/api/v1/rules/{root}", {"exclude": {"source.ip|contain": "x"}}, 400)
        call(server, "PATCH", f"/api/v1/rules/{root}", {"title": "Root Here", "exclude": {"source.ip": "198.51.100.77"}})
        server.send_tcp((line(77, user="root", net="198.51.100") + far).encode())
        assert raised("Root Here", 1)
        # A suppression by the command line, taken over by the running server; then its end.
        server.command("rules", "suppress", root, "--where", "source.ip=198.51.100.*", "--for", "1h", "--reason", "a test", "--data", server.data)
        time.sleep(4)
        server.send_tcp(far.encode())
        time.sleep(3)
        assert len(alerts(server, "Root Here")) == 1
        listed = call(server, "GET", "/api/v1/rule-suppressions")["suppressions"]
        assert [s["reason"] for s in listed] == ["a test"]
        call(server, "DELETE", f"/api/v1/rule-suppressions/{listed[0]['id']}", wanted=204)
        call(server, "POST", "/api/v1/rule-suppressions", {"rule_id": "*", "reason": "all", "duration": "1h"}, 400)
        call(server, "POST", "/api/v1/rule-suppressions", {"rule_id": root, "reason": "r", "duration": "1h", "conditions": {"user.name": "nobody"}}, 201)
        server.send_tcp(far.encode())
        assert raised("Root Here", 2)
        # A throttle: one alert, then one that counts the rest.
        call(server, "PATCH", f"/api/v1/rules/{root}", {"title": "Root Throttled", "throttle": {"seconds": 5, "most": 1, "by": ["source.ip"]}})
        server.send_tcp((far * 4 + line(8, user="root", net="198.51.100")).encode())
        assert raised("Root Throttled", 3), "one of each address, and one that counts three"
        rule = next(r for r in call(server, "GET", "/api/v1/rules")["rules"] if r["id"] == root)
        assert rule["suppressed"] == 1 and rule["throttled"] == 3 and rule["evaluated"] > 0 and rule["tuning"]["title"] == "Root Throttled"
        # A pack: its rules run at once, its mistakes are listed.
        call(server, "PUT", "/api/v1/rule-packs/..%2Fx.zip", pack(), 400)
        answer = call(server, "PUT", "/api/v1/rule-packs/ours.zip", pack())
        assert answer["rules"] == 2 and answer["problems"] == 1
        server.send_tcp(b"<38>1 - gate app 1 - - a packed word\n")
        assert raised("Packed", 1)
        problems = call(server, "GET", "/api/v1/rule-problems")["problems"]
        assert any("contain" in p["message"] and "broken.yml:3" in p["place"] for p in problems)
        assert any("can never match" in p["message"] and "QueryNam" in p["message"] for p in problems)
        call(server, "DELETE", "/api/v1/rule-packs/ours.zip", wanted=204)
        assert call(server, "GET", "/api/v1/rule-packs")["packs"] == []
        actions = {e["action"] for e in call(server, "GET", "/api/v1/audit")["entries"]}
        assert {"rule.change", "rule.suppress", "rule.unsuppress", "rule.pack.put", "rule.pack.remove"} <= actions
        _, metrics = server.request("GET", "/metrics")
        assert f'yagura_rule_hits_total{{rule="{root}"}}'.encode() in metrics
