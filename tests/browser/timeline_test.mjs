// Drives the HTML report of `yagura hunt` in a real browser, from the disk and without any network.
//
//   YAGURA_PROGRAM=build/release/yagura node tests/browser/timeline_test.mjs
//   SCREENSHOTS=folder REPORT=timeline.html node ...    also keeps pictures; of another report when one is given
//
// Needs web/node_modules (npm ci) and a Chromium: CHROMIUM, else /usr/bin/chromium.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { chromium } = createRequire(join(root, 'web/package.json'))('playwright-core');
const program = process.env.YAGURA_PROGRAM ?? join(root, 'build/release/yagura');
const pictures = process.env.SCREENSHOTS;
if (pictures) mkdirSync(pictures, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'yagura-timeline-'));

const HOSTILE = '</script><img src=x onerror="window.hacked=1">';
const COUNT = Number(process.env.FINDINGS ?? 5000);
function makeReport() {
  writeFileSync(join(folder, 'rules.yml'), `title: Who am I
id: 0d9be2cf-8b8a-4d0a-9d6b-2d2f0b4f8a01
level: high
description: Somebody asks who he is.
author: A. Nonymous
tags: [attack.discovery, attack.t1033]
logsource: {product: windows, category: process_creation}
detection: {selection: {CommandLine|contains: whoami}, condition: selection}
---
title: Failed logon
id: 0d9be2cf-8b8a-4d0a-9d6b-2d2f0b4f8a02
level: low
tags: [attack.credential-access, attack.t1110.001]
logsource: {product: windows, service: security}
detection: {selection: {EventID: 4625}, condition: selection}
`);
  const lines = [];
  for (let i = 0; i < COUNT; ++i) {
    const time = new Date(Date.UTC(2024, 4, 1) + i * 20_000).toISOString();
    const common = { Channel: 'Security', Computer: `pc${i % 3}`, EventRecordID: i, Provider_Name: 'Microsoft-Windows-Security-Auditing', TimeCreated_SystemTime: time };
    if (i === 7) lines.push({ ...common, EventID: 1102, Provider_Name: 'Microsoft-Windows-Eventlog', SubjectUserName: 'mallory' });
    else if (i % 10 === 0) lines.push({ ...common, EventID: 4688, NewProcessName: 'C:\\Windows\\System32\\whoami.exe', CommandLine: i ? `whoami /all ${i}` : `whoami ${HOSTILE}` });
    else lines.push({ ...common, EventID: 4625, TargetUserName: `user${i % 20}`, IpAddress: '192.0.2.7' });
  }
  writeFileSync(join(folder, 'events.jsonl'), lines.map((line) => JSON.stringify(line)).join('\n'));
  const out = join(folder, 'report.html');
  const run = spawnSync(program, ['hunt', join(folder, 'rules.yml'), join(folder, 'events.jsonl'), '-o', out, '--content', join(root, 'content')], { encoding: 'utf8' });
  assert.equal(run.status, 1, `hunt ended with ${run.status}: ${run.stderr}`);
  return out;
}

const report = process.env.REPORT ?? makeReport();
const mine = !process.env.REPORT;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const problems = [];
async function open(options) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  page.on('request', (request) => { if (!/^(file|blob|data):/.test(request.url())) problems.push(`asked the network: ${request.url()}`); });
  await page.goto(pathToFileURL(report).href);
  await page.waitForFunction(() => document.documentElement.dataset.ready === 'true');
  return page;
}
let passed = 0;
async function step(name, action) {
  await action();
  ++passed;
  console.log(`ok ${name}`);
}
const shot = (page, name) => pictures && page.screenshot({ path: join(pictures, `${name}.png`) });
const count = (page) => page.locator('#count').textContent();

try {
  const page = await open({ locale: 'en-US', colorScheme: 'light' });
  if (mine) {
    const all = (await count(page)).replace(/\D/g, '');
    await step('shows every finding, and few rows', async () => {
      assert.ok(Number(all) >= COUNT, `${all} findings`);
      assert.ok((await page.locator('.row').count()) < 80);
    });
    await step('finds the cleared log without a rule', async () => {
      await page.fill('#search', 'cleared');
      await page.waitForFunction(() => document.querySelectorAll('.row').length === 1);
      await page.locator('.row').first().click();
      await page.waitForSelector('#detail table');
      assert.match(await page.locator('#detail').textContent(), /mallory/);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
    });
    await step('shows hostile text as text', async () => {
      await page.focus('#rows');
      await page.keyboard.press('Home');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#detail table');
      assert.ok((await page.locator('#detail table').textContent()).includes(HOSTILE));
      assert.equal(await page.evaluate(() => window.hacked), undefined);
      assert.equal(await page.locator('img').count(), 0);
      await page.locator('#detail .bar button', { hasText: 'JSON' }).click();
      assert.match(await page.locator('#detail pre').textContent(), /"EventID": 4688/);
      await page.keyboard.press('Escape');
    });
    await step('groups and picks by host, technique and level', async () => {
      await page.keyboard.press('h');
      await page.locator('.lane', { hasText: 'pc1' }).click();
      assert.notEqual((await count(page)).replace(/\D/g, ''), all);
      await page.keyboard.press('Escape');
      await page.keyboard.press('t');
      await page.locator('.lane', { hasText: 'T1033' }).click();
      assert.match(await count(page), new RegExp(`^${(COUNT / 10).toLocaleString('en-US')} of`));
      await page.keyboard.press('Escape');
      await page.locator('#levels button', { hasText: 'Low' }).click();
      assert.match(await count(page), /of/);
      await page.locator('#levels button', { hasText: 'Low' }).click();
    });
    await step('zooms by mouse and keys and comes back', async () => {
      const box = await page.locator('#histogram').boundingBox();
      await page.mouse.move(box.x + box.width * 0.4, box.y + 40);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.6, box.y + 40);
      await page.mouse.up();
      assert.match(await count(page), /of/);
      await page.locator('#whole').click();
      assert.doesNotMatch(await count(page), / of /);
    });
    await step('moves by keys', async () => {
      await page.focus('#rows');
      await page.keyboard.press('End');
      assert.equal(await page.locator('.row[aria-selected="true"]').count(), 1);
      await page.keyboard.press('k');
      await page.keyboard.press('?');
      assert.ok(await page.locator('#keys').evaluate((dialog) => dialog.open));
      await page.keyboard.press('Escape');
    });
    await step('speaks Japanese', async () => {
      await page.keyboard.press('l');
      assert.equal(await page.locator('html').getAttribute('lang'), 'ja');
      assert.match(await page.locator('.head').textContent(), /ルール/);
      const japanese = await open({ locale: 'ja-JP', colorScheme: 'dark' });
      assert.equal(await japanese.locator('html').getAttribute('lang'), 'ja');
      assert.equal(await japanese.locator('html').getAttribute('data-theme'), 'dark');
    });
  }
  if (pictures) {
    const light = await open({ locale: 'en-US', colorScheme: 'light' });
    await light.keyboard.press('j');
    await shot(light, 'timeline-rules');
    await light.locator('.row').nth(6).click();
    await light.waitForSelector('#detail table');
    await shot(light, 'timeline-event');
    const dark = await open({ locale: 'ja-JP', colorScheme: 'dark' });
    await dark.keyboard.press('t');
    await dark.locator('.row').nth(9).click();
    await dark.waitForSelector('#detail table');
    await shot(dark, 'timeline-dark-ja');
    const narrow = await open({ locale: 'en-US', colorScheme: 'light', viewport: { width: 700, height: 900 } });
    await shot(narrow, 'timeline-narrow');
  }
  assert.deepEqual(problems, []);
  console.log(`${passed} steps passed`);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
