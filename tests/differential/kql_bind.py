#!/usr/bin/env python3
"""Compares our parser and binder with Kusto's own language service: the same verdict, the same result columns and types.

    tests/differential/kql_bind.py build/release/tests/conformance/conformance_kql [-n 1500] [--seed 1] [FILE.jsonl ...]

Queries: those of tests/cases/kql that bind or are refused, -n generated ones (kql_generate.py), and those of the files given
(JSON lines with "query"). Prints each difference and one line of figures; exits 1 when more than --tolerance of the
queries, in per mille, differ in verdict or columns. What is different on purpose is in docs/kql-language-service.md.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import kql_generate

ROOT = pathlib.Path(__file__).resolve().parents[2]
ON_PURPOSE = ('YK',)  # our own codes: what is not supported


def written_queries():
    for path in sorted((ROOT / 'tests/cases/kql/bind').glob('*.case')):
        for case in re.findall(r'--- query\n(.*?)\n--- ', path.read_text(), re.S):
            yield case


def ask(command, queries):
    lines = ''.join(json.dumps({'q': q}) + '\n' for q in queries)
    done = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, check=True)
    answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert len(answers) == len(queries), f'{command[0]} answered {len(answers)} of {len(queries)}'
    return answers


def first(errors):
    return min(errors, key=lambda e: e[1])[:2] if errors else None


def compare(program, queries):
    """(differences [(what, query, ours, theirs)], how many other first places)."""
    with tempfile.NamedTemporaryFile('w', suffix='.json') as tables:
        json.dump(kql_generate.TABLES, tables)
        tables.flush()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            mine = pool.submit(ask, [program, 'kql-bind', tables.name, '-'], queries)
            theirs = ask(['node', str(ROOT / 'tests/differential/kql_oracle.cjs'), tables.name], queries)
            mine = mine.result()
    different, places = [], 0
    for query, a, b in zip(queries, mine, theirs):
        if b['ok'] is None:
            continue
        if any(e[0].startswith(ON_PURPOSE) for e in a['errors']):
            continue
        if a['ok'] != b['ok']:
            different.append(('verdict', query, a['errors'][:2], b['errors'][:2]))
        elif a['ok'] and a['result'] != b['result']:
            different.append(('columns', query, a['result'], b['result']))
        elif first(a['errors']) != first(b['errors']):
            places += 1
    return different, places


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('files', nargs='*')
    parser.add_argument('-n', type=int, default=int(os.environ.get('KQL_DIFFERENTIAL_COUNT', '1500')))
    parser.add_argument('--seed', type=int, default=int(os.environ.get('KQL_DIFFERENTIAL_SEED', '1')))
    parser.add_argument('--tolerance', type=int, default=25, help='per mille')
    options = parser.parse_args()
    queries = [q for q in written_queries() if q.isascii()] + kql_generate.queries(options.n, options.seed)
    for path in options.files:
        queries += [q for q in (json.loads(line).get('query') for line in pathlib.Path(path).read_text().splitlines() if line) if q]
    different, places = compare(options.program, queries)
    for what, query, a, b in different:
        print(f'{what}: {query!r}\n    ours:   {a}\n    Kusto: {b}')
    print(f'{len(queries)} queries: {len(different)} differ in verdict or columns, {places} in the first place')
    return 1 if len(different) * 1000 > options.tolerance * len(queries) else 0


if __name__ == '__main__':
    sys.exit(main())
