"""rsyslog, syslog-ng's loggen and logger(1) deliver; counts and bytes are equal in the store and in the journal."""
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from harness import CACHE

MESSAGES = 100_000
LOGGEN = CACHE / "syslog-ng/usr/bin/loggen"


def check_evidence(server, rows):
    """The journal gives back the bytes that the row was made of."""
    for row in rows:
        raw = server.command("evidence", "show", row["_ItemId"], "--raw", "--data", server.data, text=False).stdout
        assert row["SyslogMessage"].encode() in raw, (row, raw)


def run_rsyslog(server, transport, count):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="yagura-rsyslog-"))
    source = folder / "lines"
    with open(source, "w") as out:
        for i in range(count):
            out.write(f"rsyslog {transport} message number {i:06d} user=alice src=192.0.2.{i % 250}\n")
    tls = ""
    action = f'action(type="omfwd" target="127.0.0.1" port="{server.tcp_port if transport == "tcp" else server.tls_port}" protocol="tcp" ' \
             f'template="RSYSLOG_SyslogProtocol23Format" TCP_Framing="octet-counted" action.resumeRetryCount="-1" ' \
             f'queue.type="LinkedList" queue.size="200000" queue.timeoutShutdown="60000" '
    if transport == "tls":
        tls = f'global(DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="{server.keys}/server.crt")\n'
        action += 'StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid" '
    (folder / "rsyslog.conf").write_text(
        f'global(workDirectory="{folder}")\n{tls}module(load="imfile")\n'
        f'input(type="imfile" file="{source}" tag="rs{transport}:" ruleset="out")\n'
        f'ruleset(name="out") {{ {action}) }}\n')
    process = subprocess.Popen(["rsyslogd", "-n", "-f", folder / "rsyslog.conf", "-i", folder / "pid"],
                               stdout=open(folder / "out", "wb"), stderr=subprocess.STDOUT)
    try:
        found = server.wait_count(f"Syslog | where ProcessName == 'rs{transport}'", count, 90)
    finally:
        process.terminate()
        process.wait(60)
    output = (folder / "out").read_text(errors="replace")
    shutil.rmtree(folder)
    assert found == count, output[-2000:]


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_rsyslog(yagura, transport):
    run_rsyslog(yagura, transport, MESSAGES)
    table = f"Syslog | where ProcessName == 'rs{transport}'"
    summary = yagura.query(f"{table} | summarize distinct_texts = count_distinct(SyslogMessage), newest = max(SyslogMessage)")[0]
    assert summary["distinct_texts"] == MESSAGES
    assert summary["newest"].startswith(f"rsyslog {transport} message number {MESSAGES - 1:06d}")
    rows = yagura.query(f"{table} | where SyslogMessage has '000777' or SyslogMessage has '{MESSAGES - 1:06d}'")
    assert len(rows) == 2
    check_evidence(yagura, rows)


@pytest.mark.skipif(not LOGGEN.exists(), reason="syslog-ng was not unpacked by ./dev setup")
@pytest.mark.parametrize("transport,options", [
    ("tcp", ["--inet", "--stream"]),
    ("tls", ["--use-ssl"]),
    ("udp", ["--inet", "--dgram", "--rate", "20000"]),
])
def test_loggen(yagura, transport, options):
    port = {"tcp": yagura.tcp_port, "tls": yagura.tls_port, "udp": yagura.udp_port}[transport]
    before = yagura.count("Syslog | where ProcessName == 'prg00000'")
    rate = [] if transport == "udp" else ["--rate", "1000000"]
    prefix = CACHE / "syslog-ng/usr"
    subprocess.run([LOGGEN, *options, *rate, "--number", str(MESSAGES), "--size", "180", "--interval", "60", "127.0.0.1", str(port)],
                   check=True, capture_output=True, timeout=120,
                   env={"SYSLOGNG_PREFIX": str(prefix), "LD_LIBRARY_PATH": f"{prefix}/lib/syslog-ng", "PATH": "/usr/bin"})
    assert yagura.wait_count("Syslog | where ProcessName == 'prg00000'", before + MESSAGES) == before + MESSAGES


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_logger(yagura, transport):
    """logger(1) reads lines and sends each; 100,000 by one process."""
    tag = f"logger-{transport}"
    text = "".join(f"logger {transport} line {i:06d}\n" for i in range(MESSAGES)).encode()
    port = yagura.tcp_port if transport == "tcp" else yagura.udp_port
    options = ["--tcp", "--octet-count"] if transport == "tcp" else ["--udp"]
    subprocess.run(["logger", "--server", "127.0.0.1", "--port", str(port), *options, "--tag", tag], input=text, check=True, timeout=120)
    assert yagura.wait_count(f"Syslog | where ProcessName == '{tag}'", MESSAGES) == MESSAGES
    check_evidence(yagura, yagura.query(f"Syslog | where ProcessName == '{tag}' and SyslogMessage has '099999'"))


def test_nothing_was_dropped(yagura):
    metrics = yagura.request("GET", "/metrics")[1].decode()
    drops = [line for line in metrics.splitlines() if "dropped" in line and not line.startswith("#") and float(line.split()[-1]) != 0]
    assert drops == []
