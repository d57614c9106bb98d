"""One line's walk: socket, evidence, row, alert, answer."""
import json
import socket
import time


def test_a_line_becomes_evidence_a_row_and_an_answer(yagura):
    yagura.send_tcp(b"<38>Nov 22 08:00:00 walk-host sshd[4242]: Failed password for root from 192.0.2.9 port 51000 ssh2\n")
    assert yagura.wait_count("Syslog | where Computer == 'walk-host'", 1) == 1
    row = yagura.query("Syslog | where Computer == 'walk-host'")[0]
    assert row["Facility"] == "auth" and row["SeverityLevel"] == "info"
    assert row["ProcessName"] == "sshd" and row["ProcessID"] == 4242
    assert row["SyslogMessage"] == "Failed password for root from 192.0.2.9 port 51000 ssh2"
    for time_column in ("TimeGenerated", "_TimeReceived", "_TimeIngested"):
        assert row[time_column], time_column
    raw = yagura.command("evidence", "show", row["_ItemId"], "--raw", "--data", yagura.data).stdout
    assert raw == "<38>Nov 22 08:00:00 walk-host sshd[4242]: Failed password for root from 192.0.2.9 port 51000 ssh2"


def test_cef_goes_to_common_security_log(yagura):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"<134>Nov 22 08:00:01 fw CEF:0|Acme|Wall|1.0|100|Port scan|7|src=192.0.2.1 dst=198.51.100.2 spt=1000 dpt=22 "
                      b"proto=TCP act=blocked cs1Label=Rule cs1=deny all msg=a\\=b", ("127.0.0.1", yagura.udp_port))
    assert yagura.wait_count("CommonSecurityLog | where DeviceVendor == 'Acme'", 1) == 1
    row = yagura.query("CommonSecurityLog | where DeviceVendor == 'Acme'")[0]
    assert row["SourceIP"] == "192.0.2.1" and row["DestinationPort"] == 22 and row["DeviceAction"] == "blocked"
    assert row["DeviceCustomString1"] == "deny all" and row["DeviceCustomString1Label"] == "Rule"
    assert row["Message"] == "a=b" and row["LogSeverity"] == "7"


def test_a_malformed_line_is_a_row_of_its_own(yagura):
    yagura.send_tcp(b"<999>1 not a syslog line at all\n")
    assert yagura.wait_count("YaguraUnparsed | where RawData has 'not a syslog line'", 1) == 1


def test_an_alert_within_a_second(yagura, tmp_path):
    rule = yagura.query("SecurityAlert | take 1")  # the table is there before any alert
    assert isinstance(rule, list)
    sent = time.time()
    yagura.send_tcp(b"<38>Nov 22 08:00:00 alert-host sshd[1]: Accepted password for root from 203.0.113.7 port 1 ssh2: backdoor-marker-5521\n")
    while time.time() - sent < 10:
        if yagura.count("SecurityAlert | where ExtendedProperties has 'alert-host'") > 0:
            break
        time.sleep(0.05)
    took = time.time() - sent
    alerts = yagura.query("SecurityAlert | where ExtendedProperties has 'alert-host'")
    assert alerts, "no alert came"
    assert took < 5, f"the alert took {took:.1f} s"  # generous for a busy machine; bench/ measures it
    assert alerts[0]["AlertName"] and alerts[0]["AlertSeverity"] in ("Informational", "Low", "Medium", "High")


def test_hec_with_acks(yagura):
    channel = {"X-Splunk-Request-Channel": "0aeeac95-ac74-4aa9-b30d-6c4c0ac581ba"}
    status, answer = yagura.hec([{"event": {"message": f"hec {i}", "number": i}, "host": "hec-host", "sourcetype": "app"} for i in range(50)],
                                headers=channel, token=yagura.ack_token)
    assert status == 200 and answer["code"] == 0, answer
    until = time.time() + 10
    acks = {}
    while time.time() < until:
        status, acks = yagura.hec(json.dumps({"acks": [answer["ackId"]]}).encode(), "/services/collector/ack", channel, token=yagura.ack_token)
        if acks.get("acks", {}).get(str(answer["ackId"])):
            break
        time.sleep(0.05)
    assert acks["acks"][str(answer["ackId"])] is True
    assert yagura.wait_count("YaguraEvents | where Computer == 'hec-host'", 50) == 50


def test_errors_say_where_and_what_was_expected(yagura):
    status, body = yagura.request("POST", "/v1/workspaces/default/query", {"query": "Syslog\n| where Facilty == 'auth'"})
    assert status == 400
    text = json.dumps(json.loads(body))
    assert "Facilty" in text and "Facility" in text, text


def test_health_and_metrics(yagura):
    assert yagura.request("GET", "/health", token=False)[0] == 200
    status, body = yagura.request("GET", "/metrics")
    assert status == 200 and b"# TYPE" in body
    assert yagura.request("GET", "/metrics", token=False)[0] in (200, 401)
