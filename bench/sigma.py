#!/usr/bin/env python3
"""Rules on events, beside rsigma: events a second of one core, and who matches what, in the same run.

    python3 bench/sigma.py --program build/release/yagura --rsigma PATH --rules SIGMA_RULES \\
        --windows EVENTS.ndjson [--cloudtrail TRAIL.ndjson --cloudtrail-rules SIGMA_RULES/rules/cloud/aws]

--windows: flat fields, one event a line (yagura dump --format fields EVIDENCE). Both programs read files of JSON lines, each bound to
one core, and write what they find to /dev/null. Seconds are CPU seconds of the whole process less those of a run over one event, which is the
loading of the rules; the best of --rounds. Who matches what is compared in a run of its own, event by event.

rsigma takes the log source of an event from its fields and knows no Windows channel: its lines get product, service and category, and the
aliases, of content/sigma/windows.yaml. An event of several services or categories becomes several lines, one for each pair; its
lines a second are what the engine does, its events a second what one gets. --logsource-routing is its fastest setting; --bloom adds that of its
filters. rsigma: cargo install rsigma --locked (0.23.0).
"""
import argparse
import collections
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import yaml


def cpu_seconds(command, core):
    process = subprocess.Popen(["taskset", "-c", str(core), *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{' '.join(command)[:200]} failed: {error[-500:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


class Mapping:
    """content/sigma/windows.yaml, as far as it says what an event is."""

    def __init__(self, path):
        self.map = yaml.safe_load(pathlib.Path(path).read_text())

    @staticmethod
    def holds(conditions, event):
        for field, wanted in conditions.items():
            value = event.get(field)
            if value is None:
                return False
            wanted = wanted if isinstance(wanted, list) else [wanted]
            if "*" not in wanted and str(value).lower() not in [str(one).lower() for one in wanted]:
                return False
        return True

    def names(self, kind, event):
        found = []
        for name, conditions in self.map[kind].items():
            conditions = conditions if isinstance(conditions, list) else [conditions]
            if any(self.holds(one, event) for one in conditions):
                found.append(name)
        return found or [None]

    def lines(self, event):
        """The event as rsigma needs it."""
        for alias in self.map.get("aliases", []):
            if self.holds(alias["when"], event):
                for name, source in alias["fields"].items():
                    if name not in event and source in event:
                        event[name] = event[source]
        event["_lsp"] = self.map["product"]
        for service, category in itertools.product(self.names("services", event), self.names("categories", event)):
            # One that is not there would be any: then rsigma tries all rules.
            yield {**event, "_lss": service or "-", "_lsc": category or "-"}


def write_lines(path, events):
    with open(path, "w") as out:
        for event in events:
            out.write(json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n")
    return path


def first_line(path, folder):
    with open(path) as source:
        one = pathlib.Path(folder) / (pathlib.Path(path).name + ".one")
        one.write_text(source.readline())
    return one


def matches_of(command, rule_of, event_of):
    """{rule: {number of the event}}"""
    found = collections.defaultdict(set)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace")
    for line in process.stdout:
        if line.startswith("{"):
            one = json.loads(line)
            found[rule_of(one)].add(event_of(one)["_n"])
    process.wait()
    return found


def measure(name, args, rules, ours, theirs, settings, events, lines):
    def hunt(path):
        return [args.program, "hunt", rules, str(path), "--threads", "1", "--no-checks", "-q"]

    def rsigma(path):
        return [args.rsigma, "engine", "eval", "-r", rules, "-e", f"@{path}", "--input-format", "json", "--output-format", "ndjson", "-q",
                "--logsource-routing", *settings, *(["--bloom-prefilter"] if args.bloom else [])]

    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for who, command, path in (("yagura", hunt, ours), ("rsigma", rsigma, theirs)):
            many = pathlib.Path(folder) / f"{who}.ndjson"
            text = pathlib.Path(path).read_bytes()
            with open(many, "wb") as out:
                for _ in range(args.repeat):
                    out.write(text)
            # Neither writes the events that match.
            output = ["--format", "csv", "-o", "/dev/null"] if who == "yagura" else []
            loading = min(cpu_seconds(command(first_line(path, folder)) + output, args.core)[0] for _ in range(args.rounds))
            whole, peak = min(cpu_seconds(command(many) + output, args.core) for _ in range(args.rounds))
            results[who] = (whole - loading, loading, peak)
            os.unlink(many)
    print(f"\n{name}: {events * args.repeat:,} events; load {os.getloadavg()[0]:.1f}")
    for who, (seconds, loading, peak) in results.items():
        print(f"  {who}: {events * args.repeat / seconds:,.0f} events/s ({seconds:.2f} CPU-s"
              + (f"; {lines * args.repeat / seconds:,.0f} lines/s" if who == "rsigma" and lines != events else "")
              + f"), rules loaded in {loading:.2f} CPU-s, {peak:.0f} MB")
    print(f"  ratio {results['rsigma'][0] / results['yagura'][0]:.1f}")
    mine = matches_of(hunt(ours) + ["--format", "jsonl"], lambda one: one["rule"].get("id") or one["rule"]["title"], lambda one: one["event"])
    other = matches_of(rsigma(theirs) + ["--include-event"], lambda one: one.get("rule_id") or one["rule_title"], lambda one: one["event"])
    print(f"  matches (event, rule): yagura {sum(map(len, mine.values())):,}, rsigma {sum(map(len, other.values())):,}")
    for rule in sorted(set(mine) | set(other)):
        only_mine, only_other = mine[rule] - other[rule], other[rule] - mine[rule]
        if only_mine or only_other:
            print(f"    {rule}: only yagura {len(only_mine)}, only rsigma {len(only_other)}; events {sorted(only_mine | only_other)[:8]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/yagura")
    parser.add_argument("--rsigma", required=True)
    parser.add_argument("--rules", help="folder of rules for --windows")
    parser.add_argument("--windows")
    parser.add_argument("--mapping", default=pathlib.Path(__file__).parent.parent / "content/sigma/windows.yaml")
    parser.add_argument("--cloudtrail")
    parser.add_argument("--cloudtrail-rules")
    parser.add_argument("--repeat", type=int, default=5, help="the events that many times over")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--bloom", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        def numbered(path):
            for number, line in enumerate(open(path, errors="replace")):
                yield {"_n": number, **json.loads(line)}

        ours, theirs = pathlib.Path(folder) / "ours.ndjson", pathlib.Path(folder) / "theirs.ndjson"
        if args.windows:
            mapping = Mapping(args.mapping)
            write_lines(ours, numbered(args.windows))
            write_lines(theirs, (line for event in numbered(args.windows) for line in mapping.lines(event)))
            count, lines = sum(1 for _ in open(ours)), sum(1 for _ in open(theirs))
            measure("Windows", args, args.rules, ours, theirs,
                    ["--logsource-field-map", "product=_lsp,service=_lss,category=_lsc"], count, lines)
        if args.cloudtrail:
            write_lines(ours, numbered(args.cloudtrail))
            count = sum(1 for _ in open(ours))
            args.repeat *= 10
            measure("CloudTrail", args, args.cloudtrail_rules, ours, ours, ["--event-logsource", "product=aws,service=cloudtrail"], count, count)


if __name__ == "__main__":
    main()
