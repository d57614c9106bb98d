"""SIGHUP and the API read again what can change while the server runs, and say what cannot."""
import json
import shutil
import signal
import socket
import ssl
import subprocess
import time

import pytest
from harness import ROOT, Yagura


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with content and a certificate of its own, so that both can be changed."""
    folder = tmp_path_factory.mktemp("reload")
    shutil.copytree(ROOT / "content", folder / "content")
    one = Yagura(folder)
    make_certificate(folder, "first.example")
    write = one.write_settings

    def write_settings():
        write()
        path = folder / "yagura.yaml"
        text = path.read_text().replace(f"content: {ROOT / 'content'}", f"content: {folder / 'content'}")
        text = text.replace(f"https: \"127.0.0.1:{one.https_port}\"",
                            f"https: \"127.0.0.1:{one.https_port}\", certificate: {folder}/server.crt, private_key: {folder}/server.key")
        path.write_text(text)
    one.write_settings = write_settings
    yield one.start()
    one.close()


def make_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN={name}",
                    "-keyout", folder / "server.key", "-out", folder / "server.crt"], check=True, capture_output=True)


def common_name(server):
    pem = ssl.get_server_certificate(("127.0.0.1", server.https_port))
    return subprocess.run(["openssl", "x509", "-noout", "-subject"], input=pem, capture_output=True, text=True, check=True).stdout.strip()


def hang_up(server, wanted, seconds=20):
    """SIGHUP, and what the log says until `wanted` is there."""
    before = len(server.log_text())
    server.process.send_signal(signal.SIGHUP)
    until = time.time() + seconds
    while time.time() < until:
        text = server.log_text()[before:]
        if wanted in text:
            return text
        time.sleep(0.1)
    raise AssertionError(f"'{wanted}' is not in the log: {server.log_text()[before:]}")


def test_a_table_that_is_added_takes_rows(server):
    schema = {"Name": "Fresh_CL", "Description": "Made while the server runs",
              "Properties": [{"Name": "TimeGenerated", "Type": "datetime"}, {"Name": "Colour", "Type": "string"}]}
    (server.folder / "content/tables/Fresh_CL.json").write_text(json.dumps(schema))
    status, body = server.request("POST", "/api/v1/reload")
    assert status == 200 and any("tables" in line for line in json.loads(body)["done"]), body
    assert "Colour" in server.request("GET", "/api/v1/tables")[1].decode()


def test_a_new_certificate_is_shown_without_a_restart(server):
    assert "first.example" in common_name(server)
    make_certificate(server.folder, "second.example")
    hang_up(server, "certificates were read again")
    assert "second.example" in common_name(server)


def test_what_takes_a_restart_is_named(server):
    path = server.folder / "yagura.yaml"
    text = path.read_text()
    path.write_text(text.replace("log: {level: info", "log: {level: debug").replace("journal: {min_free: 16MiB}", "journal: {min_free: 17MiB}"))
    said = hang_up(server, "takes a restart")
    assert "'journal.min_free' was changed too" in said and "'log.level' has its new value" in said
    path.write_text(text)
    hang_up(server, "'log.level' has its new value")


def test_with_mistakes_everything_stays_as_it_is(server):
    path = server.folder / "yagura.yaml"
    text = path.read_text()
    path.write_text(text + "\nworkspce: x\ntimezone: Mars\n")
    said = hang_up(server, "nothing was reloaded")
    assert "workspce" in said and "Mars" in said, said
    status, body = server.request("POST", "/api/v1/reload")
    assert status == 400 and b"workspce" in body and b"Mars" in body, body
    path.write_text(text)
    broken = server.folder / "content/tables/Syslog.json"
    schema = broken.read_text()
    changed = json.loads(schema)
    next(p for p in changed["Properties"] if p["Name"] == "Computer")["Type"] = "long"
    broken.write_text(json.dumps(changed))
    said = hang_up(server, "nothing was reloaded")
    assert "Syslog.Computer is string, the file now says long" in said, said
    broken.write_text(schema)
    server.send_tcp(b"<38>Nov 22 08:00:00 reload-host app: still here\n")
    assert server.wait_count("Syslog | where Computer == 'reload-host'", 1) == 1


def test_a_reader_may_not(server):
    token = server.command("admin", "tokens", "add", "reader", "--role", "Reader", "--data", server.data).stdout.strip()
    assert server.request("POST", "/api/v1/reload", headers={"Authorization": f"Bearer {token}"}, token=False)[0] == 403
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=5):
        pass
