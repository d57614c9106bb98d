'use strict';
// The page of `yagura hunt --format html`. Data: blocks of zlib + Base64 in <script type="text/plain">; see report_html.cpp.
// Everything from the evidence reaches the page as text, never as markup.

const LEVELS = ['critical', 'high', 'medium', 'low', 'informational'];
const ROW = 26;
const TEXTS = {
  en: {
    timeline: 'Timeline', time: 'Time (UTC)', rule: 'Rule', host: 'Host', event: 'Event', what: 'What happened', technique: 'ATT&CK', file: 'Files',
    search: 'Search in rules, hosts and events', whole: 'Show the whole time', nothing: 'Nothing was found.', nomatch: 'Nothing matches the filters.',
    subtitle: (d) => `${n(d.count)} findings of ${n(d.rules)} rules in ${n(d.events)} events of ${n(d.files)} files`,
    shown: (a, b) => (a === b ? `${n(a)} findings` : `${n(a)} of ${n(b)} findings`),
    critical: 'Critical', high: 'High', medium: 'Medium', low: 'Low', informational: 'Info',
    level: 'Level', author: 'Author', license: 'Licence', techniques: 'Techniques', record: 'Record', channel: 'Log', provider: 'Provider', from: 'File', ruleFile: 'Rule file',
    raw: 'Event', table: 'Table', json: 'JSON', copy: 'Copy', copied: 'Copied', close: 'Close', description: 'Description', falsePositives: 'Known false positives', references: 'References',
    also: 'Also found in this event', many: (c, s) => `${n(c)} events since ${s}`, check: 'Found in the log itself, without a rule', none: 'no technique', noHost: '(no host)',
    events: (c) => `${n(c)} events`, unread: (c) => `${n(c)} could not be read`, findings: (c) => `${n(c)} findings`, at: (o) => ` (at byte ${o})`,
    leftOut: (c) => `${n(c)} more findings were not kept.`, broken: 'The data of this page are damaged.', old: 'This browser is too old for this page (no DecompressionStream).',
    keys: 'Keys', dark: 'Dark', light: 'Light', help: 'Keys (?)',
    keyList: [['↓ j', 'next finding'], ['↑ k', 'finding before'], ['Home End', 'first, last'], ['Enter', 'open the event'], ['Esc', 'close; then take off the filters'], ['/', 'search'], ['1 … 5', 'switch a level'], ['h r t f', 'group by host, rule, technique, file'], ['+ −', 'look closer, step back'], ['← →', 'move along the time'], ['d', 'dark or light'], ['l', 'English or Japanese']],
    checks: {},
  },
  ja: {
    timeline: 'タイムライン', time: '時刻 (UTC)', rule: 'ルール', host: 'ホスト', event: 'イベント', what: '内容', technique: 'ATT&CK', file: 'ファイル',
    search: 'ルール・ホスト・イベントを検索', whole: '全期間を表示', nothing: '検出はありません。', nomatch: '条件に合う検出はありません。',
    subtitle: (d) => `検出 ${n(d.count)} 件（ルール ${n(d.rules)} 種、イベント ${n(d.events)} 件、ファイル ${n(d.files)} 個）`,
    shown: (a, b) => (a === b ? `${n(a)} 件` : `${n(b)} 件中 ${n(a)} 件`),
    critical: '重大', high: '高', medium: '中', low: '低', informational: '情報',
    level: '重大度', author: '作成者', license: 'ライセンス', techniques: '手法', record: 'レコード', channel: 'ログ', provider: 'プロバイダー', from: 'ファイル', ruleFile: 'ルールファイル',
    raw: 'イベント', table: '表', json: 'JSON', copy: 'コピー', copied: 'コピーしました', close: '閉じる', description: '説明', falsePositives: '既知の誤検知', references: '参考',
    also: 'このイベントの他の検出', many: (c, s) => `${s} からのイベント ${n(c)} 件`, check: 'ルールなしでログ自体から検出', none: '手法なし', noHost: '（ホスト不明）',
    events: (c) => `イベント ${n(c)} 件`, unread: (c) => `読めなかったもの ${n(c)} 件`, findings: (c) => `検出 ${n(c)} 件`, at: (o) => `（${o} バイト目）`,
    leftOut: (c) => `さらに ${n(c)} 件の検出は保存されていません。`, broken: 'このページのデータは壊れています。', old: 'このブラウザーは古すぎます（DecompressionStream がありません）。',
    keys: 'キー操作', dark: 'ダーク', light: 'ライト', help: 'キー操作 (?)',
    keyList: [['↓ j', '次の検出'], ['↑ k', '前の検出'], ['Home End', '最初、最後'], ['Enter', 'イベントを開く'], ['Esc', '閉じる、続けて条件を解除'], ['/', '検索'], ['1 … 5', '重大度の切り替え'], ['h r t f', 'ホスト、ルール、手法、ファイル別'], ['+ −', '拡大、縮小'], ['← →', '時間を移動'], ['d', 'ダークとライト'], ['l', '日本語と英語']],
    checks: {
      'yagura.security-log-cleared': 'セキュリティ ログが消去された', 'yagura.log-cleared': 'イベント ログが消去された', 'yagura.log-service-stopped': 'イベント ログ サービスが停止した',
      'yagura.events-lost': '監査イベントが書き込まれる前に失われた', 'yagura.log-full': 'セキュリティ ログがいっぱいになった', 'yagura.time-changed': 'システム時刻が 1 分を超えて変更された',
      'yagura.records-missing': 'ログのレコードが欠けている', 'yagura.records-missing-in-export': 'エクスポートされたログにレコードの欠けがある', 'yagura.time-went-back': 'レコードの時刻が戻っている', 'yagura.long-silence': '1 日を超えて記録がない',
    },
  },
};

const $ = (id) => document.getElementById(id);
const n = (value) => value.toLocaleString(state.language === 'ja' ? 'ja-JP' : 'en-US');
const make = (tag, text, name) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (name) element.className = name;
  return element;
};
const state = { language: 'en', theme: 'light', group: 'rule', picked: { rule: null, host: null, technique: null, file: null }, levels: new Set(LEVELS), words: [], from: 0, to: 0, selected: -1, raw: false };
let data, t, time, rules, event, details = [], shown = [], searchable = [];

async function unpack(id) {
  const bytes = Uint8Array.from(atob($(id).textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return JSON.parse(await new Response(stream).text());
}
const blocks = new Map();
async function rawEvent(number) {
  const block = Math.floor(number / data.eventsInBlock);
  if (!blocks.has(block)) {
    if (blocks.size > 16) blocks.delete(blocks.keys().next().value);
    blocks.set(block, unpack(`raw${block}`));
  }
  return (await blocks.get(block))[number % data.eventsInBlock];
}

const pad = (value, size = 2) => String(value).padStart(size, '0');
function timeText(micros) {
  const date = new Date(Math.floor(micros / 1000));
  return `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())} ${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}.${pad(date.getUTCMilliseconds(), 3)}`;
}
const ruleTitle = (rule) => (rule.check && t.checks[rule.id]) || rule.title;
function channelName(number) {
  const e = data.eventColumns;
  const name = data.strings[e.channel[number]].replace(/^Microsoft-Windows-/, '').replace(/\/Operational$/, '');
  return e.id[number] >= 0 ? `${name} ${e.id[number]}`.trim() : name;
}
const hostName = (number) => data.strings[data.eventColumns.host[number]];
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// ---- Which findings are shown ---------------------------------------------------------------------
function techniquesOf(rule) { return rule.techniques.length ? rule.techniques : ['']; }
function passes(i, without) {
  const rule = data.rules[rules[i]], picked = state.picked;
  if (!state.levels.has(rule.level)) return false;
  if (time[i] < state.from || time[i] > state.to) return false;
  if (without !== 'rule' && picked.rule !== null && rules[i] !== picked.rule) return false;
  if (without !== 'host' && picked.host !== null && data.eventColumns.host[event[i]] !== picked.host) return false;
  if (without !== 'technique' && picked.technique !== null && !techniquesOf(rule).includes(picked.technique)) return false;
  if (without !== 'file' && picked.file !== null && data.eventColumns.file[event[i]] !== picked.file) return false;
  return state.words.length === 0 || matchesWords(i);
}
function matchesWords(i) {
  const own = searchable[rules[i]], number = event[i];
  const text = `${hostName(number)}\n${channelName(number)}\n${details[number] ?? ''}`.toLowerCase();
  return state.words.every((word) => own.includes(word) || text.includes(word));
}
function refresh() {
  const kept = state.selected >= 0 ? shown[state.selected] : -1;
  shown = [];
  for (let i = 0; i < time.length; ++i) if (passes(i)) shown.push(i);
  state.selected = kept >= 0 ? shown.indexOf(kept) : -1;
  $('space').style.height = `${shown.length * ROW}px`;
  $('count').textContent = t.shown(shown.length, time.length) + (data.leftOut ? ` ${t.leftOut(data.leftOut)}` : '');
  drawRows();
  drawHistogram();
  drawLanes();
  drawFilters();
  $('range').textContent = time.length ? `${timeText(state.from).slice(0, 19)} – ${timeText(state.to).slice(0, 19)}` : '';
  $('whole').hidden = state.from === bounds()[0] && state.to === bounds()[1];
}
function bounds() { return time.length ? [time[0], Math.max(time[time.length - 1], time[0] + 1e6)] : [0, 1]; }

// ---- The list: only the rows that can be seen are there -------------------------------------------
function drawRows() {
  const box = $('rows'), space = $('space');
  const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 4), last = Math.min(shown.length, first + Math.ceil(box.clientHeight / ROW) + 9);
  const rows = [];
  for (let k = first; k < last; ++k) {
    const i = shown[k], rule = data.rules[rules[i]], number = event[i];
    const row = make('div', undefined, 'row');
    row.style.top = `${k * ROW}px`;
    row.dataset.k = k;
    row.setAttribute('role', 'option');
    row.setAttribute('aria-selected', String(k === state.selected));
    row.id = `row${k}`;
    const dot = make('span', undefined, `dot ${rule.level}`);
    dot.title = t[rule.level];
    row.append(dot, make('span', timeText(time[i]), 'when'), make('span', ruleTitle(rule)), make('span', hostName(number)), make('span', channelName(number)), make('span', details[number] ?? '…', 'what'));
    row.children[2].title = ruleTitle(rule);
    rows.push(row);
  }
  if (!shown.length) rows.push(make('div', time.length ? t.nomatch : t.nothing, 'empty'));
  space.replaceChildren(...rows);
  if (state.selected >= 0) box.setAttribute('aria-activedescendant', `row${state.selected}`);
}
function select(k, open) {
  if (!shown.length) return;
  state.selected = Math.max(0, Math.min(shown.length - 1, k));
  const box = $('rows'), top = state.selected * ROW;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW > box.scrollTop + box.clientHeight) box.scrollTop = top + ROW - box.clientHeight;
  drawRows();
  if (open || !$('detail').hidden) openDetail(shown[state.selected]);
}

// ---- Time: a bar chart by level, and strips for each lane -----------------------------------------
function canvasOf(canvas) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext('2d');
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}
function binOf(micros, bins) { return Math.min(bins - 1, Math.floor(((micros - state.from) / (state.to - state.from)) * bins)); }
let brush = null;
function drawHistogram() {
  const { pen, width, height } = canvasOf($('histogram'));
  const bins = Math.max(20, Math.floor(width / 7)), counts = LEVELS.map(() => new Float64Array(bins)), totals = new Float64Array(bins);
  const place = Object.fromEntries(LEVELS.map((level, index) => [level, index]));
  for (const i of shown) {
    const bin = binOf(time[i], bins);
    ++counts[place[data.rules[rules[i]].level]][bin];
    ++totals[bin];
  }
  const most = Math.max(1, ...totals), base = height - 16, scale = (value) => (base - 6) * Math.sqrt(value / most);
  const colors = LEVELS.map(color);
  for (let b = 0; b < bins; ++b) {
    if (!totals[b]) continue;
    let y = base;
    const whole = Math.max(2, scale(totals[b]));
    counts.forEach((list, index) => {
      const part = (whole * list[b]) / totals[b];
      if (!part) return;
      pen.fillStyle = colors[index];
      pen.fillRect((b * width) / bins + 0.5, y - part, width / bins - 1, part);
      y -= part;
    });
  }
  pen.fillStyle = color('dim');
  pen.font = '11px system-ui, sans-serif';
  for (let k = 0; k <= 5; ++k) {
    const text = timeText(state.from + ((state.to - state.from) * k) / 5).slice(0, state.to - state.from > 4 * 86400e6 ? 10 : 19);
    const wide = pen.measureText(text).width;
    pen.fillText(text, Math.max(4, Math.min(width - wide - 4, (width * k) / 5 - wide / 2)), height - 4);
  }
  if (brush) {
    pen.fillStyle = color('accent');
    pen.globalAlpha = 0.2;
    pen.fillRect(Math.min(brush[0], brush[1]), 0, Math.abs(brush[1] - brush[0]), height);
    pen.globalAlpha = 1;
  }
  $('histogram').setAttribute('aria-label', `${t.shown(shown.length, time.length)}, ${$('range').textContent}`);
}
function lanesOf(group) {
  const lanes = new Map();
  const add = (key, i) => {
    let lane = lanes.get(key);
    if (!lane) lanes.set(key, (lane = { key, list: [], worst: 9 }));
    lane.list.push(i);
    lane.worst = Math.min(lane.worst, LEVELS.indexOf(data.rules[rules[i]].level));
  };
  for (let i = 0; i < time.length; ++i) {
    if (!passes(i, group)) continue;
    if (group === 'rule') add(rules[i], i);
    else if (group === 'host') add(data.eventColumns.host[event[i]], i);
    else if (group === 'file') add(data.eventColumns.file[event[i]], i);
    else for (const technique of techniquesOf(data.rules[rules[i]])) add(technique, i);
  }
  const order = group === 'rule' ? (a, b) => a.worst - b.worst || b.list.length - a.list.length : (a, b) => b.list.length - a.list.length;
  return [...lanes.values()].sort(order);
}
function laneName(group, key) {
  if (group === 'rule') return ruleTitle(data.rules[key]);
  if (group === 'host') return data.strings[key] || t.noHost;
  if (group === 'file') return data.files[key][0];
  return key || t.none;
}
function drawLanes() {
  const group = state.group, box = $('lanes'), list = lanesOf(group), seen = new Set(list.map((lane) => lane.key));
  if (group === 'file') data.files.forEach((file, key) => { if (!seen.has(key) && (file[6] || file[4])) list.push({ key, list: [], worst: 9 }); });
  const top = box.scrollTop, strips = [];
  const parts = list.slice(0, 500).map((lane) => {
    const button = make('button', undefined, 'lane');
    button.type = 'button';
    button.setAttribute('role', 'option');
    button.setAttribute('aria-selected', String(state.picked[group] === lane.key));
    const name = make('span', undefined, 'name');
    if (lane.worst < 9) name.append(make('span', undefined, `dot ${LEVELS[lane.worst]}`));
    name.append(make('span', laneName(group, lane.key)));
    button.title = laneName(group, lane.key);
    const strip = make('canvas');
    strip.setAttribute('aria-hidden', 'true');
    strips.push([strip, lane]);
    button.append(name, make('span', n(lane.list.length), 'number'), strip);
    if (group === 'file') {
      const file = data.files[lane.key];
      button.append(make('span', [file[1], t.events(file[3]), file[4] ? t.unread(file[4]) : ''].filter(Boolean).join(' · '), 'note'));
      for (const problem of data.problems.filter((p) => p[0] === file[0]).slice(0, 20)) button.append(make('span', `⚠ ${problem[1]}${problem[2] === undefined ? '' : t.at(problem[2])}`, 'note'));
    }
    button.addEventListener('click', () => {
      state.picked[group] = state.picked[group] === lane.key ? null : lane.key;
      refresh();
    });
    return button;
  });
  box.replaceChildren(...(parts.length ? parts : [make('div', time.length ? t.nomatch : t.nothing, 'empty')]));
  box.scrollTop = top;
  const colors = LEVELS.map(color), line = color('line');
  for (const [strip, lane] of strips) {
    const { pen, width, height } = canvasOf(strip), bins = Math.max(20, Math.floor(width / 4)), counts = new Float64Array(bins);
    for (const i of lane.list) ++counts[binOf(time[i], bins)];
    const most = Math.max(1, ...counts);
    pen.fillStyle = line;
    pen.fillRect(0, height / 2, width, 1);
    pen.fillStyle = colors[Math.min(lane.worst, 4)];
    for (let b = 0; b < bins; ++b) {
      if (!counts[b]) continue;
      pen.globalAlpha = 0.35 + 0.65 * Math.sqrt(counts[b] / most);
      pen.fillRect((b * width) / bins, 1, Math.max(2.5, width / bins - 0.5), height - 2);
    }
    pen.globalAlpha = 1;
  }
}
function drawFilters() {
  const chips = Object.entries(state.picked).filter(([, key]) => key !== null).map(([group, key]) => {
    const button = make('button', `${laneName(group, key)} ×`);
    button.type = 'button';
    button.addEventListener('click', () => { state.picked[group] = null; refresh(); });
    return button;
  });
  $('filters').replaceChildren(...chips);
}

// ---- One finding ------------------------------------------------------------------------------------
function flat(value, path, out) {
  if (value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length) for (const [key, inner] of Object.entries(value)) flat(inner, path ? `${path}.${key}` : key, out);
  else out.push([path, typeof value === 'string' ? value : JSON.stringify(value)]);
  return out;
}
function marked(text) {
  const parts = document.createDocumentFragment();
  const word = state.words.find((w) => text.toLowerCase().includes(w));
  if (!word) { parts.append(text); return parts; }
  let at = 0;
  for (let found; (found = text.toLowerCase().indexOf(word, at)) >= 0; at = found + word.length) parts.append(text.slice(at, found), make('mark', text.slice(found, found + word.length)));
  parts.append(text.slice(at));
  return parts;
}
let opened = 0;
async function openDetail(i) {
  const box = $('detail'), rule = data.rules[rules[i]], number = event[i], e = data.eventColumns, turn = ++opened;
  box.hidden = false;
  const close = make('button', '✕', 'close');
  close.type = 'button';
  close.title = close.ariaLabel = t.close;
  close.addEventListener('click', closeDetail);
  const chips = make('div', undefined, 'chips'), level = make('span', t[rule.level], `chip level ${rule.level}`);
  chips.append(level, ...rule.tactics.map((x) => make('span', x.replace(/([a-z])([A-Z])/g, '$1 $2'), 'chip')), ...rule.techniques.map((x) => make('span', x, 'chip')));
  const facts = make('dl', undefined, 'facts');
  const fact = (name, value) => { if (value !== '' && value !== undefined && value !== null) { const dd = make('dd'); dd.append(marked(String(value))); facts.append(make('dt', name), dd); } };
  const many = data.findings.many.find((m) => m[0] === i);
  fact(t.time, timeText(time[i]));
  if (many) fact('', t.many(many[1], timeText(many[2]).slice(0, 19)));
  fact(t.host, hostName(number));
  fact(t.channel, data.strings[e.channel[number]]);
  fact(t.provider, data.strings[e.provider[number]]);
  fact(t.event, e.id[number] >= 0 ? e.id[number] : '');
  fact(t.record, e.record[number] >= 0 ? e.record[number] : '');
  fact(t.from, data.files[e.file[number]][0]);
  const about = make('details');
  about.open = rule.check;
  about.append(make('summary', rule.check ? t.check : `${t.description}${rule.author ? ` · ${rule.author}` : ''}`));
  about.append(make('p', rule.description));
  const more = make('dl', undefined, 'facts');
  const add = (name, value) => { if (value && value.length) more.append(make('dt', name), make('dd', Array.isArray(value) ? value.join('\n') : value)); };
  add(t.author, rule.author); add(t.license, rule.license); add('ID', rule.id); add(t.ruleFile, rule.file); add(t.falsePositives, rule.false_positives); add(t.references, rule.references);
  about.append(more);
  const bar = make('div', undefined, 'bar'), view = make('div');
  const tableButton = make('button', t.table), jsonButton = make('button', t.json), copy = make('button', t.copy);
  for (const b of [tableButton, jsonButton, copy]) b.type = 'button';
  bar.append(make('h3', t.raw), tableButton, jsonButton, copy);
  const others = make('div', undefined, 'chips');
  const same = [];
  for (let k = Math.max(0, i - 300); k < Math.min(time.length, i + 300); ++k) if (k !== i && event[k] === number) same.push(k);
  if (same.length) others.append(make('span', `${t.also}:`));
  for (const k of same) {
    const b = make('button', ruleTitle(data.rules[rules[k]]), 'chip');
    b.type = 'button';
    b.addEventListener('click', () => openDetail(k));
    others.append(b);
  }
  box.replaceChildren(close, make('h2', ruleTitle(rule)), chips, facts, others, about, bar, view);
  box.scrollTop = 0;
  let raw;
  try { raw = await rawEvent(number); } catch { raw = { error: t.broken }; }
  if (turn !== opened) return;
  const text = JSON.stringify(raw, null, 2);
  const show = () => {
    tableButton.setAttribute('aria-pressed', String(!state.raw));
    jsonButton.setAttribute('aria-pressed', String(state.raw));
    if (state.raw) { const pre = make('pre'); pre.append(marked(text)); return view.replaceChildren(pre); }
    const table = make('table'), body = make('tbody');
    for (const [name, value] of flat(raw, '', [])) {
      if (value === '') continue;
      const row = make('tr'), cell = make('td');
      cell.append(marked(value ?? ''));
      row.append(make('td', name), cell);
      body.append(row);
    }
    table.append(body);
    view.replaceChildren(table);
  };
  tableButton.addEventListener('click', () => { state.raw = false; show(); });
  jsonButton.addEventListener('click', () => { state.raw = true; show(); });
  copy.addEventListener('click', async () => {
    try { await navigator.clipboard.writeText(text); } catch {
      const area = make('textarea', text);
      document.body.append(area); area.select(); document.execCommand('copy'); area.remove();
    }
    copy.textContent = t.copied;
    setTimeout(() => { copy.textContent = t.copy; }, 1200);
  });
  show();
}
function closeDetail() { ++opened; $('detail').hidden = true; $('rows').focus(); }

// ---- Moving about -----------------------------------------------------------------------------------
function zoom(from, to) {
  const [first, last] = bounds(), span = Math.max(1e6, Math.min(last - first, to - from));
  state.from = Math.max(first, Math.min(last - span, from));
  state.to = state.from + span;
  refresh();
}
function setGroup(group) { state.group = group; drawTabs(); drawLanes(); $('lanes').scrollTop = 0; }
function drawTabs() {
  $('groups').replaceChildren(...['rule', 'host', 'technique', 'file'].map((group) => {
    const button = make('button', t[group]);
    button.type = 'button';
    button.setAttribute('role', 'tab');
    button.setAttribute('aria-selected', String(state.group === group));
    button.addEventListener('click', () => setGroup(group));
    return button;
  }));
}
function drawLevels() {
  const counts = Object.fromEntries(LEVELS.map((level) => [level, 0]));
  for (const rule of rules) ++counts[data.rules[rule].level];
  $('levels').replaceChildren(...LEVELS.filter((level) => counts[level]).map((level) => {
    const button = make('button');
    button.type = 'button';
    button.setAttribute('aria-pressed', String(state.levels.has(level)));
    button.append(make('span', undefined, `dot ${level}`), `${t[level]} ${n(counts[level])}`);
    button.addEventListener('click', () => switchLevel(level));
    return button;
  }));
}
function switchLevel(level) { state.levels.has(level) ? state.levels.delete(level) : state.levels.add(level); drawLevels(); refresh(); }
function setTheme(theme) { state.theme = document.documentElement.dataset.theme = theme; $('theme').textContent = theme === 'dark' ? t.light : t.dark; if (data) { drawHistogram(); drawLanes(); } }
function setLanguage(language) {
  state.language = language;
  t = TEXTS[language];
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = t[element.dataset.text];
  $('title').textContent = data.title || t.timeline;
  document.title = `Yagura: ${data.title || t.timeline}`;
  $('subtitle').textContent = t.subtitle({ count: time.length, rules: data.rules.length, events: data.events, files: data.files.length });
  $('search').placeholder = $('search').ariaLabel = t.search;
  $('language').textContent = language === 'ja' ? 'English' : '日本語';
  $('whole').textContent = t.whole;
  $('help').title = $('help').ariaLabel = t.help;
  const close = make('button', t.close), list = make('dl');
  close.type = 'button';
  close.addEventListener('click', () => $('keys').close());
  for (const [key, what] of t.keyList) { const dt = make('dt'); key.split(' ').forEach((k) => dt.append(make('kbd', k), ' ')); list.append(dt, make('dd', what)); }
  $('keys').replaceChildren(make('h2', t.keys), list, close);
  setTheme(state.theme);
  drawTabs();
  drawLevels();
  refresh();
  if (!$('detail').hidden && state.selected >= 0) openDetail(shown[state.selected]);
}
function onKey(e) {
  if (e.ctrlKey || e.metaKey || e.altKey || $('keys').open) return;
  const typing = e.target instanceof HTMLInputElement;
  if (e.key === 'Escape') {
    if (!$('detail').hidden) closeDetail();
    else if (typing || state.words.length) { $('search').value = ''; state.words = []; refresh(); $('rows').focus(); }
    else { state.picked = { rule: null, host: null, technique: null, file: null }; [state.from, state.to] = bounds(); refresh(); }
    return e.preventDefault();
  }
  if (typing) { if (e.key === 'Enter' || e.key === 'ArrowDown') { $('rows').focus(); select(Math.max(0, state.selected)); e.preventDefault(); } return; }
  if (e.target instanceof HTMLButtonElement && (e.key === 'Enter' || e.key === ' ')) return;
  const page = Math.max(1, Math.floor($('rows').clientHeight / ROW) - 1), span = state.to - state.from;
  const keys = {
    ArrowDown: () => select(state.selected + 1), j: () => select(state.selected + 1), ArrowUp: () => select(state.selected - 1), k: () => select(state.selected - 1),
    PageDown: () => select(state.selected + page), PageUp: () => select(state.selected - page), Home: () => select(0), End: () => select(shown.length - 1),
    Enter: () => state.selected >= 0 && openDetail(shown[state.selected]), '/': () => $('search').focus(), '?': () => $('keys').showModal(),
    h: () => setGroup('host'), r: () => setGroup('rule'), t: () => setGroup('technique'), f: () => setGroup('file'),
    '+': () => zoom(state.from + span / 4, state.to - span / 4), '-': () => zoom(state.from - span / 2, state.to + span / 2), '−': () => zoom(state.from - span / 2, state.to + span / 2),
    ArrowLeft: () => zoom(state.from - span / 4, state.to - span / 4), ArrowRight: () => zoom(state.from + span / 4, state.to + span / 4),
    d: () => setTheme(state.theme === 'dark' ? 'light' : 'dark'), l: () => setLanguage(state.language === 'ja' ? 'en' : 'ja'),
  };
  LEVELS.forEach((level, index) => { keys[index + 1] = () => switchLevel(level); });
  if (keys[e.key]) { keys[e.key](); e.preventDefault(); }
}
function listen() {
  $('rows').addEventListener('scroll', drawRows, { passive: true });
  $('space').addEventListener('click', (e) => { const row = e.target.closest('.row'); if (row) select(Number(row.dataset.k), true); });
  let waiting;
  $('search').addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(() => { state.words = $('search').value.toLowerCase().split(/\s+/).filter(Boolean); refresh(); }, 120); });
  $('language').addEventListener('click', () => setLanguage(state.language === 'ja' ? 'en' : 'ja'));
  $('theme').addEventListener('click', () => setTheme(state.theme === 'dark' ? 'light' : 'dark'));
  $('help').addEventListener('click', () => $('keys').showModal());
  $('whole').addEventListener('click', () => zoom(...bounds()));
  document.addEventListener('keydown', onKey);
  new ResizeObserver(() => { drawRows(); drawHistogram(); drawLanes(); }).observe($('rows'));
  const chart = $('histogram'), x = (e) => Math.max(0, Math.min(chart.clientWidth, e.clientX - chart.getBoundingClientRect().left));
  chart.addEventListener('pointerdown', (e) => { brush = [x(e), x(e)]; chart.setPointerCapture(e.pointerId); });
  chart.addEventListener('pointermove', (e) => { if (brush) { brush[1] = x(e); drawHistogram(); } });
  chart.addEventListener('pointerup', () => {
    if (!brush) return;
    const [a, b] = [Math.min(...brush), Math.max(...brush)], span = state.to - state.from, from = state.from;
    brush = null;
    if (b - a > 4) zoom(from + (span * a) / chart.clientWidth, from + (span * b) / chart.clientWidth);
    else drawHistogram();
  });
  chart.addEventListener('wheel', (e) => { e.preventDefault(); const at = state.from + ((state.to - state.from) * x(e)) / chart.clientWidth, k = e.deltaY > 0 ? 1.3 : 1 / 1.3; zoom(at - (at - state.from) * k, at + (state.to - at) * k); }, { passive: false });
}

async function start() {
  t = TEXTS.en;
  if (typeof DecompressionStream === 'undefined') return document.body.replaceChildren(make('p', t.old, 'empty'));
  try { data = await unpack('main'); } catch { return document.body.replaceChildren(make('p', t.broken, 'empty')); }
  time = new Float64Array(data.findings.time.length);
  let at = 0;
  data.findings.time.forEach((step, i) => { time[i] = at += step; });
  rules = data.findings.rule;
  event = data.findings.event;
  searchable = data.rules.map((rule) => [rule.title, TEXTS.ja.checks[rule.id] ?? '', rule.id, rule.level, ...rule.techniques, ...rule.tactics].join('\n').toLowerCase());
  [state.from, state.to] = bounds();
  state.theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  listen();
  setLanguage(TEXTS[data.language] ? data.language : navigator.language.startsWith('ja') ? 'ja' : 'en');
  for (let block = 0; $(`details${block}`); ++block) details.push(...(await unpack(`details${block}`)));
  drawRows();
  document.documentElement.dataset.ready = 'true';
}
start();
