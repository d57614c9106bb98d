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


def run_once(program: pathlib.Path, root: pathlib.Path, timeout: int, only: list[str]):
    """(passed names, failed names, skipped count, output); a crash or a timeout is the failure of "the program"."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.xml"
        command = [program.resolve(), "--gtest_brief=1", f"--gtest_output=xml:{report}"]
        if only:
            command.append("--gtest_filter=" + ":".join(only))
        try:
            result = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
            output, code = result.stdout.decode(errors="replace"), result.returncode
        except subprocess.TimeoutExpired as expired:
            output, code = (expired.stdout or b"").decode(errors="replace") + f"\nno end within {timeout} s", -1
        passed, failed, skipped = [], [], 0
        try:
            for case in ElementTree.parse(report).getroot().iter("testcase"):
                name = f"{case.get('classname')}.{case.get('name')}"
                if case.find("failure") is not None:
                    failed.append(name)
                elif case.find("skipped") is not None or case.get("result") == "skipped":
                    skipped += 1
                elif case.get("status") == "run":
                    passed.append(name)
        except (OSError, ElementTree.ParseError):
            pass
        if code != 0 and not failed:
            failed.append("the program")
        return passed, failed, skipped, output


def run(program: pathlib.Path, root: pathlib.Path, timeout: int):
    started = time.time()
    passed, failed, skipped, output = run_once(program, root, timeout, [])
    again = []
    if failed and len(failed) <= 10:
        # Once more, alone: a test that fails only beside others on a busy machine is named, but does not count as a failure.
        again = failed
        only = [] if failed == ["the program"] else failed
        passed_now, failed, skipped_now, output_now = run_once(program, root, timeout, only)
        passed = passed_now if not only else passed + passed_now
        skipped = skipped_now if not only else skipped
        output += output_now
    return program.name, len(passed), len(failed), skipped, time.time() - started, output, [name for name in again if name not in failed]


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
        for name, passed, failed, skipped, seconds, output, unsteady in pool.map(lambda p: run(p, root, args.timeout), programs):
            print(f"{name}: {passed} passed, {failed} failed, {skipped} skipped ({seconds:.1f} s)", flush=True)
            for test in unsteady:
                print(f"  unsteady, passed at the second try: {test}", flush=True)
            if failed:
                print(output[-20000:], flush=True)
            total = [total[0] + passed, total[1] + failed, total[2] + skipped]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
