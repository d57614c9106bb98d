#!/usr/bin/env python3
"""yagura hunt over a folder of evidence, and EVTX reading beside evtx_dump, in the same run.

    python3 bench/hunt.py --program build/release/yagura --rules SIGMA_RULES --evidence FOLDER [--evtx-dump PATH] [--rounds 3]

Prints wall seconds, CPU seconds and peak memory of each; the best of the rounds. evtx_dump: cargo install evtx.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import time


def run(command):
    """(wall, cpu, peak KB, stderr) of a command."""
    started = time.time()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{command[0]} failed: {error[-500:]}")
    return time.time() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, error


def best(rounds, command):
    results = [run(command) for _ in range(rounds)]
    return min(results, key=lambda result: result[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/yagura")
    parser.add_argument("--rules", required=True)
    parser.add_argument("--evidence", required=True)
    parser.add_argument("--evtx-dump")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores; best of {args.rounds} by CPU")
    for threads in ("1", "0"):
        wall, cpu, peak, error = best(args.rounds, [args.program, "hunt", args.rules, args.evidence, "--threads", threads, "--format", "jsonl"])
        found = re.search(r"([\d,]+) findings of .* in ([\d,]+) events", error)
        hunted = re.search(r"in ([\d.]+) s, ([\d,]+) events/s", error)
        print(f"hunt, {'all' if threads == '0' else threads} threads: {wall:.2f} s wall (loading rules included), {cpu:.2f} CPU-s, {peak / 1024:.0f} MB; "
              f"{found[1]} findings in {found[2]} events, {hunted[1]} s without loading")
    files = sorted(str(path) for path in pathlib.Path(args.evidence).rglob("*.evtx"))
    wall, cpu, peak, _ = best(args.rounds, [args.program, "dump", *files, "-o", "/dev/null"])
    print(f"yagura dump --format jsonl, {len(files)} files: {wall:.2f} s wall, {cpu:.2f} CPU-s, {peak / 1024:.0f} MB")
    if args.evtx_dump:
        sums = [0.0, 0.0, 0]
        for file in files:
            result = best(1, [args.evtx_dump, "-t", "1", "-o", "jsonl", file])
            sums = [sums[0] + result[0], sums[1] + result[1], max(sums[2], result[2])]
        print(f"evtx_dump -t 1 -o jsonl, {len(files)} files (a process each): {sums[0]:.2f} s wall, {sums[1]:.2f} CPU-s, {sums[2] / 1024:.0f} MB")


if __name__ == "__main__":
    main()
