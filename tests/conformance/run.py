#!/usr/bin/env python3
"""Run conformance suites and compare with the floors.

Each suite is a program of the build (conformance_<program>) called as
    conformance_<program> SUITE CASES FAILURES_FILE
which prints lines `NAME PASSED/TOTAL` (the suite and its sub-suites) and writes one line or paragraph a failure. The floors file has
`NAME PASSED` lines; a figure below its floor makes the exit code 1.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import time

# suite: (program, a path below the cases folder that must be there)
SUITES = {
    "kql": ("conformance_kql", "kql/conformance.jsonl"),
    "kql-inflight": ("conformance_kql", "kql/conformance.jsonl"),
    "kql-community": ("conformance_kql", "kql/community.jsonl"),
    "kql-errors": ("conformance_kql", "kql/errors.jsonl"),
    "sentinel": ("conformance_kql", "sentinel/oracle.jsonl"),
    "sigma": ("conformance_sigma", "sigma/conformance.jsonl"),
    "sigma-regression": ("conformance_sigma", "sigma/regression.tar.gz"),
    "sigma-evtx": ("conformance_sigma", "sigma/oracle_evtx.jsonl"),
    "evtx": ("conformance_sigma", "evtx/evtx.tar.gz"),
    "devices": ("conformance_devices", "devices/README.md"),
    "linux": ("conformance_devices", "linux/loghub"),
}
LINE = re.compile(r"^([A-Za-z0-9_.-]+) (\d+)/(\d+)$")


def read_floors(path: pathlib.Path) -> dict[str, int]:
    floors = {}
    if path.exists():
        for line in path.read_text().splitlines():
            line = line.split("#")[0].strip()
            if line:
                name, floor = line.split()
                floors[name] = int(floor)
    return floors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--cases", required=True)
    parser.add_argument("--failures", required=True)
    parser.add_argument("--floors", required=True)
    parser.add_argument("--timeout", type=int, default=1500)
    parser.add_argument("suites", nargs="*")
    args = parser.parse_args()
    unknown = [name for name in args.suites if name not in SUITES]
    if unknown:
        print(f"error: unknown suite {', '.join(unknown)}; there are: {' '.join(SUITES)}", file=sys.stderr)
        return 2
    cases, failures = pathlib.Path(args.cases), pathlib.Path(args.failures)
    failures.mkdir(parents=True, exist_ok=True)
    floors = read_floors(pathlib.Path(args.floors))
    below, broken = [], []
    for name in args.suites or SUITES:
        program, needed = SUITES[name]
        executable = next(iter(sorted(pathlib.Path(args.build).rglob(program))), None)
        if executable is None or not (cases / needed).exists():
            if args.suites:
                print(f"error: {name}: no {'program ' + program if executable is None else 'cases ' + str(cases / needed)}", file=sys.stderr)
                broken.append(name)
            continue
        started = time.time()
        try:
            result = subprocess.run([executable, name, cases, failures / f"{name}.failures"],
                                    stdout=subprocess.PIPE, timeout=args.timeout)
            output, code = result.stdout.decode(errors="replace"), result.returncode
        except subprocess.TimeoutExpired as expired:
            output, code = (expired.stdout or b"").decode(errors="replace"), -1
        figures = 0
        for line in output.splitlines():
            match = LINE.match(line)
            if not match:
                continue
            figures += 1
            print(line, flush=True)
            passed, floor = int(match[2]), floors.get(match[1])
            if floor is not None and passed < floor:
                below.append(f"{match[1]}: {passed} passed, the floor is {floor}")
        if code != 0 or figures == 0:
            broken.append(f"{name} (exit code {code})")
        print(f"{name}: {time.time() - started:.1f} s, failures in {failures / f'{name}.failures'}", file=sys.stderr)
    for line in below:
        print(f"below floor: {line}", file=sys.stderr)
    for line in broken:
        print(f"did not run to its end: {line}", file=sys.stderr)
    return 1 if below or broken else 0


if __name__ == "__main__":
    sys.exit(main())
