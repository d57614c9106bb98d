"""externaldata end to end: a mirror folder, and a web server that queries may read."""
import base64
import gzip
import http.server
import io
import json
import threading
import time
import zipfile
import zlib

import pytest

from harness import Yagura

# id: 0, 1, 2; name: null for 1; at: seconds from 2024-01-02 03:04:05.123; list: [id, 2]; share: id / 4; price: id + 1.25
PARQUET = zlib.decompress(base64.b64decode("""eNoLcAwyFGURNQDCGZ8f/eC0EWUTZUAARijNBKVFGUQ5gPDCwll9/DJApQJAzCYjwQGTl+CA6bTAIiYoCDKKWYVB7Q2jjCiLpCqDgKQEU2aKKIMYm9gTRiBSi1PjIMU4H5CbWEQ1gLDt
Rn8fmw2QAxRiA+K8xNxUBQM4ywjodCEgXLKj/RiS082YNNgg8hIQ2gDiSCBmZmVkZlI7wCIjyiNpygZyKgtIBdixuxiBSO0Ks1obM3YjfMQkNNWYWCDOA4XuqfvXzjJCQ5f5psKJHmDQ
vr4DoS8/gNC4QhcmL8EB02mBRQwRuivYEaGbWIIUurPY1I6wkmKgD8IDRw8s+MyEljyY0JIJ0AMKQHi09UoXEzDYyEoeoPDRApE8jEzMKaxqh7hAngFHgAVLTmZxCZhgT81JzU3NA3mO
R+wPIxCpzeFUO0Za4tFUY2OTVGPgQXiyc+3v1cxonoSAC/YQ+oE9rliCySPbiymGiKUvvDKiXJBYYi3OSCxKRYqoZzxqE3hIMRMponZt+/KEB8UPX6BuZ3KA0FwO+P3A5QBjfbG3wCKG
8MMfAYQfCooyk5H98I5fbQY/KWZC/CA5x4OtODkjNTdRlAfIVWUAlRAMojyqTJD8p8rgIwNWCJJJLFEV8ukRlJEBm2LKIAFOHKJMomw+NiABFpgARD0s1TCIcgF5kFCHssGuBzpeUkYy
h6rFE+UlCJXzM51yFPXTN/VTm9gxLjE2NQ4gxaDh5ZyTmZztkV9anKpQllpUnJmfp2BkpmeuZ6SgkVSamZOikGhmaGpmbGCckmZmmmxsYJ6UkmSRZGaWaplqmZwMlDE3NjFLNEuy0JTM
AaZHNMRwCxhiAcDaFgCbuSVI"""))
PARQUET_COLUMNS = "(id:long, name:string, at:datetime, list:dynamic, share:real, price:decimal)"


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()


class Lists(http.server.BaseHTTPRequestHandler):
    files = {"/lists/a.csv": b"x,1\ny,2\n", "/lists/a.json.gz": gzip.compress(b'{"name":"z","n":7}\n'), "/lists/b.zip": zipped(one__csv="p,1\n", two__csv="q,2\n"),
             "/lists/t.parquet": PARQUET, "/secret/a.csv": b"no,0\n"}
    asked = []

    def do_GET(self):
        path = self.path.split("?")[0]
        Lists.asked.append(self.path)
        if path == "/lists/moved.csv":
            self.send_response(302)
            self.send_header("Location", "/secret/a.csv")
            self.end_headers()
            return
        if path == "/lists/endless.csv":
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(4096):
                    self.wfile.write(b"x,1\n" * 16384)
            except OSError:
                pass
            return
        if path == "/lists/slow.csv":
            time.sleep(20)
            return
        content = self.files.get(path)
        self.send_response(404 if content is None else 200)
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lists)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.fixture(scope="module")
def siem(web, tmp_path_factory):
    mirror = tmp_path_factory.mktemp("mirror") / "lists.test"
    mirror.mkdir()
    (mirror / "a.csv").write_text("m,5\n")
    (mirror / "t.parquet").write_bytes(PARQUET)
    (mirror / "packed.parquet.zip").write_bytes(zipped(t__parquet=PARQUET))
    (mirror / "cut.parquet").write_bytes(PARQUET[:300])
    (mirror / "broken.parquet").write_bytes(PARQUET[:100] + b"'; DROP\0\\" * 20 + PARQUET[280:])
    (mirror / "b.zip").write_bytes(zipped(one__csv="p,1\n", two__tsv="q\t2\n"))
    (mirror / "cut.zip").write_bytes(zipped(one__csv="p,1\n" * 100)[:60])
    (mirror / "bomb.zip").write_bytes(zipped(one__csv=b"0" * (130 << 20)))
    with Yagura(settings=f"query: {{external_data: {{mirror: {mirror.parent}, allow: [\"{web}/lists\"]}}}}") as yagura:
        yield yagura


def fails(siem, text, *words):
    status, body = siem.request("POST", "/v1/workspaces/default/query", {"query": text})
    message = json.dumps(json.loads(body)["error"])
    assert status != 200, message
    for word in words:
        assert word in message, message


def test_mirror(siem):
    assert siem.query("externaldata(name:string, n:long)['https://lists.test/a.csv?sas=1'] | extend twice = n * 2") == [{"name": "m", "n": 5, "twice": 10}]
    fails(siem, "externaldata(name:string)['https://lists.test/none.csv']", "lists.test/none.csv", "mirror")
    fails(siem, "externaldata(name:string)['https://lists.test/../yagura.yaml']", "mirror")


def test_zip(siem):
    rows = siem.query("externaldata(name:string, n:long)['https://lists.test/b.zip'] | sort by n asc")
    assert [(r["name"], r["n"]) for r in rows] == [("p", 1), ("q", 2)]
    fails(siem, "externaldata(name:string)['https://lists.test/cut.zip']", "ZIP", "cut off")
    fails(siem, "externaldata(name:string)['https://lists.test/bomb.zip']", "too large unpacked")


@pytest.mark.parametrize("file", ["t.parquet", "packed.parquet.zip"])
def test_parquet(siem, file):
    rows = siem.query(f"externaldata{PARQUET_COLUMNS}['https://lists.test/{file}'] | where id < 2 | extend second = tolong(list[1]) | sort by id asc")
    assert [r["id"] for r in rows] == [0, 1] and [r["name"] for r in rows] == ["name 0", ""]
    assert rows[1]["at"].startswith("2024-01-02T03:04:06.123") and rows[1]["share"] == 0.25 and rows[1]["second"] == 2
    assert float(rows[1]["price"]) == 2.25 and json.loads(rows[0]["list"]) == [0, 2]


def test_parquet_that_is_none(siem):
    fails(siem, f"externaldata{PARQUET_COLUMNS}['https://lists.test/cut.parquet']", "no whole Parquet file")
    fails(siem, f"externaldata{PARQUET_COLUMNS}['https://lists.test/broken.parquet']", "no Parquet file that the store can read")
    assert siem.query("print x = 1") == [{"x": 1}]


def test_over_http(siem, web):
    assert [r["name"] for r in siem.query(f"externaldata(name:string, n:long)['{web}/lists/a.csv?key=1'] | sort by n asc")] == ["x", "y"]
    assert siem.query(f"externaldata(name:string, n:long)['{web}/lists/a.json.gz'] with (format='json')") == [{"name": "z", "n": 7}]
    assert siem.query(f"externaldata(name:string, n:long)['{web}/lists/b.zip', '{web}/lists/a.csv'] | summarize s = sum(n)") == [{"s": 6}]
    assert siem.query(f"externaldata(id:long)['{web}/lists/t.parquet'] | summarize s = sum(id)") == [{"s": 3}]


def test_nobody_else_is_asked(siem, web):
    Lists.asked.clear()
    fails(siem, f"externaldata(name:string)['{web}/secret/a.csv']", "mirror")
    fails(siem, f"externaldata(name:string)['{web}/lists/../secret/a.csv']", "mirror")
    fails(siem, "externaldata(name:string)['http://localhost:1/lists/a.csv']", "mirror")
    assert Lists.asked == []
    fails(siem, f"externaldata(name:string)['{web}/lists/moved.csv']", "302")
    assert Lists.asked == ["/lists/moved.csv"]
    fails(siem, f"externaldata(name:string)['{web}/lists/none.csv']", "404")


def test_bounds(siem, web):
    fails(siem, f"externaldata(name:string, n:long)['{web}/lists/endless.csv'] | count", "128")
    started = time.time()
    status, body = siem.request("POST", "/v1/workspaces/default/query", {"query": f"externaldata(name:string)['{web}/lists/slow.csv']"}, headers={"Prefer": "wait=2"})
    assert status != 200 and time.time() - started < 10, body
