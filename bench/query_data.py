"""Rows for bench/query.py: made inside of the store's engine by SQL, so that ten million take a minute and are always the same.

The server makes the tables, then stops; the rows are inserted through libchdb into its folder. Seven days up to END:
four tenths SecurityEvent, four tenths SigninLogs, two tenths Syslog.
"""
import ctypes
import os
import pathlib

START, DAYS = "2026-11-13 00:00:00", 7
WORDS = "'starting', 'stopping', 'reload', 'timeout', 'connection', 'refused', 'session', 'opened', 'closed', 'failed', 'service', 'unit'"


class Engine:
    """libchdb on a data folder that no server holds."""

    def __init__(self, library, folder):
        self.library = ctypes.CDLL(str(library))
        self.library.chdb_connect.restype = ctypes.POINTER(ctypes.c_void_p)
        self.library.chdb_query_n.restype = ctypes.c_void_p
        self.library.chdb_query_n.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
        self.library.chdb_result_error.restype = ctypes.c_char_p
        self.library.chdb_result_error.argtypes = [ctypes.c_void_p]
        self.library.chdb_destroy_query_result.argtypes = [ctypes.c_void_p]
        self.library.chdb_close_conn.argtypes = [ctypes.c_void_p]
        words = [b"clickhouse", f"--path={folder}".encode()]
        self.connection = self.library.chdb_connect(len(words), (ctypes.c_char_p * len(words))(*words))

    def run(self, sql):
        text = sql.encode()
        result = self.library.chdb_query_n(self.connection[0], text, len(text), b"TSV", 3)
        error = self.library.chdb_result_error(result)
        if error:
            raise RuntimeError(f"{error.decode()[:800]}\n{sql[:400]}")
        self.library.chdb_destroy_query_result(result)

    def close(self):
        self.library.chdb_close_conn(self.connection)


def pick(values, seed):
    """One of the values by a hash of the row's number; the earlier the likelier."""
    return f"({values})[1 + toUInt32(pow(sipHash64({seed}, number) / 18446744073709551616., 2) * length({values}))]"


def chance(seed):
    return f"(sipHash64({seed}, number) / 18446744073709551616.)"


def common(rows, first):
    step = DAYS * 864_000_000_000 // rows
    time = f"reinterpret(toInt64({first}) + toInt64(number) * {step} + toInt64(sipHash64(1, number) % {step}), 'DateTime64(7, \\'UTC\\')')"
    return {"TimeGenerated": time, "_TimeReceived": f"addSeconds({time}, 2)", "_TimeIngested": f"addSeconds({time}, 3)", "_Position": "toInt64(number)"}


def users(seed):
    return f"concat('user', toString(toUInt32(pow({chance(seed)}, 2) * 20000)))"


def address(seed):
    return f"IPv4NumToString(toUInt32(3221225472 + toUInt32(pow({chance(seed)}, 3) * 60000)))"


def tables(rows):
    """name: (rows, {column: SQL over `number`})"""
    ticks = "reinterpret(toDateTime64('" + START + "', 7, 'UTC'), 'Int64')"
    processes = "['C:\\\\Windows\\\\System32\\\\svchost.exe', 'C:\\\\Windows\\\\System32\\\\cmd.exe', 'C:\\\\Windows\\\\System32\\\\WindowsPowerShell\\\\v1.0\\\\powershell.exe', 'C:\\\\Windows\\\\System32\\\\conhost.exe', 'C:\\\\Program Files\\\\Agent\\\\agent.exe', 'C:\\\\Windows\\\\explorer.exe']"
    arguments = "['-k netsvcs', '/c dir', '-NoProfile -EncodedCommand SQBFAFgA', '0xffffffff', '--service --config C:\\\\ProgramData\\\\agent.yaml', '/factory']"
    security, signins, syslog = rows * 4 // 10, rows * 4 // 10, rows * 2 // 10
    return {
        "SecurityEvent": (security, {
            **common(security, ticks),
            "Computer": f"concat('host-', toString(toUInt32(pow({chance(2)}, 2) * 2000)), '.corp.example')",
            "EventID": f"multiIf({chance(3)} < 0.45, 4624, {chance(3)} < 0.8, 4688, {chance(3)} < 0.85, 4625, {chance(3)} < 0.95, 4672, 4634)",
            "Channel": "'Security'",
            "TargetUserName": users(4),
            "IpAddress": address(5),
            "LogonType": "toInt32(" + pick("[3, 2, 10, 5]", 6) + ")",
            "NewProcessName": f"if({chance(3)} < 0.45 OR {chance(3)} >= 0.8, '', if({chance(7)} < 0.0005, concat('C:\\\\Users\\\\Public\\\\tool', toString(sipHash64(8, number) % 3000), '.exe'), {pick(processes, 9)}))",
            "CommandLine": f"if({chance(3)} < 0.45 OR {chance(3)} >= 0.8, '', if({chance(10)} < 0.00002, 'C:\\\\Temp\\\\x.exe sekurlsa::logonpasswords exit', concat({pick(processes, 9)}, ' ', {pick(arguments, 11)}, ' ', hex(sipHash64(12, number)))))",
            "Activity": "''",
        }),
        "SigninLogs": (signins, {
            **common(signins, ticks),
            "UserPrincipalName": f"concat({users(13)}, '@corp.example')",
            "IPAddress": address(14),
            "ResultType": f"multiIf({chance(15)} < 0.9, '0', {chance(15)} < 0.96, '50126', {chance(15)} < 0.98, '50074', '53003')",
            "Location": pick("['DE', 'US', 'FR', 'GB', 'NL', 'PL', 'ES', 'IT', 'SE', 'BR', 'IN', 'JP']", 16),
            "AppDisplayName": pick("['Office 365 Exchange Online', 'Microsoft Teams', 'Azure Portal', 'SharePoint Online', 'Windows Sign In', 'OneDrive', 'Intune', 'Power BI', 'Graph Explorer', 'VPN', 'Salesforce', 'GitHub']", 17),
            "LocationDetails": "concat('{\"city\":\"City', toString(sipHash64(18, number) % 300), '\",\"state\":\"State', toString(sipHash64(18, number) % 30), '\",\"countryOrRegion\":\"DE\",\"geoCoordinates\":{\"latitude\":52.5,\"longitude\":13.4}}')",
            "DeviceDetail": "concat('{\"deviceId\":\"', hex(sipHash64(19, number) % 30000), '\",\"operatingSystem\":\"', ['Windows 11', 'Windows 10', 'MacOs', 'Ios 18', 'Android'][1 + sipHash64(20, number) % 5], '\",\"browser\":\"Edge 130\",\"isCompliant\":true}')",
        }),
        "Syslog": (syslog, {
            **common(syslog, ticks),
            "Computer": f"concat('srv-', toString(toUInt32(pow({chance(21)}, 2) * 500)))",
            "Facility": pick("['auth', 'daemon', 'cron', 'kern']", 22),
            "SeverityLevel": pick("['info', 'notice', 'warning', 'err']", 23),
            "ProcessName": pick("['sshd', 'systemd', 'sudo', 'CRON', 'kernel', 'dhclient']", 24),
            "SyslogMessage": f"multiIf(number = {syslog // 2}, 'the word is Zeitgeist77, once', {chance(24)} < 0.02, concat('Failed password for invalid user ', {users(25)}, ' from ', {address(26)}, ' port ', toString(1024 + sipHash64(27, number) % 60000), ' ssh2'), concat({pick('[' + WORDS + ']', 28)}, ' ', {pick('[' + WORDS + ']', 29)}, ' id=', toString(sipHash64(30, number) % 1000000), ' ', {pick('[' + WORDS + ']', 31)}))",
        }),
    }


def fill(folder: pathlib.Path, rows: int, progress=print):
    cache = pathlib.Path(os.environ.get("YAGURA_CACHE", pathlib.Path(__file__).resolve().parent.parent / ".cache"))
    engine = Engine(cache / "engine/libchdb.so", folder)
    for name, (count, columns) in tables(rows).items():
        names = ", ".join(f"`{c}`" for c in columns)
        values = ", ".join(columns.values())
        engine.run(f"INSERT INTO w_default.{name} ({names}) SELECT {values} FROM numbers({count}) SETTINGS max_insert_threads = 2, max_partitions_per_insert_block = 1000")
        progress(f"{name}: {count} rows")
        engine.run(f"OPTIMIZE TABLE w_default.{name} FINAL")
    engine.close()
