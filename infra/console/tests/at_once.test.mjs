// What a person does at once, before the browser has painted or a slow answer has come: it meets the present state, and loses nothing.
import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import { open, organizations, pageOf, startBrowser, startServer } from './console.mjs';

let server, browser, page, org;

before(async () => {
  [server, browser] = [await startServer('--demo'), await startBrowser()];
});
after(async () => {
  await browser?.close();
  server?.stop();
});
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
