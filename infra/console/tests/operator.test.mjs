// What a platform operator does about people and organizations, up to its end.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { open, organizations, pageOf, start } from './console.mjs';

let page;
after(() => page?.end());
const { browser, server } = await start('--demo');
const ada = await pageOf(browser, { email: 'ada@acme.example' }, server);
const ids = await organizations(ada);
const initech = await ada.evaluate(async (org) => {
  const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}` };
  return (await (await fetch(`/v1/organizations/${org}/partners`, { headers })).json()).items[0].id;
}, ids['Acme Instruments']);
await ada.end();
page = await pageOf(browser, { email: 'operator@rolecall.example', operator: true }, server);

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
  await dialog.getByRole('button', { name: 'Done' }).press('Enter');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await page.getByText('Check the spelling').count(), 0);
  await page.waitForFunction(() => document.activeElement.textContent === 'People', null, { timeout: 5000 });
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

const BELOW = ['', '/users', '/join-requests', '/roles', '/roles/admin', '/sub-organizations', '/history', '/why', '/settings'];

test('an operator opens every screen inside an organization, reads which one it is, and is refused nothing', async () => {
  const refused = [];
  const note = (answer) => answer.url().includes('/v1/') && answer.status() >= 400 && refused.push(`${answer.status()} ${answer.url()}`);
  page.on('response', note);
  for (const [name, org] of [['Acme Instruments', ids['Acme Instruments']], ['Initech Partners', initech]]) {
    for (const path of BELOW) {
      await open(page, `/organizations/${org}${path}`);
      for (const width of [360, 1200]) {
        await page.setViewportSize({ width, height: 800 });
        const { y, height } = await page.getByText(`You read ${name} as a platform operator.`).boundingBox();
        assert.ok(y > 0 && y + height < 400, `${path} names the organization at ${y} of ${width}`);
      }
      const back = page.getByRole('main').getByRole('link', { name: 'Open the operator’s page' });
      assert.equal(await back.getAttribute('href'), `/operator/organizations/${org}`);
      assert.equal(await page.getByText('You cannot open this page').count(), 0, path);
    }
  }
  page.off('response', note);
  assert.deepEqual(refused, []);
});

test('an operator reads join requests, invitations and organizations below, without buttons that change them', async () => {
  const at = `/organizations/${ids['Acme Instruments']}`;
  await open(page, at);
  await page.getByRole('navigation', { name: 'Acme Instruments' }).getByRole('link', { name: 'Join requests' }).click();
  await page.getByText('Nothing happens until a user manager decides.').waitFor();
  await page.getByRole('table', { name: 'Join requests' }).getByRole('row', { name: /nils@acme.example/ }).waitFor();
  assert.equal(await page.getByRole('main').getByRole('button').count(), 0);
  await open(page, `${at}/settings`);
  await page.getByRole('link', { name: 'Show the join requests' }).waitFor();
  await open(page, `${at}/users?status=pending`);
  const row = page.getByRole('row', { name: /Invit/ }).last();
  await row.locator('summary').click();
  await row.getByRole('button', { name: 'Show', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Invited by').waitFor();
  await page.waitForLoadState('networkidle');
  assert.deepEqual(await dialog.getByRole('button').allInnerTexts(), ['✕', 'Copy the link']);
  await page.keyboard.press('Escape');
  await open(page, `${at}/sub-organizations`);
  await page.getByRole('link', { name: 'Acme Germany', exact: true }).click();
  await page.getByText('You read Acme Germany as a platform operator.').waitFor();
  await open(page, `${at}/users?organization_id=${ids['Acme Germany']}`);
  await page.getByRole('row', { name: /ada@acme.example/ }).locator('summary').click();
  await page.getByRole('link', { name: 'History of this user' }).click();
  await page.getByText('You read Acme Germany as a platform operator.').waitFor();
  await open(page, `${at}/roles?organization_id=${ids['Acme Germany']}`);
  await page.getByRole('main').getByRole('link', { name: 'Admin', exact: true }).click();
  await page.getByText('You read Acme Germany as a platform operator.').waitFor();
});

test('a setting that the keyboard has saved keeps the focus', async () => {
  await open(page, `/operator/organizations/${ids['Acme Instruments']}`);
  const check = page.getByLabel('Sub-organization management');
  await check.press('Space');
  await check.press('Enter');
  await page.locator('.toast', { hasText: 'The settings are saved.' }).waitFor();
  await page.waitForFunction(() => document.activeElement.name === 'manage_sub_organizations', null, { timeout: 5000 });
  await check.press('Space');
  await check.press('Enter');
  await page.waitForFunction(() => document.querySelector('[name=manage_sub_organizations]').defaultChecked);
});

test('a dialog with fields begins at the first of them, and one that asks before an act at its heading', async () => {
  const focus = () => page.evaluate(() => document.activeElement.labels?.[0].textContent ?? document.activeElement.textContent);
  const opened = async (button) => {
    await page.getByRole('button', { name: button }).click();
    await page.getByRole('dialog').waitFor();
    const at = await focus();
    await page.keyboard.press('Escape');
    return at;
  };
  await open(page, `/operator/organizations/${ids['Acme Instruments']}`);
  assert.equal(await opened('Suspend…'), 'Suspend Acme Instruments');
  await open(page, '/operator');
  assert.equal(await opened('Create an organization'), 'Name');
  await open(page, `/operator/organizations/${initech}`);
  assert.match(await opened('Link a customer'), /^Customer: /);
  await page.getByRole('table', { name: 'Customers' }).locator('summary').first().click();
  assert.match(await opened('Remove the link'), /^Remove the link with /);
  await open(page, `/operator/organizations/${ids['Acme Instruments']}`);
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

test('a long name stays inside the dialog that appoints another Super Admin', async () => {
  await page.route(/\/v1\/operator\/organizations\/org_[^/]*$/, async (route) => {
    const org = await (await route.fetch()).json();
    await route.fulfill({ json: { ...org, super_admin: { ...org.super_admin, name: 'N'.repeat(100), display_name: null } } });
  });
  await open(page, `/operator/organizations/${ids['Acme Instruments']}`);
  await page.getByRole('button', { name: 'Appoint another…' }).click();
  await page.getByLabel(/What becomes of NNN/).waitFor();
  for (const width of [360, 1200]) {
    await page.setViewportSize({ width, height: 800 });
    assert.equal(await page.getByRole('dialog').evaluate(({ scrollWidth, clientWidth }) => Math.max(0, scrollWidth - clientWidth)), 0);
  }
  await page.keyboard.press('Escape');
  await page.unrouteAll();
  await open(page, `/operator/organizations/${ids['Acme Instruments']}`);
});

test('a member who has left is no longer a choice, and an erased person is no longer shown, after the current state is loaded', async () => {
  const refuse = (slug) => (route) => route.fulfill({ status: 404, json: { type: `/problems/${slug}`, title: 'Gone', status: 404 } });
  const dialog = page.getByRole('dialog');
  await open(page, `/operator/organizations/${ids['Acme Instruments']}`);
  await page.getByRole('button', { name: 'Appoint another…' }).click();
  await dialog.getByLabel('The next Super Admin', { exact: true }).selectOption({ index: 1 });
  await dialog.getByLabel('Reason').fill('They left.');
  await page.route(/\/super-admin$/, refuse('no-such-member'));
  await dialog.getByRole('button', { name: 'Appoint' }).click();
  await page.route(/\/members\?/, (route) => route.fulfill({ json: { items: [], next_cursor: null } }));
  await dialog.getByRole('button', { name: 'Load the current state' }).click();
  await dialog.getByText('No other member is found').waitFor();
  assert.equal(await dialog.getByLabel('Reason').inputValue(), 'They left.');
  await page.unrouteAll();
  await page.goto('about:blank');
  await open(page, '/operator/people?email=mei@acme.example');
  await page.getByRole('button', { name: 'Offboard…' }).click();
  await page.route(/\/offboard$/, refuse('no-such-person'));
  await page.route(/\/operator\/people\?/, (route) => route.fulfill({ json: { items: [] } }));
  await dialog.getByRole('button', { name: 'Offboard' }).click();
  await dialog.getByRole('button', { name: 'Load the current state' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('No organization knows this person').waitFor();
  await page.unrouteAll();
  await open(page, `/operator/organizations/${ids['Acme Instruments']}`);
});

test('another kind is refused with the links that there are', async () => {
  await page.getByLabel('Kind').selectOption('partner');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The organization is linked to 1 partner, so its kind cannot change.').waitFor();
});
