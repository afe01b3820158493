// What a platform operator does about people and organizations, up to its end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open, organizations, pageOf, startBrowser, startServer } from './console.mjs';

let server, browser, page, ids;

before(async () => {
  [server, browser] = [await startServer('--demo'), await startBrowser()];
  const ada = await pageOf(browser, { email: 'ada@acme.example' }, server);
  ids = await organizations(ada);
  await ada.end();
  page = await pageOf(browser, { email: 'operator@rolecall.example', operator: true }, server);
});
after(async () => {
  await page?.end();
  await browser?.close();
  server?.stop();
});

const erase = async (email) => {
  await open(page, `/operator/people?email=${email}`);
  await page.getByRole('button', { name: 'Erase…' }).click();
  return page.getByRole('dialog');
};

test('before a Super Admin is erased, an organization without another member is deleted', async () => {
  const dialog = await erase('ada@acme.example');
  await dialog.getByRole('link', { name: 'Appoint another Super Admin in Acme Instruments' }).waitFor();
  await dialog.getByRole('link', { name: 'Delete Acme Germany' }).click();
  await page.getByRole('heading', { name: 'Acme Germany', level: 1 }).waitFor();
  await page.waitForFunction(() => document.activeElement.textContent === 'Delete…');
  await page.getByRole('button', { name: 'Appoint another…' }).click();
  await page.getByRole('dialog').getByText('without another member can only be deleted').waitFor();
});

test('a person is found by an address, which no organization can change, with the name that each shows', async () => {
  await open(page, '/operator/people?email=ada@acme.example');
  await page.getByRole('heading', { name: 'ada@acme.example' }).waitFor();
  await page.getByRole('row', { name: /Acme Germany.*Ada Lovelace/ }).waitFor();
});

test('the erasure of a person ends with its result', async () => {
  const dialog = await erase('jonas@acme.example');
  await dialog.getByLabel('Type the address to confirm').fill('jonas@acme.example');
  await dialog.getByRole('button', { name: 'Erase' }).click();
  await dialog.getByText('No organization knows this person any more.').waitFor();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await page.getByText('Check the spelling').count(), 0);
});

test('an id that no organization has leads to the search', async () => {
  await open(page, '/operator/organizations/org_unknown');
  await page.getByRole('heading', { name: 'There is no organization with this id' }).waitFor();
  await page.getByRole('link', { name: 'Search it by name' }).click();
  await page.getByRole('heading', { name: 'Organizations' }).waitFor();
});

test('a page that asks why has its heading while the organization loads', async () => {
  await page.route(/\/v1\/operator\/organizations\/org_/, () => {});
  await page.goto(`/operator/organizations/${ids['Acme Instruments']}/why`);
  await page.getByRole('heading', { name: 'Why can’t they?', level: 1 }).waitFor();
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('an operator who looks inside sees the partners, changes none, and finds the way back', async () => {
  await open(page, `/organizations/${ids['Acme Instruments']}/settings`);
  await page.getByRole('table', { name: 'Partners' }).getByText('Initech Partners').waitFor();
  assert.equal(await page.getByRole('button', { name: /the link with/ }).count(), 0);
  await open(page, `/organizations/${ids['Acme Instruments']}`);
  await page.getByRole('link', { name: 'Open the operator’s page' }).click();
  await page.getByText('You read everything inside').waitFor();
});

test('settings that are not saved are lost only after a question', async () => {
  const questions = [];
  let answer = 'dismiss';
  const answers = (question) => (questions.push(question.message()), question[answer]());
  page.on('dialog', answers);
  const leave = () => page.getByRole('link', { name: 'Look inside' }).click();
  const setting = page.getByLabel('Sub-organization management');
  const before = await setting.isChecked();
  await setting.setChecked(!before);
  await leave();
  assert.deepEqual(questions, ['Your changes are not saved. Leave this page without them?']);
  assert.equal(await setting.isChecked(), !before);
  answer = 'accept';
  await leave();
  await page.getByRole('link', { name: 'Open the operator’s page' }).click();
  await page.getByText('You read everything inside').waitFor();
  assert.equal(await setting.isChecked(), before);
  assert.equal(questions.length, 2);
  page.off('dialog', answers);
});

test('another kind is refused with the links that there are', async () => {
  await page.getByLabel('Kind').selectOption('partner');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The organization is linked to 1 partner, so its kind cannot change.').waitFor();
});
