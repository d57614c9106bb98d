"""Ingest-time transformations: what is dropped is not stored, but seen by rules, counted and sketched; wrong ones are refused."""
import json
import time

import pytest
from harness import Yagura

NOISE = """source
| where SessionIssuerUserName !in~ ("CspmMonitorAws", "DefenderForCloud-OidcCiem", "DefenderForCloud-AgentlessScanner", "DefenderForCloud-DataSecurityPostureDB")
"""
NAMES = ["CspmMonitorAws", "cspmmonitoraws", "DEFENDERFORCLOUD-OIDCCIEM", "DefenderForCloud-AgentlessScanner", "defenderforcloud-datasecurityposturedb"]
RULE = """title: Polled by a monitor
id: 6c1d2a57-9f1e-4a3d-8a54-0d8f5f6e7a01
status: test
logsource: {product: aws, service: cloudtrail}
detection:
  seen: {eventName: MonitorOnly}
  condition: seen
level: high
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transform")
    (folder / "rules").mkdir()
    (folder / "rules/monitor.yml").write_text(RULE)
    with Yagura(folder=folder / "yagura", settings=f"detection: {{rules: [{folder / 'rules'}]}}") as running:
        yield running


def record(number, issuer, name="DescribeInstances"):
    """A record of CloudTrail. Without an issuer it is not there."""
    event = {"eventVersion": "1.08", "eventID": f"00000000-0000-4000-8000-{number:012d}", "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "eventName": name,
             "eventSource": "ec2.amazonaws.com", "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.7", "userIdentity": {"type": "AssumedRole"}}
    if issuer is not None:
        event["userIdentity"]["sessionContext"] = {"sessionIssuer": {"userName": issuer}}
    return {"index": "AWSCloudTrail", "event": event}


def command(server, *words, check=True):
    return server.command("transform", *words, "--data", server.data, check=check)


def show(server):
    return json.loads(command(server, "show", "AWSCloudTrail", "--json").stdout)


def test_preview_tells_what_would_go(server):
    server.hec([record(1, "CspmMonitorAws", "MonitorOnly"), record(2, "admin")])
    assert server.wait_count("AWSCloudTrail", 2) == 2 and server.wait_count("SecurityAlert", 1) == 1
    told = json.loads(command(server, "preview", "AWSCloudTrail", NOISE, "--json").stdout)
    assert told["rows"] == 2 and told["dropped"]["rows"] == 1 and 0 < told["dropped"]["bytes"] < told["bytes"]
    assert told["dropped"]["values"][0]["key"] == ["CspmMonitorAws"]
    assert told["alerts"]["count"] == 1 and told["alerts"]["of_dropped_rows"][0]["name"] == "Polled by a monitor"
    assert [rule["title"] for rule in told["rules"]["not_affected"]] == ["Polled by a monitor"]


def test_a_wrong_one_is_refused_with_its_place(server):
    for text, place in [("source | where SessionIssuerName == 'x'", "1:16: error KS142"), ("source\n| summarize count()", "2:3: error YK110"),
                        ("source | extend EventName = 1", "1:17: error YK114"), ("source | project EventName", "error YK116")]:
        refused = command(server, "set", "AWSCloudTrail", text, check=False)
        assert refused.returncode == 2 and place in refused.stderr, refused.stderr
    assert command(server, "set", "AWSCloudTrial", NOISE, check=False).returncode == 2
    assert command(server, "show", "AWSCloudTrail", check=False).returncode == 2
    status, _ = server.request("PUT", "/api/v1/transformations/AWSCloudTrail", {"query": NOISE}, token=False)
    assert status == 401


def test_four_names_in_any_case_are_dropped_and_still_seen(server):
    command(server, "set", "AWSCloudTrail", NOISE)
    events = [record(100 + i, name) for i, name in enumerate(NAMES)] + [record(200, "admin"), record(201, None), record(202, "CspmMonitorAws2"), record(203, "CspmMonitorAws", "MonitorOnly")]
    server.hec(events)
    assert server.wait_count("AWSCloudTrail | where AwsEventId startswith '00000000-0000-4000-8000-0000000002'", 3) == 3
    assert server.wait_count("SecurityAlert", 2) == 2
    assert server.count("AWSCloudTrail") == 5
    state = show(server)
    assert (state["rows_in"], state["rows_failed"], state["dropped"]["rows"]) == (9, 0, 6)
    by_value = {value["key"][0]: value["rows"] for value in state["dropped"]["values"]}
    assert by_value == {"CspmMonitorAws": 2, **{name: 1 for name in NAMES[1:]}}
    assert all(value["first"] <= value["last"] and value["sample"]["EventSource"] == "ec2.amazonaws.com" for value in state["dropped"]["values"])
    metrics = server.request("GET", "/metrics")[1].decode()
    assert 'yagura_transformation_rows_in_total{table="AWSCloudTrail"} 9' in metrics
    assert 'yagura_transformation_rows_dropped_total{table="AWSCloudTrail"} 6' in metrics
    audited = json.loads(server.request("GET", "/api/v1/audit?action=transformation.put")[1])
    assert "CspmMonitorAws" in json.dumps(audited)


def test_a_restart_keeps_it_and_its_counts(server):
    server.stop()
    server.start()
    server.hec([record(300, "CSPMMONITORAWS"), record(301, "admin")])
    assert server.wait_count("AWSCloudTrail | where AwsEventId endswith '301'", 1) == 1
    state = show(server)
    assert (state["rows_in"], state["dropped"]["rows"]) == (11, 7)
    command(server, "remove", "AWSCloudTrail")
    server.hec([record(302, "CspmMonitorAws")])
    assert server.wait_count("AWSCloudTrail | where AwsEventId endswith '302'", 1) == 1
