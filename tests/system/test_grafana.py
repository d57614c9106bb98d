"""The requests that Grafana's Azure Data Explorer datasource sends (pkg/azuredx): its test, its schema, its queries."""
import json

OPTIONS = {"Options": {"servertimeout": "00:00:30", "queryconsistency": "strongconsistency", "query_results_cache_max_age": "00:05:00"}}


def ask(yagura, path, text, **more):
    status, body = yagura.request("POST", path, {"db": "default", "csl": text, "properties": OPTIONS, **more}, headers={"x-ms-app": "Grafana-ADX"})
    return status, json.loads(body)


def test_save_and_test(yagura):
    status, answer = ask(yagura, "/v1/rest/query", ".show databases schema")
    assert status == 200, answer
    assert "TableName" in [c["ColumnName"] for c in answer["Tables"][0]["Columns"]]
    status, frames = ask(yagura, "/v2/rest/query", ".show databases | project DatabaseName")
    assert status == 200 and [f["Rows"] for f in frames if f.get("TableKind") == "PrimaryResult"] == [[["default"]]]
    # Nothing is changed on that path.
    status, answer = ask(yagura, "/v1/rest/query", ".create-or-alter function grafana_f() { print 1 }")
    assert status >= 400, answer


def test_schema(yagura):
    for text in [".show databases schema as json", ".show databases (['default']) schema as json"]:
        status, answer = ask(yagura, "/v1/rest/mgmt", text, querySource="schema")
        schema = json.loads(answer["Tables"][0]["Rows"][0][0])["Databases"]["default"]
        assert status == 200 and schema["Name"] == "default" and "Functions" in schema
        columns = {c["Name"]: c["CslType"] for c in schema["Tables"]["Syslog"]["OrderedColumns"]}
        assert columns["TimeGenerated"] == "datetime" and columns["SyslogMessage"] == "string"
    status, answer = ask(yagura, "/v1/rest/mgmt", ".show databases")
    assert [row[0] for row in answer["Tables"][0]["Rows"]] == ["default"]


def test_queries(yagura):
    # What $__timeFilter, $__timeInterval and $__contains become in the browser.
    text = """Syslog | where TimeGenerated >= datetime(2026-11-22T00:00:00Z) and TimeGenerated <= datetime(2026-11-23T00:00:00Z)
| where (Computer in ('a','b')) or true | summarize count() by bin(TimeGenerated, 60000ms), Computer | order by TimeGenerated asc"""
    status, answer = ask(yagura, "/v1/rest/query", text)
    assert status == 200 and [c["ColumnName"] for c in answer["Tables"][0]["Columns"]] == ["TimeGenerated", "Computer", "count_"]
    status, answer = ask(yagura, "/v1/rest/query", "Syslog | where Nothing == 1")
    assert status == 400 and "Nothing" in answer["error"]["@message"]
