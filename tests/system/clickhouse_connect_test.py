#!/usr/bin/env python3
"""Reads Yagura's store with clickhouse-connect from PyPI, as a BI tool would.

    pip install clickhouse-connect
    tests/system/clickhouse_connect_test.py HOST PORT USER PASSWORD [--secure] [--database w_default]

The engine's TCP port must be on (docs/store.md). Prints one line per check; exit 1 when one fails.
"""
import argparse
import sys

import clickhouse_connect
from clickhouse_connect import common
from clickhouse_connect.driver.exceptions import DatabaseError


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("user")
    parser.add_argument("password")
    parser.add_argument("--secure", action="store_true")
    parser.add_argument("--no-verify", action="store_true", help="take a self-signed certificate")
    parser.add_argument("--database", help="a workspace's database to list and count")
    args = parser.parse_args()
    failures = 0

    def check(name: str, right: bool, seen: object = "") -> None:
        nonlocal failures
        failures += not right
        print(f"{'ok  ' if right else 'FAIL'} {name}{'' if right else f': {seen!r}'}")

    # Every setting is read-only to a reader, so the client would keep them to itself; some may be lowered all the same.
    common.set_setting("invalid_setting_action", "send")
    client = clickhouse_connect.get_client(host=args.host, port=args.port, username=args.user, password=args.password,
                                           secure=args.secure, verify=not args.no_verify)
    check("connects and learns the version", bool(client.server_version), client.server_version)
    seen = client.command("SELECT 40 + 2")
    check("command", seen == 42, seen)

    result = client.query("SELECT number AS n, toString(number) AS s, [number, 1] AS a, toDateTime64('2026-01-02 03:04:05.1234567', 7, 'UTC') AS t, "
                          "if(number % 2 = 0, NULL, number) AS maybe, toUUID('00000000-0000-8000-8000-000000000064') AS u FROM numbers(3)")
    check("query: names", result.column_names == ("n", "s", "a", "t", "maybe", "u"), result.column_names)
    check("query: rows", [row[0] for row in result.result_rows] == [0, 1, 2], result.result_rows)
    check("query: nulls", [row[4] for row in result.result_rows] == [None, 1, None], result.result_rows)

    seen = client.query("SELECT {who:String} AS who, {n:UInt32} + 1 AS n", parameters={"who": "it's '; DROP", "n": 41}).result_rows
    check("parameters", seen == [("it's '; DROP", 42)], seen)

    rows = 0
    with client.query_row_block_stream("SELECT number, toString(number) FROM numbers(300000)") as stream:
        for block in stream:
            rows += len(block)
    check("streams large results", rows == 300_000, rows)

    seen = client.query("SELECT sum(n) FROM (SELECT number AS n FROM numbers(100))", settings={"max_execution_time": 5}).result_rows
    check("takes settings it may take", seen == [(4950,)], seen)

    for name, sql in [("a table that is not there", "SELECT * FROM nosuch"), ("a syntax error", "SELEC 1"),
                      ("a file", "SELECT file('/etc/passwd')"), ("an address", "SELECT * FROM url('http://127.0.0.1:1/', CSV)"),
                      ("a write", "CREATE TABLE x (a Int8) ENGINE = Memory"), ("a late error", "SELECT throwIf(number = 250000) FROM numbers(300000)")]:
        try:
            seen = client.query(sql).result_rows
            check(f"refuses {name}", False, seen)
        except DatabaseError as error:
            check(f"refuses {name}", "Code:" in str(error) or "DB::Exception" in str(error), str(error))

    if args.database:
        tables = [row[0] for row in client.query(f"SHOW TABLES FROM `{args.database}`").result_rows]
        check(f"lists the tables of {args.database}", bool(tables), tables)
        for table in tables[:5]:
            count = client.query(f"SELECT count(), max(TimeGenerated) FROM `{args.database}`.`{table}`").result_rows
            print(f"     {table}: {count[0][0]} rows, newest {count[0][1]}")
    try:
        clickhouse_connect.get_client(host=args.host, port=args.port, username=args.user, password=args.password + "x",
                                      secure=args.secure, verify=not args.no_verify)
        check("refuses a wrong password", False)
    except DatabaseError:
        check("refuses a wrong password", True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
