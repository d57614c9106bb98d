#!/usr/bin/env python3
"""Run the system tests with pytest and end with the plain line "N passed, N failed, N skipped"."""
import argparse
import os
import pathlib
import sys

import pytest


class Counter:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def pytest_runtest_logreport(self, report):
        if report.skipped:
            self.skipped += 1
        elif report.failed:
            self.failed += 1
        elif report.when == "call":
            self.passed += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True, help="the built yagura")
    parser.add_argument("--filter", default="")
    args = parser.parse_args()
    os.environ["YAGURA_PROGRAM"] = str(pathlib.Path(args.program).resolve())
    counter = Counter()
    options = [str(pathlib.Path(__file__).parent), "-q", "-p", "no:cacheprovider", "--durations=10", "-x" if os.environ.get("YAGURA_FAIL_FAST") else "-q"]
    if args.filter:
        options += ["-k", args.filter]
    code = pytest.main(options, plugins=[counter])
    if code not in (0, 1, 5):
        counter.failed = max(counter.failed, 1)
    print(f"{counter.passed} passed, {counter.failed} failed, {counter.skipped} skipped", flush=True)
    return 1 if counter.failed else 0


if __name__ == "__main__":
    sys.exit(main())
