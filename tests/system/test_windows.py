"""Windows events by HTTP Event Collector, as shippers send them, are rows of SecurityEvent, WindowsEvent and Event."""

SYSTEM = ("<System><Provider Name='{provider}'/><EventID>{event}</EventID><Version>1</Version><Level>{level}</Level><Task>{task}</Task>"
          "<Opcode>0</Opcode><Keywords>{keywords}</Keywords><TimeCreated SystemTime='2026-11-22T07:00:00.1234567Z'/>"
          "<EventRecordID>77</EventRecordID><Execution ProcessID='4' ThreadID='8'/><Channel>{channel}</Channel>"
          "<Computer>windows-host.example.org</Computer><Security UserID='S-1-5-18'/></System>")


def xml(body, **system):
    system = {"level": 0, "task": 0, "keywords": "0x8020000000000000", **system}
    return "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>" + SYSTEM.format(**system) + body + "</Event>"


def data(**pairs):
    return "<EventData>" + "".join(f"<Data Name='{name}'>{value}</Data>" for name, value in pairs.items()) + "</EventData>"


def test_windows_events_by_hec(yagura):
    winlogbeat = {"@timestamp": "2026-11-22T07:00:00.000Z", "message": "An account failed to log on.",
                  "winlog": {"channel": "Security", "event_id": "4625", "computer_name": "winlogbeat-host", "record_id": "5",
                             "provider_name": "Microsoft-Windows-Security-Auditing", "keywords": ["Audit Failure"],
                             "event_data": {"TargetUserName": "bob", "TargetDomainName": "EX", "LogonType": "10", "IpAddress": "192.0.2.9"}}}
    events = [
        {"event": winlogbeat},
        {"event": xml(data(SubjectUserName="alice", SubjectDomainName="EX", NewProcessName="C:\\Windows\\System32\\whoami.exe", CommandLine="whoami &amp; x"),
                      provider="Microsoft-Windows-Security-Auditing", event=4688, task=13312, channel="Security")},
        {"event": xml(data(ProcessId="12", Image="C:\\x.exe", CommandLine="x"), provider="Microsoft-Windows-Sysmon", event=1, level=4, task=1,
                      keywords="0x8000000000000000", channel="Microsoft-Windows-Sysmon/Operational")},
        {"event": xml(data(ServiceName="evil", ImagePath="c:\\evil.exe", ServiceType="t", StartType="s", AccountName="LocalSystem"),
                      provider="Service Control Manager", event=7045, level=4, keywords="0x8080000000000000", channel="System")},
    ]
    status, _ = yagura.hec(events)
    assert status == 200
    assert yagura.wait_count("SecurityEvent | where Computer in ('winlogbeat-host', 'windows-host.example.org')", 2) == 2
    failed, = yagura.query("SecurityEvent | where EventID == 4625 and Computer == 'winlogbeat-host' "
                           "| project Account, AccountType, Activity, Level, LogonType, LogonTypeName, IpAddress, EventRecordId")
    assert failed == {"Account": "EX\\bob", "AccountType": "User", "Activity": "4625 - An account failed to log on.", "Level": "16", "LogonType": 10,
                      "LogonTypeName": "10 - RemoteInteractive", "IpAddress": "192.0.2.9", "EventRecordId": "5"}, failed
    started, = yagura.query("SecurityEvent | where EventID == 4688 and Computer == 'windows-host.example.org' "
                            "| project TimeGenerated, Account, Activity, Process, CommandLine, Level, Task, EventData")
    assert started["Activity"] == "4688 - A new process has been created."
    assert started["Process"] == "whoami.exe" and started["CommandLine"] == "whoami & x" and started["Level"] == "8" and started["Task"] == 13312
    assert started["Account"] == "EX\\alice" and started["TimeGenerated"].startswith("2026-11-22T07:00:00.1234567")
    assert '<Data Name="CommandLine">whoami &amp; x</Data>' in started["EventData"]
    assert yagura.wait_count("WindowsEvent | where Provider == 'Microsoft-Windows-Sysmon' and Computer == 'windows-host.example.org'", 1) == 1
    sysmon, = yagura.query("WindowsEvent | where Computer == 'windows-host.example.org' | project Id = toint(EventData.ProcessId), Image = tostring(EventData.Image), EventLevelName")
    assert sysmon == {"Id": 12, "Image": "C:\\x.exe", "EventLevelName": "Information"}, sysmon
    assert yagura.wait_count("Event | where Source == 'Service Control Manager' and Computer == 'windows-host.example.org'", 1) == 1
    service, = yagura.query("Event | where Computer == 'windows-host.example.org' | project EventLog, UserName, RenderedDescription")
    assert service["EventLog"] == "System" and service["UserName"] == "NT AUTHORITY\\SYSTEM"
    assert "Service File Name:  c:\\evil.exe" in service["RenderedDescription"]
