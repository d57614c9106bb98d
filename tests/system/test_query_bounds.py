"""What bounds a query: rows, bytes, memory, time, and who asked going away. Each API says it in its own way, and the server lives on."""
import concurrent.futures
import json
import socket
import time

import pytest

from harness import Yagura

TOO_LARGE = "E_QUERY_RESULT_SET_TOO_LARGE"
# Work that no shortcut answers: 10,000,000,000 pairs.
ENDLESS = "range x from 1 to 100000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 100000 step 1 | extend k = 1) on k | summarize dcount(hash(x * y))"
HUNGRY = "range x from 1 to 60000000 step 1 | summarize take_any(x) by y = strcat('a rather long key for a group ', x) | summarize count()"


@pytest.fixture(scope="module")
def siem():
    with Yagura(settings="query: {timeout: 30s, max_rows: 1000, max_memory: 300MiB, max_concurrent: 3}") as yagura:
        yield yagura


def log_analytics(siem, text, prefer=None):
    status, body = siem.request("POST", "/v1/workspaces/default/query", {"query": text}, headers={"Prefer": prefer} if prefer else {})
    return status, json.loads(body)


def kusto(siem, text, version=2, **options):
    status, body = siem.request("POST", f"/v{version}/rest/query", {"db": "default", "csl": text, "properties": {"Options": options}})
    return status, json.loads(body)


def primary(frames):
    return next(f for f in frames if f.get("TableKind") == "PrimaryResult")["Rows"]


def completion(frames):
    return frames[-1]


def running(siem):
    return siem.query("print 1") and siem.request("GET", "/metrics")[1].decode()


def test_rows_are_cut(siem):
    status, answer = log_analytics(siem, "range x from 1 to 5000 step 1")
    assert status == 200 and len(answer["tables"][0]["rows"]) == 1000
    assert answer["error"]["code"] == "PartialError" and "1000 rows" in answer["error"]["details"][0]["innererror"]["message"]
    status, frames = kusto(siem, "range x from 1 to 5000 step 1")
    assert status == 200 and completion(frames)["HasErrors"] and TOO_LARGE in json.dumps(completion(frames)["OneApiErrors"])
    status, answer = kusto(siem, "range x from 1 to 5000 step 1", version=1)
    assert TOO_LARGE in json.dumps(answer)
    # Exactly as many are no cut.
    assert not completion(kusto(siem, "range x from 1 to 1000 step 1")[1])["HasErrors"]
    assert "error" not in log_analytics(siem, "range x from 1 to 1000 step 1")[1]


@pytest.mark.parametrize("text, options, rows", [
    ("set notruncation; range x from 1 to 5000 step 1", {}, 5000),
    ("range x from 1 to 5000 step 1", {"notruncation": True}, 5000),
    ("set truncationmaxrecords=3000; range x from 1 to 3000 step 1", {}, 3000),
    ("range x from 1 to 3000 step 1", {"truncationmaxrecords": 3000}, 3000),
    ("set query_take_max_records=7; range x from 1 to 5000 step 1", {}, 7),
    ("set truncationmaxsize=100000000; set truncationmaxrecords=5000; range x from 1 to 2000 step 1 | extend s = strrep('x', 1000)", {}, 2000),
])
def test_kusto_lifts_what_it_is_asked_to(siem, text, options, rows):
    status, frames = kusto(siem, text, **options)
    assert status == 200 and not completion(frames)["HasErrors"], completion(frames)
    assert len(primary(frames)) == rows


@pytest.mark.parametrize("text, options", [
    ("set truncationmaxrecords=5; range x from 1 to 10 step 1", {}),
    ("range x from 1 to 10 step 1", {"truncationmaxrecords": 5}),
    ("set truncationmaxsize=2000; range x from 1 to 10 step 1 | extend s = strrep('x', 1000)", {}),
    ("range x from 1 to 10 step 1 | extend s = strrep('x', 1000)", {"truncationmaxsize": 2000}),
])
def test_kusto_cuts_where_it_is_asked_to(siem, text, options):
    status, frames = kusto(siem, text, **options)
    assert status == 200 and completion(frames)["HasErrors"]
    error = completion(frames)["OneApiErrors"][0]["error"]
    assert error["code"] == "LimitsExceeded" and TOO_LARGE in error["@message"], error


def test_log_analytics_lowers_but_does_not_lift(siem):
    status, answer = log_analytics(siem, "set notruncation; range x from 1 to 5000 step 1")
    assert status == 200 and len(answer["tables"][0]["rows"]) == 1000 and answer["error"]["code"] == "PartialError"
    assert len(log_analytics(siem, "set truncationmaxrecords=5; range x from 1 to 5000 step 1")[1]["tables"][0]["rows"]) == 5


def test_time(siem):
    started = time.time()
    status, answer = log_analytics(siem, ENDLESS, prefer="wait=2")
    assert status == 504 and "longer than its limit of 2s" in json.dumps(answer), answer
    status, answer = kusto(siem, ENDLESS, servertimeout="00:00:02")
    assert "longer than its limit of 2s" in json.dumps(answer), answer
    assert time.time() - started < 20


def test_memory(siem):
    for text in ["range x from 1 to 100000000 step 1 | summarize make_list(x, 100000000) | project array_length(list_x)",
                 "range x from 1 to 20000000 step 1 | join kind=inner (range x from 1 to 20000000 step 1 | extend s = strcat('some text ', x)) on x | summarize dcount(s)"]:
        status, answer = log_analytics(siem, text)
        assert status != 200 and "needs more memory than its limit of 300.0 MiB" in json.dumps(answer), answer
        answer = kusto(siem, text, version=1)[1]
        assert "needs more memory" in json.dumps(answer), answer
    assert siem.query("print x = 1") == [{"x": 1}]
    # Asked for less, it gets less.
    status, answer = kusto(siem, text, max_memory_consumption_per_query_per_node=50 << 20)
    assert "limit of 50.0 MiB" in json.dumps(answer), answer
    # Groups beyond it go to the disk instead.
    assert siem.query("range x from 1 to 5000000 step 1 | summarize any(x) by y = strcat('a rather long key for a group ', x) | count") == [{"Count": 5000000}]


def leave(siem, text):
    """Sends a query and goes away."""
    body = json.dumps({"query": text}).encode()
    with socket.create_connection(("127.0.0.1", siem.http_port)) as connection:
        connection.sendall(b"POST /v1/workspaces/default/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer "
                           + siem.api_token().encode() + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body)
        time.sleep(1)


def test_whoever_leaves_stops_the_query(siem):
    # Three would take all slots until their time is over.
    for _ in range(3):
        leave(siem, ENDLESS)
    started = time.time()
    assert siem.query("print x = 1") == [{"x": 1}]
    assert time.time() - started < 10
    # The store's work has ended, too.
    time.sleep(2)
    ticks = cpu_seconds(siem)
    time.sleep(3)
    assert cpu_seconds(siem) - ticks < 1.5


def cpu_seconds(siem):
    """Of the server and the engine that it started."""
    import os
    import pathlib
    total = 0
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == os.getpgid(siem.process.pid) or int(fields[1]) == siem.process.pid or int(stat.parent.name) == siem.process.pid:
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


HOSTILE = [
    HUNGRY, ENDLESS,
    "print " + "(" * 5000 + "1" + ")" * 5000,
    "print " + "-" * 20000 + "1",
    "range x from 1 to 9223372036854775807 step 1 | sort by x desc | take 1",
    "print strrep(strrep('x', 100000), 100000)",
    "range x from 1 to 100000000 step 1 | scan declare (s:long = 0) with (step a: true => s = a.s + x;)",
    "range x from 1 to 5000 step 1 | extend y = x % 50 | make-graph x --> y with_node_id=n | graph-match cycles=all (a)-[e*1..50]->(b) project a.n, b.n",
    "print s = strrep('a', 100000) | extend m = s matches regex '(a*)*(a*)*b'",
    " | ".join(["T"] * 3000),
    "union " + ", ".join(["(range x from 1 to 1000000 step 1)"] * 200) + " | summarize count() by x",
]


def test_many_hostile_queries_at_once(siem):
    def ask(text):
        status, answer = log_analytics(siem, text, prefer="wait=8")
        return status, answer
    started = time.time()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, HOSTILE + HOSTILE[:5]))
    assert time.time() - started < 60
    for text, (status, answer) in zip(HOSTILE + HOSTILE[:5], answers):
        assert status == 200 or answer["error"]["message"], text[:60]
    assert siem.process.poll() is None
    assert siem.query("print x = 1") == [{"x": 1}]
