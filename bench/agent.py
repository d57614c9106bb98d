#!/usr/bin/env python3
"""CPU and memory of `yagura agent` at a steady rate: a file and an EVTX log that grow, a real server, all on this machine.

    bench/agent.py --program build/release/yagura --rate 1000 --seconds 60
"""
import argparse
import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/system"))


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default="build/release/yagura")
    parser.add_argument("--rate", type=int, default=1000, help="events a second")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--kind", choices=["file", "evtx"], default="file")
    args = parser.parse_args()
    os.environ["YAGURA_PROGRAM"] = str(pathlib.Path(args.program).resolve())
    from evtx_maker import GrowingLog
    from harness import Yagura, free_port
    from test_agent import Agent
    with tempfile.TemporaryDirectory(prefix="yagura-bench-") as folder:
        folder, port = pathlib.Path(folder), free_port()
        server = Yagura(folder / "server", settings=f'agents: {{listen: "127.0.0.1:{port}"}}')
        server.start()
        path = folder / ("app.log" if args.kind == "file" else "Security.evtx")
        agent = Agent(folder / "agent", server, port, f"  - {{kind: {args.kind}, paths: [{path}]}}", extra="")
        assert agent.enrol().returncode == 0
        log = GrowingLog(path) if args.kind == "evtx" else open(path, "w")
        agent.start()
        time.sleep(3)
        pid, sent = agent.process.pid, 0
        begin, cpu = time.time(), cpu_seconds(agent.process.pid)
        while time.time() - begin < args.seconds:
            due = int((time.time() - begin) * args.rate)
            while sent < due:
                text = f"user{sent % 97} logged in from 192.0.2.{sent % 251} port {40000 + sent % 20000} session {sent} after a line of the usual length of a log"
                if args.kind == "evtx":
                    log.add(text)
                else:
                    log.write(f"Nov 22 12:00:00 app[{sent % 5000}]: {text}\n")
                sent += 1
            log.flush()
            time.sleep(0.05)
        used, passed = cpu_seconds(pid) - cpu, time.time() - begin
        table = "SecurityEvent | where Computer == 'win1.example'" if args.kind == "evtx" else "Syslog | where SyslogMessage startswith 'user'"
        stored = server.wait_count(table, sent, 60)
        print(f"{args.kind}: {sent / passed:.0f} events/s for {passed:.0f} s: agent {100 * used / passed:.2f} % of a core, "
              f"{memory(pid, 'VmRSS'):.1f} MiB resident (peak {memory(pid, 'VmHWM'):.1f}, own {memory(pid, 'RssAnon'):.1f}); {stored} of {sent} in the store")
        agent.stop()
        server.stop()
        server.close()


if __name__ == "__main__":
    main()
