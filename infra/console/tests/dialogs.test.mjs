// Dialogs and forms while a request runs: what is closed, asked, announced and kept.
import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import { open, organizations, pageOf, startBrowser, startServer } from './console.mjs';

let server, browser, page, org, questions, answer;

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
  [questions, answer] = [[], 'accept'];
  page.on('dialog', (question) => (questions.push(question.message()), question[answer]()));
});
afterEach(() => page.end());

/** Keeps the requests of `method` to `path` until `release` is called, which answers them with `refusal`, if there is one. */
async function delay(path, method, of = page) {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  let seen;
  const asked = new Promise((resolve) => (seen = resolve));
  await of.route(path, async (route) => {
    if (route.request().method() !== method) return route.continue();
    seen();
    const refusal = await released;
    return refusal ? route.fulfill({ status: refusal.status, contentType: 'application/problem+json', body: JSON.stringify(refusal) }) : route.continue();
  });
  return { asked, release };
}

const said = (text) => page.locator('.toast', { hasText: text }).waitFor();
const dialog = () => page.getByRole('dialog');
const press = (name, root = page) => root.getByRole('button', { name, exact: true }).click();

async function invite(email) {
  await press('Invite');
  await dialog().getByLabel('Email address').fill(email);
  await dialog().getByRole('option', { name: 'Admin' }).first().waitFor({ state: 'attached' });
}

test('an answer closes the dialog that sent, and no other one', async () => {
  await open(page, `${org}/users`);
  for (const [number, next] of [['first', () => invite('second@acme.example')], ['third', () => press('Many people', dialog())]]) {
    const { asked, release } = await delay(/\/invitations$/, 'POST');
    await invite(`a-${number}@acme.example`);
    await page.keyboard.press('Enter');
    await asked;
    if (number === 'first') await page.keyboard.press('Escape');
    await next();
    release();
    await said(`a-${number}@acme.example is invited.`);
    await page.getByRole('row', { name: new RegExp(number) }).waitFor();
    assert.equal(await dialog().count(), 1);
    if (number === 'first') assert.equal(await dialog().getByLabel('Email address').inputValue(), 'second@acme.example');
    await page.unroute(/\/invitations$/);
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
  }
  await invite('closes@acme.example');
  await page.keyboard.press('Enter');
  await said('closes@acme.example is invited.');
  await dialog().waitFor({ state: 'detached' });
});

test('an answer to the removal of one row closes no dialog of another row', async () => {
  await open(page, `${org}/settings`);
  const alerts = page.locator('#alerts');
  for (const email of ['one@acme.example', 'two@acme.example']) {
    await alerts.getByLabel('Address to add').fill(email);
    await press('Add', alerts);
    await alerts.getByRole('row', { name: new RegExp(email) }).waitFor();
  }
  const remove = async (email) => {
    await alerts.getByRole('row', { name: new RegExp(email) }).getByRole('button').click();
    await dialog().getByRole('heading', { name: `Remove ${email}` }).waitFor();
  };
  const { asked, release } = await delay(/\/critical-alert-users\//, 'DELETE');
  await remove('one@acme.example');
  await press('Remove', dialog());
  await asked;
  await page.keyboard.press('Escape');
  await remove('two@acme.example');
  release();
  await said('one@acme.example is removed.');
  await alerts.getByRole('row', { name: /one@/ }).waitFor({ state: 'detached' });
  await dialog().getByRole('heading', { name: 'Remove two@acme.example' }).waitFor();
  await press('Remove', dialog());
  await said('two@acme.example is removed.');
  await dialog().waitFor({ state: 'detached' });
});
