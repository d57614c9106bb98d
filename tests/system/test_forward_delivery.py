"""From a journal to rsyslog and syslog-ng by every transport: every message there, once, with its fields; and what becomes of a
receiver that is killed."""
import collections
import hashlib
import json
import pathlib
import re
import subprocess
import time

import pytest

from forward_peers import SYSLOG_NG, Authority, Rsyslog, SyslogNg, yagura
from harness import PROGRAM

MESSAGES = 3000


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca") / "ca")


@pytest.fixture(scope="module")
def journal(yagura):
    """The journal of a server that has received MESSAGES lines."""
    lines = [f"<{8 * 4 + i % 8}>Nov 22 08:{i // 60 % 60:02d}:{i % 60:02d} host{i % 3} app[{i}]: message n={i:05d} end\n" for i in range(MESSAGES)]
    yagura.send_tcp("".join(lines).encode())
    assert yagura.wait_count("Syslog", MESSAGES) == MESSAGES
    return yagura.data / "journal"


def configure(data, receiver, authority, kind, *more):
    words = ["forwarder", "set", "--data", data, "--server-name", "127.0.0.1", "--server-port", receiver.port, "--output-severity", "Verbose", "--subscription", "all",
             "--encoding", "rfc5424", *more]
    if kind in ("tls", "mtls", "relp-tls"):
        yagura("cert", "import", "--file", authority.root, "--data", data, check=0)
    elif kind == "udp":
        words += ["--use-udp"]
    else:
        words += ["--no-encryption"]
    if kind.startswith("relp"):
        words += ["--use-relp"]
    if kind in ("mtls", "relp-tls"):  # librelp asks for a certificate once it has a CA
        certificate, key = authority.issue(f"node-{time.time_ns()}")
        yagura("cert", "import", "--pem", certificate, "--key", key, "--data", data, check=0)
        found = [one for one in json.loads(yagura("cert", "list", "--json", "--data", data, check=0).stdout) if one["hasPrivateKey"]]
        words += ["--client-certificate-thumbprint", found[0]["thumbprint"]]
    yagura(*words, check=0)


def numbers(lines):
    return collections.Counter(int(found.group(1)) for line in lines if (found := re.search(r"n=(\d{5}) end", line)))


def forward_all(data, journal):
    ledger = json.loads(yagura("forwarder", "run", "--until-end", "--journal", journal, "--data", data, check=0, timeout=90).stdout)
    assert ledger["balanced"] and ledger["sent"] == MESSAGES and ledger["lost"] == {}, ledger
    return ledger


@pytest.mark.parametrize("kind", ["tcp", "tls", "mtls", "udp", "relp", "relp-tls"])
def test_rsyslog(journal, authority, tmp_path, kind):
    data = tmp_path / "agent"
    if kind.startswith("relp") and not pathlib.Path("/usr/lib/x86_64-linux-gnu/rsyslog/imrelp.so").exists():
        pytest.skip("rsyslog-relp is not installed")
    with Rsyslog(tmp_path / "receiver", kind, authority) as receiver:
        configure(data, receiver, authority, kind)
        forward_all(data, journal)
        found = numbers(receiver.wait_lines(MESSAGES))
    if kind == "udp":  # best effort: a receiver that gets no processor for a while may lose some
        assert len(found) > MESSAGES * 0.95 and set(found.values()) == {1}
        return
    assert len(found) == MESSAGES and set(found.values()) == {1}
    fields = (tmp_path / "receiver" / "fields.log").read_text().splitlines()
    first = next(line for line in fields if "n=00001 " in line).split("|")
    assert first[0] == "33" and first[2] == "host1" and first[3] == "app"


@pytest.mark.skipif(not (SYSLOG_NG / "sbin/syslog-ng").exists(), reason="syslog-ng was not unpacked by ./dev setup")
@pytest.mark.parametrize("kind", ["tcp", "tls", "mtls", "udp"])
def test_syslog_ng(journal, authority, tmp_path, kind):
    data = tmp_path / "agent"
    with SyslogNg(tmp_path / "receiver", kind, authority) as receiver:
        configure(data, receiver, authority, kind, *(["--framing", "lf"] if kind == "tcp" else []))
        forward_all(data, journal)
        found = numbers(receiver.wait_lines(MESSAGES))
    if kind == "udp":
        assert len(found) > MESSAGES * 0.95 and set(found.values()) == {1}
        return
    assert len(found) == MESSAGES and set(found.values()) == {1}


@pytest.mark.parametrize("kind", ["tls", "relp"])
def test_a_killed_receiver_loses_nothing(journal, authority, tmp_path, kind):
    if kind.startswith("relp") and not pathlib.Path("/usr/lib/x86_64-linux-gnu/rsyslog/imrelp.so").exists():
        pytest.skip("rsyslog-relp is not installed")
    data = tmp_path / "agent"
    receiver = Rsyslog(tmp_path / "receiver", kind, authority)
    configure(data, receiver, authority, kind)
    process = subprocess.Popen([PROGRAM, "forwarder", "run", "--until-end", "--journal", journal, "--data", data], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(3):
        receiver.start()
        time.sleep(0.6)
        receiver.kill()
    receiver.start()
    out, _ = process.communicate(timeout=90)
    ledger = json.loads(out)
    found = numbers(receiver.wait_lines(MESSAGES, 5))
    receiver.stop()
    found = numbers(receiver.lines())
    assert len(found) == MESSAGES, f"missing {sorted(set(range(MESSAGES)) - set(found))[:10]}"
    doubles = sum(found.values()) - MESSAGES
    assert doubles <= ledger["repeated"] and ledger["balanced"] and ledger["sent"] == MESSAGES


def test_a_killed_forwarder_loses_nothing(journal, authority, tmp_path):
    """kill -9 of the sender, again and again: bookmark and counters are of one moment, and what was not counted goes again."""
    data = tmp_path / "agent"
    with Rsyslog(tmp_path / "receiver", "tls", authority) as receiver:
        configure(data, receiver, authority, "tls")
        command = [PROGRAM, "forwarder", "run", "--until-end", "--journal", journal, "--data", data]
        for i in range(10):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.02 + 0.05 * i)
            process.kill()
            process.wait(10)
        forward_all(data, journal)
        found = numbers(receiver.wait_lines(MESSAGES))
    assert len(found) == MESSAGES


def test_signed_messages_tell_what_the_receiver_lost(journal, authority, tmp_path):
    data, key = tmp_path / "agent", tmp_path / "sign.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key], check=True, capture_output=True)
    key.chmod(0o600)
    public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
    with Rsyslog(tmp_path / "receiver", "tls", authority) as receiver:
        configure(data, receiver, authority, "tls", "--sign-key", key)
        forward_all(data, journal)
        lines = receiver.wait_lines(MESSAGES + MESSAGES // 36)
    kept = tmp_path / "kept.log"

    def verify(some, check):
        kept.write_text("".join(line + "\n" for line in some))
        return json.loads(yagura("forwarder", "verify", kept, "--json", "--trust", hashlib.sha256(public).hexdigest(), check=check).stdout)

    whole = verify(lines, 0)
    assert whole["clean"] and whole["verified"] == MESSAGES and whole["messages"] == MESSAGES
    at = {n: next(i for i, line in enumerate(lines) if f"n={n:05d} end" in line) for n in (500, 501, 1500, 2000)}
    worse = list(lines)
    worse[at[1500]] = worse[at[1500]].replace("message", "massage")
    del worse[at[500]:at[501] + 1]
    report = verify(worse, 1)
    assert sorted((one["kind"], one["number"]) for one in report["findings"]) == [("changed", 1501), ("missing", 501), ("missing", 502)]


# Last: it adds an event of its own to the journal.
def test_a_cef_event_end_to_end(yagura, tmp_path):
    """`forwarder test` to a Yagura that receives: sent, and found in its store."""
    data = tmp_path / "agent"
    (tmp_path / "token").write_text(yagura.api_token())
    result = yagura.command("forwarder", "test", "--json", "--data", data, "--server-name", "127.0.0.1", "--server-port", yagura.tcp_port, "--no-encryption",
                            "--receiver", f"http://127.0.0.1:{yagura.http_port}", "--token-file", tmp_path / "token", "--timeout", 60)
    report = json.loads(result.stdout)
    assert report["good"], report["steps"]
    assert report["steps"][-1]["name"] == "receipt" and re.match(r"<84>\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ CEF: ?0\.0\|Microsoft\|Microsoft Azure Stack HCI\|1\.0\|Yagura-Forwarder:1\|", report["message"])
