#!/usr/bin/env python3
"""KQL through the API beside hand-written SQL on the same store, alternating: the SQL that KQL becomes, and what Yagura adds.

    ./dev bench query [--rows 10000000] [--repeat 15] [--data FOLDER] [--only TEXT] [--answers]

Rows are made by bench/query_data.py into FOLDER, or found there from a run before; without --data a folder is made and removed.
Both sides go over loopback HTTP on connections that stay open and answer in JSON. "CPU" is what server and engine spent,
read from /proc around each query: on a machine that others use as well it says more than the clock.
"""
import argparse
import base64
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/system"))
sys.path.insert(0, str(ROOT / "bench"))
os.environ.setdefault("YAGURA_PROGRAM", str(ROOT / "build/release/yagura"))
import query_data  # noqa: E402
from harness import Yagura, free_port  # noqa: E402
from query_texts import ANALYST, SIMPLE  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


class Client:
    def __init__(self, port, headers):
        self.connection, self.headers = http.client.HTTPConnection("127.0.0.1", port, timeout=300), headers

    def post(self, path, body):
        begin = time.perf_counter()
        self.connection.request("POST", path, body.encode(), self.headers)
        answer = self.connection.getresponse()
        data = answer.read()
        seconds = time.perf_counter() - begin
        if answer.status != 200:
            raise RuntimeError(data[:1500].decode(errors="replace"))
        return seconds, data


def processes_of(group):
    """The server and what it started: it leads a session of its own."""
    out = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == group:
                out.append(entry)
    return out


def cpu_seconds(processes):
    total = 0
    for entry in processes:
        fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def start(folder, port):
    settings = f'store: {{engine: {{listen: "127.0.0.1:{port}", user: bench, password: bench-{os.getpid()}}}}}'
    server = Yagura(folder=folder, settings=settings)
    server.start()
    return server


def filled(folder, rows, port):
    """A server over `rows` rows."""
    server = start(folder, port)
    there = server.count("union SecurityEvent, SigninLogs, Syslog")
    if there == 0:
        server.stop(120)
        query_data.fill(server.data / "store/db", rows, lambda line: print(line, file=sys.stderr, flush=True))
        own, server_folder = server.own_folder, server.folder
        server = start(server_folder, port)
        server.own_folder = own
        there = server.count("union SecurityEvent, SigninLogs, Syslog")
    return server, there


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--data")
    parser.add_argument("--only", default="", help="only the queries whose name holds this")
    parser.add_argument("--answers", action="store_true", help="also print how many rows each side gives")
    parser.add_argument("--sql", action="store_true", help="also print the SQL that the KQL becomes")
    args = parser.parse_args()
    port = free_port()
    server, there = filled(args.data, args.rows, port)
    try:
        ours = Client(server.http_port, {"Authorization": f"Bearer {server.api_token()}", "Content-Type": "application/json"})
        secret = base64.b64encode(f"bench:bench-{os.getpid()}".encode()).decode()
        theirs = Client(port, {"Authorization": "Basic " + secret})
        processes = processes_of(server.process.pid)
        print(f"{there} rows; load {os.getloadavg()[0]:.1f}; medians of {args.repeat}, ms\n")
        print("| query | KQL | SQL | ratio | CPU of KQL | CPU of SQL | ratio |\n|---|---|---|---|---|---|---|", flush=True)
        ratios, added = [], []
        for group, queries in (("", ANALYST), ("simple", SIMPLE)):
            for name, (kql, sql) in queries.items():
                if args.only not in name:
                    continue
                times, cpu = ([], []), [0.0, 0.0]
                for turn in range(args.repeat + 2):
                    sides = [lambda: ours.post("/v1/workspaces/default/query", json.dumps({"query": kql})),
                             lambda: theirs.post("/?default_format=JSONCompact", sql)]
                    for side in (0, 1) if turn % 2 == 0 else (1, 0):
                        before = cpu_seconds(processes)
                        seconds, data = sides[side]()
                        if turn >= 2:  # the first two warm the caches
                            times[side].append(seconds * 1e3)
                            cpu[side] += cpu_seconds(processes) - before
                        if args.answers and turn == 0:
                            answer = json.loads(data)
                            rows = answer["tables"][0]["rows"] if side == 0 else answer["data"]
                            print(f"<!-- {name}: {'KQL' if side == 0 else 'SQL'} {len(rows)} rows, first {json.dumps(rows[:2])[:300]} -->")
                kql_ms, sql_ms = (statistics.median(t) for t in times)
                spent = [1e3 * c / args.repeat for c in cpu]
                (added if group else ratios).append(kql_ms - sql_ms if group else (kql_ms / sql_ms, spent[0] / max(spent[1], 0.1)))
                print(f"| {name} | {kql_ms:.1f} | {sql_ms:.1f} | {kql_ms / sql_ms:.2f} | {spent[0]:.0f} | {spent[1]:.0f} | "
                      f"{spent[0] / max(spent[1], 0.1):.2f} |", flush=True)
                if args.sql:
                    explained = subprocess.run([os.environ["YAGURA_PROGRAM"], "kql", "explain", "--content", ROOT / "content", kql], capture_output=True, text=True)
                    print(f"<!--\n{explained.stdout}{explained.stderr}-->", flush=True)
        if ratios:
            print(f"\nratio at the median: {statistics.median(r[0] for r in ratios):.2f} by the clock, {statistics.median(r[1] for r in ratios):.2f} by CPU; "
                  f"worst {max(r[0] for r in ratios):.2f} and {max(r[1] for r in ratios):.2f}")
        if added:
            print(f"added to the simple ones at the median: {statistics.median(added):.1f} ms")
    finally:
        server.stop(120)
        if args.data:
            print(f"kept {server.folder}", file=sys.stderr)
        else:
            server.close()


if __name__ == "__main__":
    main()
