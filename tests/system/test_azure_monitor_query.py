"""Azure Monitor's own Python client against Yagura, with another endpoint and credential and nothing else."""
import datetime
import json
import time

import pytest

azure_core = pytest.importorskip("azure.core.credentials")
monitor = pytest.importorskip("azure.monitor.query")


class Token:
    def __init__(self, token):
        self.token = token

    def get_token(self, *_scopes, **_options):
        return azure_core.AccessToken(self.token, int(time.time()) + 3600)


@pytest.fixture(scope="module")
def client(yagura):
    for number in range(3):
        yagura.send_tcp(f"<38>Nov 22 08:00:00 azure-host app[{number}]: message {number} 櫓\n".encode())
    assert yagura.wait_count("Syslog | where Computer == 'azure-host'", 3) == 3
    return monitor.LogsQueryClient(Token(yagura.api_token()), endpoint=f"https://127.0.0.1:{yagura.https_port}",
                                   connection_verify=str(yagura.keys / "server.crt"))


def test_rows_with_types(client):
    result = client.query_workspace("00000000-0000-0000-0000-000000000000",
                                    "Syslog | where Computer == 'azure-host' | sort by ProcessID asc | project TimeGenerated, ProcessID, SyslogMessage",
                                    timespan=None, include_statistics=True)
    assert result.status == monitor.LogsQueryStatus.SUCCESS
    table = result.tables[0]
    assert table.name == "PrimaryResult"
    assert list(table.columns) == ["TimeGenerated", "ProcessID", "SyslogMessage"]
    assert list(table.columns_types) == ["datetime", "int", "string"]
    assert [row["ProcessID"] for row in table.rows] == [0, 1, 2]
    assert table.rows[2]["SyslogMessage"] == "message 2 櫓"
    assert isinstance(table.rows[0]["TimeGenerated"], datetime.datetime)
    assert result.statistics["query"]["executionTime"] > 0


def test_scalar_types(client):
    result = client.query_workspace("w", "print a=true, b=1, c=long(9007199254740993), d=1.5, e='x', f=1h, "
                                    "g=guid(01234567-89ab-cdef-0123-456789abcdef), h=dynamic({'k':[1]}), i=int(null)", timespan=None)
    row = result.tables[0].rows[0]
    assert row["a"] is True and row["c"] == 9007199254740993 and row["d"] == 1.5 and row["e"] == "x"
    assert row["f"] == "01:00:00" and row["g"] == "01234567-89ab-cdef-0123-456789abcdef"
    assert row["h"].replace(" ", "") == '{"k":[1]}' and row["i"] is None


def test_timespan_cuts(client):
    long_ago = (datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc), datetime.timedelta(hours=1))
    assert len(client.query_workspace("w", "Syslog", timespan=long_ago).tables[0].rows) == 0


def test_render(client):
    result = client.query_workspace("w", "Syslog | summarize count() by Computer | render piechart", timespan=None, include_visualization=True)
    assert result.visualization["visualization"] == "piechart"


def test_errors_name_the_place(client):
    with pytest.raises(azure_core_exceptions().HttpResponseError) as caught:
        client.query_workspace("w", "Syslog\n| where Facilty == 'auth'", timespan=None)
    assert caught.value.status_code == 400
    assert "Facilty" in caught.value.message and "line 2" in caught.value.message


def test_batch(client):
    good = monitor.LogsBatchQuery("w", "Syslog | where Computer == 'azure-host' | count", timespan=None)
    bad = monitor.LogsBatchQuery("w", "Syslog | where", timespan=None)
    results = client.query_batch([good, bad])
    assert results[0].tables[0].rows[0][0] == 3
    assert results[1].status == monitor.LogsQueryStatus.FAILURE


def test_several_results(client):
    result = client.query_workspace("w", "print a = 1; print b = 2", timespan=None)
    assert [(table.name, table.columns, table.rows[0][0]) for table in result.tables] == [("PrimaryResult", ["a"], 1), ("Table_1", ["b"], 2)]


def test_a_cut_result_is_partial(client):
    result = client.query_workspace("w", "set truncationmaxrecords=3; range x from 1 to 10 step 1", timespan=None)
    assert result.status == monitor.LogsQueryStatus.PARTIAL
    assert len(result.partial_data[0].rows) == 3 and "3 rows" in str(result.partial_error.details)


def test_timespans(client):
    day = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)
    for timespan in (datetime.timedelta(minutes=1), (day, day), (day, datetime.timedelta(hours=1))):
        assert len(client.query_workspace("w", "Syslog", timespan=timespan).tables[0].rows) == 0
    assert len(client.query_workspace("w", "Syslog | where Computer == 'azure-host'", timespan=(day, datetime.timedelta(days=36500))).tables[0].rows) == 3


def test_get_and_headers(yagura, client):
    status, body = yagura.request("GET", "/v1/workspaces/w/query?query=print%20x%3D1&timespan=P1D", headers={"Prefer": "include-statistics=true, include-render=true"})
    answer = json.loads(body)
    assert status == 200 and answer["tables"][0]["rows"] == [[1]] and answer["statistics"]["query"]["executionTime"] >= 0 and answer["render"]["visualization"] is None
    status, _ = yagura.request("GET", "/v1/workspaces/w/query?query=print%20x%3D1&timespan=yesterday")
    assert status == 400


def test_a_wrong_token_is_refused(yagura, client):
    wrong = monitor.LogsQueryClient(Token("ygr_nonsense"), endpoint=f"https://127.0.0.1:{yagura.https_port}",
                                    connection_verify=str(yagura.keys / "server.crt"))
    with pytest.raises(azure_core_exceptions().HttpResponseError) as caught:
        wrong.query_workspace("w", "Syslog | count", timespan=None)
    assert caught.value.status_code == 401


def azure_core_exceptions():
    import azure.core.exceptions
    return azure.core.exceptions
