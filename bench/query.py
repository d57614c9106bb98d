#!/usr/bin/env python3
"""KQL through the API beside hand-written SQL on the same store, alternating; what Yagura adds to a query is the difference.

    ./dev bench query [--rows 10000000] [--repeat 21] [--data FOLDER that a run before left with --keep]

Rows come by syslog over TCP (bench/syslog_load.cpp). Both go over loopback HTTP on connections that stay open and answer in JSON.
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
os.environ.setdefault("YAGURA_PROGRAM", str(ROOT / "build/release/yagura"))
from harness import Yagura, free_port  # noqa: E402

LOAD = pathlib.Path(os.environ.get("YAGURA_LOAD", pathlib.Path(os.environ["YAGURA_PROGRAM"]).parent / "syslog_load"))

QUERIES = {
    "nothing (take 0 of a literal)": ("print x = 1", "SELECT 1 AS x"),
    "count": ("Syslog | count", "SELECT count() FROM w_default.Syslog"),
    "count of one program": ("Syslog | where ProcessName == 'sudo' | count", "SELECT count() FROM w_default.Syslog WHERE ProcessName = 'sudo'"),
    "by host, ten largest": ("Syslog | summarize n = count() by Computer | top 10 by n",
                             "SELECT Computer, count() AS n FROM w_default.Syslog GROUP BY Computer ORDER BY n DESC LIMIT 10"),
    "by ten minutes and severity": ("Syslog | summarize n = count() by bin(TimeGenerated, 10m), SeverityLevel",
                                    "SELECT toStartOfInterval(TimeGenerated, INTERVAL 10 MINUTE) AS t, SeverityLevel, count() AS n FROM w_default.Syslog GROUP BY t, SeverityLevel"),
    "newest hundred": ("Syslog | top 100 by TimeGenerated desc | project TimeGenerated, Computer, SyslogMessage",
                       "SELECT TimeGenerated, Computer, SyslogMessage FROM w_default.Syslog ORDER BY TimeGenerated DESC LIMIT 100"),
    "a word that is rare": ("Syslog | where SyslogMessage has 'zeitgeist77' | count",
                            "SELECT count() FROM w_default.Syslog WHERE hasToken(lower(SyslogMessage), 'zeitgeist77')"),
    "a word that is common": ("Syslog | where SyslogMessage has 'failed' | count",
                              "SELECT count() FROM w_default.Syslog WHERE hasToken(lower(SyslogMessage), 'failed')"),
}


class Client:
    def __init__(self, port, headers):
        self.connection, self.headers = http.client.HTTPConnection("127.0.0.1", port), headers

    def post(self, path, body):
        begin = time.perf_counter()
        self.connection.request("POST", path, body, self.headers)
        answer = self.connection.getresponse()
        data = answer.read()
        seconds = time.perf_counter() - begin
        if answer.status != 200:
            raise RuntimeError(data[:500])
        return seconds, data


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=21)
    parser.add_argument("--data")
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    engine_port = free_port()
    server = Yagura(folder=args.data, settings=f'store: {{engine: {{listen: "127.0.0.1:{engine_port}", user: bench, password: bench-{os.getpid()}}}}}')
    try:
        server.start()
        there = server.count("union Syslog, CommonSecurityLog")
        while there < args.rows:
            step = min(1_000_000, args.rows - there)
            subprocess.run([LOAD, "--lines", str(step), "--seed", str(there + 1), "--tcp", f"127.0.0.1:{server.tcp_port}"], check=True, stdout=subprocess.DEVNULL)
            if there == 0:
                server.send_tcp(b"<13>1 2026-11-01T10:00:00Z srv-1 note - - - the word is Zeitgeist77, once\n")
            there = server.wait_count("union Syslog, CommonSecurityLog", there + step, 300)
            print(f"{there} rows", file=sys.stderr, flush=True)
        time.sleep(20)  # merges build the words index
        ours = Client(server.http_port, {"Authorization": f"Bearer {server.api_token()}", "Content-Type": "application/json"})
        theirs = Client(engine_port, {"Authorization": "Basic " + base64.b64encode(f"bench:bench-{os.getpid()}".encode()).decode()})
        print(f"{there} rows; load {os.getloadavg()[0]:.1f}; medians of {args.repeat}, ms\n\n| query | KQL | SQL | added |\n|---|---|---|---|")
        added = []
        for name, (kql, sql) in QUERIES.items():
            times = ([], [])
            for _ in range(args.repeat + 2):
                times[0].append(ours.post("/v1/workspaces/default/query", json.dumps({"query": kql}))[0] * 1e3)
                times[1].append(theirs.post("/?default_format=JSONCompact", sql)[0] * 1e3)
            medians = [statistics.median(t[2:]) for t in times]
            added.append(medians[0] - medians[1])
            print(f"| {name} | {medians[0]:.1f} | {medians[1]:.1f} | {added[-1]:.1f} |", flush=True)
        print(f"\nadded at the median: {statistics.median(added):.1f} ms")
    finally:
        server.stop(120)
        if args.keep or args.data:
            print(f"kept {server.folder}", file=sys.stderr)
        else:
            server.close()


if __name__ == "__main__":
    main()
