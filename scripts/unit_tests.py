#!/usr/bin/env python3
"""Run every room's test program below a build folder, two at a time, and count single tests.

Last line of output: "N passed, N failed, N skipped". A program that crashes or times out counts as one failure.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree


def run(program: pathlib.Path, root: pathlib.Path, timeout: int):
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.xml"
        started = time.time()
        try:
            result = subprocess.run(
                [program.resolve(), "--gtest_brief=1", f"--gtest_output=xml:{report}"],
                cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
            output, code = result.stdout.decode(errors="replace"), result.returncode
        except subprocess.TimeoutExpired as expired:
            output, code = (expired.stdout or b"").decode(errors="replace") + f"\nno end within {timeout} s", -1
        passed = failed = skipped = 0
        try:
            for case in ElementTree.parse(report).getroot().iter("testcase"):
                if case.find("failure") is not None:
                    failed += 1
                elif case.find("skipped") is not None or case.get("result") == "skipped":
                    skipped += 1
                elif case.get("status") == "run":
                    passed += 1
        except (OSError, ElementTree.ParseError):
            pass
        if code != 0 and failed == 0:
            failed = 1
        return program.name, passed, failed, skipped, time.time() - started, output


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build")
    parser.add_argument("--filter", default="", help="only programs whose name contains this")
    parser.add_argument("--timeout", type=int, default=900)
    args = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parent.parent
    programs = sorted(p for p in pathlib.Path(args.build).glob("*_test") if os.access(p, os.X_OK) and args.filter in p.name)
    if not programs:
        print("no test program matches", file=sys.stderr)
    total = [0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as pool:
        for name, passed, failed, skipped, seconds, output in pool.map(lambda p: run(p, root, args.timeout), programs):
            print(f"{name}: {passed} passed, {failed} failed, {skipped} skipped ({seconds:.1f} s)", flush=True)
            if failed:
                print(output[-20000:], flush=True)
            total = [total[0] + passed, total[1] + failed, total[2] + skipped]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
