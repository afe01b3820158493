// What a person does at once, before the browser has painted or a slow answer has come: it meets the present state, and loses nothing.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { open, organizations, pageOf, start } from './console.mjs';

const { browser, server } = await start('--demo');
let page, org;
beforeEach(async () => {
  page = await pageOf(browser, { email: 'ada@acme.example' }, server);
  org = `/organizations/${(await organizations(page))['Acme Instruments']}`;
});
afterEach(() => page.end());

const MEMBERS = /\/members(\?|$)/;
const dialog = () => page.getByRole('dialog');
const press = (name, root = page) => root.getByRole('button', { name, exact: true }).click();

test('a form that is read again has the focus in its field, also if the list behind it takes longer', async () => {
  await open(page, `${org}/users`);
  const row = page.getByRole('row', { name: /jonas@acme.example/ });
  await row.locator('summary').click();
  await row.getByRole('button', { name: /^Change role/ }).click();
  await dialog().getByLabel('Name shown here').fill('Mine');
  await page.evaluate(async (path) => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}`, 'Content-Type': 'application/json' };
    const { items: [{ id }] } = await (await fetch(`/v1${path}/members?q=jonas`, { headers })).json();
    await fetch(`/v1${path}/members/${id}`, { method: 'PATCH', headers, body: JSON.stringify({ display_name: 'Theirs' }) });
  }, org);
  await press('Save', dialog());
  await dialog().getByRole('alert').waitFor();
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route(MEMBERS, async (route) => (await released, route.continue()));
  await press('Load the current state', dialog());
  await page.waitForFunction(() => document.activeElement.matches('.dialog-head h2'));
  release();
  await page.waitForFunction(() => document.activeElement.name === 'display_name' && document.activeElement.value === 'Theirs');
});

// Each of the next tests acts twice in one call, with a microtask between. It renders, but what waits for the next paint has not run.

test('what is typed is asked for if the page is left before the next paint', async () => {
  const questions = [];
  page.on('dialog', (question) => (questions.push(question.message()), question.dismiss()));
  await open(page, `${org}/roles/new`);
  await page.getByLabel('Name', { exact: true }).waitFor();
  await page.evaluate(async () => {
    const name = document.querySelector('[name=name]');
    name.value = 'Auditor';
    name.dispatchEvent(new Event('input', { bubbles: true }));
    await null;
    document.querySelector('.nav a').click();
  });
  assert.deepEqual(questions, ['Your changes are not saved. Leave this page without them?']);
  assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Auditor');
});

test('a page that is opened has the focus before the next key', async () => {
  await open(page, `${org}/users`);
  const focused = await page.evaluate(async () => {
    const link = [...document.querySelectorAll('.nav a')].find(({ textContent }) => textContent === 'Roles');
    link.focus();
    link.click();
    await null;
    return `${document.activeElement.localName} ${document.activeElement.textContent}`;
  });
  assert.equal(focused, 'h1 Roles');
});

test('the content of the history has the focus before the next key, after a button that disappears', async () => {
  await open(page, `${org}/history?from=2020-01-01`);
  const focused = await page.evaluate(async () => {
    const clear = [...document.querySelectorAll('button')].find(({ textContent }) => textContent === 'Clear all filters');
    clear.focus();
    clear.click();
    await null;
    return document.activeElement.id;
  });
  assert.equal(focused, 'main');
  await page.getByRole('button', { name: 'Clear all filters' }).waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
});

/** Answers the list of users with three pages of one user each. Returns the cursors that were asked for. */
async function threePages() {
  const cursors = [];
  const { items } = await page.evaluate(async (path) => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}` };
    return (await fetch(`/v1${path}/members?limit=3`, { headers })).json();
  }, org);
  await page.route(MEMBERS, (route) => {
    const cursor = new URL(route.request().url()).searchParams.get('cursor');
    cursors.push(cursor);
    const index = Number(cursor ?? 0);
    return route.fulfill({ json: { items: [items[index]], next_cursor: index < 2 ? String(index + 1) : null, total: 3 } });
  });
  return cursors;
}

test('the next page is not asked for with the filters of another list', async () => {
  const cursors = await threePages();
  await open(page, `${org}/users`);
  await page.getByRole('button', { name: 'Show more' }).waitFor();
  const again = page.waitForResponse(/status=active/);
  await page.evaluate(async () => {
    const status = document.querySelector('label.filter select');
    status.value = 'active';
    status.dispatchEvent(new Event('change', { bubbles: true }));
    await null;
    document.querySelector('.more button')?.click();
  });
  await again;
  assert.deepEqual(cursors, [null, null]);
});

test('the end of a list has the focus, also if the last page is asked for as soon as the one before is there', async () => {
  await threePages();
  await open(page, `${org}/users`);
  await page.getByRole('button', { name: 'Show more' }).waitFor();
  await page.evaluate(() => {
    const button = () => document.querySelector('.more button');
    const isReady = () => button() && !document.querySelector('.more .loading');
    const again = new MutationObserver(() => {
      if (document.querySelectorAll('tbody tr').length !== 2 || !isReady()) return;
      again.disconnect();
      button().click();
    });
    button().focus();
    button().click();
    again.observe(document.querySelector('main'), { childList: true, subtree: true });
  });
  await page.getByRole('button', { name: 'Show more' }).waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement.matches('.more'));
});

test('a search that is typed as soon as the filters are removed stays', async () => {
  await open(page, `${org}/users?q=no-such-person`);
  await page.getByText('No user matches these filters').waitFor();
  const search = page.getByLabel('Search by address, name or role');
  await page.evaluate(async () => {
    document.querySelector('.empty .link').click();
    await null;
    const field = document.querySelector('input[type=search]');
    field.value = 'bob';
    field.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await page.waitForURL(/q=bob/);
  await page.getByRole('row', { name: /bob@acme.example/ }).waitFor();
  assert.equal(await search.inputValue(), 'bob');
});
