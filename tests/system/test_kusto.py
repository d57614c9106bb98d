"""Azure Data Explorer's own Python client against Yagura, with another address and nothing else."""
import datetime
import json
import uuid

import pytest

kusto = pytest.importorskip("azure.kusto.data")
from azure.kusto.data.exceptions import KustoApiError, KustoMultiApiError, KustoServiceError  # noqa: E402
from azure.kusto.data.helpers import dataframe_from_result_table  # noqa: E402


@pytest.fixture(scope="module")
def address(yagura):
    for number in range(3):
        yagura.send_tcp(f"<38>Nov 22 08:00:00 kusto-host app[{number}]: message {number} 櫓\n".encode())
    assert yagura.wait_count("Syslog | where Computer == 'kusto-host'", 3) == 3
    return f"http://127.0.0.1:{yagura.http_port}"


def connect(address, token):
    return kusto.KustoClient(kusto.KustoConnectionStringBuilder.with_aad_application_token_authentication(address, token))


@pytest.fixture(scope="module")
def client(yagura, address):
    return connect(address, yagura.api_token())


def test_a_token_provider_signs_in_too(yagura, address):
    builder = kusto.KustoConnectionStringBuilder.with_token_provider(address, yagura.api_token)
    assert kusto.KustoClient(builder).execute("default", "print x = 1").primary_results[0][0]["x"] == 1


def test_rows_with_types(client):
    table = client.execute("default", "Syslog | where Computer == 'kusto-host' | sort by ProcessID asc | project TimeGenerated, ProcessID, SyslogMessage").primary_results[0]
    assert [(c.column_name, c.column_type) for c in table.columns] == [("TimeGenerated", "datetime"), ("ProcessID", "int"), ("SyslogMessage", "string")]
    assert [row["ProcessID"] for row in table] == [0, 1, 2]
    assert table[2]["SyslogMessage"] == "message 2 櫓"
    assert isinstance(table[0]["TimeGenerated"], datetime.datetime)


EVERY_TYPE = ("print b=true, i=int(7), l=long(9007199254740993), r=1.5, n=real(nan), e=decimal(1.25), s='x', t=datetime(2026-11-22 10:00:00.1234567), "
              "d=1d2h3m4.5s, m=-90s, g=guid(01234567-89ab-cdef-0123-456789abcdef), j=dynamic({'k':[1,'two',null]}), z=int(null), y=dynamic(null)")


def test_every_type(client):
    row = client.execute("default", EVERY_TYPE.replace("1d2h3m4.5s", "1d+2h+3m+4500ms")).primary_results[0][0]
    assert row["b"] is True and row["i"] == 7 and row["l"] == 9007199254740993 and row["r"] == 1.5 and row["n"] == "NaN"
    assert str(row["e"]) == "1.25" and row["s"] == "x"
    assert row["t"] == datetime.datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=datetime.timezone.utc)
    assert row["d"] == datetime.timedelta(days=1, hours=2, minutes=3, seconds=4.5) and row["m"] == -datetime.timedelta(seconds=90)
    assert uuid.UUID(row["g"]) == uuid.UUID("01234567-89ab-cdef-0123-456789abcdef")
    assert row["j"] == {"k": [1, "two", None]} and row["z"] is None and row["y"] is None


def test_dataframe(client):
    pytest.importorskip("pandas")
    frame = dataframe_from_result_table(client.execute("default", EVERY_TYPE.replace("1d2h3m4.5s", "1d+2h")).primary_results[0])
    types = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert types["l"] == "Int64" and types["i"] == "Int32" and types["r"] == "Float64" and types["e"] == "Float64"
    assert types["t"].startswith("datetime64") and types["d"].startswith("timedelta64") and types["b"] == "bool"
    assert frame["l"][0] == 9007199254740993 and frame["z"].isna()[0]


def test_errors_say_what_and_where(client):
    with pytest.raises(KustoServiceError) as caught:
        client.execute("default", "Syslog\n| where Facilty == 'auth'")
    error = caught.value.get_api_error()
    assert isinstance(caught.value, KustoApiError) and caught.value.is_semantic_error()
    assert "Facilty" in error.description and "line 2, position 9" in error.description and error.permanent
    inner = json.loads(caught.value.http_response.text)["error"]["innererror"]
    assert inner["@line"] == 2 and inner["@pos"] == 9 and inner["@token"] == "Facilty"
    with pytest.raises(KustoServiceError) as caught:
        client.execute("default", "Syslog | where (")
    assert "Syntax error" in str(caught.value)


def test_wrong_token(address):
    with pytest.raises(KustoServiceError) as caught:
        connect(address, "ygr_nonsense").execute("default", "print 1")
    assert "401" in str(caught.value)


def test_query_parameters(client):
    properties = kusto.ClientRequestProperties()
    properties.set_parameter("host", "kusto-host")
    properties.set_parameter("low", 1)
    properties.set_parameter("list", "dynamic(['a','b'])")
    text = "declare query_parameters(host:string, low:long, list:dynamic=dynamic([])); Syslog | where Computer == host and ProcessID >= low | count | extend list"
    row = client.execute("default", text, properties).primary_results[0][0]
    assert row["Count"] == 2 and row["list"] == ["a", "b"]
    properties.set_parameter("host", "x' or 1==1 //")
    assert client.execute("default", text, properties).primary_results[0][0]["Count"] == 0


def test_truncation(client):
    properties = kusto.ClientRequestProperties()
    properties.set_option("truncationmaxrecords", 5)
    with pytest.raises(KustoMultiApiError) as caught:
        client.execute("default", "range x from 1 to 10 step 1", properties)
    assert "E_QUERY_RESULT_SET_TOO_LARGE" in str(caught.value)
    properties.set_option("deferpartialqueryfailures", True)
    partial = client.execute("default", "range x from 1 to 10 step 1", properties)
    assert len(partial.primary_results[0]) == 5 and partial.errors_count == 1
    assert len(client.execute("default", "set notruncation; range x from 1 to 600000 step 1").primary_results[0]) == 600000


def test_timeout(client):
    properties = kusto.ClientRequestProperties()
    properties.set_option(kusto.ClientRequestProperties.request_timeout_option_name, datetime.timedelta(seconds=1))
    with pytest.raises(KustoServiceError) as caught:
        client.execute("default", "range x from 1 to 100000000000 step 1 | summarize sum(x*x)", properties)
    assert "longer than its limit" in str(caught.value) or "network request" in str(caught.value)


def test_several_results(client):
    answer = client.execute("default", "print a = 1; print b = 2, c = 'x' | render table; print d = 3")
    assert [table.columns[0].column_name for table in answer.primary_results] == ["a", "b", "d"]
    assert answer.primary_results[1][0]["c"] == "x"


def test_render(client):
    answer = client.execute("default", "Syslog | summarize count() by Computer | render piechart with (title='hosts')")
    properties = next(t for t in answer.tables if t.table_name == "@ExtendedProperties")
    visual = json.loads(properties[0]["Value"]) if isinstance(properties[0]["Value"], str) else properties[0]["Value"]
    assert visual["Visualization"] == "piechart" and visual["Title"] == "hosts"


def test_streaming(client):
    answer = client.execute_streaming_query("default", "range x from 1 to 50000 step 1")
    assert sum(1 for _ in next(answer.iter_primary_results())) == 50000


@pytest.mark.parametrize("options", [{"results_v2_newlines_between_frames": True}, {"results_progressive_enabled": True},
                                     {"results_v2_fragment_primary_tables": True, "results_error_reporting_placement": "end_of_table"}])
def test_frames_as_asked(yagura, address, options):
    status, body = yagura.request("POST", "/v2/rest/query", {"db": "default", "csl": "range x from 1 to 3 step 1", "properties": json.dumps({"Options": options})})
    frames = json.loads(body)
    assert status == 200 and frames[0]["FrameType"] == "DataSetHeader" and frames[-1] == {"FrameType": "DataSetCompletion", "HasErrors": False, "Cancelled": False}
    kinds = [frame["FrameType"] for frame in frames]
    if "results_v2_newlines_between_frames" in options:
        assert len(body.decode().splitlines()) == len(frames) + 1
    else:
        assert "TableHeader" in kinds and "TableFragment" in kinds and "TableCompletion" in kinds
        assert [row[0] for f in frames if f["FrameType"] == "TableFragment" for row in f["Rows"]] == [1, 2, 3]


def test_v1(yagura, address):
    status, body = yagura.request("POST", "/v1/rest/query", {"db": "default", "csl": "print a = 1, t = 1h"})
    tables = json.loads(body)["Tables"]
    assert status == 200 and len(tables) == 4
    assert [c["DataType"] for c in tables[0]["Columns"]] == ["Int64", "TimeSpan"] and tables[0]["Rows"] == [[1, "01:00:00"]]
    assert [row[1:3] for row in tables[3]["Rows"]] == [["QueryResult", "PrimaryResult"], ["QueryProperties", "@ExtendedProperties"], ["QueryStatus", "QueryStatus"]]


def test_management_commands(client):
    def rows(command):
        return [row.to_dict() for row in client.execute("default", command).primary_results[0]]
    assert rows(".show version")[0]["ServiceType"] == "Engine"
    assert rows(".show databases")[0]["DatabaseName"] == "default"
    assert {"TableName": "Syslog"}.items() <= next(r for r in rows(".show tables") if r["TableName"] == "Syslog").items()
    schema = json.loads(rows(".show table Syslog schema as json")[0]["Schema"])
    assert {"Name": "TimeGenerated", "Type": "System.DateTime", "CslType": "datetime"}.items() <= next(c for c in schema["OrderedColumns"] if c["Name"] == "TimeGenerated").items()
    assert "Computer:string" in rows(".show table Syslog cslschema")[0]["Schema"]
    assert rows(".show tables (Syslog) details")[0]["TotalRowCount"] >= 3
    assert "Syslog" in json.loads(rows(".show database default schema as json")[0]["DatabaseSchema"])["Databases"]["default"]["Tables"]
    assert any(r["ColumnName"] == "Computer" for r in rows(".show database default schema"))
    assert rows(".show tables | where TableName == 'Syslog' | count")[0]["Count"] == 1
    assert rows(".show cluster")[0]["ProcessorCount"] >= 1
    with pytest.raises(KustoServiceError) as caught:
        client.execute("default", ".show table Sylog details")
    assert "did you mean 'Syslog'" in str(caught.value)
    with pytest.raises(KustoServiceError) as caught:
        client.execute("default", ".purge table X records")
    assert "not supported here" in str(caught.value)


def test_functions(yagura, client):
    made = client.execute("default", ".create-or-alter function with (folder='Tests', docstring='Lines of a host') LinesOf(host:string, most:long=2)"
                                     " { Syslog | where Computer == host | take most }").primary_results[0]
    assert made[0]["Name"] == "LinesOf" and made[0]["Folder"] == "Tests"
    assert len(client.execute("default", "LinesOf('kusto-host')").primary_results[0]) == 2
    assert len(client.execute("default", "LinesOf('kusto-host', 3)").primary_results[0]) == 3
    client.execute("default", ".create-or-alter function OfTable(T:(Computer:string)) { T | where Computer == 'kusto-host' | count }")
    assert client.execute("default", "OfTable(Syslog)").primary_results[0][0]["Count"] == 3
    with pytest.raises(KustoServiceError) as caught:
        client.execute("default", ".create-or-alter function Broken() {\n Syslog\n | where Facilty == 1 }")
    assert "line 3, position 10 of the body" in str(caught.value)
    with pytest.raises(KustoServiceError):
        client.execute("default", ".create function LinesOf() { print 1 }")
    client.execute("default", ".create function ifnotexists LinesOf() { print 1 }")
    client.execute("default", ".create-or-alter function with (skipvalidation=true) Late(x:long) { Syslog | where NoSuch == x }")
    with pytest.raises(KustoServiceError) as caught:
        client.execute("default", "print 1 | extend y = toscalar(Late(3) | count)")
    assert "in the function 'Late', line 1, column" in str(caught.value)
    names = [row["Name"] for row in client.execute("default", ".show functions").primary_results[0]]
    assert {"LinesOf", "OfTable", "Late", "_GetWatchlist"} <= set(names)
    client.execute("default", ".drop function LinesOf")
    with pytest.raises(KustoServiceError):
        client.execute("default", "LinesOf('kusto-host')")
    status, body = yagura.request("GET", "/api/v1/functions/OfTable")
    assert status == 200 and json.loads(body)["parameters"] == "(T:(Computer:string))"


def test_who_may_change_functions(yagura, address):
    reader = yagura.command("admin", "tokens", "add", "reader", "--role", "Reader", "--data", yagura.data).stdout.strip()
    with pytest.raises(KustoServiceError) as caught:
        connect(address, reader).execute("default", ".create-or-alter function F() { print 1 }")
    assert "edit_tables" in str(caught.value)


def test_watchlists(yagura, client):
    csv = 'User,Department,"Office, room"\nmaki,SOC,"Osaka, 3"\nyuki,"R&D",\n'
    status, body = yagura.request("PUT", "/api/v1/watchlists/vips", {"search_key": "User", "csv": csv, "description": "those who matter"})
    assert status == 200, body
    table = client.execute("default", "_GetWatchlist('vips') | sort by SearchKey asc").primary_results[0]
    assert [c.column_name for c in table.columns] == ["_DTItemId", "LastUpdatedTimeUTC", "SearchKey", "WatchlistItem", "User", "Department", "Office, room"]
    assert [(r["SearchKey"], r["Department"], r["Office, room"]) for r in table] == [("maki", "SOC", "Osaka, 3"), ("yuki", "R&D", "")]
    assert table[0]["WatchlistItem"]["User"] == "maki"
    ids = [r["_DTItemId"] for r in table]
    assert client.execute("default", "let a = 'vips'; _GetWatchlist(a) | count").primary_results[0][0]["Count"] == 2
    assert client.execute("default", "_GetWatchlist('vips', dynamic(['maki'])) | count").primary_results[0][0]["Count"] == 1
    assert [r["WatchlistAlias"] for r in client.execute("default", "_GetWatchlistAlias").primary_results[0]] == ["vips"]
    # An absent watchlist has no rows; it is no mistake.
    assert client.execute("default", "_GetWatchlist('absent') | count").primary_results[0][0]["Count"] == 0
    yagura.request("POST", "/api/v1/watchlists/vips/items", {"item": {"User": "ken"}})
    table = client.execute("default", "_GetWatchlist('vips') | sort by SearchKey asc").primary_results[0]
    assert [r["SearchKey"] for r in table] == ["ken", "maki", "yuki"] and [r["_DTItemId"] for r in table][1:] == ids
    # Not cut to the time picker's range.
    result = yagura.request("POST", "/v1/workspaces/default/query", {"query": "_GetWatchlist('vips') | count", "timespan": "2001-01-01/P1D"})
    assert json.loads(result[1])["tables"][0]["rows"] == [[3]]
    yagura.request("DELETE", "/api/v1/watchlists/vips")
    assert client.execute("default", "_GetWatchlist('vips') | count").primary_results[0][0]["Count"] == 0


def test_command_line_changes_reach_the_server(yagura, client, tmp_path):
    (tmp_path / "hosts.csv").write_text("Host,Owner\nkusto-host,maki\n")
    (tmp_path / "Owners.kql").write_text("_GetWatchlist('hosts') | project Host, Owner")
    yagura.command("watchlists", "add", "hosts", tmp_path / "hosts.csv", "--search-key", "Host", "--data", yagura.data)
    yagura.command("functions", "add", tmp_path / "Owners.kql", "--force", "--data", yagura.data)
    rows = []
    for _ in range(40):
        try:
            rows = client.execute("default", "Owners | where Host == 'kusto-host'").primary_results[0]
            if len(rows) == 1:
                break
        except KustoServiceError:
            pass
        import time
        time.sleep(0.5)
    assert len(rows) == 1 and rows[0]["Owner"] == "maki"
