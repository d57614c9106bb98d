"""The forwarder's commands as an administrator types them, and what `test` and `doctor` say of good and bad servers."""
import json
import os
import pathlib
import shutil
import subprocess
import time

import pytest

from forward_peers import Authority, OpensslServer, yagura
from harness import PROGRAM

FOREVER = 10 * 365 * 86400


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca") / "ca")


@pytest.fixture
def agent(tmp_path, authority):
    data = tmp_path / "agent"
    data.mkdir()
    yagura("cert", "import", "--file", authority.root, "--alias", "test-root", "--data", data, check=0)
    return data


def plan_id(result):
    return result.stdout.strip()


def test_a_life_of_the_configuration(tmp_path):
    data = tmp_path / "agent"
    env = {"YAGURA_AGENT_DATA": str(data)}
    state = lambda: json.loads(yagura("Get-AzSSyslogForwarder", "-Json", env=env, check=0).stdout)["state"]
    assert state() == "NotConfigured"
    refused = yagura("Enable-AzSSyslogForwarder", env=env, check=2)
    assert "Set-AzSSyslogForwarder" in refused.stderr
    refused = yagura("Set-AzSSyslogForwarder", "-ServerName", "logs.example", "-ServerPort", "0", env=env, check=2)
    assert "-ServerPort" in refused.stderr and state() == "NotConfigured"

    done = yagura("set-azssyslogforwarder", "-servern", "logs.example", "-serverp", "6514", env=env, check=0)
    assert len(plan_id(done)) == 36 and "warning" not in done.stderr
    plan = json.loads(yagura("actionplan", "get", plan_id(done), "--json", env=env, check=0).stdout)
    assert plan["state"] == "Running" and plan["command"] == "Set-AzSSyslogForwarder"
    assert [step["state"] for step in plan["hosts"][0]["steps"]] == ["Succeeded", "Pending"]
    assert "mutual" not in yagura("forwarder", "get", env=env, check=0).stdout
    assert "TCP, server authentication, TLS" in yagura("forwarder", "get", env=env, check=0).stdout

    # The same state: no plan; by force: one. An edit by hand is seen, and mended by force only.
    assert plan_id(yagura("Enable-AzSSyslogForwarder", env=env, check=0)) == ""
    copy = data / "forwarder.json"
    copy.write_text(copy.read_text().replace("6514", "6515"))
    drifted = yagura("Get-AzSSyslogForwarder", "-PerNode", env=env, check=1)
    assert "changed by hand" in drifted.stdout and "6515" in drifted.stdout
    assert plan_id(yagura("forwarder", "enable", env=env, check=0)) == ""
    yagura("Get-AzSSyslogForwarder", "-PerNode", env=env, check=1)
    assert len(plan_id(yagura("Enable-AzSSyslogForwarder", "-Force", env=env, check=0))) == 36
    assert "6514" in yagura("Get-AzSSyslogForwarder", "-PerNode", env=env, check=0).stdout

    assert len(plan_id(yagura("forwarder", "disable", env=env, check=0))) == 36 and state() == "Disabled"
    assert len(plan_id(yagura("forwarder", "enable", env=env, check=0))) == 36 and state() == "Enabled"
    warned = yagura("forwarder", "set", "--server-name", "192.0.2.7", "--server-port", 514, "--use-udp", env=env, check=0)
    assert "warning" in warned.stderr
    refused = yagura("forwarder", "set", "--server-name", "192.0.2.7", "--server-port", 514, "--use-udp", "--profile", "production", env=env, check=2)
    assert "production" in refused.stderr
    assert "warning" in yagura("forwarder", "get", env=env, check=0).stderr
    assert len(plan_id(yagura("Set-AzSSyslogForwarder", "-Remove", env=env, check=0))) == 36 and state() == "NotConfigured"
    assert "Set-AzSSyslogForwarder" in yagura("Enable-AzSSyslogForwarder", "-Force", env=env, check=2).stderr
    assert len(json.loads(yagura("actionplan", "list", "--json", env=env, check=0).stdout)) == 6
    audit = [json.loads(line) for line in (data / "audit.jsonl").read_text().splitlines()]
    assert [entry["command"] for entry in audit][:1] == ["Enable-AzSSyslogForwarder"] and audit[0]["outcome"].startswith("failed")


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root to become somebody else")
def test_administrative_rights(tmp_path):
    data = tmp_path / "agent"
    data.mkdir(mode=0o755)
    for folder in [tmp_path, *tmp_path.parents]:
        if folder != pathlib.Path("/") and not os.access(folder, os.R_OK) or folder.stat().st_mode & 0o005 != 0o005:
            os.chmod(folder, folder.stat().st_mode | 0o055)
    program = tmp_path / "yagura"
    shutil.copy(PROGRAM, program)
    words = [program, "Set-AzSSyslogForwarder", "-ServerName", "logs.example", "-ServerPort", "6514", "-DataFolder", data]
    as_somebody = lambda gid: subprocess.run(["setpriv", "--reuid", "65534", "--regid", str(gid), "--clear-groups", *map(str, words)], capture_output=True, text=True)
    refused = as_somebody(65534)
    assert refused.returncode == 3 and "administrative rights" in refused.stderr
    assert not (data / "forwarder.json").exists()
    os.chown(data, 0, 4242)
    os.chmod(data, 0o775)
    assert as_somebody(4242).returncode == 0  # a member of the folder's group


def test_certificates_go_in_and_out(tmp_path, authority):
    data = tmp_path / "agent"
    client, key = authority.issue("node1")
    thumbprint = lambda: [one for one in json.loads(yagura("cert", "list", "--json", "--data", data, check=0).stdout) if "node1" in one["subject"]][0]["thumbprint"]
    set_it = lambda code: yagura("Set-AzSSyslogForwarder", "-ServerName", "localhost", "-ServerPort", 6514, "-ClientCertificateThumbprint", thumbprint(), "-DataFolder", data, check=code)
    yagura("cert", "import", "--file", client, "--data", data, check=0)
    assert "no private key" in set_it(2).stderr
    (tmp_path / "pw").write_text("s3cret\n")
    subprocess.run(["openssl", "pkcs12", "-export", "-in", client, "-inkey", key, "-out", tmp_path / "client.pfx", "-passout", f"file:{tmp_path / 'pw'}"], check=True)
    refused = yagura("cert", "import", "--pfx", tmp_path / "client.pfx", "--data", data, check=2)
    assert "--password-file" in refused.stderr
    imported = yagura("cert", "import", "--pfx", tmp_path / "client.pfx", "--password-file", tmp_path / "pw", "--alias", "node1", "--data", data, check=0)
    assert "neither in" in imported.stderr and "Test Root" in imported.stderr  # the note: its root is missing
    assert "Test Root" in set_it(2).stderr
    yagura("cert", "import", "--file", authority.root, "--alias", "test-root", "--data", data, check=0)
    set_it(0)
    listed = yagura("cert", "list", "--data", data, check=0).stdout
    assert "node1" in listed and "test-root" in listed
    yagura("cert", "remove", "test-root", "--data", data, check=0)
    assert "test-root" not in yagura("cert", "list", "--data", data, check=0).stdout


def check(agent, server, *more, code=0):
    result = yagura("forwarder", "test", "--json", "--server-name", "127.0.0.1", "--server-port", server.port, "--data", agent, "--timeout", 20, *more, check=code)
    return json.loads(result.stdout), server.finish()


@pytest.mark.parametrize("pin,good", [("-tls1_2", True), ("-tls1_3", True), ("-tls1_1", False)])
def test_versions(agent, authority, pin, good):
    certificate, key = authority.issue("server")
    more = ["-cipher", "ALL:@SECLEVEL=0"] if pin == "-tls1_1" else []
    report, received = check(agent, OpensslServer(certificate, key, pin, *more), code=0 if good else 1)
    assert report["good"] == good
    assert (report["marker"] in received) == good
    if good:
        assert pin[-3:].replace("_", ".") in report["steps"][1]["text"]
    else:
        assert received == "" and "1.2" in report["steps"][-1]["text"]


def test_bad_certificates_get_not_one_byte(agent, authority, tmp_path):
    now = time.time()
    other = Authority(tmp_path / "other")
    servers = {
        "wrong CA": (other.issue("server"), "refused"),
        "expired": (authority.issue("expired", end=now - 60, start=now - 7200), "expired"),
        "not yet valid": (authority.issue("early", start=now + 3600, end=now + 7200), "not yet valid"),
        "wrong name": (authority.issue("named", alternatives="DNS:other.example"), "mismatch"),
        "revoked": (authority.issue("revoked"), "revoked"),
    }
    yagura("cert", "import", "--file", authority.revoke("revoked"), "--data", agent, check=0)
    for name, ((certificate, key), reason) in servers.items():
        report, received = check(agent, OpensslServer(certificate, key), code=1)
        assert received == "", name
        assert reason in report["steps"][-1]["text"], (name, report["steps"])
    # Only the name may be skipped, and only by its own switch.
    certificate, key = servers["wrong name"][0]
    report, received = check(agent, OpensslServer(certificate, key), "--skip-server-cn-check")
    assert report["marker"] in received
    certificate, key = servers["wrong CA"][0]
    _, received = check(agent, OpensslServer(certificate, key), "--skip-server-cn-check", code=1)
    assert received == ""
    report, received = check(agent, OpensslServer(certificate, key), "--skip-server-certificate-check")
    assert report["marker"] in received and report["warnings"][0]["code"] == "no-server-certificate-check"


def test_stapled_answers(agent, authority):
    certificate, key = authority.issue("stapled")
    report, received = check(agent, OpensslServer(certificate, key, "-status_file", authority.ocsp_answer("stapled")))
    assert report["marker"] in received
    authority.revoke("stapled")
    report, received = check(agent, OpensslServer(certificate, key, "-status_file", authority.ocsp_answer("stapled")), code=1)
    assert received == "" and "revoked" in report["steps"][-1]["text"]


def test_mutual_authentication(agent, authority):
    certificate, key = authority.issue("server")
    client, client_key = authority.issue("node1")
    yagura("cert", "import", "--pem", client, "--key", client_key, "--alias", "node1", "--data", agent, check=0)
    thumbprint = [one for one in json.loads(yagura("cert", "list", "--json", "--data", agent, check=0).stdout) if one["alias"] == "node1"][0]["thumbprint"]
    asks = ["-Verify", "1", "-verify_return_error", "-CAfile", authority.root]
    for version in ("-tls1_2", "-tls1_3"):
        report, received = check(agent, OpensslServer(certificate, key, version, *asks), "--client-certificate-thumbprint", thumbprint)
        assert report["marker"] in received
        report, received = check(agent, OpensslServer(certificate, key, version, *asks), code=1)
        assert received == "" and report["good"] is False


def test_doctor_says_all_that_is_wrong(agent, authority, tmp_path):
    doctor = lambda server, code: json.loads(yagura("cert", "doctor", f"127.0.0.1:{server.port}", "--json", "--data", agent, check=code).stdout)
    certificate, key = authority.issue("server")
    server = OpensslServer(certificate, key)
    report = doctor(server, 0)
    assert report["good"] and report["versions"] == ["TLS 1.2", "TLS 1.3"] and server.finish() == ""
    other = Authority(tmp_path / "other", "Other Root")
    certificate, key = other.issue("bad", alternatives="DNS:other.example", end=time.time() - 60, start=time.time() - 7200)
    server = OpensslServer(certificate, key, "-tls1_2")
    report = doctor(server, 1)
    server.finish()
    assert {finding["code"] for finding in report["findings"]} >= {"missing-issuer", "expired", "name-mismatch"}
    assert any("Other Root" in finding["text"] for finding in report["findings"])
    assert any("yagura cert import" in finding["remedy"] for finding in report["findings"])
    assert report["versions"] == ["TLS 1.2"]
    shown = yagura("cert", "doctor", f"127.0.0.1:{server.port}", "--data", agent, check=3)  # nobody listens any more
    assert "refused" in shown.stderr
