#!/usr/bin/env python3
"""One relay, three programs, one run: a file of syslog lines, sent as it is over TLS to the same sink. yagura agent beside rsyslog and
syslog-ng; wall and CPU seconds until the sink has every message, and resident memory then.

    python3 bench/forward.py --program build/release/yagura [--messages 300000] [--rate 0]

`--rate` writes the lines that many a second in place of all at once: then CPU is a share of one core. The sink is this script (Python's
ssl, TLS 1.3); it counts messages and does nothing else. Agents keep a spool with fsync, which the others here do not.
"""
import argparse
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/system"))


class Sink:
    def __init__(self, certificate, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.count, self.context = 0, context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            raw, _ = self.listener.accept()
            with self.context.wrap_socket(raw, server_side=True) as connection:
                rest = b""  # a marker may be cut by the border of a TLS record
                while data := connection.recv(1 << 18):
                    data = rest + data
                    self.count += data.count(b" end")
                    rest = data[-3:]


def usage(process):
    """CPU seconds and resident KB of a process and its threads."""
    stat = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"), int(status.split("VmRSS:")[1].split()[0])


def write(path, messages, rate):
    line = "<13>Nov 22 08:00:00 host1 app[{0}]: user=alice src=192.0.2.{1} dst=198.51.100.7 action=allow policy=egress message n={0:07d} end\n"
    with open(path, "a") as out:
        if not rate:
            out.write("".join(line.format(i, i % 250) for i in range(messages)))
            return
        begin = time.time()
        for i in range(messages):
            if i % 100 == 0:
                out.flush()
                time.sleep(max(0, begin + i / rate - time.time()))
            out.write(line.format(i, i % 250))


def measure(name, command, env, sink, source, messages, rate, cwd):
    process = subprocess.Popen(list(map(str, command)), env=env, cwd=cwd, stdout=subprocess.DEVNULL, stderr=open(cwd / "log", "wb"))
    time.sleep(3)
    begin, (cpu_before, _) = time.time(), usage(process)
    write(source, messages, rate)
    while sink.count < messages and time.time() - begin < 120 and process.poll() is None:
        time.sleep(0.02)
    wall = time.time() - begin
    cpu, memory = usage(process)
    print(f"{name:10} {sink.count:>8} of {messages} messages  {wall:7.2f} s  {cpu - cpu_before:6.2f} CPU s  {messages / max(cpu - cpu_before, 0.01):>10,.0f} a CPU second"
          f"  {100 * (cpu - cpu_before) / wall:5.1f} % of a core  {memory / 1024:6.1f} MiB", flush=True)
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(ROOT / "build/release/yagura"))
    parser.add_argument("--messages", type=int, default=300_000)
    parser.add_argument("--rate", type=int, default=0)
    args = parser.parse_args()
    program = pathlib.Path(args.program).resolve()
    os.environ["YAGURA_PROGRAM"] = str(program)
    from forward_peers import SYSLOG_NG, Authority, yagura

    base = pathlib.Path(tempfile.mkdtemp(prefix="yagura-forward-bench-"))
    authority = Authority(base / "ca")
    certificate, key = authority.issue("sink")

    folder, sink = base / "agent", Sink(certificate, key)
    folder.mkdir()
    source, data = folder / "in.log", folder / "data"
    source.touch()
    (folder / "agent.yaml").write_text(f"data: {data}\nspool: {{min_free: 16MiB}}\nsources:\n  - {{kind: file, paths: [{source}]}}\n")
    yagura("cert", "import", "--file", authority.root, "--data", data, check=0)
    yagura("forwarder", "set", "--data", data, "--server-name", "127.0.0.1", "--server-port", sink.port, "--output-severity", "Verbose", "--subscription", "all", "--encoding", "rfc5424",
           check=0)
    measure("yagura", [program, "agent", "run", "--config", folder / "agent.yaml"], None, sink, source, args.messages, args.rate, folder)

    if shutil.which("rsyslogd"):
        folder, sink = base / "rsyslog", Sink(certificate, key)
        folder.mkdir()
        source = folder / "in.log"
        source.touch()
        (folder / "rsyslog.conf").write_text(f"""
global(workDirectory="{folder}" DefaultNetstreamDriverCAFile="{authority.root}")
module(load="imfile")
template(name="raw" type="string" string="%msg%\\n")
input(type="imfile" file="{source}" tag="x" ruleset="out")
ruleset(name="out") {{ action(type="omfwd" target="127.0.0.1" port="{sink.port}" protocol="tcp" template="raw" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid"
  TCP_Framing="octet-counted") }}
""")
        measure("rsyslog", ["rsyslogd", "-n", "-f", folder / "rsyslog.conf", "-i", folder / "pid"], None, sink, source, args.messages, args.rate, folder)

    if (SYSLOG_NG / "sbin/syslog-ng").exists():
        folder, sink = base / "syslog-ng", Sink(certificate, key)
        folder.mkdir()
        source = folder / "in.log"
        source.touch()
        (folder / "syslog-ng.conf").write_text(f"""
@version: 3.38
source s {{ file("{source}" flags(no-parse) follow-freq(1)); }};
destination d {{ network("127.0.0.1" port({sink.port}) transport("tls") tls(ca-file("{authority.root}") peer-verify(required-trusted)) template("${{MESSAGE}}\\n")); }};
log {{ source(s); destination(d); flags(flow-control); }};
""")
        env = {"SYSLOGNG_PREFIX": str(SYSLOG_NG), "LD_LIBRARY_PATH": f"{SYSLOG_NG}/lib/syslog-ng:{SYSLOG_NG}/lib", "PATH": os.environ["PATH"]}
        measure("syslog-ng", [SYSLOG_NG / "sbin/syslog-ng", "-F", "--no-caps", "-f", folder / "syslog-ng.conf", "--persist-file", folder / "persist", "--pidfile", folder / "pid", "--control",
                              folder / "control", "--module-path", f"{SYSLOG_NG}/lib/syslog-ng/3.38"], env, sink, source, args.messages, args.rate, folder)
    shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
