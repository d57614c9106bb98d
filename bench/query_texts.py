"""The questions of bench/query.py: as an analyst asks them in KQL, and as somebody who knows the store would write them in SQL."""

DAY5, DAY6 = "datetime(2026-11-18)", "datetime(2026-11-19)"
S5, S6 = "toDateTime64('2026-11-18', 7, 'UTC')", "toDateTime64('2026-11-19', 7, 'UTC')"

ANALYST = {
    "failed logons by user and hour": (
        f"""SecurityEvent | where TimeGenerated >= {DAY5} and EventID == 4625
        | summarize Failures = count(), Addresses = dcount(IpAddress) by TargetUserName, bin(TimeGenerated, 1h)
        | where Failures > 5 | top 100 by Failures""",
        f"""SELECT TargetUserName, toStartOfHour(TimeGenerated) AS t, count() AS Failures, uniq(IpAddress) AS Addresses FROM w_default.SecurityEvent
        WHERE TimeGenerated >= {S5} AND EventID = 4625 GROUP BY TargetUserName, t HAVING Failures > 5 ORDER BY Failures DESC LIMIT 100"""),
    "command lines with any of three words": (
        """SecurityEvent | where EventID == 4688 | where CommandLine has_any ('mimikatz', 'sekurlsa', 'lsadump')
        | project TimeGenerated, Computer, NewProcessName, CommandLine""",
        """SELECT TimeGenerated, Computer, NewProcessName, CommandLine FROM w_default.SecurityEvent WHERE EventID = 4688
        AND (hasToken(lower(CommandLine), 'mimikatz') OR hasToken(lower(CommandLine), 'sekurlsa') OR hasToken(lower(CommandLine), 'lsadump'))"""),
    "successes after many failures (join)": (
        """let failed = SigninLogs | where ResultType == '50126' | summarize Failures = count() by UserPrincipalName, IPAddress | where Failures >= 3;
        SigninLogs | where ResultType == '0' | join kind=inner failed on UserPrincipalName, IPAddress
        | summarize Successes = count() by UserPrincipalName, IPAddress, Failures | top 50 by Failures""",
        """WITH failed AS (SELECT UserPrincipalName, IPAddress, count() AS Failures FROM w_default.SigninLogs WHERE ResultType = '50126'
        GROUP BY UserPrincipalName, IPAddress HAVING Failures >= 3)
        SELECT s.UserPrincipalName, s.IPAddress, f.Failures, count() AS Successes FROM w_default.SigninLogs AS s
        INNER JOIN failed AS f ON s.UserPrincipalName = f.UserPrincipalName AND s.IPAddress = f.IPAddress
        WHERE s.ResultType = '0' GROUP BY 1, 2, 3 ORDER BY 3 DESC LIMIT 50"""),
    "failed passwords out of text (parse)": (
        """Syslog | where ProcessName == 'sshd' and SyslogMessage startswith 'Failed password'
        | parse SyslogMessage with 'Failed password for invalid user ' User ' from ' Address ' port ' Port:int ' ssh2'
        | summarize Tries = count(), Users = dcount(User) by Address | top 20 by Tries""",
        """SELECT g[2] AS Address, count() AS Tries, uniq(g[1]) AS Users FROM
        (SELECT extractGroups(SyslogMessage, '^Failed password for invalid user (.*?) from (.*?) port ([0-9]+) ssh2$') AS g FROM w_default.Syslog
        WHERE ProcessName = 'sshd' AND startsWith(lower(SyslogMessage), 'failed password'))
        GROUP BY Address ORDER BY Tries DESC LIMIT 20"""),
    "sign-ins by the hour and application (make-series)": (
        """SigninLogs | make-series n = count() default = 0 on TimeGenerated from datetime(2026-11-13) to datetime(2026-11-20) step 1h by AppDisplayName""",
        """SELECT AppDisplayName, groupArrayInsertAt(0, 168)(n, toUInt32(hour)) AS n FROM
        (SELECT AppDisplayName, dateDiff('hour', toDateTime64('2026-11-13', 7, 'UTC'), TimeGenerated) AS hour, count() AS n FROM w_default.SigninLogs
        WHERE TimeGenerated >= toDateTime64('2026-11-13', 7, 'UTC') AND TimeGenerated < toDateTime64('2026-11-20', 7, 'UTC') GROUP BY AppDisplayName, hour)
        GROUP BY AppDisplayName"""),
    "last sign-in of each user (arg_max)": (
        """SigninLogs | summarize arg_max(TimeGenerated, IPAddress, Location, AppDisplayName) by UserPrincipalName | top 100 by TimeGenerated""",
        """SELECT UserPrincipalName, max(TimeGenerated) AS t, argMax(IPAddress, TimeGenerated) AS Address, argMax(Location, TimeGenerated) AS Place,
        argMax(AppDisplayName, TimeGenerated) AS Application FROM w_default.SigninLogs GROUP BY UserPrincipalName ORDER BY t DESC LIMIT 100"""),
    "largest places and their applications (top-nested)": (
        """SigninLogs | top-nested 5 of Location by Signins = count(), top-nested 3 of AppDisplayName by PerApplication = count()""",
        """SELECT Location, Signins, AppDisplayName, c FROM (SELECT *, dense_rank() OVER (ORDER BY Signins DESC) AS r FROM
        (SELECT Location, AppDisplayName, c, sum(c) OVER (PARTITION BY Location) AS Signins FROM
        (SELECT Location, AppDisplayName, count() AS c FROM w_default.SigninLogs GROUP BY Location, AppDisplayName)))
        WHERE r <= 5 ORDER BY Signins DESC, c DESC LIMIT 3 BY Location"""),
    "members of dynamic columns": (
        f"""SigninLogs | where TimeGenerated >= {DAY5}
        | extend City = tostring(LocationDetails.city), System = tostring(DeviceDetail.operatingSystem)
        | summarize n = count(), Users = dcount(UserPrincipalName) by City, System | top 50 by n""",
        f"""SELECT JSONExtractString(LocationDetails, 'city') AS City, JSONExtractString(DeviceDetail, 'operatingSystem') AS System, count() AS n, uniq(UserPrincipalName) AS Users
        FROM w_default.SigninLogs WHERE TimeGenerated >= {S5} GROUP BY City, System ORDER BY n DESC LIMIT 50"""),
    "what noisy addresses did (in a sub-query)": (
        """let noisy = SigninLogs | where ResultType == '50126' | summarize n = count() by IPAddress | where n > 200 | project IPAddress;
        SecurityEvent | where EventID == 4624 and IpAddress in (noisy) | summarize Logons = count(), Hosts = dcount(Computer) by IpAddress | top 20 by Logons""",
        """SELECT IpAddress, count() AS Logons, uniq(Computer) AS Hosts FROM w_default.SecurityEvent
        WHERE EventID = 4624 AND IpAddress IN (SELECT IPAddress FROM w_default.SigninLogs WHERE ResultType = '50126' GROUP BY IPAddress HAVING count() > 200)
        GROUP BY IpAddress ORDER BY Logons DESC LIMIT 20"""),
    "processes never seen before (leftanti)": (
        f"""let known = SecurityEvent | where TimeGenerated < {DAY6} and EventID == 4688 | distinct NewProcessName;
        SecurityEvent | where TimeGenerated >= {DAY6} and EventID == 4688 | join kind=leftanti known on NewProcessName
        | summarize n = count(), Hosts = make_set(Computer, 10), First = min(TimeGenerated) by NewProcessName""",
        f"""SELECT NewProcessName, count() AS n, groupUniqArray(10)(Computer) AS Hosts, min(TimeGenerated) AS First FROM w_default.SecurityEvent
        WHERE TimeGenerated >= {S6} AND EventID = 4688
        AND NewProcessName NOT IN (SELECT DISTINCT NewProcessName FROM w_default.SecurityEvent WHERE TimeGenerated < {S6} AND EventID = 4688)
        GROUP BY NewProcessName"""),
    "events of three tables by the hour (union)": (
        """union SecurityEvent, SigninLogs, Syslog | summarize n = count() by Type, bin(TimeGenerated, 1h) | order by TimeGenerated asc""",
        """SELECT Type, toStartOfHour(TimeGenerated) AS t, count() AS n FROM (
        SELECT 'SecurityEvent' AS Type, TimeGenerated FROM w_default.SecurityEvent UNION ALL SELECT 'SigninLogs', TimeGenerated FROM w_default.SigninLogs
        UNION ALL SELECT 'Syslog', TimeGenerated FROM w_default.Syslog) GROUP BY Type, t ORDER BY t"""),
    "users in several countries within an hour": (
        """SigninLogs | where ResultType =~ '0' and AppDisplayName in~ ('azure portal', 'VPN', 'github')
        | summarize Places = make_set(Location), n = dcount(Location) by UserPrincipalName, bin(TimeGenerated, 1h) | where n > 2 | top 100 by n""",
        """SELECT UserPrincipalName, toStartOfHour(TimeGenerated) AS t, groupUniqArray(Location) AS Places, length(Places) AS n FROM w_default.SigninLogs
        WHERE ResultType = '0' AND lower(AppDisplayName) IN ('azure portal', 'vpn', 'github') GROUP BY UserPrincipalName, t HAVING n > 2 ORDER BY n DESC LIMIT 100"""),
}

SIMPLE = {
    "nothing": ("print x = 1", "SELECT 1 AS x"),
    "count": ("Syslog | count", "SELECT count() FROM w_default.Syslog"),
    "count of one program": ("Syslog | where ProcessName == 'sudo' | count", "SELECT count() FROM w_default.Syslog WHERE ProcessName = 'sudo'"),
    "by host, ten largest": ("SecurityEvent | summarize n = count() by Computer | top 10 by n",
                             "SELECT Computer, count() AS n FROM w_default.SecurityEvent GROUP BY Computer ORDER BY n DESC LIMIT 10"),
    "by ten minutes and event": ("SecurityEvent | summarize n = count() by bin(TimeGenerated, 10m), EventID",
                                 "SELECT toStartOfInterval(TimeGenerated, INTERVAL 10 MINUTE) AS t, EventID, count() AS n FROM w_default.SecurityEvent GROUP BY t, EventID"),
    "newest hundred": ("Syslog | top 100 by TimeGenerated desc | project TimeGenerated, Computer, SyslogMessage",
                       "SELECT TimeGenerated, Computer, SyslogMessage FROM w_default.Syslog ORDER BY TimeGenerated DESC LIMIT 100"),
    "a word that is rare": ("Syslog | where SyslogMessage has 'zeitgeist77' | count",
                            "SELECT count() FROM w_default.Syslog WHERE hasToken(lower(SyslogMessage), 'zeitgeist77')"),
    "a word that is common": ("Syslog | where SyslogMessage has 'failed' | count",
                              "SELECT count() FROM w_default.Syslog WHERE hasToken(lower(SyslogMessage), 'failed')"),
}
