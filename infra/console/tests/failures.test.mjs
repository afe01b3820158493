// What a person sees when the API fails: each failure is made by changing its answers.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { organizations, pageOf, picture, open, start } from './console.mjs';

const { browser, server } = await start('--demo');
let page, users;
beforeEach(async () => {
  page = await pageOf(browser, { email: 'ada@acme.example' }, server);
  users = `/organizations/${(await organizations(page))['Acme Instruments']}/users`;
});
afterEach(() => page.end());

/** Waits until the focus is on the heading with this text. */
const focusIsOn = (heading) => page.waitForFunction((text) => document.activeElement.matches('h1') && document.activeElement.textContent === text, heading);

const MEMBERS = /\/members(\?|$)/;
const problem = (status, title, type = 'about:blank', detail = 'Do something else.') => (route) =>
  route.fulfill({ status, headers: { 'x-request-id': 'request-1' }, contentType: 'application/problem+json', body: JSON.stringify({ type, title, status, detail }) });

test('a 500 is shown with its id and a way to try again, and the second attempt helps', async () => {
  await page.route(MEMBERS, problem(500, 'Internal error'));
  await open(page, users);
  await page.getByRole('alert').getByText('Nothing is lost').waitFor();
  await page.getByText('give your support this id: request-1').waitFor();
  await picture(page, 'failure-500');
  await page.unroute(MEMBERS);
  await page.getByRole('button', { name: 'Load the current state' }).click();
  await page.getByRole('row', { name: /bob@acme.example/ }).waitFor();
  await focusIsOn('Users');
});

test('a form that is sent again after a lost answer has its effect once, and equal forms after a success have it twice', async () => {
  const keys = [];
  let answer = (route) => route.continue();
  await page.route(/\/v1\/organizations$/, async (route) => {
    keys.push(await route.request().headerValue('Idempotency-Key'));
    await answer(route);
  });
  const dialog = page.getByRole('dialog');
  const create = async (name) => {
    if (!(await dialog.count())) {
      await page.locator('.brand').click();
      await page.getByRole('button', { name: 'Create an organization' }).click();
    }
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
  };
  const made = async () => {
    await page.getByRole('heading', { name: 'Twice', level: 1 }).waitFor();
    return page.evaluate(async () => {
      const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}` };
      const { organizations } = await (await fetch('/v1/me?limit=100', { headers })).json();
      return organizations.filter(({ name }) => name === 'Twice').length;
    });
  };
  /** The keys that were sent since the last call. */
  const sent = () => new Set(keys.splice(0));
  answer = async (route) => (await route.fetch(), route.abort());
  await create('Twice');
  await dialog.getByRole('alert').getByText('may have been done. Try again in a moment: it is done only once.').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Load the current state' }).count(), 0, 'the next step is the button of the form');
  const [first, ...others] = sent();
  assert.deepEqual(others, [], 'all attempts have one key');
  await page.keyboard.press('Escape');
  answer = (route) => route.fulfill({ status: 401, json: { message: 'Unauthorized' } });
  await create('Twice');
  await dialog.getByText('Your sign-in has ended').waitFor();
  answer = (route) => route.continue();
  await create('Twice');
  assert.equal(await made(), 1);
  assert.deepEqual(sent(), new Set([first]), 'also in another dialog, and after an answer of what is in front of the API');
  await create('Twice');
  assert.equal(await made(), 2);
  const [second] = sent();
  answer = problem(422, 'Refused');
  await create('Twice');
  await dialog.getByText('Refused').waitFor();
  const [third] = sent();
  answer = problem(500, 'Internal error');
  await create('Twice');
  await dialog.getByText('Internal error').waitFor();
  const [fourth] = sent();
  await create('Another');
  await page.waitForFunction(() => !document.querySelector('dialog').textContent.includes('Working…'));
  const [fifth] = sent();
  await page.evaluate(() => {
    const now = Date.now;
    Date.now = () => now() + 11 * 60_000;
  });
  await create('Twice');
  await page.waitForFunction(() => !document.querySelector('dialog').textContent.includes('Working…'));
  const [sixth] = sent();
  assert.equal(new Set([first, second, third, fourth, fifth, sixth]).size, 6);
});

test('the first page says what to do without an organization when the invitations are read, and shows their failure once', async () => {
  const empty = (of) => of.locator('.empty');
  const first = async (person) => pageOf(browser, person, server);
  await open(page, users);
  await page.evaluate(async (org) => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}`, 'Content-Type': 'application/json' };
    await fetch(`/v1/organizations/${org}/invitations`, { method: 'POST', headers, body: JSON.stringify({ email: 'invited@acme.example', role_id: 'user' }) });
  }, users.split('/')[2]);
  const invited = await first({ email: 'invited@acme.example' });
  await empty(invited).getByText('Open your invitation above to join.').waitFor();
  let release;
  const released = new Promise((resolve) => (release = resolve));
  const asked = invited.waitForRequest(/\/me\/invitations/);
  await invited.route(/\/me\/invitations/, async (route) => (await released, route.continue()));
  await invited.goto('/');
  await asked;
  await invited.getByRole('heading', { name: 'My organizations' }).waitFor();
  await invited.getByRole('status').getByText('Loading').waitFor();
  assert.deepEqual([await empty(invited).count(), await invited.getByText('Loading…').count()], [0, 1]);
  release();
  await empty(invited).waitFor();
  await invited.unrouteAll({ behavior: 'ignoreErrors' });
  await invited.route(/\/me\/invitations/, problem(500, 'Internal error'));
  await open(invited, '/');
  await invited.getByRole('alert').getByText('Internal error').waitFor();
  assert.deepEqual([await invited.getByRole('alert').count(), await empty(invited).count()], [1, 0]);
  await invited.end();
  await page.route(/\/me\/invitations/, problem(500, 'Internal error'));
  await open(page, '/');
  await page.getByRole('link', { name: /^Acme Instruments/ }).waitFor();
  assert.equal(await page.getByRole('alert').count(), 1);
  for (const [person, text] of [
    [{ email: 'none@example.net' }, 'Create one, or ask a colleague to invite none@example.net. An invitation appears here.'],
    [{ email: 'unverified@example.net', unverified: true }, 'Your organizations appear here when your address is verified.'],
    [{ email: 'operator@rolecall.example', operator: true }, 'You are a platform operator. Open the operator’s pages, which show all organizations.'],
  ]) {
    const other = await first(person);
    assert.equal((await empty(other).locator('p').innerText()).trim(), text);
    if (person.operator) {
      await other.getByRole('link', { name: 'Open the operator’s pages' }).click();
      await other.getByRole('heading', { name: 'Organizations', level: 1 }).waitFor();
    }
    await other.end();
  }
});

test('a refusal of API Gateway itself says why, and what to do', async () => {
  const refuse = (status, message, headers = {}) => page.route(MEMBERS, (route) => route.fulfill({ status, headers, json: { message } }));
  await refuse(403, 'Forbidden');
  await open(page, users);
  await page.getByRole('alert').getByText('Your sign-in does not allow this').waitFor();
  await page.getByRole('alert').getByText('The service answers “Forbidden”. Sign in again.').waitFor();
  await page.unroute(MEMBERS);
  await refuse(429, 'Too Many Requests', { 'Retry-After': '30' });
  await open(page, users);
  await page.getByRole('alert').getByText('Too many requests at the moment').waitFor();
  await page.getByText('Try again in 30 seconds.').waitFor();
  await page.unroute(MEMBERS);
  await page.getByRole('button', { name: 'Load the current state' }).click();
  await page.getByRole('row', { name: /bob@acme.example/ }).waitFor();
});

test('a page that cannot be loaded has a heading, and the second attempt helps', async () => {
  for (const route of [/\/v1\/me\?/, /\/permissions$/]) {
    await page.route(route, problem(500, 'Internal error'));
    await open(page, users);
    await page.getByRole('heading', { name: 'This page cannot be shown' }).waitFor();
    await page.unroute(route);
    await page.getByRole('button', { name: 'Load the current state' }).click();
    await focusIsOn('Users');
  }
});

test('a console whose module fails to load says what to do', async () => {
  await page.route(/\/app\/words\.js$/, (route) => route.abort());
  if (process.env.SITE) await page.route(`${server.url}${users}`, (route) => route.fulfill({ path: `${process.env.SITE}/index.html` }));
  await page.goto(users);
  await page.getByText('reload the page').waitFor();
  await page.unroute(/\/app\/words\.js$/);
  await page.reload();
  await page.getByRole('heading', { name: 'Users' }).waitFor();
  assert.equal(await page.getByText('reload the page').count(), 0);
});

test('a part of the console that fails to load is one click away', async () => {
  const settings = /\/screens\/settings\.js/;
  await page.route(settings, (route) => route.abort());
  await open(page, users.replace('users', 'settings'));
  await page.getByRole('alert').getByText('The service cannot be reached').waitFor();
  await page.unroute(settings);
  await page.getByRole('button', { name: 'Load the current state' }).click();
  await page.getByLabel('Contact').waitFor();
});

test('the pages of operators about one organization are loaded with the first of them, and a failure is one click away', async () => {
  const operator = await pageOf(browser, { email: 'operator@rolecall.example', operator: true }, server);
  const part = /\/operator\/organization\.js/;
  let asked = 0;
  await operator.route(part, (route) => (asked++, route.abort()));
  await open(operator, '/operator');
  assert.equal(asked, 0);
  await operator.getByRole('link', { name: 'Acme Instruments' }).click();
  await operator.getByRole('heading', { name: 'Organization', exact: true }).waitFor();
  await operator.getByRole('alert').getByText('The service cannot be reached').waitFor();
  await operator.unroute(part);
  await operator.getByRole('button', { name: 'Load the current state' }).click();
  await operator.getByRole('heading', { name: 'Acme Instruments', level: 1 }).waitFor();
  await operator.end();
});

test('an answer that ends in the middle is shown as a lost connection', async () => {
  await page.route(MEMBERS, (route) => route.fulfill({ status: 200, contentType: 'application/json', body: '{"items":[' }));
  await open(page, users);
  await page.getByRole('alert').getByText('The service cannot be reached').waitFor();
  await page.unroute(MEMBERS);
  await page.getByRole('button', { name: 'Load the current state' }).click();
  await page.getByRole('row', { name: /bob@acme.example/ }).waitFor();
});

test('an `api` that leads to another host is named', async () => {
  const home = (route) => route.fulfill({ contentType: 'text/html; charset=utf-8', body: '<!doctype html>' });
  await page.route(/\/v1\/|\/local\/token/, home);
  await page.goto('/');
  await page.getByRole('alert').getByText('Check `api` in config.json').waitFor();
  await page.evaluate(() => sessionStorage.clear());
  await page.goto('/');
  await page.getByLabel('Email address').fill('ada@acme.example');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('Check `api` in config.json').waitFor();
});

test('an export that fails is tried again with one click', async () => {
  const exports = /\/member-exports$/;
  await page.route(exports, problem(500, 'Internal error'));
  await open(page, users);
  await page.getByRole('button', { name: 'Export' }).click();
  const again = page.getByRole('dialog').getByRole('button', { name: 'Try again' });
  await again.waitFor();
  await page.unroute(exports);
  await Promise.all([page.waitForEvent('download'), again.click()]);
  await page.locator('.toast', { hasText: 'The file is ready' }).waitFor();
});

test('an export that follows a search at once has its filter', async () => {
  // A person is faster than the pause before a search.
  await page.addInitScript(() => {
    const later = setTimeout;
    window.setTimeout = (work, pause, ...rest) => later(work, pause === 350 ? 10_000 : pause, ...rest);
  });
  await open(page, users);
  await page.getByRole('searchbox').pressSequentially('bob');
  const [request] = await Promise.all([page.waitForRequest(/\/member-exports$/), page.getByRole('button', { name: 'Export' }).click()]);
  assert.equal(request.postDataJSON().q, 'bob');
  await page.locator('.toast', { hasText: 'The file is ready' }).waitFor();
});

test('a second question ends the first one, whose answer comes too late', async () => {
  await open(page, users.replace('users', 'why'));
  await page.route(/\/explanations\?.*bob/, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await route.continue().catch(() => {});
  });
  const person = page.getByLabel('Person');
  for (const email of ['bob@acme.example', 'dmitri@acme.example']) {
    await person.fill(email);
    const asked = page.waitForRequest(/\/explanations\?/, { timeout: 5000 });
    await person.press('Enter');
    await asked;
  }
  const verdict = page.locator('.verdict h2');
  await verdict.waitFor();
  await page.waitForTimeout(3500);
  assert.match(await verdict.textContent(), /^Dmitri/);
});

test('a slow answer blocks nothing: the rest of the page works while a list loads', async () => {
  let release;
  await page.route(MEMBERS, async (route) => {
    await new Promise((resolve) => (release = resolve));
    await route.continue();
  });
  await page.goto(users);
  await page.getByRole('status').getByText('Loading').waitFor();
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByRole('dialog').getByLabel('Email address').fill('zoe@acme.example');
  await picture(page, 'failure-slow');
  release();
  await page.keyboard.press('Escape');
  await page.getByRole('row', { name: /bob@acme.example/ }).waitFor();
});

test('a form that is sent before its roles are loaded waits for them, and one whose roles cannot be loaded is not sent', async () => {
  const roles = /\/permissions\?.*include=roles/;
  const dialog = page.getByRole('dialog');
  const submit = async (email) => {
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await dialog.getByLabel('Email address').fill(email);
    await page.keyboard.press('Enter');
  };
  await open(page, users);
  let answer;
  const asked = new Promise((resolve) => page.route(roles, (route) => ((answer = () => route.continue()), resolve())));
  await submit('early@acme.example');
  await asked;
  assert.ok(await dialog.isVisible());
  const sent = page.waitForRequest((request) => request.method() === 'POST');
  answer();
  assert.equal((await sent).postDataJSON().role_id, 'user');
  await page.locator('.toast', { hasText: 'early@acme.example is invited' }).waitFor();
  await page.unroute(roles);
  await page.route(roles, problem(500, 'Internal error'));
  const posts = [];
  page.on('request', (request) => request.method() === 'POST' && posts.push(request.url()));
  await submit('never@acme.example');
  await dialog.getByText('Internal error').waitFor();
  assert.equal(await dialog.getByLabel('Role').evaluate((choice) => choice.validity.valueMissing), true);
  assert.deepEqual(posts, []);
});

test('a form that waits for its roles says so, and any change of the person or a failure ends the wait', async () => {
  const roles = /\/permissions\?.*include=roles/;
  const dialog = page.getByRole('dialog');
  const button = dialog.locator('.form-actions button').first();
  const posts = [];
  page.on('request', (request) => request.method() === 'POST' && posts.push(request.postDataJSON().email));
  let answer;
  const hold = () => new Promise((resolve) => page.route(roles, (route) => ((answer = route), resolve())));
  await open(page, users);
  for (const end of ['edit', 'failure']) {
    const asked = hold();
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await dialog.getByLabel('Email address').fill('zoe@x.exampel');
    await page.keyboard.press('Enter');
    await asked;
    await dialog.getByRole('button', { name: 'Working…' }).waitFor();
    if (end === 'edit') {
      await page.keyboard.press('Backspace');
      await page.waitForFunction(() => document.querySelector('dialog .form-actions button').textContent === 'Invite');
      await answer.continue();
    } else {
      await problem(500, 'Internal error')(answer);
      await dialog.getByRole('alert').getByText('Nothing is lost').waitFor();
      await page.unroute(roles);
      await dialog.getByRole('button', { name: 'Load the current state' }).click();
    }
    await dialog.getByRole('option', { name: 'Admin' }).first().waitFor({ state: 'attached' });
    await page.waitForTimeout(300);
    assert.deepEqual([posts, await button.innerText()], [[], 'Invite'], end);
    await page.keyboard.press('Escape');
    await page.unroute(roles);
  }
});

test('the end of the session in the middle of a form keeps the text until the person signs in again', async () => {
  await open(page, users);
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByRole('dialog').getByLabel('Email address').fill('kai@acme.example');
  await page.route(/\/invitations$/, problem(401, 'Authentication required', '/problems/unauthenticated', 'Get a new token: it has expired.'));
  await page.getByRole('dialog').getByRole('button', { name: 'Invite' }).click();
  await page.getByRole('dialog').getByText('Your sign-in has ended').waitFor();
  assert.equal(await page.getByText('Get a new token').count(), 0);
  await picture(page, 'failure-401');
  await page.waitForFunction(() => document.activeElement.textContent === 'Invite');
  const [beside] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: 'Sign in again' }).click()]);
  await beside.getByLabel('Email address').fill('ada@acme.example');
  await Promise.all([beside.waitForEvent('close'), beside.getByRole('button', { name: 'Sign in' }).click()]);
  await page.getByRole('dialog').getByText('Your sign-in has ended').waitFor({ state: 'detached' });
  await page.unroute(/\/invitations$/);
  assert.equal(await page.getByRole('dialog').getByLabel('Email address').inputValue(), 'kai@acme.example');
  await page.waitForFunction(() => document.activeElement.name === 'email');
  await page.getByRole('dialog').getByRole('button', { name: 'Invite' }).click();
  await page.locator('.toast', { hasText: 'kai@acme.example is invited' }).waitFor();
});

test('an error of a field is shown once, at the field, also where the field is folded away', async () => {
  await open(page, users);
  await page.getByRole('button', { name: 'Invite' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Email address').fill('a@b');
  await dialog.getByRole('button', { name: 'Invite' }).click();
  await dialog.getByText('Correct the marked fields').waitFor();
  assert.equal((await dialog.innerText()).split('the part after the @').length - 1, 1);
  await dialog.getByLabel('Email address').fill('zoe@acme.example');
  await page.route(/\/invitations$/, (route) => route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), access_expires_at: '2020-01-01T00:00:00Z' }) }));
  await dialog.getByRole('button', { name: 'Invite' }).click();
  await dialog.locator('.field-error').waitFor();
  assert.ok(await dialog.getByLabel('Access ends on').evaluate((field) => field === document.activeElement));
  assert.doesNotMatch(await dialog.innerText(), /expires at|\//i);
});

test('an invitation that is revoked while it is open leads on', async () => {
  const path = '/organizations/org_01KAK5QX3T7Y9ZB2C4D6E8F0GH/invitations/inv_01KAK5S9A1B3C5D7E9F0G2H4J6';
  const gone = problem(404, 'No such invitation', '/problems/no-such-invitation');
  const invitation = { organization_name: 'Acme', role_name: 'User', inviter_authorized: true, sent_by: { email: 'bob@acme.example' }, expires_at: '2099-01-01T00:00:00Z' };
  await page.route(/\/mine$/, (route) => route.fulfill({ json: invitation }));
  await page.route(/\/accept$/, gone);
  await open(page, path);
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.getByRole('alert').getByText('No such invitation').waitFor();
  await page.route(/\/mine$/, gone);
  await page.getByRole('button', { name: 'Load the current state' }).click();
  await page.getByRole('link', { name: 'My invitations' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Accept' }).count(), 0);
  await focusIsOn('Invitation');
});

test('the link of an invitation that is accepted leads into the organization, also where a second tab still shows it', async () => {
  await open(page, users);
  const org = users.split('/')[2];
  const id = await page.evaluate(async (org) => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}`, 'Content-Type': 'application/json' };
    const body = JSON.stringify({ email: 'twice@acme.example', role_id: 'user' });
    return (await (await fetch(`/v1/organizations/${org}/invitations`, { method: 'POST', headers, body })).json()).id;
  }, org);
  const twice = await pageOf(browser, { email: 'twice@acme.example' }, server);
  const others = await Promise.all(['Accept', 'Decline'].map(async (name) => [name, await twice.context().newPage()]));
  const link = `/organizations/${org}/invitations/${id}`;
  const token = await twice.evaluate(() => sessionStorage.getItem('rolecall.token'));
  for (const [name, tab] of others) {
    await tab.addInitScript((token) => sessionStorage.setItem('rolecall.token', token), token);
    await open(tab, link);
    await tab.getByRole('button', { name }).waitFor();
  }
  await open(twice, link);
  await twice.getByRole('button', { name: 'Accept' }).click();
  await twice.getByRole('heading', { name: 'Acme Instruments', level: 1 }).waitFor();
  for (const [name, tab] of others) await tab.getByRole('button', { name }).click();
  await open(twice, link);
  for (const [name, tab] of [['', twice], ...others]) {
    if (name !== 'Accept') await tab.getByRole('link', { name: 'Open Acme Instruments' }).click();
    await tab.getByRole('heading', { name: 'Acme Instruments', level: 1 }).waitFor();
  }
  await twice.end();
});

test('security settings: a text that is no network is refused before the question, and a lock-out says itself what helps', async () => {
  await open(page, users.replace('/users', '/settings'));
  const networks = page.getByLabel('Allowed networks');
  const save = () => page.locator('#security').getByRole('button', { name: 'Save' }).click();
  await networks.fill('foo');
  await save();
  await page.getByText('“foo” is not a network').waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
  await networks.fill('192.0.2.1/24');
  await save();
  await page.getByRole('dialog').getByRole('button', { name: 'Restrict' }).click();
  await page.getByText('enter 192.0.2.0/24 instead').waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
  await networks.fill('192.0.2.0/24');
  await save();
  await page.getByRole('dialog').getByRole('button', { name: 'Restrict' }).click();
  await page.locator('#security').getByText('your network').waitFor();
  assert.equal(await page.getByRole('dialog').count(), 0);
  assert.equal(await page.getByRole('button', { name: 'Sign in again' }).count(), 0);
  await page.route(/\/security$/, problem(409, 'Settings would lock you out', '/problems/would-lock-out-caller', 'Sign in with several factors.'));
  await save();
  await page.getByRole('dialog').getByRole('button', { name: 'Restrict' }).click();
  await page.getByRole('dialog').getByText('several factors').last().waitFor();
  assert.equal(await page.getByRole('dialog').getByRole('button', { name: /Sign in again|Load/ }).count(), 0);
});

test('what would be refused cannot be pressed, and the reason stands beside it', async () => {
  const org = users.replace('/users', '');
  await open(page, `${org}/settings`);
  await page.locator('#delete').getByText('must be deleted first').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Delete…' }).isDisabled());
  await open(page, `${org}/roles/new`);
  await page.getByLabel('Name', { exact: true }).fill('Licences below');
  const area = page.getByRole('radiogroup', { name: 'License Management - Sub Organizations' });
  await page.getByRole('radiogroup', { name: 'License Management', exact: true }).getByLabel('None').check();
  await area.getByLabel('View Only').check();
  await page.getByText('Something must be set first for').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Create the role' }).isDisabled());
  const unverified = await pageOf(browser, { email: 'new@acme.example', unverified: true }, server);
  assert.ok(await unverified.getByRole('button', { name: 'Create an organization' }).isDisabled());
  await unverified.end();
});

test('unsaved changes are lost only after a question, and a form without changes asks nothing', async () => {
  const questions = [];
  let answer = 'dismiss';
  page.on('dialog', (dialog) => (questions.push(dialog.message()), dialog[answer]()));
  const follow = (name) => page.getByRole('navigation', { name: 'Acme Instruments' }).getByRole('link', { name, exact: true }).click();
  await open(page, users);
  await follow('Settings');
  await page.getByLabel('Days that new events are kept').waitFor();
  await follow('Overview');
  await follow('Settings');
  const contact = page.getByLabel('Contact');
  await contact.fill('Ada, room 7');
  await page.locator('[name=address]').fill('Room 7\nMain Street 1');
  await follow('Users');
  await Promise.all([page.waitForEvent('dialog'), page.goBack()]);
  assert.deepEqual(questions, Array(2).fill('Your changes are not saved. Leave this page without them?'));
  assert.equal(await contact.inputValue(), 'Ada, room 7');
  await page.locator('#general').getByRole('button', { name: 'Save' }).click();
  await page.locator('.toast', { hasText: 'saved' }).waitFor();
  await follow('Roles');
  await page.getByRole('link', { name: 'Create a role' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Draft');
  answer = 'accept';
  await follow('Users');
  await page.getByRole('heading', { name: 'Users' }).waitFor();
  assert.equal(questions.length, 3);
});

test('an answer that comes after the person has left moves them nowhere', async () => {
  const questions = [];
  page.on('dialog', (dialog) => (questions.push(dialog.message()), dialog.accept()));
  let release;
  const slow = async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    await new Promise((resolve) => (release = resolve));
    return route.continue();
  };
  const org = users.replace('/users', '');
  await page.route(/\/(roles|organizations)$/, slow);
  await open(page, `${org}/roles`);
  await page.getByRole('link', { name: 'Create a role' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Slow role');
  await page.getByRole('button', { name: 'Create the role' }).click();
  await page.getByRole('button', { name: 'Working…' }).waitFor();
  await page.getByRole('link', { name: 'Users', exact: true }).click();
  await page.getByRole('row', { name: /bob@acme.example/ }).waitFor();
  assert.deepEqual(questions, ['This is not done yet. Leave without waiting? A message then says how it ends.']);
  release();
  await page.locator('.toast', { hasText: 'The role Slow role is created.' }).waitFor();
  assert.equal(new URL(page.url()).pathname, users);
  await open(page, `${org}/roles`);
  await page.getByRole('link', { name: 'Create a role' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Role after Back');
  await page.getByRole('button', { name: 'Create the role' }).click();
  await page.getByRole('button', { name: 'Working…' }).waitFor();
  await page.goBack();
  await page.getByRole('row', { name: /^Slow role/ }).waitFor();
  release();
  await page.getByRole('row', { name: /^Role after Back/ }).waitFor();
  await open(page, '/');
  await page.getByRole('button', { name: 'Create an organization' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Slow organization');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByRole('button', { name: 'Working…' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.deepEqual(questions, Array(3).fill('This is not done yet. Leave without waiting? A message then says how it ends.'));
  release();
  await page.locator('.toast', { hasText: 'Slow organization is created.' }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/');
});

test('a dialog in which much is typed closes only after a question', async () => {
  const questions = [];
  let answer = 'dismiss';
  page.on('dialog', (question) => (questions.push(question.message()), question[answer]()));
  await open(page, users);
  await page.getByRole('button', { name: 'Add a service' }).click();
  const dialog = page.getByRole('dialog');
  const name = dialog.getByLabel('Name');
  await name.fill('Robot');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Add a service' }).click();
  await name.fill('Robot');
  await dialog.getByLabel('Subject of its token').fill('robot-1');
  for (let times = 1; times <= 2; times++) await Promise.all([page.waitForEvent('dialog'), page.keyboard.press('Escape')]);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.deepEqual(questions, Array(4).fill('Your changes are not saved. Close this without them?'));
  assert.equal(await name.inputValue(), 'Robot');
  answer = 'accept';
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Add a service' }).click();
  await name.fill('Robot');
  await dialog.getByLabel('Subject of its token').fill('robot-1');
  await Promise.all([page.waitForEvent('dialog'), page.evaluate(() => history.back())]);
  // A page whose question is open while it is closed can hang.
  await dialog.waitFor({ state: 'detached' });
  assert.equal(questions.length, 6);
});

test('a person who stays on a page with unsaved changes keeps the entries of Back and Forward', async () => {
  const questions = [];
  page.on('dialog', (dialog) => (questions.push(1), dialog.dismiss()));
  const org = users.replace('/users', '');
  const title = (name) => page.getByRole('heading', { level: 1, name }).waitFor();
  await open(page, `${org}/roles`);
  for (const name of ['Settings', 'Users']) await page.getByRole('link', { name, exact: true }).click();
  await title('Users');
  await page.goBack();
  const contact = page.getByLabel('Contact');
  const saved = await contact.inputValue();
  await contact.fill('Draft');
  for (const steps of [1, -1]) {
    await Promise.all([page.waitForEvent('dialog'), page.evaluate((steps) => history.go(steps), steps)]);
    await page.waitForFunction(() => location.pathname.endsWith('/settings'));
    assert.equal(await contact.inputValue(), 'Draft');
  }
  assert.equal(questions.length, 2);
  await contact.fill(saved);
  await page.goForward();
  await title('Users');
  await page.goBack();
  await page.goBack();
  await title('Roles');
  assert.equal(questions.length, 2);
});

test('a lost connection is named, and a POST is sent again under the same key', async () => {
  await open(page, users);
  const keys = [];
  await page.route(/\/invitations$/, (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    return keys.length < 3 ? route.abort() : route.continue();
  });
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByRole('dialog').getByLabel('Email address').fill('zoe@acme.example');
  await page.getByRole('dialog').getByRole('button', { name: 'Invite' }).click();
  await page.locator('.toast', { hasText: 'zoe@acme.example is invited' }).waitFor();
  assert.equal(new Set(keys).size, 1, 'all attempts have one key');
  assert.equal(keys.length, 3);
});

test('a POST waits for the first one with its key, and a change whose answer is lost is not sent again: what became of it is one click away', async () => {
  const sent = [];
  page.on('request', (request) => !['GET', 'POST'].includes(request.method()) && sent.push(request.method()));
  await open(page, users);
  let posts = 0;
  await page.route(/\/invitations$/, (route) => (++posts === 1
    ? problem(409, 'Key in use', '/problems/idempotency-key-in-use')(route)
    : route.continue()));
  await page.getByRole('button', { name: 'Invite' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Email address').fill('lost@acme.example');
  await dialog.getByRole('button', { name: 'Invite' }).click();
  await page.locator('.toast', { hasText: 'lost@acme.example is invited' }).waitFor();
  const loses = (pattern, lose) => page.route(pattern, async (route) => {
    if (['GET', 'POST'].includes(route.request().method())) return route.continue();
    await route.fetch();
    return lose(route);
  });
  const unsure = (where) => where.getByRole('alert').getByText('may have been saved').waitFor();
  await loses(/\/members\/mem_/, (route) => route.abort());
  const row = page.getByRole('row', { name: /mei@acme.example/ });
  await row.locator('summary').click();
  await row.getByRole('button', { name: 'Remove' }).click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await unsure(dialog);
  await dialog.getByRole('button', { name: 'Load the current state' }).click();
  await dialog.waitFor({ state: 'detached' });
  await row.waitFor({ state: 'detached' });
  await loses(/\/roles\/rol/, problem(503, 'Unavailable'));
  await open(page, users.replace('users', 'roles/new'));
  await page.getByLabel('Name', { exact: true }).fill('Lost and found');
  await page.getByRole('button', { name: 'Create the role' }).click();
  await page.getByRole('heading', { name: 'Lost and found' }).waitFor();
  await page.getByLabel('Description').fill('Saved once');
  const save = page.getByRole('button', { name: 'Save the role' });
  await save.click();
  await unsure(page);
  await page.getByRole('button', { name: 'Load the current state' }).click();
  await page.locator('.intro', { hasText: 'Saved once' }).waitFor();
  assert.equal(await save.getAttribute('aria-disabled'), 'true');
  assert.equal(await page.getByRole('alert').count(), 0);
  assert.deepEqual(sent, ['DELETE', 'PATCH']);
});

test('a request waits as long as the service asks, also until a date', async () => {
  const times = [];
  await page.route(MEMBERS, (route) => {
    const date = new Date(Date.now() + 3000).toUTCString();
    return times.push(Date.now()) === 1 ? route.fulfill({ status: 503, headers: { 'Retry-After': date }, body: '{}' }) : route.continue();
  });
  await open(page, users);
  await page.getByRole('row', { name: /bob@acme.example/ }).waitFor();
  assert.ok(times[1] - times[0] > 1500, `${times[1] - times[0]} ms`);
});

test('what another person has removed meanwhile disappears with one click', async () => {
  await open(page, users);
  await page.route(/\/members\/mem_/, problem(404, 'No such member', '/problems/no-such-member'));
  const row = page.getByRole('row', { name: /bob@acme.example/ });
  await row.locator('summary').click();
  await row.getByRole('button', { name: 'Remove' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Remove' }).click();
  const listed = page.waitForResponse(MEMBERS);
  await dialog.getByRole('button', { name: 'Load the current state' }).click();
  await listed;
  await dialog.waitFor({ state: 'detached' });
});

test('what another person has ended meanwhile leads on: a request, a role, a link, an Admin', async () => {
  const at = users.replace('/users', '');
  const dialog = page.getByRole('dialog');
  await open(page, `${at}/join-requests`);
  await page.route(/\/approve$/, problem(404, 'No such join request', '/problems/no-such-join-request'));
  await page.getByRole('button', { name: /^Approve/ }).first().click();
  await dialog.getByLabel('Role').selectOption('user');
  await dialog.getByRole('button', { name: 'Approve' }).click();
  await dialog.getByText('is no longer open').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Approve' }).count(), 0);
  const role = await page.evaluate(async (org) => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}`, 'Content-Type': 'application/json' };
    const roles = [];
    for (const name of ['Ended', 'Ended, too']) {
      roles.push((await (await fetch(`/v1${org}/roles`, { method: 'POST', headers, body: JSON.stringify({ name, description: '', permissions: {} }) })).json()).id);
    }
    window.end = (role) => fetch(`/v1${org}/roles/${role}`, { method: 'DELETE', headers });
    return roles;
  }, at);
  const follow = (name) => page.getByRole('link', { name, exact: true }).click();
  await dialog.locator('.form-actions').getByRole('button', { name: 'Close' }).click();
  for (const [index, name] of ['Ended', 'Ended, too'].entries()) {
    await follow('Roles');
    await follow(name);
    await page.getByLabel('Description').waitFor();
    await page.evaluate((role) => window.end(role), role[index]);
    if (index === 0) {
      await page.getByLabel('Description').fill('Mine');
      await page.getByRole('button', { name: 'Save the role' }).click();
    } else {
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      await dialog.getByRole('button', { name: 'Delete the role' }).click();
    }
    await page.getByRole('alert').getByText('This role is deleted').waitFor();
    await page.getByRole('link', { name: 'Show the roles' }).click();
    await page.getByRole('heading', { name: 'Roles', level: 1 }).waitFor();
  }
  await open(page, `${at}/settings`);
  await page.route(/\/transfer$/, problem(409, 'Not an Admin', '/problems/not-an-admin'));
  await page.getByLabel('The next Super Admin').selectOption({ index: 1 });
  await page.getByRole('button', { name: 'Transfer…' }).click();
  await dialog.getByRole('button', { name: 'Transfer' }).click();
  await dialog.getByRole('button', { name: 'Load the current state' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: /^Suspend the link/ }).first().click();
  await dialog.getByRole('button', { name: 'Suspend' }).click();
  const resume = page.getByRole('button', { name: /^Resume the link/ }).first();
  await resume.waitFor();
  await page.route(/\/suspension$/, problem(404, 'Not linked', '/problems/partner-not-linked'));
  await page.route(/\/partners(\?|$)/, (route) => route.fulfill({ json: { items: [], next_cursor: null } }));
  await resume.click();
  await page.locator('.toast', { hasText: 'an operator has removed it' }).waitFor();
  await page.getByText('No partner is linked').waitFor();
});

test('a long list that is refused in its middle shows what was sent, and the rest is one click away', async () => {
  await open(page, users);
  let batches = 0;
  await page.route(/\/invitations\/batch$/, (route) => {
    if (++batches === 2) return problem(429, 'Budget used up', '/problems/budget-spent', 'Try again tomorrow.')(route);
    const { invitations } = route.request().postDataJSON();
    return route.fulfill({ json: { outcomes: invitations.map(({ email }) => ({ email, status: 201, invitation: {} })) } });
  });
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByRole('button', { name: 'Many people' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Addresses').fill(Array.from({ length: 250 }, (_, number) => `p${number}@acme.example`).join('\n'));
  const reloaded = page.waitForRequest(MEMBERS);
  await dialog.getByRole('button', { name: 'Invite all' }).click();
  await dialog.getByText('100 people invited, 0 refused. 150 addresses not sent yet.').waitFor();
  await dialog.getByRole('alert').getByText('Try again tomorrow.').waitFor();
  await reloaded;
  await dialog.getByRole('button', { name: 'Send the rest' }).click();
  await dialog.getByText('250 people invited, 0 refused.').waitFor();
  assert.equal(await dialog.getByRole('alert').count(), 0);
});

test('a long list that is closed while it is sent stops after a question, says what was sent, and keeps the rest', async () => {
  await open(page, users);
  const questions = [];
  let answer = 'dismiss';
  page.on('dialog', (question) => (questions.push(question.message()), question[answer]()));
  let release;
  let batches = 0;
  await page.route(/\/invitations\/batch$/, async (route) => {
    if (++batches > 1) await new Promise((resolve) => (release = resolve));
    const { invitations } = route.request().postDataJSON();
    const refused = { type: '/problems/already-invited', title: 'Already invited', status: 409, detail: 'Send it again.' };
    return route.fulfill({ json: { outcomes: invitations.map(({ email }, index) => index === 1
      ? { email, status: 409, problem: refused }
      : { email, status: 201, invitation: {} }) } });
  });
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByRole('button', { name: 'Many people' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Addresses').fill(Array.from({ length: 350 }, (_, number) => `p${number}@acme.example`).join('\n'));
  await dialog.getByRole('button', { name: 'Invite all' }).click();
  await dialog.getByText('99 people invited, 1 refused. 250 addresses not sent yet…').waitFor();
  const ask = (act) => Promise.all([page.waitForEvent('dialog'), act()]);
  await ask(() => page.keyboard.press('Escape'));
  await ask(() => dialog.getByRole('button', { name: 'One person' }).click());
  assert.deepEqual(new Set(questions), new Set(['The list is not sent completely. Stop here? The form keeps the addresses that are not sent.']));
  answer = 'accept';
  await ask(() => dialog.locator('.form-actions').getByRole('button', { name: 'Close' }).click());
  await dialog.waitFor({ state: 'detached' });
  release();
  await page.locator('.toast', { hasText: '198 people invited, 2 refused. 150 addresses not sent yet.' }).waitFor();
  assert.equal(batches, 2);
  await page.getByRole('button', { name: 'Invite' }).click();
  const left = (await dialog.getByLabel('Addresses').inputValue()).split('\n');
  assert.deepEqual([left.length, left[0], left[1]], [151, 'p101@acme.example', 'p200@acme.example']);
  assert.equal(questions.length, 3);
});

test('addresses that are refused because a budget is used up stay in the form for a later attempt', async () => {
  await open(page, users);
  await page.route(/\/invitations\/batch$/, (route) => {
    const outcomes = route.request().postDataJSON().invitations.map(({ email }, index) => index === 0
      ? { email, status: 201, invitation: {} }
      : { email, status: 429, problem: { type: '/problems/budget-spent', title: 'Budget used up', status: 429, detail: 'Invite the others tomorrow.' } });
    return route.fulfill({ json: { outcomes } });
  });
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByRole('button', { name: 'Many people' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Addresses').fill('a@acme.example\nb@acme.example\nc@acme.example');
  await dialog.getByRole('button', { name: 'Invite all' }).click();
  await dialog.getByText('1 person invited, 2 refused. The form keeps 2 refused addresses for a later attempt.').waitFor();
  await dialog.locator('.form-actions').getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Invite' }).click();
  await dialog.getByText('This list is not sent yet.').waitFor();
  assert.equal(await dialog.getByLabel('Addresses').inputValue(), 'b@acme.example\nc@acme.example');
});

test('an edit of something that has changed meanwhile is refused, and the fresh state is one click away', async () => {
  await open(page, users);
  const row = page.getByRole('row', { name: /jonas@acme.example/ });
  await row.locator('summary').click();
  await row.getByRole('button', { name: /^Change role/ }).click();
  const name = page.getByRole('dialog').getByLabel('Name shown here');
  await name.fill('Mine');
  await page.evaluate(async (path) => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}`, 'Content-Type': 'application/json' };
    const org = path.split('/')[2];
    const list = await (await fetch(`/v1/organizations/${org}/members?q=jonas`, { headers })).json();
    const body = JSON.stringify({ display_name: 'Theirs' });
    await fetch(`/v1/organizations/${org}/members/${list.items[0].id}`, { method: 'PATCH', headers, body });
  }, users);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('dialog').getByRole('alert').waitFor();
  await picture(page, 'failure-412');
  await page.getByRole('button', { name: 'Load the current state' }).click();
  await page.waitForFunction(() => document.querySelector('dialog [name=display_name]')?.value === 'Theirs');
  await page.waitForFunction(() => document.activeElement.name === 'display_name');
});

test('after another person renamed the organization, the fresh state has the new name in the header, too', async () => {
  const org = users.split('/')[2];
  await open(page, users.replace('users', 'settings'));
  const contact = page.getByLabel('Contact');
  await contact.fill('Ada, room 9');
  const rename = (name) => page.evaluate(async ([org, name]) => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}`, 'Content-Type': 'application/json' };
    await fetch(`/v1/organizations/${org}`, { method: 'PATCH', headers, body: JSON.stringify({ name }) });
  }, [org, name]);
  await rename('Acme Renamed');
  await page.locator('#general').getByRole('button', { name: 'Save' }).click();
  await page.locator('#general').getByRole('button', { name: 'Load the current state' }).click();
  await page.locator('.switcher', { hasText: 'Acme Renamed' }).waitFor();
  assert.equal(await contact.inputValue(), 'Ada, room 9');
  await contact.fill(await contact.evaluate((field) => field.defaultValue));
  await rename('Acme Instruments');
});
