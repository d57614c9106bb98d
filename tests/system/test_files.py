"""Queries over files without a server."""
import bz2
import gzip
import json
import lzma
import subprocess

import pytest

from harness import PROGRAM, ROOT


def query(text, *words, data=None, check=True):
    done = subprocess.run([PROGRAM, "query", text, "--content", ROOT / "content", "--format", "jsonl", *map(str, words)], capture_output=True, input=data, timeout=120)
    if check and done.returncode != 0:
        raise RuntimeError(done.stderr.decode())
    return ([json.loads(line) for line in done.stdout.decode().splitlines() if line], done) if check else done


LINES = b'{"a":1,"b":"x","t":"2026-11-22T10:00:00Z"}\n{"a":2.5,"c":{"k":[1,2]}}\n\n{"a":null,"b":""}\n'


@pytest.mark.parametrize("name, pack", [("a.jsonl", bytes), ("a.jsonl.gz", gzip.compress), ("a.bz2", bz2.compress), ("a.xz", lzma.compress),
                                        ("two.bz2", lambda b: bz2.compress(b[:44]) + bz2.compress(b[44:]))])
def test_json_lines(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(LINES))
    rows, _ = query("T | extend second = c.k[1]", "--from", f"T={tmp_path / name}")
    assert [row.get("a") for row in rows] == [1.0, 2.5, None] and rows[1]["second"] == 2
    types, _ = query("T | getschema", "--from", f"T={tmp_path / name}")
    assert {row["ColumnName"]: row["ColumnType"] for row in types} == {"a": "real", "b": "string", "t": "datetime", "c": "dynamic"}


def test_several_files_and_standard_input(tmp_path):
    (tmp_path / "1.jsonl").write_bytes(b'{"x":1}\n')
    (tmp_path / "2.jsonl").write_bytes(b'{"x":2,"y":"z"}\n')
    rows, _ = query("T | join kind=leftouter I on x | project x, y, w | sort by x asc", "--from", f"T={tmp_path}/*.jsonl", "--from", "I=-", data=b'{"x":2,"w":true}')
    assert [(row["x"], row["y"], row["w"]) for row in rows] == [(1, "", None), (2, "z", True)]


def test_json_array(tmp_path):
    (tmp_path / "a.json").write_bytes(b'[{"a":1},\n {"a":"x"}]')
    rows, _ = query("a | project type = gettype(a)", "--from", tmp_path / "a.json")
    assert [row["type"] for row in rows] == ["long", "string"]


def test_csv(tmp_path):
    (tmp_path / "c.csv").write_bytes(b'id,name,when,ok,zip,amount\r\n1,"a, ""b""",2026-11-22T10:00:00Z,true,007,1.5\r\n2,"two\nlines",2026-11-23,false,012,\r\n')
    rows, _ = query("c", "--from", tmp_path / "c.csv")
    assert rows[0] == {"id": 1, "name": 'a, "b"', "when": "2026-11-22T10:00:00.0000000Z", "ok": True, "zip": "007", "amount": 1.5}
    assert rows[1]["name"] == "two\nlines" and rows[1]["amount"] is None
    rows, _ = query("c | getschema | where ColumnName == 'id'", "--from", tmp_path / "c.csv", "--schema", "c=id:string")
    assert rows[0]["ColumnType"] == "string"


def test_syslog():
    rows, _ = query("Syslog | project Computer, ProcessName, SyslogMessage", "--from", "Syslog=-", "--input-format", "syslog", data=b"<38>Nov 22 08:00:00 web sshd[12]: Failed password\n")
    assert rows == [{"Computer": "web", "ProcessName": "sshd", "SyslogMessage": "Failed password"}]


def test_windows_events(tmp_path):
    (tmp_path / "e.xml").write_text("<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='P'/><EventID>4625</EventID><Level>0</Level>"
                                    "<TimeCreated SystemTime='2026-11-22T10:00:00.5Z'/><EventRecordID>7</EventRecordID><Channel>Security</Channel><Computer>dc1</Computer></System>"
                                    "<EventData><Data Name='IpAddress'>1.2.3.4</Data></EventData></Event>\n")
    rows, _ = query("E | project TimeGenerated, Provider, EventID, Channel, Computer, ip = tostring(EventData.IpAddress)", "--from", f"E={tmp_path / 'e.xml'}")
    assert rows == [{"TimeGenerated": "2026-11-22T10:00:00.5000000Z", "Provider": "P", "EventID": 4625, "Channel": "Security", "Computer": "dc1", "ip": "1.2.3.4"}]


@pytest.mark.parametrize("name, text, message", [
    ("bad.jsonl", '{"a":1}\n{"a":2\n', "bad.jsonl:2: "),
    ("bad.csv", "x,y\n1,2,3\n", "bad.csv:2: 3 fields, but the header has 2"),
    ("quote.csv", 'x,y\n1,"2\n', "quote.csv:2: a quote is not closed"),
    ("twice.csv", "x,x\n1,2\n", "two columns are called 'x'"),
])
def test_mistakes_name_file_and_line(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    done = query("T", "--from", f"T={tmp_path / name}", check=False)
    assert done.returncode == 2 and message in done.stderr.decode()
    if "twice" not in name:
        _, done = query("T", "--from", f"T={tmp_path / name}", "--skip-bad-lines")
        assert "1 lines" in done.stderr.decode()


def test_several_results():
    rows, _ = query("print a = 1; print b = 2", "--from", "T=-", data=b'{"x":1}')
    assert rows == [{"a": 1}, {"b": 2}]
