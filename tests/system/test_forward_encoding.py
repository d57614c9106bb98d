"""Windows events as Azure Local's forwarder writes them: rsyslog, syslog-ng and Yagura read the same priority, time, host and CEF
fields, and in Yagura's tables a forwarded event is the row that a collected one is."""
import datetime
import re
import xml.etree.ElementTree as ET

import pytest

from forward_peers import SYSLOG_NG, Rsyslog, SyslogNg, yagura as run

NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
# Level: PRI, CEF severity, as the reference's table has them.
LEVELS = {0: (87, 0), 1: (82, 10), 2: (83, 8), 3: (84, 5), 4: (86, 2), 5: (87, 0)}
# By the program's own zone: RFC 3164 writes local time.
ZONE = {"TZ": "JST-9"}


def event(record, provider, event_id, level, channel, body, task=0, keywords="0x8000000000000000", version=0, guid="AEA1B4FA-97D1-45F2-A64C-4D69FFFD92C9"):
    return (f'<Event xmlns="{NAMESPACE}"><System><Provider Name="{provider}" Guid="{{{guid.lower()}}}"/><EventID>{event_id}</EventID><Version>{version}</Version>'
            f'<Level>{level}</Level><Task>{task}</Task><Opcode>0</Opcode><Keywords>{keywords}</Keywords>'
            f'<TimeCreated SystemTime="2026-11-0{record % 9 + 1}T20:00:{record:02d}.1234567Z"/><EventRecordID>{record}</EventRecordID>'
            f'<Correlation ActivityID="{{c8f40d7c-3764-423b-a4fa-c994442238af}}"/><Execution ProcessID="29380" ThreadID="25480"/><Channel>{channel}</Channel>'
            f'<Computer>node1.azure.example</Computer><Security UserID="S-1-5-18"/></System>{body}</Event>')


def data(*pairs):
    return "<EventData>" + "".join(f'<Data Name="{name}">{value}</Data>' if name else f"<Data>{value}</Data>" for name, value in pairs) + "</EventData>"


LOGON = data(*((name, value) for name, value in (pair.split("=", 1) for pair in (
    "SubjectUserSid=S-1-5-18 SubjectUserName=NODE1$ SubjectDomainName=EX SubjectLogonId=0x3e7 TargetUserSid=S-1-5-21-1-2-3-500 TargetUserName=alice "
    "TargetDomainName=EX TargetLogonId=0x8dcdc LogonType=2 LogonProcessName=User32 AuthenticationPackageName=Negotiate WorkstationName=NODE1 "
    "LogonGuid={00000000-0000-0000-0000-000000000000} TransmittedServices=- LmPackageName=- KeyLength=0 ProcessId=0x44c "
    "ProcessName=C:\\Windows\\System32\\svchost.exe IpAddress=127.0.0.1 IpPort=0 ImpersonationLevel=%%1833 RestrictedAdminMode=- TargetOutboundUserName=- "
    "TargetOutboundDomainName=- VirtualAccount=%%1843 TargetLinkedLogonId=0x0 ElevatedToken=%%1842").split())))

EVENTS = [event(10 + level, "Microsoft-Windows-GroupPolicy", 1501, level, "System", data(("", "svchost"), ("", ""), ("", "a=b|c"))) for level in LEVELS] + [
    event(20, "Microsoft-Windows-Security-Auditing", 4624, 0, "Security", LOGON, 12544, "0x8020000000000000", 2, "54849625-5478-4994-A5BA-3E3B0328C30D"),
    event(21, "Microsoft-Windows-Eventlog", 1102, 4, "Security", "<UserData><LogFileCleared><SubjectUserSid>S-1-5-21-1</SubjectUserSid><SubjectUserName>bob</SubjectUserName>"
          "<SubjectDomainName>EX</SubjectDomainName><SubjectLogonId>0x1</SubjectLogonId></LogFileCleared></UserData>", 104, "0x4020000000000000"),
    event(22, "Microsoft-Windows-Sysmon", 11, 4, "Microsoft-Windows-Sysmon/Operational", data(
        ("RuleName", ""), ("UtcTime", "2026-11-05 20:00:22.000"), ("ProcessGuid", "{A98268C1-95F2-5ACD-0000-0010F1D70000}"), ("ProcessId", "4"),
        ("Image", "C:\\a.exe"), ("TargetFilename", "C:\\日本語.txt"), ("CreationUtcTime", "2026-11-05 20:00:22.000"), ("User", "EX\\alice")), 11, version=2),
]

FIELDS = ("MasChannel MasComputer MasCorrelationActivityID MasCorrelationRelatedActivityID MasEventData MasEventDescription MasEventID MasEventRecordID "
          "MasExecutionProcessID MasExecutionThreadID MasKeywords MasKeywordName MasLevel MasOpcode MasOpcodeName MasProviderEventSourceName MasProviderGuid "
          "MasProviderName MasSecurityUserId MasTask MasTaskCategory MasUserData MasVersion").split()


def cef(text):
    """A CEF payload by ArcSight's rules, read here and not by the program: header parts and the extension."""
    parts = re.split(r"(?<!\\)\|", text, maxsplit=7)
    keys = [found for found in re.finditer(r"(?:^| )([A-Za-z0-9_.-]+)=", re.sub(r"\\.", "..", parts[7]))]
    extension = {}
    for key, following in zip(keys, keys[1:] + [None]):
        value = parts[7][key.end():following.start() if following else None]
        extension[key.group(1)] = re.sub(r"\\(.)", lambda one: {"n": "\n", "r": "\r"}.get(one.group(1), one.group(1)), value)
    return parts[:7], extension


def expected(xml):
    root = ET.fromstring(xml)

    def find(path):
        return root.find("/".join("{%s}%s" % (NAMESPACE, one) for one in path.split("/")))

    system = find("System")
    level = int(find("System/Level").text)
    time = datetime.datetime.fromisoformat(find("System/TimeCreated").get("SystemTime")[:19]) + datetime.timedelta(hours=9)
    body = find("EventData") if find("EventData") is not None else find("UserData")[0]
    assert len(system) == 14
    return {"pri": LEVELS[level][0], "time": f"{time:%b} {time.day:2d} {time:%H:%M:%S}", "host": find("System/Computer").text, "severity": str(LEVELS[level][1]),
            "signature": f"{find('System/Provider').get('Name')}:{find('System/EventID').text}", "data": "!!".join(one.text or "" for one in body),
            "is_user_data": find("EventData") is None, "level": str(level), "record": find("System/EventRecordID").text, "channel": find("System/Channel").text,
            "guid": find("System/Provider").get("Guid").strip("{}").upper(), "keywords": find("System/Keywords").text}


def check(xml, pri, time, host, payload):
    wanted = expected(xml)
    header, extension = cef(payload)
    assert (int(pri), time, host) == (wanted["pri"], wanted["time"], wanted["host"])
    assert header[:4] == ["0.0", "Microsoft", "Microsoft Azure Stack HCI", "1.0"]
    assert (header[4], header[6]) == (wanted["signature"], wanted["severity"])
    assert list(extension) == FIELDS
    assert extension["MasUserData" if wanted["is_user_data"] else "MasEventData"] == wanted["data"]
    assert extension["MasEventData" if wanted["is_user_data"] else "MasUserData"] == ""
    assert (extension["MasLevel"], extension["MasEventRecordID"], extension["MasChannel"]) == (wanted["level"], wanted["record"], wanted["channel"])
    assert (extension["MasProviderGuid"], extension["MasKeywords"]) == (wanted["guid"], wanted["keywords"])
    assert extension["MasCorrelationActivityID"] == "C8F40D7C-3764-423B-A4FA-C994442238AF"
    assert (extension["MasExecutionProcessID"], extension["MasExecutionThreadID"], extension["MasSecurityUserId"]) == ("29380", "25480", "S-1-5-18")


@pytest.fixture(scope="module")
def journal(yagura):
    """The journal of a server that has collected EVENTS."""
    status, _ = yagura.hec("\n".join(EVENTS).encode(), path="/services/collector/raw")
    assert status == 200
    assert yagura.wait_count("SecurityEvent", 2) == 2 and yagura.wait_count("Event", 6) == 6 and yagura.wait_count("WindowsEvent", 1) == 1
    return yagura.data / "journal"


def forward(journal, data_folder, receiver, encoding="cef-azure-local", framing="octet-counting"):
    run("forwarder", "set", "--data", data_folder, "--server-name", "127.0.0.1", "--server-port", receiver.port, "--no-encryption", "--output-severity", "Verbose",
        "--subscription", "all", "--encoding", encoding, "--framing", framing, check=0)
    run("forwarder", "run", "--until-end", "--journal", journal, "--data", data_folder, check=0, env=ZONE, timeout=90)


def by_record(lines, payload_of):
    return {cef(payload_of(line))[1]["MasEventRecordID"]: line for line in lines}


def test_rsyslog_reads_the_fields(journal, tmp_path):
    with Rsyslog(tmp_path / "receiver", "tcp") as receiver:
        forward(journal, tmp_path / "agent", receiver)
        receiver.wait_lines(len(EVENTS))
    lines = [line.split("|", 4) for line in (tmp_path / "receiver/fields.log").read_text().splitlines()]
    assert len(lines) == len(EVENTS)
    # It writes a tab as #011.
    found = by_record(lines, lambda line: line[4].strip().replace("#011", "\t"))
    for xml in EVENTS:
        pri, time, host, program, message = found[expected(xml)["record"]]
        assert program == "CEF"
        check(xml, pri, time, host, message.removeprefix(" ").replace("#011", "\t"))


@pytest.mark.skipif(not (SYSLOG_NG / "sbin/syslog-ng").exists(), reason="syslog-ng was not unpacked by ./dev setup")
def test_syslog_ng_reads_the_fields(journal, tmp_path):
    receiver = SyslogNg(tmp_path / "receiver", "tcp")
    config = receiver.folder / "syslog-ng.conf"
    text = config.read_text().replace("flags(no-parse)", "").replace('"${MESSAGE}\\n"', '"${PRI}|${S_DATE}|${HOST}|${PROGRAM}|${MESSAGE}\\n"')
    config.write_text(text.replace("options {", "options { keep-hostname(yes);"))
    with receiver:
        forward(journal, tmp_path / "agent", receiver, framing="lf")
        lines = [line.split("|", 4) for line in receiver.wait_lines(len(EVENTS))]
    assert len(lines) == len(EVENTS)
    found = by_record(lines, lambda line: line[4])
    for xml in EVENTS:
        pri, time, host, program, message = found[expected(xml)["record"]]
        assert program == "CEF"
        check(xml, pri, time, host, message)


OWN_TO_EACH = {"TimeGenerated", "TimeCollected", "_TimeReceived", "_TimeIngested", "_TimeRead", "_ItemId", "_Position", "EventOriginId", "_Size", "_IngestedAt"}


def row_of(yagura, table, where):
    rows = yagura.query(f"{table} | where {where} | order by _TimeIngested asc")
    assert len(rows) == 2, rows
    return rows


@pytest.mark.parametrize("encoding", ["cef-azure-local", "cef-restorable"])
def test_yagura_reads_back_the_same_rows(journal, tmp_path, fresh_yagura, encoding):
    with Rsyslog(tmp_path / "receiver", "tcp") as receiver:
        forward(journal, tmp_path / "agent", receiver, encoding)
        lines = receiver.wait_lines(len(EVENTS))
    native, forwarded = fresh_yagura, "".join(line.replace("#011", "\t") + "\n" for line in lines)
    native.hec("\n".join(EVENTS).encode(), path="/services/collector/raw")
    assert native.wait_count("SecurityEvent", 2) == 2 and native.wait_count("WindowsEvent", 1) == 1
    # Straight from the wire, by the syslog source.
    native.send_tcp(forwarded.encode())
    assert native.wait_count("SecurityEvent", 4) == 4 and native.wait_count("WindowsEvent", 2) == 2 and native.wait_count("Event", 12) == 12
    assert native.count("union CommonSecurityLog, Syslog") == 0
    for table, where in (("SecurityEvent", "EventID == 4624"), ("SecurityEvent", "EventID == 1102"), ("WindowsEvent", "EventID == 11"),
                         ("Event", 'EventID == 1501 and EventLevelName == "Error"')):
        rows = row_of(native, table, where)
        for column in rows[0]:
            if column in OWN_TO_EACH:
                continue
            if column == "EventData" and table == "Event":  # holds the time, to the second when forwarded
                continue
            a, b = (str(row[column]) for row in rows)
            assert a.lower() == b.lower(), f"{table} {where}: {column}"
