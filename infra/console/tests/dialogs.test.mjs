// Dialogs and forms while a request runs: what is closed, asked, announced and kept.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { open, organizations, pageOf, start } from './console.mjs';

const { browser, server } = await start('--demo');
let page, org, questions, answer;
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

test('an answer to the deletion of a role does not close the question that is asked again', async () => {
  const { id } = await ask(page, 'POST', `/v1${org}/roles`, { name: 'Asked twice', description: '', permissions: {} });
  await open(page, `${org}/roles/${id}`);
  const { asked, release } = await delay(/\/roles\/role_/, 'DELETE');
  await press('Delete');
  await press('Delete the role', dialog());
  await asked;
  await page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'detached' });
  await press('Delete');
  release();
  await said('The role Asked twice is deleted.');
  await page.waitForLoadState('networkidle');
  assert.equal(await dialog().count(), 1);
});

test('a dialog that is open while the person goes back reloads the list that is shown then', async () => {
  await open(page, `${org}/users`);
  await page.evaluate((to) => {
    history.pushState({ place: 1 }, '', to);
    dispatchEvent(new PopStateEvent('popstate'));
  }, `${org}/users?q=bob`);
  const row = page.getByRole('row', { name: /bob@acme.example/ });
  await page.getByText('One entry shown').waitFor();
  await row.locator('summary').click();
  await row.getByRole('button', { name: /^Change role/ }).click();
  await dialog().getByLabel('Name shown here').fill('Bob the builder');
  await page.goBack();
  await page.getByRole('row', { name: /jonas@acme.example/ }).waitFor();
  const again = page.waitForResponse(/\/members(\?|$)/);
  await press('Save', dialog());
  await said('The changes are saved.');
  assert.equal(new URL((await again).url()).searchParams.get('q'), null);
  await page.getByRole('row', { name: /Bob the builder/ }).waitFor();
  await page.getByRole('row', { name: /jonas@acme.example/ }).waitFor();
});

const WAIT = 'This is not done yet. Leave without waiting? A message then says how it ends.';
const REFUSED = { type: '/problems/some-conflict', title: 'Some conflict', status: 409, detail: 'Do something else.' };

test('a dialog that sends closes only after a question, and then a message says what was refused', async () => {
  await open(page, `${org}/users`);
  const { asked, release } = await delay(/\/invitations$/, 'POST');
  await invite('zoe@acme.example');
  await page.keyboard.press('Enter');
  await asked;
  answer = 'dismiss';
  await page.keyboard.press('Escape');
  await press('Cancel', dialog());
  assert.ok(await dialog().isVisible());
  answer = 'accept';
  await page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'detached' });
  assert.deepEqual(questions, Array(3).fill(WAIT));
  release(REFUSED);
  await said('Not done: Some conflict. Do something else.');
  const removal = await delay(/\/members\/mem_/, 'DELETE');
  const row = page.getByRole('row', { name: /bob@acme.example/ });
  await row.locator('summary').click();
  await press('Remove', row);
  await press('Remove', dialog());
  await removal.asked;
  await press('Close', dialog());
  await dialog().waitFor({ state: 'detached' });
  removal.release({ title: 'Internal error', status: 500, detail: 'The request failed.' });
  await said('Perhaps not done, look again: Internal error. The service did not confirm the change');
  assert.deepEqual(questions, Array(4).fill(WAIT));
});

test('a dialog that is closed in the moment in which it sends asks, too', async () => {
  await open(page, `${org}/users`);
  const { asked, release } = await delay(/\/invitations$/, 'POST');
  await invite('zoe@acme.example');
  answer = 'dismiss';
  await dialog().evaluate((modal) => {
    modal.querySelector('form').requestSubmit();
    modal.querySelector('[aria-label=Close]').click();
  });
  await asked;
  release();
  await said('zoe@acme.example is invited.');
  assert.deepEqual(questions, [WAIT]);
});

test('settings that ask before they are saved look busy only while they are sent', async () => {
  await open(page, `${org}/settings`);
  const save = page.locator('#security .form-actions .primary');
  const age = page.getByLabel('Maximum age of a sign-in, in minutes');
  for (const minutes of ['300', '200']) {
    await age.fill(minutes);
    await save.click();
    await dialog().getByRole('button', { name: 'Restrict' }).waitFor();
    await page.waitForTimeout(200);
    assert.deepEqual([await save.textContent(), await save.getAttribute('aria-disabled')], ['Save', 'false'], `before ${minutes}`);
    const { asked, release } = await delay(/\/security$/, 'PUT');
    await press('Restrict', dialog());
    await asked;
    assert.equal(await save.textContent(), 'Working…');
    release();
    await dialog().waitFor({ state: 'detached' });
    await page.unroute(/\/security$/);
    await page.waitForFunction(() => document.querySelector('#security .form-actions .primary').textContent === 'Save');
  }
  await age.fill('');
  await age.press('Enter');
  await page.waitForLoadState('networkidle');
});

test('settings whose question is closed while they are sent show the refusal themselves', async () => {
  await open(page, `${org}/settings`);
  const { asked, release } = await delay(/\/security$/, 'PUT');
  const security = page.locator('#security');
  await page.getByLabel('Maximum age of a sign-in, in minutes').fill('480');
  await press('Save', security);
  await press('Restrict', dialog());
  await asked;
  await page.keyboard.press('Escape');
  await dialog().waitFor({ state: 'detached' });
  await security.getByRole('button', { name: 'Working…' }).waitFor();
  release(REFUSED);
  await security.getByRole('alert').getByText('Do something else.').waitFor();
  await page.unroute(/\/security$/);
  await press('Save', security);
  await press('Restrict', dialog());
  await said('The security settings are saved.');
  await dialog().waitFor({ state: 'detached' });
  assert.deepEqual(questions, [WAIT]);
});

test('the result of an offboarding is shown, also if its question is closed before the answer', async () => {
  const operator = await pageOf(browser, { email: 'operator@rolecall.example', operator: true }, server);
  operator.on('dialog', (question) => question.accept());
  const modal = operator.getByRole('dialog');
  for (const [email, said] of [['ada@acme.example', /Appoint another Super Admin in Acme Instruments/], ['carla@acme.example', 'Nothing is left.']]) {
    const { asked, release } = await delay(/\/offboard$/, 'POST', operator);
    await open(operator, `/operator/people?email=${email}`);
    await press('Offboard…', operator);
    await press('Offboard', modal);
    await asked;
    await operator.keyboard.press('Escape');
    await modal.waitFor({ state: 'detached' });
    release();
    await modal.getByRole('heading', { name: `${email} is offboarded` }).waitFor();
    await modal.getByText(said).first().waitFor();
    await operator.unroute(/\/offboard$/);
    await press('Done', modal);
    await modal.waitFor({ state: 'detached' });
  }
  const { asked, release } = await delay(/\/people\/[^/]+$/, 'DELETE', operator);
  await open(operator, '/operator/people?email=jonas@acme.example');
  await press('Erase…', operator);
  await modal.getByLabel('Type the address to confirm').fill('jonas@acme.example');
  await press('Erase', modal);
  await asked;
  await press('Cancel', modal);
  await modal.waitFor({ state: 'detached' });
  release();
  await modal.getByText('No organization knows this person any more.').waitFor();
  await operator.end();
});

/** Sends a request as the person whose page this is. */
const ask = (of, method, path, body) => of.evaluate(async ([method, path, body]) => {
  const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}`, 'Content-Type': 'application/json', 'If-Match': '*' };
  const answer = await fetch(path, { method, headers, body: JSON.stringify(body) });
  return answer.json();
}, [method, path, body]);

test('what is typed while a form saves stays, and can be saved next', async () => {
  await open(page, `${org}/settings`);
  const general = page.locator('#general');
  const field = (name) => general.locator(`[name=${name}]`);
  const { asked, release } = await delay(/\/organizations\/org_\w+$/, 'PATCH');
  await field('contact').fill(' office@acme.example ');
  await field('language').selectOption('de');
  await field('contact').press('Enter');
  await asked;
  await field('website').fill('https://next.example');
  await field('language').selectOption('en');
  release();
  await said('The general information is saved.');
  await page.waitForLoadState('networkidle');
  const values = async () => Promise.all(['contact', 'website', 'language'].map((name) => field(name).inputValue()));
  assert.deepEqual(await values(), ['office@acme.example', 'https://next.example', 'en']);
  await page.unroute(/\/organizations\/org_\w+$/);
  const [sent] = await Promise.all([page.waitForRequest((request) => request.method() === 'PATCH'), press('Save', general)]);
  assert.deepEqual(sent.postDataJSON(), { website: 'https://next.example', language: 'en' });
  await said('The general information is saved.');
  const add = await delay(/\/critical-alert-users$/, 'POST');
  const address = page.getByLabel('Address to add');
  await address.fill('first@acme.example');
  await address.press('Enter');
  await add.asked;
  await address.fill('next@acme.example');
  add.release();
  await said('first@acme.example receives critical alerts');
  await page.getByRole('row', { name: /first@acme.example/ }).waitFor();
  assert.equal(await address.inputValue(), 'next@acme.example');
});

test('a part of the settings can be saved while the page still reads what the save of another part has changed', async () => {
  await open(page, `${org}/settings`);
  const parts = [['Contact', 'front-desk@acme.example', 'The general information is saved.'], ['Days that new events are kept', '300', 'The security settings are saved.']];
  for (const both of [parts, parts.toReversed()]) {
    const { asked, release } = await delay(/\/permissions$/, 'GET');
    for (const [label, value, text] of both) {
      await page.getByLabel(label).fill(both === parts ? value : value.replace('0', '1').replace('front', 'back'));
      await page.getByLabel(label).press('Enter');
      await said(text);
    }
    await asked;
    release();
    await page.waitForFunction(() => !document.querySelector('main').textContent.includes('Working…'));
    await page.unroute(/\/permissions$/);
  }
});

test('the fresh state shows what others have changed where the person has not, and a change of both as such', async () => {
  await open(page, `${org}/settings`);
  const general = page.locator('#general');
  const field = (name) => general.locator(`[name=${name}]`);
  await field('contact').fill('mine@acme.example');
  await ask(page, 'PATCH', `/v1${org}`, { website: 'https://theirs.example', contact: 'theirs@acme.example' });
  await press('Save', general);
  await press('Load the current state', general);
  await general.getByText('Changed meanwhile to “theirs@acme.example”. Saving your own change replaces it.').waitFor();
  assert.deepEqual(await Promise.all(['website', 'contact'].map((name) => field(name).inputValue())), ['https://theirs.example', 'mine@acme.example']);
  assert.equal(await general.getByText('Changed meanwhile').count(), 1);
  await press('Save', general);
  await said('The general information is saved.');
  const { website, contact } = await ask(page, 'GET', `/v1${org}`);
  assert.deepEqual({ website, contact }, { website: 'https://theirs.example', contact: 'mine@acme.example' });
  await general.getByText('Changed meanwhile').waitFor({ state: 'detached' });

  const operator = await pageOf(browser, { email: 'operator@rolecall.example', operator: true }, server);
  const path = '/v1/operator/organizations';
  const { id } = await ask(operator, 'POST', path, { name: 'Kindly', kind: 'standard', first_admin_email: 'kim@kindly.example' });
  await open(operator, `/operator/organizations/${id}`);
  await operator.getByLabel('Sub-organization management').check();
  await ask(operator, 'PATCH', `${path}/${id}`, { kind: 'partner', mdf_program: true });
  await press('Save', operator);
  await press('Load the current state', operator);
  await operator.getByLabel('In the MDF programme').waitFor();
  assert.equal(await operator.getByLabel('Kind').inputValue(), 'partner');
  assert.ok(await operator.getByLabel('In the MDF programme').isChecked());
  assert.ok(await operator.getByLabel('Sub-organization management').isChecked());
  await press('Save', operator);
  await operator.locator('.toast', { hasText: 'The settings are saved.' }).waitFor();
  const { kind, settings } = await ask(operator, 'GET', `${path}/${id}`);
  assert.deepEqual([kind, settings.manage_sub_organizations, settings.mdf_program], ['partner', true, true]);
  await operator.end();
});

/** Signs in again in the window that opens. */
async function signInBeside(root) {
  const [beside] = await Promise.all([page.waitForEvent('popup'), press('Sign in again', root)]);
  await beside.getByLabel('Email address').fill('ada@acme.example');
  await Promise.all([beside.waitForEvent('close'), press('Sign in', beside)]);
}

test('a sign-in that ends in a dialog keeps its outcomes, and loads what the dialog lacks', async () => {
  const ended = { status: 401, json: { title: 'Authentication required', status: 401, detail: 'Get a new token.' } };
  await open(page, `${org}/users`);
  await press('Invite');
  await press('Many people', dialog());
  await dialog().getByLabel('Addresses').fill(Array.from({ length: 102 }, (_, number) => `p${number}@acme.example`).join('\n'));
  let batches = 0;
  await page.route(/\/invitations\/batch$/, (route) => (++batches === 2 ? route.fulfill(ended)
    : route.fulfill({ json: { outcomes: route.request().postDataJSON().invitations.map(({ email }) => ({ email, status: 201, invitation: {} })) } })));
  await press('Invite all', dialog());
  await dialog().getByText('Your sign-in has ended').waitFor();
  await signInBeside(dialog());
  await dialog().getByText('Your sign-in has ended').waitFor({ state: 'detached' });
  await dialog().getByText('100 people invited, 0 refused. 2 addresses not sent yet.').waitFor();
  await press('Send the rest', dialog());
  await dialog().getByText('102 people invited, 0 refused.').waitFor();
  await dialog().locator('.form-actions').getByRole('button', { name: 'Close' }).click();
  const member = /\/members\/mem_/;
  await page.route(member, (route) => route.fulfill(ended));
  const row = page.getByRole('row', { name: /bob@acme.example/ });
  await row.locator('summary').click();
  await row.getByRole('button', { name: /^Change role/ }).click();
  await dialog().getByText('Your sign-in has ended').waitFor();
  await page.unroute(member);
  await signInBeside(dialog());
  await dialog().getByLabel('Name shown here').waitFor();
});
