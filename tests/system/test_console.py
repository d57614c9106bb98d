"""The console in a real browser against a real server (tests/browser/console_test.mjs)."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def test_console_in_a_browser(yagura):
    node = shutil.which("node", path=f"{os.environ.get('YAGURA_CACHE', ROOT / '.cache')}/node/bin:{os.environ['PATH']}")
    if not node or not pathlib.Path(CHROMIUM).exists() or not (ROOT / "web/node_modules/playwright-core").exists():
        pytest.skip("needs node, chromium and web/node_modules")
    for number in range(200):
        yagura.send_tcp(f"<{38 if number % 3 else 35}>Nov 22 08:00:00 web0{number % 3} sshd[{number}]: Failed password for root from 192.0.2.{number} port 22 ssh2\n".encode())
    assert yagura.wait_count("Syslog | where SyslogMessage has 'Failed password'", 200) == 200
    for number in range(3):  # something for the alerts page
        yagura.send_tcp(f"<38>Nov 22 08:00:0{number} alert-host-{number} sshd[1]: Accepted password for root from 203.0.113.7 port 1 ssh2\n".encode())
    assert yagura.wait_count("SecurityAlert", 3) >= 3
    password = re.search(r"password (\S+)", yagura.log_text()).group(1)
    feed = f"for i in $(seq 1 40); do logger --server 127.0.0.1 --port {yagura.udp_port} -d -t sshd 'Failed password, live'; sleep 0.2; done"
    result = subprocess.run([node, ROOT / "tests/browser/console_test.mjs"], capture_output=True, text=True, timeout=300,
                            env={**os.environ, "YAGURA_URL": f"http://127.0.0.1:{yagura.http_port}", "YAGURA_USER": "admin",
                                 "YAGURA_PASSWORD": password, "YAGURA_FEED": feed, "YAGURA_ALERTS": "1"})
    assert result.returncode == 0, result.stdout + result.stderr
