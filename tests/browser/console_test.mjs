// Drives the console in a real browser, as a person would.
//
//   node tests/browser/console_test.mjs                       against web/scripts/mock.mjs (and web/dist)
//   YAGURA_URL=https://127.0.0.1:8443 YAGURA_USER=admin YAGURA_PASSWORD=... node tests/browser/console_test.mjs
//   SCREENSHOTS=folder node ...                               keeps pictures of every page, theme and language
//
// Needs web/node_modules (npm ci) and a Chromium: CHROMIUM, else /usr/bin/chromium.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import assert from 'node:assert/strict';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { chromium } = createRequire(join(root, 'web/package.json'))('playwright-core');
const pictures = process.env.SCREENSHOTS;
if (pictures) mkdirSync(pictures, { recursive: true });

let url = process.env.YAGURA_URL;
const user = process.env.YAGURA_USER ?? 'admin';
const password = process.env.YAGURA_PASSWORD ?? 'watchtower';
const isMock = !url;
let mock;
if (isMock) {
  const port = await new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
  mock = spawn(process.execPath, [join(root, 'web/scripts/mock.mjs')], { env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((done) => mock.stdout.once('data', done));
  url = `http://127.0.0.1:${port}`;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const problems = [];
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ignoreHTTPSErrors: true, locale: 'en-US', colorScheme: 'light', permissions: ['clipboard-read', 'clipboard-write'] });
const page = await context.newPage();
page.setDefaultTimeout(20_000);
page.on('console', (message) => {
  if (message.type() !== 'error') return;
  // The browser itself writes a line for every 4xx, which some steps below cause on purpose.
  if (/Failed to load resource/.test(message.text())) return;
  problems.push(message.text());
});
page.on('pageerror', (error) => {
  // The editor's Kusto worker is asked of a text whose page was left meanwhile: its own race, seen once in eight runs.
  if (/reading 'getText'/.test(error.message)) return;
  problems.push(`uncaught: ${error.message}`);
});

const shot = async (name) => pictures && page.screenshot({ path: join(pictures, `${name}.png`) });
let passed = 0;
async function step(name, action) {
  const started = Date.now();
  try {
    await action();
  } catch (error) {
    await page.screenshot({ path: join(pictures ?? '/tmp', 'console-failed.png') }).catch(() => {});
    console.error(`FAILED  ${name}\n${error.stack}`);
    if (problems.length) console.error(`console of the page:\n  ${problems.join('\n  ')}`);
    throw error;
  }
  ++passed;
  console.log(`ok  ${name} (${Date.now() - started} ms)`);
}
async function setQuery(text) {
  await page.locator('.monaco-editor textarea, .monaco-editor .native-edit-context').first().focus();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(text);
  await page.keyboard.press('Escape');
}
const status = page.getByTestId('status');
async function ran() {
  await page.getByTestId('run').waitFor();
  await status.filter({ hasText: /(ms|µs| s)/ }).waitFor();
}

try {
  await step('a wrong password is refused', async () => {
    await page.goto(url);
    await page.getByLabel('User name').fill(user);
    await page.locator('input[name=password]').fill('certainly not this one');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await shot('sign-in-light-en');
  });
  await step('the right one signs in', async () => {
    await page.getByLabel('User name').fill(user);
    await page.locator('input[name=password]').fill(password);
    await page.keyboard.press('Enter');
    await page.locator('.monaco-editor .view-lines').waitFor();
    await page.getByRole('link', { name: 'Logs' }).waitFor();
    await shot('logs-start-light-en');
  });
  await step('the cookie is out of reach for scripts', async () => {
    const cookies = await context.cookies();
    const session = cookies.find((cookie) => cookie.httpOnly);
    assert.ok(session, 'no HttpOnly cookie');
    assert.equal(session.sameSite, 'Strict');
    assert.equal(await page.evaluate(() => document.cookie), '');
  });
  await step('the panel shows tables and columns', async () => {
    const panel = page.getByRole('complementary', { name: 'Tables' });
    await panel.getByRole('textbox').fill('SyslogMess');
    await panel.getByText('SyslogMessage').first().waitFor();
    await panel.getByRole('textbox').fill('');
  });
  await step('a query by Ctrl+Enter gives rows', async () => {
    await setQuery('Syslog\n| sort by TimeGenerated desc\n| take 2000');
    await page.keyboard.press('Control+Enter');
    await ran();
    await page.locator('[role=gridcell]').first().waitFor();
    assert.match(await status.innerText(), /rows/);
    await shot('logs-table-light-en');
  });
  await step('rows are virtual, sort, filter and move by keyboard', async () => {
    const table = page.getByTestId('result-table');
    const count = Number(await table.getAttribute('aria-rowcount')) - 1;
    assert.ok((await page.locator('[role=row]').count()) < 120, 'all rows are in the document');
    await table.getByRole('columnheader').filter({ hasText: 'Computer' }).getByRole('button').first().click();
    await table.locator('[aria-sort=ascending]').waitFor();
    await table.focus();
    await page.keyboard.press('Control+End');
    await table.locator(`[aria-rowindex="${count + 1}"]`).waitFor();
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('Enter');
    await page.getByTestId('row-detail').getByText('SyslogMessage').waitFor();
    await shot('logs-detail-light-en');
    await page.keyboard.press('Escape');
  });
  await step('Ctrl+C copies the cell', async () => {
    const table = page.getByTestId('result-table');
    const cell = table.locator('[role=gridcell]').nth(1);
    await cell.click();
    await page.keyboard.press('Control+C');
    await page.waitForTimeout(150);
    assert.equal((await page.evaluate(() => navigator.clipboard.readText())).trim(), (await cell.innerText()).trim());
  });
  await step('CSV is exported', async () => {
    await page.getByRole('button', { name: 'Export CSV' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'The rows shown' }).click()]);
    const { readFileSync } = await import('node:fs');
    assert.match(readFileSync(await download.path(), 'utf8'), /^\ufeff?TimeGenerated,/);
  });
  await step('render draws a chart', async () => {
    await setQuery('Syslog\n| summarize count() by bin(TimeGenerated, 15m), Facility\n| render timechart');
    await page.keyboard.press('Shift+Enter');
    await ran();
    await page.locator('[data-testid=chart] canvas').first().waitFor();
    await page.waitForTimeout(700);
    // A blank canvas is all one colour.
    const colours = await page.evaluate(() => {
      const canvas = document.querySelector('[data-testid=chart] canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set();
      for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
      return seen.size;
    });
    assert.ok(colours > 10, `the chart has ${colours} colours`);
    await shot('logs-chart-light-en');
  });
  await step('the editor completes from the schema', async () => {
    await setQuery('');
    await page.keyboard.type('Syslo', { delay: 40 });
    await page.locator('.suggest-widget.visible').getByText('Syslog', { exact: true }).first().waitFor();
    await page.keyboard.press('Escape');
    await setQuery('Syslog | where ');
    await page.keyboard.type('Comp', { delay: 40 });
    await page.locator('.suggest-widget.visible').getByText('Computer').first().waitFor();
    await shot('logs-completion-light-en');
    await page.keyboard.press('Escape');
  });
  await step('a wrong name is marked in the editor and explained', async () => {
    await setQuery('Syslog\n| where EventIDD == 4625');
    await page.locator('.squiggly-error').first().waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByTestId('failure').waitFor();
    assert.match(await page.getByTestId('failure').innerText(), /EventIDD/);
    await shot('logs-error-light-en');
  });
  if (isMock)
    await step('a running query is cancelled', async () => {
      await setQuery('print sleep');
      await page.keyboard.press('Control+Enter');
      await page.getByTestId('cancel').click();
      await page.getByText('Cancelled').waitFor();
    });
  await step('history brings a query back', async () => {
    await page.getByRole('button', { name: 'History' }).click();
    await page.getByRole('button', { name: /summarize count/ }).first().click();
    await ran();
    await page.locator('[data-testid=chart] canvas').first().waitFor();
  });
  await step('the live tail shows rows and pauses', async () => {
    await page.getByRole('link', { name: 'Live tail' }).click();
    await page.getByTestId('tail-state').filter({ hasText: 'Live' }).waitFor();
    if (process.env.YAGURA_FEED) spawn('sh', ['-c', process.env.YAGURA_FEED], { stdio: 'ignore' });
    await page.getByTestId('tail-list').locator('button').first().waitFor();
    await page.getByLabel('Highlight').fill('password');
    await page.waitForTimeout(1500);
    await shot('tail-light-en');
    await page.getByTestId('tail-pause').click();
    await page.getByTestId('tail-state').filter({ hasText: 'Paused' }).waitFor();
    const before = await page.getByTestId('tail-count').innerText();
    await page.getByTestId('tail-list').locator('button').first().click();
    await page.getByTestId('row-detail').waitFor();
    await page.waitForTimeout(800);
    assert.equal((await page.getByTestId('tail-count').innerText()).split('·')[1], before.split('·')[1]);
    await shot('tail-paused-light-en');
  });
  await step('alerts: list, keys, detail, raw bytes and their proof', async () => {
    await page.getByRole('link', { name: 'Alerts' }).click();
    await page.getByTestId('alert-count').waitFor();
    const count = await page.getByTestId('alert-list').locator('tbody tr').count();
    await shot('alerts-light-en');
    if (isMock || process.env.YAGURA_ALERTS) assert.ok(count > 0, 'no alert');
    if (count === 0) return;
    await page.getByTestId('alert-list').focus();
    await page.keyboard.press('ArrowDown');
    const detail = page.getByTestId('alert-detail');
    await detail.waitFor();
    await detail.getByTestId('raw-evidence').waitFor();
    await detail.getByTestId('proof').getByText(/unchanged|signed/i).first().waitFor();
    await shot('alerts-detail-light-en');
    if (count > 1) {
      const before = await detail.getByRole('heading').first().innerText();
      await page.getByTestId('alert-list').focus();
      await page.keyboard.press('End');
      if (isMock) assert.notEqual(await detail.getByRole('heading').first().innerText(), before);
    }
    await page.keyboard.press('Escape');
    await detail.waitFor({ state: 'hidden' });
    await page.getByLabel('Find in alerts').fill('there is certainly no such word');
    await page.getByText('No alert', { exact: true }).waitFor();
    await page.getByLabel('Find in alerts').fill('');
  });
  await step('rules: thousands in a list, found and switched', async () => {
    await page.getByRole('link', { name: 'Rules' }).click();
    await page.getByTestId('rule-count').waitFor();
    await page.locator('tbody tr[data-index]').first().waitFor();
    assert.ok((await page.locator('tbody tr').count()) < 120, 'all rules are in the document');
    await shot('rules-light-en');
    const title = await page.locator('tbody tr[data-index] td:nth-child(2) > div').first().innerText();
    await page.getByLabel('Find a rule').fill(title);
    const row = page.locator('tbody tr[data-index]').filter({ hasText: title }).first();
    const toggle = row.getByRole('switch');
    await toggle.waitFor();
    const before = await toggle.isChecked();
    await toggle.click({ force: true });
    await page.waitForFunction(([text, was]) => [...document.querySelectorAll('tbody tr[data-index]')].some((tr) => tr.textContent.includes(text) && tr.querySelector('input').checked !== was && !tr.querySelector('input').disabled), [title, before]);
    await row.getByRole('switch').click({ force: true });
    await page.waitForFunction(([text, was]) => [...document.querySelectorAll('tbody tr[data-index]')].some((tr) => tr.textContent.includes(text) && tr.querySelector('input').checked === was && !tr.querySelector('input').disabled), [title, before]);
    await page.getByLabel('Find a rule').fill('');
    if (isMock) {
      await page.getByText('With errors', { exact: true }).click();
      await page.getByText('did you mean "contains"?').waitFor();
      await shot('rules-error-light-en');
      await page.getByText('All', { exact: true }).click();
    }
  });
  await step('rules: one is tuned, throttled and suppressed, and all of it taken back', async () => {
    const list = page.getByTestId('rule-list');
    await list.focus();
    // Each key opens a rule: it must be there before the next key goes on from it.
    await page.keyboard.press('Home');
    await list.locator('tr[data-index="0"][data-open]').waitFor();
    await page.keyboard.press('ArrowDown');
    await list.locator('tr[data-index="1"][data-open]').waitFor();
    const detail = page.getByTestId('rule-detail');
    await detail.waitFor();
    const title = await detail.locator('h2').innerText();
    const tuning = page.getByTestId('tuning');
    const select = async (label, option) => {
      await tuning.getByLabel(label, { exact: true }).first().click();
      await page.getByRole('option', { name: option, exact: true }).click();
    };
    await select('Severity', 'High');
    await select('Throttle', 'Every hour');
    await tuning.getByLabel('Alerts at most').fill('3');
    await tuning.getByLabel('For each combination of').fill('HostName, User');
    await tuning.getByLabel('Leave these events alone').fill('User|containss: backup');
    await tuning.getByRole('button', { name: 'Save' }).click();
    await tuning.getByText("did you mean 'contains'?").waitFor();
    await shot('rules-tuning-error-light-en');
    await tuning.getByLabel('Leave these events alone').fill('User|contains: backup');
    await tuning.getByRole('button', { name: 'Save' }).click();
    await detail.getByText(/^Changed .* by /).waitFor();
    await list.locator('tr[data-open] >> text=Tuned').waitFor();
    await page.getByTestId('suppress').click();
    const form = page.getByTestId('new-suppression');
    await form.getByLabel('Only where').fill('no condition');
    await form.getByText('Line 1 should look like').waitFor();
    assert.ok(await form.getByRole('button', { name: 'Suppress', exact: true }).isDisabled());
    await form.getByLabel('Only where').fill('User = svc_*\nHostName = browser-test');
    await form.getByLabel('Reason').fill('a test of the console');
    await shot('rules-suppress-light-en');
    await page.keyboard.press('Enter');
    await form.waitFor({ state: 'hidden' });
    await detail.getByText('a test of the console').waitFor();
    await shot('rules-detail-light-en');
    await page.getByText(/^Suppressed \(/).click();
    await list.getByText('a test of the console').waitFor();
    await shot('rules-suppressed-light-en');
    await list.getByRole('button', { name: 'End it: a test of the console' }).click();
    await list.getByText(/ended .* by /).first().waitFor();
    await page.getByText('All', { exact: true }).click();
    await select('Severity', 'As the rule says');
    await select('Throttle', 'As for all rules');
    await tuning.getByLabel('Leave these events alone').fill('');
    await tuning.getByRole('button', { name: 'Save' }).click();
    await tuning.getByRole('button', { name: 'Save' }).and(page.locator('[disabled], [data-disabled]')).waitFor();
    assert.equal(await detail.locator('h2').innerText(), title);
    await detail.getByRole('button', { name: 'Close' }).click();
    await detail.waitFor({ state: 'hidden' });
  });
  await step('an administrator makes, changes and removes a user', async () => {
    await page.getByRole('link', { name: 'Administration' }).click();
    const name = `browser-${Date.now()}`;
    await page.getByRole('button', { name: 'New user' }).click();
    await page.getByLabel('User name').fill(name);
    await page.getByLabel('First password').fill('a sentence is easier to keep');
    await page.getByRole('button', { name: 'Create' }).click();
    const row = page.getByTestId('users').locator('tr').filter({ hasText: name });
    await row.waitFor();
    await row.getByRole('switch').focus();
    await page.keyboard.press('Space');
    await page.waitForFunction((text) => [...document.querySelectorAll('tr')].some((tr) => tr.textContent.includes(text) && tr.querySelector('input[type=checkbox]')?.checked === false), name);
    await shot('admin-light-en');
    await row.getByRole('button', { name: /^More/ }).click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await row.waitFor({ state: 'detached' });
  });
  await step('health lists parts and sources', async () => {
    await page.getByRole('link', { name: 'Health' }).click();
    await page.getByRole('heading', { name: 'Sources' }).waitFor();
    await page.locator('tbody tr').first().waitFor();
    await page.waitForTimeout(pictures ? 7000 : 0);
    await shot('health-light-en');
  });
  await step('keys move between pages and explain themselves', async () => {
    await page.keyboard.press('Alt+1');
    await page.locator('.monaco-editor .view-lines').waitFor();
    await page.keyboard.press('Alt+5');
    await page.getByRole('heading', { name: 'Sources' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('Run the query').first().waitFor();
    await page.waitForTimeout(300);
    await shot('keys-light-en');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });
  await step('dark, and Japanese', async () => {
    await page.getByRole('button', { name: 'Theme' }).click();
    await page.getByRole('menuitem', { name: 'Dark' }).click();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.mantineColorScheme), 'dark');
    await shot('health-dark-en');
    await page.getByRole('button', { name: 'Language' }).click();
    await page.getByRole('menuitem', { name: '日本語' }).click();
    await page.getByRole('link', { name: 'ログ', exact: true }).click();
    await page.locator('.monaco-editor .view-lines').waitFor();
    await shot('logs-start-dark-ja');
    await setQuery('Syslog\n| sort by TimeGenerated desc\n| take 500');
    await page.keyboard.press('Control+Enter');
    await page.locator('[role=gridcell]').first().waitFor();
    await page.getByTestId('result-table').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByTestId('row-detail').waitFor();
    await shot('logs-detail-dark-ja');
    await setQuery('Syslog\n| summarize count() by bin(TimeGenerated, 15m), Facility\n| render columnchart');
    await page.keyboard.press('Control+Enter');
    await page.locator('[data-testid=chart] canvas').first().waitFor();
    await page.waitForTimeout(700);
    await shot('logs-chart-dark-ja');
    await page.getByRole('button', { name: '時間範囲' }).click();
    await page.waitForTimeout(250);
    await shot('logs-time-dark-ja');
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'ライブテール' }).click();
    await page.waitForTimeout(1500);
    await shot('tail-dark-ja');
    for (const [link, picture] of [['アラート', 'alerts'], ['ルール', 'rules'], ['管理', 'admin']]) {
      await page.getByRole('link', { name: link }).click();
      await page.locator('tbody tr').first().waitFor();
      if (picture === 'alerts') {
        await page.getByTestId('alert-list').focus();
        await page.keyboard.press('ArrowDown');
        await page.getByTestId('raw-evidence').waitFor();
      }
      if (picture === 'rules') {
        await page.getByTestId('rule-list').focus();
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('ArrowDown');
        await page.getByTestId('rule-detail').waitFor();
      }
      await page.waitForTimeout(300);
      await shot(`${picture}-dark-ja`);
    }
  });
  await step('account makes a token', async () => {
    await page.getByRole('button', { name: user, exact: true }).click();
    await page.getByRole('menuitem', { name: 'アカウント' }).click();
    await page.getByRole('button', { name: '新しいトークン' }).click();
    await page.getByLabel('名前').fill(`browser ${Date.now()}`);
    await page.getByRole('button', { name: '作成' }).click();
    await page.getByRole('dialog').getByText(/^ygr_/).waitFor();
    await shot('account-dark-ja');
    await page.getByRole('button', { name: '完了' }).click();
  });
  await step('signing out ends it', async () => {
    await page.getByRole('button', { name: user, exact: true }).click();
    await page.getByRole('menuitem', { name: 'サインアウト' }).click();
    await page.locator('input[name=password]').waitFor();
    await shot('sign-in-dark-ja');
    await page.goto(`${url}/logs`);
    await page.locator('input[name=password]').waitFor();
  });
  assert.deepEqual(problems, [], 'the page wrote errors');
  console.log(`${passed} steps passed`);
} catch (error) {
  console.error(error instanceof assert.AssertionError ? error.message : error);
  process.exitCode = 1;
} finally {
  await browser.close();
  mock?.kill();
}
