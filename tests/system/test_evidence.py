"""The proof of an entry: what Yagura prints, and what tools that are not Yagura say to the same bytes."""
import json
import re
import shutil
import subprocess
import sys

import pytest
from harness import ROOT

CHECKER = ROOT / "docs/formats/check_journal.py"


def check(folder, *words):
    return subprocess.run([sys.executable, CHECKER, folder, *map(str, words)], capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def evidence(yagura):
    """An _ItemId and its row, with neighbours before and behind."""
    lines = [f"<38>Nov 22 08:00:00 proof-host app[{i}]: entry number {i} of the proof\n" for i in range(500)]
    yagura.send_tcp("".join(lines).encode())
    assert yagura.wait_count("Syslog | where Computer == 'proof-host'", 500) == 500
    row = yagura.query("Syslog | where Computer == 'proof-host' and ProcessID == 250")[0]
    wait_signed(yagura, row["_ItemId"])
    return row


def wait_signed(server, item):
    import time
    until = time.time() + 20
    while time.time() < until:
        if json.loads(server.command("evidence", "show", item, "--json", "--data", server.data).stdout)["proof"]["proven"]:
            return
        time.sleep(0.2)
    raise AssertionError("no head was signed within 20 s")


def test_show_prints_a_proof_that_common_tools_confirm(yagura, evidence, tmp_path):
    shown = yagura.command("evidence", "show", evidence["_ItemId"], "--data", yagura.data)
    assert shown.returncode == 0 and "proof     holds" in shown.stdout, shown.stdout
    wanted = re.search(r"^hash +([0-9a-f]{64})$", shown.stdout, re.M).group(1)
    recipe = [line.strip() for line in shown.stdout.splitlines() if line.startswith("  ") and not line.startswith("  #")]
    assert len(recipe) == 4, recipe
    hashed = subprocess.run(["bash", "-c", recipe[0]], capture_output=True, text=True, cwd=tmp_path)
    assert hashed.stdout.split()[0] == wanted, hashed.stderr
    signature = subprocess.run(["bash", "-c", recipe[1] + "\n" + recipe[2]], capture_output=True, text=True, cwd=tmp_path)
    assert "Verified Successfully" in signature.stdout, signature.stderr
    walked = subprocess.run(["bash", "-c", recipe[3]], capture_output=True, text=True, cwd=ROOT)
    assert walked.returncode == 0, walked.stderr
    assert re.search(r"^sha256 +([0-9a-f]{64})$", shown.stdout, re.M).group(1) in walked.stdout


def test_json_says_the_same(yagura, evidence):
    answer = json.loads(yagura.command("evidence", "show", evidence["_ItemId"], "--json", "--data", yagura.data).stdout)
    proof = answer["proof"]
    assert proof["proven"] and proof["chainHolds"] and proof["doubt"] == ""
    assert proof["head"].startswith("yagura-head:1:") and len(proof["chain"]) == 64 and len(proof["keys"]) == 1


def test_a_kept_head_is_an_anchor(yagura, evidence):
    head = yagura.command("evidence", "head", "--data", yagura.data).stdout.strip()
    yagura.send_tcp(b"<38>Nov 22 08:00:01 proof-host app[9]: behind the anchor\n")
    verified = yagura.command("evidence", "verify", "--anchor", head, "--data", yagura.data)
    assert verified.returncode == 0 and "intact" in verified.stdout, verified.stdout
    assert "found in the chain" in verified.stdout, verified.stdout
    assert check(yagura.data / "journal", "--anchor", head).returncode == 0
    # The line is on stdout alone; what to do with it is on stderr.
    assert len(head.splitlines()) == 1


def test_a_changed_byte_is_found_by_both(yagura, evidence, tmp_path):
    copy = tmp_path / "data"
    shutil.copytree(yagura.data / "journal", copy / "journal")
    answer = json.loads(yagura.command("evidence", "show", evidence["_ItemId"], "--json", "--data", copy).stdout)
    segment = copy / "journal" / answer["proof"]["file"].rsplit("/", 1)[1]
    bytes_ = bytearray(segment.read_bytes())
    bytes_[answer["proof"]["end"] - 5] ^= 1
    segment.write_bytes(bytes_)
    verified = yagura.command("evidence", "verify", "--data", copy)
    assert verified.returncode == 1 and f"byte {answer['proof']['end'] - 5}" in verified.stdout, verified.stdout
    assert check(copy / "journal").returncode == 1
    shown = yagura.command("evidence", "show", evidence["_ItemId"], "--data", copy, check=False)
    assert shown.returncode != 0
