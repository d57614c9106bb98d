#!/usr/bin/env python3
"""Syslog lines by TCP on loopback until durable and queryable, beside other programs, interleaved in one run.

    ./dev bench syslog [--lines 2000000] [--rounds 3] [--peers yagura,rsyslog-file,...]

For each program and round: lines per second (sender's first byte until all lines are there: for Yagura until a query counts them,
for the others until their file or queue has them all), CPU seconds per million lines of the program, peak memory, bytes on disk a line.
On a machine that does other work too only the CPU seconds say something. --threads tells them by thread (Yagura only).
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/system"))
os.environ.setdefault("YAGURA_PROGRAM", str(ROOT / "build/release/yagura"))
from harness import CACHE, Yagura, free_port  # noqa: E402

LOAD = pathlib.Path(os.environ.get("YAGURA_LOAD", pathlib.Path(os.environ["YAGURA_PROGRAM"]).parent / "syslog_load"))
THREADS = "--threads" in sys.argv
RATE = 0  # lines a second that the sender sends at most; 0: as fast as they are taken
TICKS = os.sysconf("SC_CLK_TCK")


def children(pid):
    pids = [pid]
    for child in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = child.read_text().rsplit(")", 1)[1].split()
            if int(fields[1]) == pid:
                pids += children(int(child.parent.name))
        except (OSError, ValueError):
            pass
    return pids


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / TICKS


def cpu_of_threads(pids):
    """Seconds by thread name: {name: (user, system)}; threads that have ended are not there."""
    out = {}
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
            try:
                text = task.read_text()
            except OSError:
                continue
            name = text[text.index("(") + 1:text.rindex(")")]
            fields = text.rsplit(")", 1)[1].split()
            user, system = out.get(name, (0, 0))
            out[name] = (user + int(fields[11]) / TICKS, system + int(fields[12]) / TICKS)
    return out


def peak_memory(pids):
    total = 0
    for pid in pids:
        try:
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM"):
                    total += int(line.split()[1]) * 1024
        except OSError:
            pass
    return total


def size_of(folder):
    return sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*") if path.is_file())


def count_lines(path):
    count = 0
    try:
        with open(path, "rb") as source:
            while block := source.read(1 << 22):
                count += block.count(b"\n")
    except FileNotFoundError:
        return 0
    return count


def send(port, lines, seed):
    return subprocess.Popen([LOAD, "--lines", str(lines), "--seed", str(seed), "--rate", str(RATE), "--tcp", f"127.0.0.1:{port}"], stdout=subprocess.PIPE)


class Measured:
    """The time starts when the generator has made its lines: it tells the seconds, and the CPU seconds, it sent for."""

    def __init__(self, process, lines, threads=False):
        self.process, self.lines, self.threads = process, lines, threads

    def run(self, port, seed, arrived):
        pids = children(self.process.pid)
        cpu_before = cpu_seconds(pids)
        threads_before = cpu_of_threads(pids)
        sender = send(port, self.lines, seed)
        report = json.loads(sender.communicate(timeout=600)[0])
        sent_at = time.time()
        while not arrived():
            time.sleep(0.05)
            if time.time() - sent_at > 300:
                raise RuntimeError("not all lines arrived")
        lag = time.time() - sent_at
        seconds = report["seconds"] + lag
        pids = children(self.process.pid)
        million = self.lines / 1e6
        if self.threads:
            for name, (user, system) in sorted(cpu_of_threads(pids).items(), key=lambda item: -sum(item[1])):
                before = threads_before.get(name, (0, 0))
                if user + system - sum(before) > 0.02 * million:
                    print(f"  {name:16} {(user - before[0]) / million:6.2f} user {(system - before[1]) / million:6.2f} system CPU-s/M")
        return {"lines_per_second": self.lines / seconds, "seconds": seconds, "lag_after_sending": lag,
                "cpu_per_million": (cpu_seconds(pids) - cpu_before) / million, "sender_cpu_per_million": report["cpu_seconds"] / million,
                "peak_memory_mb": peak_memory(pids) / 1e6, **({"peak_server_mb": peak_memory(pids[:1]) / 1e6} if len(pids) > 1 else {}), "load": os.getloadavg()[0]}


def bytes_in_store(server):
    """Of a stopped server: parts that merges have replaced are not counted."""
    engine = subprocess.Popen([server.program, "engine", "--data", server.data], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            answer = subprocess.run(["curl", "-sf", "--unix-socket", server.data / "engine.sock", "http://localhost/", "--data-binary",
                                     "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND startsWith(database, 'w_')"],
                                    capture_output=True, text=True)
            if answer.returncode == 0:
                return int(answer.stdout)
            time.sleep(0.1)
        raise RuntimeError("the engine does not answer")
    finally:
        engine.send_signal(signal.SIGTERM)
        engine.wait(30)


def bench_yagura(lines, seed):
    rules = f"detection: {{rules: [{os.environ['YAGURA_BENCH_RULES']}]}}" if "YAGURA_BENCH_RULES" in os.environ else ""
    server = Yagura(settings=rules)
    try:
        server.start()
        token = server.api_token()
        assert token
        time.sleep(2)
        result = Measured(server.process, lines, THREADS).run(server.tcp_port, seed, lambda: server.count("union Syslog, CommonSecurityLog, YaguraUnparsed") >= lines)
        time.sleep(8)  # merges
        server.stop()
        result["journal_bytes_per_line"] = size_of(server.data / "journal") / lines
        result["store_bytes_per_line"] = bytes_in_store(server) / lines
        return result
    finally:
        server.close()


def wait_for_listener(port, seconds=60):
    """Without connecting: some programs take one connection only."""
    wanted = f":{port:04X}"
    for _ in range(seconds * 10):
        for table in ("/proc/net/tcp", "/proc/net/tcp6"):
            rows = [line.split() for line in pathlib.Path(table).read_text().splitlines()[1:]]
            if any(row[1].endswith(wanted) and row[3] == "0A" for row in rows):
                return
        time.sleep(0.1)
    raise RuntimeError(f"nobody listens on port {port}")


def bench_file_program(make_command, lines, seed):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="yagura-bench-"))
    port = free_port()
    process = subprocess.Popen(make_command(folder, port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_listener(port)
        result = Measured(process, lines).run(port, seed, lambda: count_lines(folder / "out.log") >= lines)
        result["bytes_per_line"] = size_of(folder) / lines
        return result
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def rsyslog(queue=""):
    def command(folder, port):
        (folder / "rsyslog.conf").write_text(
            f'global(workDirectory="{folder}")\nmodule(load="imtcp")\n'
            f'input(type="imtcp" port="{port}" address="127.0.0.1" ruleset="out")\n'
            f'template(name="raw" type="string" string="%rawmsg%\\n")\n'
            f'ruleset(name="out" queue.type="LinkedList" queue.size="100000" queue.dequeueBatchSize="4096") {{ action(type="omfile" file="{folder}/out.log" template="raw" '
            f'asyncWriting="off" ioBufferSize="256k" {queue}) }}\n')
        return ["rsyslogd", "-n", "-f", str(folder / "rsyslog.conf"), "-i", str(folder / "pid")]
    return command


def syslog_ng(folder, port):
    (folder / "syslog-ng.conf").write_text(
        f'@version: 3.38\nsource s {{ network(ip("127.0.0.1") port({port}) transport("tcp") log-iw-size(100000) max-connections(100) flags(store-raw-message)); }};\n'
        f'destination d {{ file("{folder}/out.log" template("$RAWMSG\\n") flush-lines(1000)); }};\nlog {{ source(s); destination(d); flags(flow-control); }};\n')
    root = CACHE / "syslog-ng"
    lib = root / "usr/lib"
    return ["env", f"LD_LIBRARY_PATH={lib}/x86_64-linux-gnu:{lib}/syslog-ng:{lib}", str(root / "usr/sbin/syslog-ng"), "-F", "--no-caps", "-f", str(folder / "syslog-ng.conf"),
            "-R", str(folder / "persist"), "-c", str(folder / "ctl"), "-p", str(folder / "pid"), "--module-path", str(next(root.rglob("libaffile.so")).parent)]


def tenzir(folder, port):
    program = shutil.which("tenzir") or str(CACHE / "tenzir/bin/tenzir")
    return [program, f'accept_tcp "127.0.0.1:{port}" {{ read_syslog }} | to_file "{folder}/out.log" {{ write_ndjson }}']


PEERS = {
    "yagura": bench_yagura,
    "rsyslog-file": lambda lines, seed: bench_file_program(rsyslog(), lines, seed),
    "rsyslog-synced": lambda lines, seed: bench_file_program(rsyslog('sync="on"'), lines, seed),
    "rsyslog-disk-queue": lambda lines, seed: bench_file_program(
        rsyslog('queue.type="Disk" queue.filename="q" queue.maxDiskSpace="4g" queue.checkpointInterval="1000"'), lines, seed),
    "syslog-ng": lambda lines, seed: bench_file_program(syslog_ng, lines, seed),
    "tenzir": lambda lines, seed: bench_file_program(tenzir, lines, seed),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default="yagura,rsyslog-file,rsyslog-synced,rsyslog-disk-queue,syslog-ng")
    parser.add_argument("--threads", action="store_true")
    parser.add_argument("--rate", type=int, default=0, help="lines a second that are sent at most; the lag then tells how old the newest rows are")
    args = parser.parse_args()
    global RATE
    RATE = args.rate
    results = {name: [] for name in args.peers.split(",")}
    for round_number in range(args.rounds):
        for name in results:
            try:
                result = PEERS[name](args.lines, round_number + 1)
            except Exception as error:  # a peer that is not there must not stop the others
                print(f"{name}: {error}", file=sys.stderr)
                continue
            results[name].append(result)
            print(json.dumps({"peer": name, "round": round_number + 1, **{k: round(v, 3) for k, v in result.items()}}), flush=True)
    print()
    for name, rows in results.items():
        if rows:
            print(f"{name:20} {statistics.median(r['lines_per_second'] for r in rows):>12,.0f} lines/s  "
                  f"{statistics.median(r['cpu_per_million'] for r in rows):6.2f} CPU-s/M  {max(r['peak_memory_mb'] for r in rows):7.0f} MB")


if __name__ == "__main__":
    main()
