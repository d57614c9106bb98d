"""Our KQL against Kusto's own language service (npm), over our case files and generated queries."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFORMANCE = pathlib.Path(os.environ.get("YAGURA_PROGRAM", "")).parent / "tests/conformance/conformance_kql"
ORACLE = pathlib.Path(os.environ.get("KQL_ORACLE", ROOT / ".cache/kql-oracle")) / "node_modules/@kusto/language-service-next"


@pytest.mark.skipif(shutil.which("node") is None or not ORACLE.exists(), reason="no Node.js or no language service; run ./dev setup")
@pytest.mark.skipif(not CONFORMANCE.exists(), reason="conformance_kql is not built")
def test_same_verdict_and_columns_as_kusto():
    # KQL_DIFFERENTIAL_COUNT=20000 for a long run, KQL_DIFFERENTIAL_SEED for other queries.
    done = subprocess.run([sys.executable, ROOT / "tests/differential/kql_bind.py", CONFORMANCE, "-n", os.environ.get("KQL_DIFFERENTIAL_COUNT", "800")],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    assert " queries: " in done.stdout
