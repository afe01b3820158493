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
