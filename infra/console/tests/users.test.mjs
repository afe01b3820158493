// The users of an organization: what is offered is what the API allows, and each sentence fits the person it is about.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { endOfDay, personName } from '../site/app/words.js';
import { open, organizations, pageOf, start } from './console.mjs';

let ada;
after(() => ada?.end());
const { browser, server } = await start('--demo');
ada = await pageOf(browser, { email: 'ada@acme.example' }, server);
const org = (await organizations(ada))['Acme Instruments'];

/** Sends a request as the person whose page this is. */
const ask = (page, method, path, body) =>
  page.evaluate(async ([method, path, body]) => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}`, 'Content-Type': 'application/json' };
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    return answer.json().catch(() => null);
  }, [method, path, body]);

/** Opens the users that `q` finds, and an action of the one among them. */
async function act(page, q, action) {
  await open(page, `/organizations/${org}/users?q=${q}`);
  await page.locator('tbody summary').click();
  await page.locator('tbody').getByRole('button', { name: action }).click();
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  return dialog;
}

test('the removal of a service says how it comes back: a service cannot be invited', async () => {
  const dialog = await act(ada, '&kind=service', 'Remove');
  await dialog.getByText('add it as a service again').waitFor();
  assert.equal(await dialog.getByText('invite them').count(), 0);
});

test('an Admin is not offered to change the role or the end of another Admin, and may remove them', async () => {
  const bob = await pageOf(browser, { email: 'bob@acme.example' }, server);
  const dialog = await act(bob, 'carla', 'Change role');
  await dialog.getByText('Only the Super Admin changes the role of an Admin.').waitFor();
  await dialog.getByLabel('Name shown here').waitFor();
  assert.equal(await dialog.getByLabel('Access ends on').count(), 0);
  await bob.keyboard.press('Escape');
  await (await act(bob, 'carla', 'Remove')).getByText('You can invite them again.').waitFor();
  await bob.end();
});

test('a user manager can only revoke an invitation to a role that they may not give', async () => {
  const role = await ask(ada, 'POST', `/v1/organizations/${org}/roles`, { name: 'User manager', permissions: { user_management: 'full_access' } });
  const { items } = await ask(ada, 'GET', `/v1/organizations/${org}/members?q=jonas`);
  await ask(ada, 'PATCH', `/v1/organizations/${org}/members/${items[0].id}`, { role_id: role.id });
  const jonas = await pageOf(browser, { email: 'jonas@acme.example' }, server);
  const dialog = await act(jonas, 'marta', 'Show, change or resend');
  await dialog.getByText('You may not give the role Admin, so you can only revoke this invitation.').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Send again' }).count(), 0);
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await jonas.locator('.toast', { hasText: 'revoked' }).waitFor();
  await jonas.end();
});

test('the navigation follows a role that another person changes, and a removal', async () => {
  const { items } = await ask(ada, 'GET', `/v1/organizations/${org}/members?q=carla`);
  const change = (role_id) => ask(ada, 'PATCH', `/v1/organizations/${org}/members/${items[0].id}`, { role_id });
  const carla = await pageOf(browser, { email: 'carla@acme.example' }, server);
  const entry = (name) => carla.getByRole('navigation', { name: 'Acme Instruments' }).getByRole('link', { name, exact: true });
  await open(carla, `/organizations/${org}`);
  await entry('Join requests').waitFor();
  await change('user');
  await carla.evaluate(() => {
    const { now } = Date;
    Date.now = () => now() + 11_000;
  });
  await entry('Settings').click();
  await entry('Join requests').waitFor({ state: 'detached' });
  await entry('Overview').click();
  await carla.locator('.facts').getByText('User', { exact: true }).waitFor();
  await change('admin');
  await open(carla, `/organizations/${org}/users`);
  await change('user');
  await carla.getByRole('button', { name: 'Invite' }).click();
  await carla.getByRole('dialog').getByText('This needs Full Access to User Management.').waitFor();
  await entry('Join requests').waitFor({ state: 'detached' });
  await carla.keyboard.press('Escape');
  await ask(ada, 'DELETE', `/v1/organizations/${org}/members/${items[0].id}`);
  await carla.getByRole('button', { name: 'Export' }).click();
  await carla.getByText('No such organization').first().waitFor();
  await carla.getByRole('navigation', { name: 'Acme Instruments' }).waitFor({ state: 'detached' });
  await carla.end();
});

test('a change on the second page of a list keeps the pages that are shown', async () => {
  const list = /\/members(\?|$)/;
  await ada.route(list, (route) => {
    const url = new URL(route.request().url());
    url.searchParams.set('limit', '2');
    return route.continue({ url: String(url) });
  });
  await open(ada, `/organizations/${org}/users?q=&kind=person`);
  const rows = ada.getByRole('table', { name: 'Users' }).locator('tbody tr');
  await ada.getByRole('button', { name: /more/i }).first().click();
  await rows.nth(3).locator('summary').click();
  await rows.nth(3).getByRole('button', { name: /^(Change role|Show)/ }).click();
  const dialog = ada.getByRole('dialog');
  const page = ada.waitForResponse((answer) => /cursor=/.test(answer.url()));
  await dialog.getByLabel(/Name shown here/).fill('A new name');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page;
  await ada.locator('.toast').waitFor();
  await ada.waitForLoadState('networkidle');
  assert.equal(await rows.count(), 4);
  await ada.unroute(list);
});

test('the end of an access has a year with four digits, and the API refuses another', async () => {
  assert.equal(endOfDay('12026-12-01'), '12026-12-01');
  assert.equal(endOfDay(''), null);
  await open(ada, `/organizations/${org}/users`);
  await ada.getByRole('button', { name: 'Add a service' }).click();
  const end = ada.getByRole('dialog').getByLabel('Access ends on');
  await end.fill('12026-12-01');
  assert.ok(await end.evaluate((field) => field.validity.rangeOverflow));
  await end.fill('');
  await ada.keyboard.press('Escape');
});

test('only an operator learns by which way a person who is no member may do something', async () => {
  const explain = async (page, path, text) => {
    await open(page, `${path}/${org}/why?email=stranger@example.com`);
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText(text).first().waitFor();
    return page.locator('main').innerText();
  };
  const own = await explain(ada, '/organizations', 'is not a member of this organization');
  assert.doesNotMatch(own, /may (not )?do this/, 'without a decision there is no verdict');

  const operator = await pageOf(browser, { email: 'operator@rolecall.example', operator: true }, server);
  const denied = await explain(operator, '/operator/organizations', 'member neither of this organization');
  assert.match(denied, /may not do this/);
  assert.doesNotMatch(denied, /does not exist/, 'the organization is open');
  await operator.end();
});

test('each level of a role is explained in full: "Also" follows what it adds to', async () => {
  await open(ada, `/organizations/${org}/roles/super_admin`);
  await ada.getByText('Sees the roles and their levels. Also creates, edits and deletes custom roles.').waitFor();
  assert.deepEqual((await ada.locator('.matrix dd').allInnerTexts()).filter((text) => text.startsWith('Also')), []);
});

test('a role and a comparison say what its coarse role is for', async () => {
  await open(ada, `/organizations/${org}/roles/admin`);
  await ada.getByText('The coarse role of its users, which your identity provider may be told.').waitFor();
  await open(ada, `/organizations/${org}/roles`);
  for (const name of ['Admin', 'User']) await ada.getByLabel(`Compare ${name}`, { exact: true }).check();
  await ada.getByRole('button', { name: 'Compare 2 roles' }).click();
  await ada.getByRole('dialog').getByText('Coarse role that your identity provider may be told: User.').waitFor();
  await ada.keyboard.press('Escape');
});

test('the users of a role that is deleted get a role that the API says the person may give', async () => {
  const page = await ask(ada, 'GET', `/v1/organizations/${org}/roles?limit=100`);
  const role = page.items.find(({ built_in, users }) => !built_in && users.active > 1);
  await open(ada, `/organizations/${org}/roles/${role.id}`);
  await ada.getByRole('button', { name: 'Delete', exact: true }).click();
  const dialog = ada.getByRole('dialog');
  await dialog.getByRole('option', { name: 'Admin' }).waitFor({ state: 'attached' });
  const offered = await dialog.getByRole('option').allInnerTexts();
  assert.ok(!offered.includes(role.name) && !offered.includes('Super Admin'), `${offered}`);
  assert.equal(await dialog.getByLabel('Role that they get').inputValue(), 'user');
  await dialog.getByRole('button', { name: 'Delete the role' }).click();
  await ada.getByText('This role is being deleted').or(ada.getByRole('heading', { name: 'Roles', exact: true })).first().waitFor();
});

test('a choice that is too long says that it is not whole', async () => {
  const { items } = await ask(ada, 'GET', `/v1/organizations/${org}/members?q=bob`);
  const many = { items: Array(100).fill(items[0]), next_cursor: 'more', total: null };
  await ada.route(/\/members\?.*kind=person/, (route) => route.fulfill({ json: many }));
  await open(ada, `/organizations/${org}/users`);
  await ada.getByRole('button', { name: 'Add a service' }).click();
  await ada.getByText('Only the first 500 are offered.').waitFor();
  await ada.unroute(/\/members\?.*kind=person/);
});

test('users are shown in the order of their names, and the API says why it refuses an order', async () => {
  const { items } = await ask(ada, 'GET', `/v1/organizations/${org}/members?sort=-name`);
  const names = items.map((row) => personName(row).toLowerCase());
  assert.ok(names.length > 3);
  assert.deepEqual(names, [...names].sort().reverse());
  await open(ada, `/organizations/${org}/users`);
  const order = ada.getByLabel('Order');
  await order.selectOption('Name Z–A');
  await ada.waitForURL(/sort=-name$/);
  await ada.locator('tbody tr').first().getByText(personName(items[0])).first().waitFor();
  const detail = 'At most 500 users can be sorted by role name.';
  const refusal = { type: 'https://rolecall.example/problems/invalid-request', title: 'Invalid request', status: 422, detail };
  await ada.route(/sort=role_name/, (route) => route.fulfill({ status: 422, contentType: 'application/problem+json', body: JSON.stringify(refusal) }));
  await order.selectOption('Role A–Z');
  await ada.getByRole('alert').getByText(detail).waitFor();
  await ada.unroute(/sort=role_name/);
});

test('a slow writer finds a user, and keeps the focus', async () => {
  await open(ada, `/organizations/${org}/users`);
  const field = ada.getByRole('searchbox', { name: 'Search by address, name or role' });
  await field.focus();
  await ada.keyboard.type('jo');
  await ada.waitForURL(/q=jo$/);
  await ada.keyboard.type('nas');
  await ada.waitForURL(/q=jonas$/);
  await ada.getByRole('row', { name: /jonas@acme.example/ }).waitFor();
  // What is removed elsewhere leaves the field, too.
  await ada.getByRole('link', { name: 'Users' }).click();
  await ada.waitForURL(/\/users$/);
  assert.equal(await field.inputValue(), '');
});

test('filters of a link that are not known are named, and can be removed', async () => {
  const alert = ada.getByRole('alert');
  for (const [path, said, left] of [
    ['users?status=foo&role=unknown&role_id=partner_user', 'status=foo, role=unknown', 'role_id=partner_user'],
    ['roles?status=foo&q=adm', 'status=foo', 'q=adm'],
    ['history?action=foo&from=yesterday&only=did', 'action=foo, from=yesterday', 'only=did'],
  ]) {
    await open(ada, `/organizations/${org}/${path}`);
    await alert.getByText(`The list does not apply ${said}.`).waitFor();
    await alert.getByRole('button', { name: 'Remove it' }).click();
    await ada.waitForURL(new RegExp(`\\?${left}$`));
    await alert.waitFor({ state: 'detached' });
  }
  await open(ada, `/organizations/${org}/users?role_id=role_01M8MD57H68XNX0FZAHTMJSJWP`);
  await ada.getByRole('button', { name: 'Remove the filters' }).click();
  await ada.getByRole('row', { name: /bob@acme.example/ }).waitFor();
  await ada.waitForURL(/users$/);
});

test('a link with several roles lists the users of each, and so does the export', async () => {
  const roleChoice = ada.locator('select', { hasText: 'All roles' });
  await open(ada, `/organizations/${org}/users?role_id=super_admin&role_id=admin&status=active`);
  await ada.getByRole('row', { name: /bob@acme.example/ }).waitFor();
  await ada.getByRole('row', { name: /ada@acme.example/ }).waitFor();
  assert.equal(await ada.getByRole('row', { name: /jonas@acme.example/ }).count(), 0);
  assert.equal(await roleChoice.locator('option:checked').innerText(), 'Several roles');
  const [exported] = await Promise.all([ada.waitForRequest(/member-exports$/), ada.getByRole('button', { name: 'Export' }).click()]);
  assert.deepEqual(exported.postDataJSON().role_id, ['super_admin', 'admin']);
  await roleChoice.selectOption({ label: 'All roles' });
  await ada.waitForURL(/\?status=active$/);
  await ada.getByRole('row', { name: /jonas@acme.example/ }).waitFor();
});

test('a link carries the filters of the roles', async () => {
  await open(ada, `/organizations/${org}/roles`);
  await ada.getByLabel('Users', { exact: true }).selectOption({ label: 'With members' });
  await ada.getByRole('searchbox', { name: 'Search', exact: true }).fill('admin');
  await ada.waitForURL(/\?status=active&q=admin$/);
  await ada.reload();
  await ada.getByRole('row', { name: /^Super Admin/ }).waitFor();
  assert.equal(await ada.getByLabel('Users', { exact: true }).inputValue(), 'active');
});

test('a dialog of a row gives the focus back to the menu of the row', async () => {
  const dialog = await act(ada, 'jonas@', 'Remove');
  await ada.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await ada.evaluate(() => document.activeElement.tagName), 'SUMMARY');
});

test('a list that is not sent outlives the dialog and the page, until it is discarded', async () => {
  const dialog = ada.getByRole('dialog');
  const area = dialog.getByLabel('Addresses');
  const reopen = async () => {
    await ada.getByRole('button', { name: 'Invite', exact: true }).click();
    await area.waitFor();
    assert.equal(await area.inputValue(), 'x@acme.example\ny@acme.example');
    await ada.waitForFunction(() => document.querySelector('dialog [name=role_id]').value === 'admin');
  };
  await open(ada, `/organizations/${org}/roles`);
  await ada.getByRole('link', { name: 'Users', exact: true }).click();
  await ada.getByRole('button', { name: 'Invite', exact: true }).click();
  await ada.getByRole('button', { name: 'Many people' }).click();
  await area.fill('x@acme.example\ny@acme.example');
  await dialog.getByRole('option', { name: 'Admin' }).first().waitFor({ state: 'attached' });
  await dialog.getByLabel('Role').selectOption('admin');
  await ada.keyboard.press('Escape');
  await reopen();
  await dialog.getByRole('button', { name: 'One person' }).click();
  await dialog.getByRole('button', { name: 'Many people' }).click();
  await ada.goBack();
  await ada.getByRole('heading', { name: 'Roles' }).waitFor();
  await ada.goForward();
  await reopen();
  await dialog.getByRole('button', { name: 'Discard it' }).click();
  await ada.waitForFunction(() => document.querySelector('textarea').value === '');
  await ada.keyboard.press('Escape');
  await ada.getByRole('button', { name: 'Invite', exact: true }).click();
  await dialog.getByLabel('Email address').waitFor();
  await ada.keyboard.press('Escape');
});

test('a file is shown before it is sent, and each outcome names its line, as blank ones count', async () => {
  await open(ada, `/organizations/${org}/users`);
  await ada.getByRole('button', { name: 'Invite', exact: true }).click();
  await ada.getByRole('button', { name: 'Many people' }).click();
  const dialog = ada.getByRole('dialog');
  const buffer = Buffer.from('sep=;\nEmail;Role\n\nline4@acme.example;\n;User\n\nline7@acme.example;No such role\n');
  await dialog.getByLabel('Or a CSV file').setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer });
  await ada.waitForFunction(() => document.querySelector('textarea').value.startsWith('sep=;'));
  await dialog.getByRole('button', { name: 'Invite all' }).click();
  await dialog.getByText('1 person invited, 2 refused.').waitFor();
  await dialog.getByRole('row', { name: /No address 5 .*Email: has no address/ }).waitFor();
  await dialog.getByRole('row', { name: /line7@acme.example 7 .*Role: must be/ }).waitFor();
  await dialog.getByRole('row', { name: 'line4@acme.example 4 Invited' }).waitFor();
  assert.equal(await ada.evaluate(() => Object.keys(sessionStorage).filter((key) => key.includes('invite')).length), 0, 'nothing is left to send');
  await dialog.getByRole('button', { name: 'Correct 2 lines' }).click();
  assert.equal(await dialog.getByLabel('Addresses').inputValue(), 'sep=;\nEmail;Role\n;User\nline7@acme.example;No such role');
  await dialog.getByRole('button', { name: 'Discard it' }).click();
  await ada.keyboard.press('Escape');
});

test('the list says which mails came back and which invitations must be sent again, without another request', async () => {
  const invitations = `/v1/organizations/${org}/invitations`;
  const { items: [bob] } = await ask(ada, 'GET', `/v1/organizations/${org}/members?q=bob`);
  const change = (role_id) => ask(ada, 'PATCH', `/v1/organizations/${org}/members/${bob.id}`, { role_id });
  await ask(ada, 'POST', invitations, { email: 'bounce@simulator.amazonses.com', role_id: 'user' });
  const page = await pageOf(browser, { email: 'bob@acme.example' }, server);
  await ask(page, 'POST', invitations, { email: 'again@acme.example', role_id: 'admin' });
  await page.end();
  await change('user');
  for (let attempt = 0; attempt < 40; attempt++) {
    const { items } = await ask(ada, 'GET', `${invitations}?limit=100`);
    if (items.some(({ delivery }) => delivery === 'bounced')) break;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  let requests = 0;
  const counted = (request) => (requests += /\/invitations\?/.test(request.url()) ? 1 : 0);
  ada.on('request', counted);
  await open(ada, `/organizations/${org}/users`);
  await ada.getByRole('row', { name: /bounce@simulator.*Mail came back check the address/ }).waitFor();
  await ada.getByRole('row', { name: /again@acme.*Must be sent again the inviter may no longer give this role/ }).waitFor();
  assert.equal(await ada.getByText('Must be sent again').count(), 1);
  assert.equal(requests, 0);
  ada.off('request', counted);
  await change('admin');
});

test('the refusal of an address that is invited or a member leads to that user', async () => {
  const dialog = ada.getByRole('dialog');
  const invite = async (email) => {
    await open(ada, `/organizations/${org}/users`);
    await ada.getByRole('button', { name: 'Invite', exact: true }).click();
    await dialog.getByLabel('Email address').fill(email);
    await dialog.getByRole('button', { name: 'Invite', exact: true }).click();
  };
  await invite('karl@acme.example');
  await dialog.getByRole('button', { name: 'Show this invitation' }).click();
  await dialog.getByRole('heading', { name: 'Invitation', exact: true }).waitFor();
  await dialog.getByRole('definition').getByText('karl@acme.example').waitFor();
  assert.ok(await dialog.evaluate((modal) => modal.contains(document.activeElement)));
  await ada.keyboard.press('Escape');
  await invite('bob@acme.example');
  await dialog.getByRole('button', { name: 'Show this user' }).click();
  await ada.waitForURL(/\?q=bob%40acme.example$/);
  await dialog.waitFor({ state: 'detached' });
  await ada.getByRole('row', { name: /bob@acme.example/ }).waitFor();
  await ada.waitForFunction(() => document.activeElement.matches('h1'));
});

/** Answers with lists of 150 users, the first of whom is a real one with other fields. Returns the requests. */
async function manyUsers(page, fields = {}) {
  const { items: [first] } = await ask(page, 'GET', `/v1/organizations/${org}/members?q=bob`);
  const all = Array.from({ length: 150 }, (_, index) => (index === 0 ? first : { ...first, id: `mem_${index}`, email: `u${index}@acme.example`, name: `User ${index}` }));
  const requests = [];
  const answers = { delayed: Promise.resolve() };
  await page.route(/\/members(\?|$)/, async (route) => {
    const { searchParams } = new URL(route.request().url());
    const [from, limit] = [Number(searchParams.get('cursor') ?? 0), Number(searchParams.get('limit') ?? 25)];
    requests.push({ from, limit });
    await answers.delayed;
    const end = from + limit;
    return route.fulfill({ json: { items: all.slice(from, end).map((user, index) => (from + index === 0 ? { ...user, ...fields } : user)), next_cursor: end < 150 ? String(end) : null, total: 150 } });
  });
  return { requests, answers };
}

test('a change is in its row at once, and the list is read again in pages of 100', async () => {
  const { requests, answers } = await manyUsers(ada);
  await open(ada, `/organizations/${org}/users`);
  const rows = ada.getByRole('table', { name: 'Users' }).locator('tbody tr');
  for (const count of [50, 75, 100, 125]) {
    await ada.getByRole('button', { name: 'Show more' }).click();
    await ada.waitForFunction((count) => document.querySelectorAll('tbody tr').length === count, count);
  }
  await rows.first().locator('summary').click();
  await rows.first().getByRole('button', { name: /^Change role/ }).click();
  await ada.getByRole('dialog').getByLabel('Name shown here').fill('Robert');
  let release;
  answers.delayed = new Promise((resolve) => (release = resolve));
  requests.length = 0;
  await ada.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await ada.locator('.toast', { hasText: 'The changes are saved.' }).waitFor();
  assert.match(await rows.first().innerText(), /^Robert/);
  release();
  await ada.getByText('Loading').waitFor({ state: 'detached' });
  assert.deepEqual(requests, [{ from: 0, limit: 100 }, { from: 100, limit: 25 }]);
  assert.equal(await rows.count(), 125);
  await ada.unroute(/\/members(\?|$)/);
});

test('a person who comes back to the list finds their place in it', async () => {
  const { requests } = await manyUsers(ada);
  await open(ada, `/organizations/${org}/roles`);
  const rows = ada.getByRole('table', { name: 'Users' }).locator('tbody tr');
  await open(ada, `/organizations/${org}/users`);
  for (const count of [50, 75, 100]) {
    await ada.getByRole('button', { name: 'Show more' }).click();
    await ada.waitForFunction((count) => document.querySelectorAll('tbody tr').length === count, count);
  }
  await rows.nth(90).locator('summary').click();
  const scroll = await ada.evaluate(() => scrollY);
  assert.ok(scroll > 1000, `${scroll}`);
  await rows.nth(90).getByRole('link', { name: 'History of this user' }).click();
  await ada.getByRole('heading', { name: 'Event history' }).waitFor();
  requests.length = 0;
  await ada.goBack();
  await rows.nth(99).waitFor();
  assert.deepEqual(requests, [{ from: 0, limit: 100 }]);
  assert.ok(Math.abs(await ada.evaluate(() => scrollY) - scroll) < 50);
  // Other filters begin at the top again.
  await ada.getByRole('searchbox', { name: 'Search by address, name or role' }).fill('u1');
  await ada.waitForFunction(() => document.querySelectorAll('tbody tr').length === 25);
  await ada.unroute(/\/members(\?|$)/);
});

test('a user who is gone meanwhile is named, and leaves the list', async () => {
  const show = async (email, action) => {
    const row = ada.getByRole('row', { name: new RegExp(email) });
    await row.locator('summary').click();
    await row.getByRole('button', { name: action }).click();
    return row;
  };
  const dialog = ada.getByRole('dialog');
  const closes = async (row) => {
    assert.deepEqual(await dialog.getByRole('button').evaluateAll((all) => all.map((one) => one.ariaLabel ?? one.textContent)), ['Close', 'Close']);
    await ada.waitForFunction(() => document.activeElement.matches('dialog .primary'));
    await row.waitFor({ state: 'detached' });
    await ada.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
  };
  const invitations = `/v1/organizations/${org}/invitations`;
  for (const isOpen of [false, true]) {
    const { id } = await ask(ada, 'POST', invitations, { email: 'gone@acme.example', role_id: 'user' });
    await open(ada, `/organizations/${org}/users`);
    if (!isOpen) await ask(ada, 'DELETE', `${invitations}/${id}`);
    const row = await show('gone@acme.example', 'Show, change or resend');
    if (isOpen) {
      await dialog.getByRole('button', { name: 'Send again' }).waitFor();
      await ask(ada, 'DELETE', `${invitations}/${id}`);
      await dialog.getByRole('button', { name: 'Send again' }).click();
    }
    await dialog.getByText('gone@acme.example is no longer invited').waitFor();
    await closes(row);
  }
  const { items } = await ask(ada, 'GET', `/v1/organizations/${org}/members?q=jonas`);
  const row = await show('jonas@acme.example', /^Change role/);
  await dialog.getByLabel('Name shown here').fill('Jo');
  await ask(ada, 'DELETE', `/v1/organizations/${org}/members/${items[0].id}`);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('is no longer a user here').waitFor();
  await closes(row);
});
