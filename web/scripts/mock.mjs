// A stand-in for the server while working on the console: `npm run mock`, then `npm run dev`. Signs in
// admin / watchtower. It answers queries by looking for a few words in them; it knows no KQL.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const port = Number(process.env.PORT ?? 8787);
const column = (name, type, description = '') => ({ name, type, description });
const standard = [column('_TimeReceived', 'datetime'), column('_TimeIngested', 'datetime'), column('_ItemId', 'guid'), column('_Position', 'long'), column('Type', 'string')];
const tables = [
  { name: 'Syslog', description: 'Messages of Linux hosts and network devices', custom: false, retention: '', columns: [
    column('TimeGenerated', 'datetime'), column('Computer', 'string', 'Host that sent it'), column('Facility', 'string'), column('SeverityLevel', 'string'),
    column('ProcessName', 'string'), column('ProcessID', 'int'), column('SyslogMessage', 'string'), column('HostIP', 'string'), column('CollectorHostName', 'string'), ...standard] },
  { name: 'SecurityAlert', description: 'Alerts of detection rules', custom: false, retention: '', columns: [column('TimeGenerated', 'datetime'), column('AlertName', 'string'), column('AlertSeverity', 'string'), column('Entities', 'dynamic'), ...standard] },
  { name: 'CommonSecurityLog', description: 'CEF of security devices', custom: false, retention: '', columns: [column('TimeGenerated', 'datetime'), column('DeviceVendor', 'string'), column('SourceIP', 'string'), column('DestinationPort', 'int'), ...standard] },
  { name: 'SecurityEvent', description: '', custom: false, retention: '', columns: [column('TimeGenerated', 'datetime'), column('EventID', 'int'), column('Account', 'string'), ...standard] },
  { name: 'Doors_CL', description: 'Door readers', custom: true, retention: '90d', columns: [column('TimeGenerated', 'datetime'), column('Door', 'string'), column('Open', 'bool'), ...standard] },
];

let seed = 7;
const random = () => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff);
const pick = (list) => list[Math.floor(random() * list.length)];
const messages = [
  ['sshd', 'auth', 'info', () => `Failed password for invalid user ${pick(['oracle', 'admin', 'test', '管理者'])} from 203.0.113.${Math.floor(random() * 250)} port ${20000 + Math.floor(random() * 40000)} ssh2`],
  ['sshd', 'auth', 'info', () => `Accepted publickey for deploy from 198.51.100.${Math.floor(random() * 250)} port 51122 ssh2: ED25519 SHA256:q1`],
  ['sudo', 'authpriv', 'notice', () => 'deploy : TTY=pts/0 ; PWD=/srv ; USER=root ; COMMAND=/usr/bin/systemctl restart web'],
  ['kernel', 'kern', 'warning', () => `[UFW BLOCK] IN=eth0 OUT= SRC=203.0.113.${Math.floor(random() * 250)} DST=192.0.2.10 PROTO=TCP DPT=23`],
  ['cron', 'cron', 'info', () => '(root) CMD (test -x /usr/sbin/anacron || run-parts /etc/cron.daily)'],
  ['nginx', 'daemon', 'err', () => 'upstream timed out (110: Connection timed out) while reading response header'],
];
const guid = () => 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, () => Math.floor(random() * 16).toString(16));
function syslogRow(at) {
  const [process, facility, severity, text] = pick(messages);
  const time = new Date(at).toISOString().replace('Z', `${Math.floor(random() * 9999)}Z`);
  return { TimeGenerated: time, Computer: pick(['web01', 'web02', 'db01', 'fw-edge', '監視-01']), Facility: facility, SeverityLevel: severity, ProcessName: process, ProcessID: Math.floor(random() * 30000), SyslogMessage: text(), HostIP: `192.0.2.${Math.floor(random() * 250)}`, CollectorHostName: '', _TimeReceived: time, _TimeIngested: time, _ItemId: guid(), _Position: Math.floor(random() * 1e9), Type: 'Syslog' };
}

const sessions = new Set();
const saved = [];
let tokens = [];
const json = (response, status, body, headers = {}) => {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify(body));
};
const fail = (response, status, code, message, diagnostics = []) => json(response, status, { error: { code, message, diagnostics } });
const me = () => ({ user: { id: 1, name: 'admin', display_name: 'Administrator', role: 'Admin', must_change_password: false }, permissions: ['query', 'status', 'respond', 'edit_rules', 'edit_tables', 'share_queries', 'ingest', 'manage_users', 'read_audit'], workspace: 'yagura', version: 'mock', csrf_token: 'mock', expires: '2030-01-01T00:00:00.0000000Z' });
const body = (request) => new Promise((done) => {
  let text = '';
  request.on('data', (piece) => (text += piece));
  request.on('end', () => done(text ? JSON.parse(text) : {}));
});

async function query(request, response) {
  const { query: text } = await body(request);
  const at = Buffer.byteLength(text.slice(0, Math.max(0, text.indexOf('EventIDD'))));
  if (text.includes('EventIDD'))
    return fail(response, 400, 'invalid_input', "The name 'EventIDD' does not refer to any known column", [{ code: 'KS142', severity: 'error', message: "The name 'EventIDD' does not refer to any known column, table, variable or function, did you mean 'EventID'?", start: at, length: 8, line: text.slice(0, text.indexOf('EventIDD')).split('\n').length, column: text.indexOf('EventIDD') - text.lastIndexOf('\n', text.indexOf('EventIDD')) }]);
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  const started = Date.now();
  const line = (value) => response.write(`${JSON.stringify(value)}\n`);
  const end = (rows, render = null, truncated = false) => {
    line({ stats: { compile_us: 800, total_us: (Date.now() - started) * 1000 + 12_345, rows_read: 1_284_213, bytes_read: 220_000_000, rows_returned: rows }, render, notices: [], truncated });
    response.end();
  };
  if (text.includes('sleep')) {
    const timer = setTimeout(() => { line({ columns: [column('x', 'long')] }); end(0); }, 60_000);
    response.on('close', () => clearTimeout(timer));
    return;
  }
  if (text.includes('nothing')) { line({ columns: tables[0].columns }); return end(0); }
  const render = /\|\s*render\s+(\w+)/.exec(text)?.[1];
  if (text.includes('summarize') && text.includes('bin(')) {
    line({ columns: [column('TimeGenerated', 'datetime'), column('Facility', 'string'), column('count_', 'long')] });
    const rows = [];
    for (let i = 0; i < 96; ++i) for (const facility of ['auth', 'authpriv', 'kern', 'cron', 'daemon']) rows.push([new Date(Math.floor(Date.now() / 9e5) * 9e5 - (95 - i) * 9e5).toISOString().replace('.000Z', 'Z'), facility, Math.floor(40 + 30 * Math.sin(i / 9) + 60 * random() * (facility === 'auth' && i > 60 && i < 66 ? 6 : 1))]);
    line({ rows });
    return end(rows.length, render ? { visualization: render, title: null } : null);
  }
  if (text.includes('summarize')) {
    line({ columns: [column('Computer', 'string'), column('Failures', 'long'), column('Last', 'datetime')] });
    const rows = ['web01', 'web02', 'db01', 'fw-edge', '監視-01'].map((host, i) => [host, 5120 >> i, new Date(Date.now() - i * 60_000).toISOString()]);
    line({ rows });
    return end(rows.length, render ? { visualization: render, title: null } : null);
  }
  const count = Number(/take\s+(\d+)/.exec(text)?.[1] ?? 5000);
  const columns = text.includes('SecurityAlert') ? tables[1].columns : tables[0].columns;
  line({ columns });
  let sent = 0;
  const now = Date.now();
  while (sent < count) {
    const rows = [];
    for (let i = 0; i < 1000 && sent < count; ++i, ++sent) {
      const row = syslogRow(now - sent * 4321);
      if (columns === tables[1].columns) Object.assign(row, { AlertName: pick(['Password spraying', 'New admin from unusual place']), AlertSeverity: pick(['High', 'Medium']), Entities: JSON.stringify([{ Type: 'host', HostName: 'web01' }, { Type: 'ip', Address: '203.0.113.7', Location: { CountryCode: 'NL' } }]), Type: 'SecurityAlert' });
      rows.push(columns.map((c) => row[c.name] ?? null));
    }
    line({ rows });
  }
  end(count);
}

// Alerts, rules and users for their pages.
const minutesAgo = (n) => new Date(Date.now() - n * 60_000).toISOString().replace('Z', '0000Z');
const alert = (i, AlertSeverity, AlertName, host, Tactics, more = {}) => ({
  TimeGenerated: minutesAgo(3 + i * 17), AlertName, AlertSeverity, Description: 'Detects what its name says, on the stream, the moment it arrives.', CompromisedEntity: host, Tactics, Techniques: '["T1110"]', ProductComponentName: 'Sigma',
  SystemAlertId: `00000000-0000-8000-8000-${String(i).padStart(12, '0')}`, Status: 'New', StartTime: minutesAgo(4 + i * 17), EndTime: minutesAgo(3 + i * 17),
  Entities: JSON.stringify([{ $id: '1', Type: 'host', HostName: host }, { $id: '2', Type: 'ip', Address: '203.0.113.7' }]),
  ExtendedProperties: JSON.stringify({ RuleId: 'c3d2f5a0-8d0b-4b6e-9d53-4a7c3b1f2e10', RuleKind: 'Sigma', RuleAuthor: 'Somebody', FalsePositives: ['Administrators at work'], JournalPosition: 4711 + i, EventCount: 1, Record: { Facility: 'auth', Computer: host, Message: 'Failed password for root from 203.0.113.7 port 40022 ssh2' }, ...more }),
  ExtendedLinks: '[{"Href":"https://attack.mitre.org/techniques/T1110/","Type":"webLink"}]',
});
const alerts = [
  alert(0, 'High', 'Root sign-in from an unusual country', 'web-1', 'InitialAccess'), alert(1, 'Medium', 'Many failed passwords, then one that works', 'db-2', 'CredentialAccess', { JournalPositions: [4690, 4700, 4712], EventCount: 3, GroupBy: { 'source.ip': '203.0.113.7' } }),
  alert(2, 'Medium', 'A new account in the group sudo', 'web-1', 'Persistence'), alert(3, 'Low', 'The history of a shell was cleared', 'build-7', 'DefenseEvasion'), alert(4, 'Informational', 'A service was restarted', 'mail-1', ''),
];
const rules = Array.from({ length: 900 }, (_, i) => ({
  id: `rule-${i}`, title: `${['Suspicious use of', 'Rare process', 'Failed sign-ins by', 'New service by'][i % 4]} ${['curl', 'systemd', 'sshd', 'cron', 'sudo'][i % 5]} (${i})`, kind: 'sigma', severity: ['High', 'Medium', 'Low', 'Informational'][i % 4], enabled: i % 11 !== 0,
  file: `rules/linux/rule_${i}.yml`, tags: ['attack.execution', 'attack.t1059'].slice(0, i % 3), matches: i % 7 === 0 ? i * 3 : 0, error: i === 2 ? 'rule_2.yml:14: unknown modifier "containss", did you mean "contains"?' : '',
}));
Object.assign(rules[1], { tuning: { severity: 'Low', throttle: { seconds: 3600, most: 2, by: 'HostName' }, exclude: 'User: backup', note: 'the backup runs at night', changed: minutesAgo(700), changed_by: 'hana' }, alerts: 12, suppressed: 3, throttled: 40, considered: 1_204_331, evaluated: 512, nanoseconds: 840, last_match: minutesAgo(9) });
const suppressions = [{ id: 1, rule_id: 'rule-1', conditions: { User: 'svc_*', HostName: ['web01', 'web02'] }, reason: 'migration of the web servers', created: minutesAgo(90), created_by: 'hana', expires: minutesAgo(-400), active: true }];
const users = [
  { id: 1, name: 'admin', display_name: 'Administrator', role: 'Admin', enabled: true, must_change_password: false, created: minutesAgo(90_000), last_login: minutesAgo(1) },
  { id: 2, name: 'hana', display_name: 'Hana Sato', role: 'Contributor', enabled: true, must_change_password: false, created: minutesAgo(60_000), last_login: minutesAgo(600) },
  { id: 3, name: 'guest', display_name: '', role: 'Reader', enabled: false, must_change_password: true, created: minutesAgo(5_000), last_login: null },
];
const raw = '<38>Nov 22 08:00:00 web-1 sshd[4242]: Failed password for root from 203.0.113.7 port 40022 ssh2';
const evidence = (position) => ({ itemId: '00000000-0000-8000-8000-000000001267', position, source: 'syslog-tcp', peer: '203.0.113.7:51000', format: 'syslog', receivedAt: minutesAgo(3), size: raw.length, sha256: '64abba903089e3c40734b6d4fca3f006b3ff1bc0f841d5ef4a4db0fe1cfd158f', base64: Buffer.from(raw).toString('base64'), proven: position !== 4714, chainHolds: true, verdict: position === 4714 ? 'not proven: no good signature covers it yet' : 'unchanged since it was received: bytes 256 to 2713 of 00000000000000000001.yjs, hash chain holds to the head signed for position 4720' });

const types = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', ttf: 'font/ttf' };
const counters = { udp: 1_200_000, tcp: 340_000 };
setInterval(() => { counters.udp += Math.floor(900 + 300 * Math.random()); counters.tcp += Math.floor(120 * Math.random()); }, 1000).unref();

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock');
  const route = `${request.method} ${url.pathname}`;
  if (!url.pathname.startsWith('/api/')) {
    // The built console, as the program itself would serve it.
    const name = url.pathname.includes('.') ? url.pathname : '/index.html';
    try {
      const content = readFileSync(fileURLToPath(new URL(`../dist${name}`, import.meta.url)));
      response.writeHead(200, { 'Content-Type': types[name.split('.').pop()] ?? 'application/octet-stream', 'Content-Security-Policy': "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" });
      return response.end(content);
    } catch {
      return response.writeHead(404).end();
    }
  }
  const cookie = /mock=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
  if (route === 'POST /api/v1/session') {
    const { name, password } = await body(request);
    if (name !== 'admin' || password !== 'watchtower') return fail(response, 401, 'unauthenticated', 'the name or the password is wrong');
    const id = String(Math.random()).slice(2);
    sessions.add(id);
    return json(response, 200, me(), { 'Set-Cookie': `mock=${id}; Path=/; HttpOnly; SameSite=Strict` });
  }
  if (!sessions.has(cookie)) return fail(response, 401, 'unauthenticated', 'sign in');
  const item = /^\/api\/v1\/(rules|users|tokens|evidence)\/([^/]+)$/.exec(url.pathname);
  if (item) {
    const [, what, id] = item;
    if (what === 'evidence') return json(response, 200, evidence(Number(id)));
    const list = { rules, users, tokens }[what];
    const at = list.findIndex((one) => String(one.id) === id);
    if (at < 0) return fail(response, 404, 'not_found', `there is no ${what} ${id}`);
    if (request.method === 'DELETE') { list.splice(at, 1); return response.writeHead(204).end(); }
    const change = await body(request);
    if (what === 'rules' && 'throttle' in change) {
      if (String(change.exclude).includes('containss')) return fail(response, 400, 'invalid_input', "'exclude': 1:1: 'User|containss': unknown modifier 'containss', did you mean 'contains'?");
      const { throttle, ...words } = change;
      list[at].tuning = { ...words, ...(throttle ? { throttle: { ...throttle, by: throttle.by.join(',') } } : {}), changed: new Date().toISOString(), changed_by: 'admin' };
    } else Object.assign(list[at], change);
    return json(response, 200, list[at]);
  }
  const ended = /^DELETE \/api\/v1\/rule-suppressions\/(\d+)$/.exec(route);
  if (ended) { Object.assign(suppressions.find((one) => one.id === Number(ended[1])), { active: false, ended: new Date().toISOString(), ended_by: 'admin' }); return response.writeHead(204).end(); }
  switch (route) {
    case 'GET /api/v1/rule-suppressions': return json(response, 200, { suppressions });
    case 'POST /api/v1/rule-suppressions': { const { duration, ...input } = await body(request); const one = { id: suppressions.length + 1, created: new Date().toISOString(), created_by: 'admin', expires: minutesAgo(-480), active: true, ...input }; suppressions.push(one); return json(response, 201, one); }
    case 'GET /api/v1/alerts': return json(response, 200, { alerts, truncated: false });
    case 'GET /api/v1/rules': return json(response, 200, { rules });
    case 'GET /api/v1/users': return json(response, 200, { users });
    case 'POST /api/v1/users': { const { password, ...input } = await body(request); if (String(password).length < 12) return fail(response, 400, 'invalid_input', 'a password has at least 12 characters'); const one = { id: users.length + 1, enabled: true, created: new Date().toISOString(), last_login: null, ...input }; users.push(one); return json(response, 201, one); }
    case 'GET /api/v1/session': return json(response, 200, me());
    case 'DELETE /api/v1/session': sessions.delete(cookie); return response.writeHead(204).end();
    case 'GET /api/v1/tables': return json(response, 200, { tables });
    case 'POST /api/v1/query': return query(request, response);
    case 'GET /api/v1/saved-queries': return json(response, 200, { queries: saved });
    case 'POST /api/v1/saved-queries': { const q = { id: saved.length + 1, user: 'admin', mine: true, changed: new Date().toISOString(), ...(await body(request)) }; saved.push(q); return json(response, 201, q); }
    case 'GET /api/v1/tokens': return json(response, 200, { tokens });
    case 'POST /api/v1/tokens': { const input = await body(request); const token = { id: tokens.length + 1, hint: 'ygr_Ab3d', user: 'admin', created: new Date().toISOString(), expires: null, last_used: null, scopes: [], ...input }; tokens.push(token); return json(response, 201, { ...token, token: 'ygr_Ab3dExampleExampleExampleExampleExampleExa' }); }
    case 'GET /api/v1/health': return json(response, 200, { status: 'ok', version: 'mock', now: new Date().toISOString(), parts: [{ name: 'journal', healthy: true, detail: '12 segments, 2.1 GiB, chain signed 3 s ago' }, { name: 'store', healthy: true, detail: 'engine 26.7, 0 batches behind' }, { name: 'detection', healthy: true, detail: '3,141 rules, 2 alerts today' }, { name: 'disk', healthy: true, detail: '182 GiB free' }] });
    case 'GET /api/v1/sources': return json(response, 200, { sources: [
      { name: 'syslog-udp', kind: 'syslog', address: '0.0.0.0:5514/udp', state: 'listening', detail: '', received: counters.udp, received_bytes: counters.udp * 181, dropped: 0, last: new Date().toISOString() },
      { name: 'syslog-tls', kind: 'syslog', address: '0.0.0.0:6514/tls', state: 'listening', detail: '', received: counters.tcp, received_bytes: counters.tcp * 203, dropped: 12, last: new Date(Date.now() - 45_000).toISOString() },
      { name: 'journald', kind: 'journald', address: '', state: 'failed', detail: 'no journal on this machine', received: 0, received_bytes: 0, dropped: 0, last: null }] });
    case 'GET /api/v1/tail': {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(': watching\n\n');
      const words = (url.searchParams.get('text') ?? '').toLowerCase().split(' ');
      const timer = setInterval(() => {
        const rows = Array.from({ length: 1 + Math.floor(Math.random() * 4) }, () => syslogRow(Date.now())).filter((row) => words.every((word) => JSON.stringify(row).toLowerCase().includes(word)));
        if (rows.length) response.write(`event: rows\ndata: ${JSON.stringify(rows.map((row) => ({ table: 'Syslog', row })))}\n\n`);
        if (Math.random() < 0.03) response.write('event: skipped\ndata: {"rows":17}\n\n');
      }, 200);
      response.on('close', () => clearInterval(timer));
      return;
    }
    default: return fail(response, 404, 'not_found', `the mock knows no ${route}`);
  }
}).listen(port, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${port}`));
