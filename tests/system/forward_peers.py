"""Receivers and certificates for the forwarder's tests: rsyslog, syslog-ng, openssl s_server, and a CA."""
import os
import pathlib
import signal
import socket
import subprocess
import time

from harness import CACHE, PROGRAM, free_port

SYSLOG_NG = CACHE / "syslog-ng/usr"


def openssl(*words, cwd, check=True):
    return subprocess.run(["openssl", *map(str, words)], cwd=cwd, check=check, capture_output=True, text=True)


class Authority:
    """A CA in a folder: root.pem, and certificates of any validity."""

    def __init__(self, folder: pathlib.Path, name="Test Root"):
        self.folder = folder
        folder.mkdir(parents=True)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "root.key", "-out", "root.pem",
                "-days", "30", "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign", cwd=folder)
        (folder / "index.txt").write_text("")
        (folder / "index.txt.attr").write_text("unique_subject = no\n")
        (folder / "serial").write_text("1000\n")
        (folder / "crlnumber").write_text("1000\n")
        (folder / "ca.cnf").write_text("""
[ca]
default_ca = here
[here]
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
certificate = root.pem
private_key = root.key
default_md = sha256
default_crl_days = 7
policy = any
copy_extensions = copy
[any]
commonName = supplied
""")
        self.root = folder / "root.pem"

    def issue(self, name, alternatives="DNS:localhost,IP:127.0.0.1", start=None, end=None):
        extra = ["-addext", f"subjectAltName={alternatives}"] if alternatives else []
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", *extra,
                cwd=self.folder)
        now = time.time()
        stamp = lambda seconds: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(seconds))
        openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-in", f"{name}.csr", "-out", f"{name}.pem", "-startdate", stamp(start or now - 3600),
                "-enddate", stamp(end or now + 86400), cwd=self.folder)
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def revoke(self, name):
        openssl("ca", "-config", "ca.cnf", "-revoke", f"{name}.pem", cwd=self.folder)
        openssl("ca", "-config", "ca.cnf", "-gencrl", "-out", "list.pem", cwd=self.folder)
        return self.folder / "list.pem"

    def ocsp_answer(self, name):
        openssl("ocsp", "-index", "index.txt", "-CA", "root.pem", "-rsigner", "root.pem", "-rkey", "root.key", "-issuer", "root.pem", "-cert", f"{name}.pem",
                "-ndays", "7", "-noverify", "-respout", f"{name}.ocsp", cwd=self.folder)
        return self.folder / f"{name}.ocsp"


def wait_for_port(port, process=None, seconds=15):
    until = time.time() + seconds
    while time.time() < until:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the receiver ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"nobody listens on port {port}")


class Receiver:
    """A process that writes what it receives into `out`, one message a line."""

    def __init__(self, folder: pathlib.Path, port: int):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port, self.out = folder, port, folder / "out.log"
        self.process = None
        self.datagrams = False

    def start(self):
        self.log = open(self.folder / "process.log", "ab")
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log, env=self.environment(), cwd=self.folder)
        if self.datagrams:
            self.wait_for_udp()
        else:
            wait_for_port(self.port, self.process)
        return self

    def wait_for_udp(self):
        wanted, until = f"{self.port:04X}", time.time() + 15
        while time.time() < until:
            table = pathlib.Path("/proc/net/udp").read_text() + pathlib.Path("/proc/net/udp6").read_text()
            if any(line.split()[1].endswith(":" + wanted) for line in table.splitlines()[1:] if line.strip() and ":" in line.split()[1]):
                return
            time.sleep(0.05)
        raise RuntimeError("no UDP receiver")

    def environment(self):
        return None

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def lines(self):
        return self.out.read_text(errors="replace").splitlines() if self.out.exists() else []

    def wait_lines(self, count, seconds=30):
        until = time.time() + seconds
        while time.time() < until and len(self.lines()) < count:
            time.sleep(0.1)
        return self.lines()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class Rsyslog(Receiver):
    def __init__(self, folder, kind, authority=None, port=None):
        super().__init__(folder, port or free_port(socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM))
        self.datagrams = kind == "udp"
        tls = ""
        if kind in ("tls", "mtls"):
            certificate, key = authority.issue(f"rsyslog-{kind}")
            mode = 'StreamDriver.AuthMode="x509/certvalid"' if kind == "mtls" else 'StreamDriver.AuthMode="anon"'
            tls = f' StreamDriver.Name="gtls" StreamDriver.Mode="1" {mode}'
            head = f'global(DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="{authority.root}" DefaultNetstreamDriverCertFile="{certificate}" DefaultNetstreamDriverKeyFile="{key}")'
        else:
            head = ""
        module = {"udp": "imudp", "relp": "imrelp", "relp-tls": "imrelp"}.get(kind, "imtcp")
        more = ""
        if kind == "relp-tls":
            certificate, key = authority.issue("rsyslog-relp")
            more = f' tls="on" tls.caCert="{authority.root}" tls.myCert="{certificate}" tls.myPrivKey="{key}" tls.authMode="certvalid"'
        (folder / "rsyslog.conf").write_text(f"""
global(workDirectory="{folder}" maxMessageSize="64k")
{head}
module(load="{module}"{tls})
template(name="raw" type="string" string="%rawmsg%\\n")
template(name="fields" type="string" string="%pri%|%timestamp:::date-rfc3164%|%hostname%|%programname%|%msg%\\n")
ruleset(name="all") {{ action(type="omfile" file="{self.out}" template="raw") action(type="omfile" file="{folder}/fields.log" template="fields") }}
input(type="{module}" port="{self.port}" ruleset="all"{more})
""")

    def command(self):
        return ["rsyslogd", "-n", "-f", self.folder / "rsyslog.conf", "-i", self.folder / "pid"]


class SyslogNg(Receiver):
    def __init__(self, folder, kind, authority=None):
        super().__init__(folder, free_port(socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM))
        self.datagrams = kind == "udp"
        tls = ""
        if kind in ("tls", "mtls"):
            certificate, key = authority.issue(f"syslog-ng-{kind}")
            verify = "required-trusted" if kind == "mtls" else "optional-untrusted"
            tls = f'tls(key-file("{key}") cert-file("{certificate}") ca-file("{authority.root}") peer-verify({verify}))'
        transport = {"udp": "udp", "tcp": "tcp"}.get(kind, "tls")
        # syslog() counts octets on streams; network() wants line feeds.
        driver = "syslog" if kind in ("tls", "mtls") else "network"
        (folder / "syslog-ng.conf").write_text(f"""
@version: 3.38
options {{ log-msg-size(65536); }};
source s {{ {driver}(ip("127.0.0.1") port({self.port}) transport("{transport}") {tls} flags(no-parse)); }};
destination d {{ file("{self.out}" template("${{MESSAGE}}\\n")); }};
log {{ source(s); destination(d); }};
""")

    def environment(self):
        return {"SYSLOGNG_PREFIX": str(SYSLOG_NG), "LD_LIBRARY_PATH": f"{SYSLOG_NG}/lib/syslog-ng:{SYSLOG_NG}/lib", "PATH": os.environ["PATH"]}

    def command(self):
        modules = f"{SYSLOG_NG}/lib/syslog-ng/3.38"
        return [SYSLOG_NG / "sbin/syslog-ng", "-F", "--no-caps", "-f", self.folder / "syslog-ng.conf", "--persist-file", self.folder / "persist", "--pidfile", self.folder / "pid",
                "--control", self.folder / "control", "--module-path", modules]


class OpensslServer:
    """`openssl s_server`: what comes decrypted is in text(). Extra words pin versions, ask for certificates, staple."""

    def __init__(self, certificate, key, *extra):
        self.port = free_port()
        self.process = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", certificate, "-key", key, "-quiet", *map(str, extra)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        until = time.time() + 10
        while time.time() < until:
            listening = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
            if any(fields[1].endswith(f":{self.port:04X}") and fields[3] == "0A" for fields in listening):
                return
            time.sleep(0.02)
        raise RuntimeError("openssl s_server does not listen")

    def finish(self):
        self.process.terminate()
        return self.process.communicate(timeout=10)[0].decode(errors="replace")


def yagura(*words, check=None, env=None, timeout=120, **more):
    result = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, timeout=timeout, env={**os.environ, **(env or {})}, **more)
    if check is not None and result.returncode != check:
        raise AssertionError(f"{words}: exit code {result.returncode}, wanted {check}\n{result.stdout}\n{result.stderr}")
    return result
