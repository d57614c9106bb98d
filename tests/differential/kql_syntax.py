#!/usr/bin/env python3
"""Compares our KQL parser with Kusto's own language service: the same verdict, and errors at the same places.

    npm install --prefix DIR @kusto/language-service-next
    KQL_ORACLE=DIR tests/differential/kql_syntax.py build/release/tests/conformance/conformance_kql [FILE.jsonl ...] [-n 5000]

Queries come from tests/cases/kql/syntax and from the files given (JSON lines with "query"); -n of them are also changed
at random (a word taken out, put in, replaced) by a fixed seed. Exits 1 when a verdict differs.
"""
import argparse
import json
import pathlib
import random
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORD = re.compile(r'"[^"\n]*"|\'[^\'\n]*\'|[A-Za-z_][A-Za-z_0-9]*(?:-[a-z]+)*|\d+[a-z]*|[=!<>]=|=~|!~|\.\.|\s+|//[^\n]*|.')
SPARE = """| ( ) [ ] { } , ; . = == and or by on with where extend project summarize "x" 'y' 1 2.5 5m x * - in !in has let
datatable dynamic( between .. : to typeof join union kind @ has_any mv-expand parse order asc nulls first step from {x}
['a'] true datetime(2020) as limit toscalar( count range search find print view => ! # ? % bin render top != a* set
declare contains guid( fork partition scan reduce evaluate invoke make-series sample""".split()


def queries(files):
    for path in sorted((ROOT / 'tests/cases/kql/syntax').glob('*.case')):
        for case in re.findall(r'--- input\n(.*?)\n--- ', path.read_text(), re.S):
            yield case
    for path in files:
        for line in pathlib.Path(path).read_text().splitlines():
            query = json.loads(line).get('query') if line else None
            if query:
                yield query


def changed(query, rng):
    words = WORD.findall(query[:1500])
    places = [i for i, word in enumerate(words) if word.strip()]
    if len(places) < 2:
        return query
    at, how = rng.choice(places), rng.random()
    if how < 0.35:
        words[at] = ''
    elif how < 0.6:
        words[at] += ' ' + rng.choice(SPARE)
    elif how < 0.9:
        words[at] = rng.choice(SPARE)
    else:
        words = words[:at + 1]
    return ''.join(words)


def ask(command, lines):
    done = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('program')
    arguments.add_argument('files', nargs='*')
    arguments.add_argument('-n', type=int, default=5000)
    options = arguments.parse_args()
    rng = random.Random(20)
    all_queries = list(queries(options.files))
    all_queries += [changed(rng.choice(all_queries), rng) for _ in range(options.n)]
    # A text that begins with a dot is a management command; offsets are compared in ASCII texts, where they agree.
    all_queries = [q for q in all_queries if q.isascii() and not re.sub(r'//[^\r\n]*', '', q).lstrip().startswith('.')]
    lines = ''.join(json.dumps({'q': q}) + '\n' for q in all_queries)
    ours = ask([options.program, 'kql-syntax', '-', '-'], lines)
    theirs = ask(['node', str(ROOT / 'tests/differential/kql_oracle.cjs')], lines)
    verdicts = places = 0
    for query, mine, other in zip(all_queries, ours, theirs):
        # KS004 (a literal of no value) and KS172 are ours to find early; KS176 points at what stands there instead.
        mine = [d for d in mine if d[0] not in ('KS004', 'KS172')]
        if bool(mine) != bool(other):
            verdicts += 1
            print('verdict differs:', json.dumps(query)[:300], mine[:2], other[:2])
        elif mine and mine[0][:2] != min(other, key=lambda d: d[1])[:2] and mine[0][0] != 'KS176':
            places += 1
    print(f'{len(all_queries)} queries, {verdicts} other verdicts, {places} other first places')
    return 1 if verdicts else 0


if __name__ == '__main__':
    sys.exit(main())
