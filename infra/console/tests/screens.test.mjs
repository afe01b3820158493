// Every screen of the demonstration: accessible in light and dark and at 360 pixels, by keyboard, with hostile names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible, open, organizations, pageOf, picture, settled, signIn, start } from './console.mjs';

const BELOW = ['', '/users', '/join-requests', '/roles', '/roles/admin', '/roles/new', '/sub-organizations', '/history', '/why', '/settings'];
const LOOKS = [{ look: 'light' }, { look: 'dark', dark: true }, { look: 'narrow', width: 360 }];
const ADA = { email: 'ada@acme.example', name: 'Ada Lovelace' };
const OPERATOR = { email: 'operator@rolecall.example', operator: true };
const HOSTILE = '<img src=x onerror=alert(1)> "\'&amp; عربى 🦊';

const { browser, server } = await start('--demo');

/** Waits for the title, which a page gets after its heading. */
const titleIs = (page, title) => page.waitForFunction((title) => document.title === title, title);
const nameOf = (path) => path.replace(/\/organizations\/[^/]+/, '/organization').replaceAll('/', '-').replace(/^-/, '') || 'home';

for (const { look, ...options } of LOOKS) {
  test(`every screen of an organization and of the operator is accessible (${look})`, async () => {
    const page = await pageOf(browser, ADA, { ...server, bypassCSP: true, ...options });
    const org = (await organizations(page))['Acme Instruments'];
    const operator = await pageOf(browser, OPERATOR, { ...server, bypassCSP: true, ...options });
    const visits = [
      ...['/', ...BELOW.map((path) => `/organizations/${org}${path}`)].map((path) => [page, path]),
      ...['/operator', '/operator/people', `/operator/organizations/${org}`, ...BELOW.map((path) => `/organizations/${org}${path}`)].map((path) => [operator, path]),
    ];
    for (const [by, path] of visits) {
      await open(by, path);
      await picture(by, `${look}-${by === operator && !path.startsWith('/operator') ? 'operator-inside-' : ''}${nameOf(path)}`);
      await assertAccessible(by, `${path} (${look})`);
    }
    await page.end();
    await operator.end();
  });
}

test('the sign-in is accessible, and the focus is on the heading after each sign-out and sign-in', async () => {
  const page = await pageOf(browser, ADA, { ...server, bypassCSP: true });
  const focusIsOn = (heading) => page.waitForFunction((text) => document.activeElement.matches('h1') && document.activeElement.textContent === text, heading);
  await focusIsOn('My organizations');
  await page.evaluate(() => sessionStorage.setItem('rolecall.invite.draft', 'bob@acme.example'));
  await page.locator('summary', { hasText: 'Your account' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await focusIsOn('Sign in');
  assert.deepEqual(await page.evaluate(() => Object.entries(sessionStorage)), [['rolecall.anew', 'login']], 'nothing of the person is left in the tab');
  await picture(page, 'light-sign-in');
  await assertAccessible(page, 'the sign-in');
  await signIn(page, ADA);
  await focusIsOn('My organizations');
  await page.end();
});

test('every screen of an organization is reached by keyboard alone, and gets the focus', async () => {
  const page = await pageOf(browser, ADA, server);
  const org = (await organizations(page))['Acme Instruments'];
  await open(page, `/organizations/${org}`);
  const names = await page.getByRole('navigation').getByRole('link').allTextContents();
  assert.ok(names.length >= 8, `${names}`);
  for (const name of names) {
    await page.keyboard.press('Home');
    for (let presses = 0; ; presses++) {
      assert.ok(presses < 40, `Tab reaches "${name}"`);
      await page.keyboard.press(presses < 20 ? 'Shift+Tab' : 'Tab');
      const focused = await page.evaluate(() => document.activeElement.closest('.nav') && document.activeElement.textContent);
      if (focused === name) break;
    }
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => ['H1', 'MAIN'].includes(document.activeElement.tagName));
    await settled(page);
  }
  await page.end();
});

test('a person is invited, changed and removed by keyboard alone', async () => {
  const page = await pageOf(browser, ADA, server);
  const org = (await organizations(page))['Acme Instruments'];
  await open(page, `/organizations/${org}/users`);
  const press = async (name) => {
    await page.getByRole('button', { name, exact: true }).focus();
    await page.keyboard.press('Enter');
  };
  await press('Invite');
  await page.getByRole('dialog').getByLabel('Email address').focus();
  await page.keyboard.type('keys@acme.example');
  await page.keyboard.press('Enter');
  await page.locator('.toast', { hasText: 'keys@acme.example is invited' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Invite', 'the focus returns');
  const row = page.getByRole('row', { name: /keys@acme.example/ });
  await row.locator('summary').focus();
  await page.keyboard.press('Enter');
  await row.getByRole('button', { name: 'Show, change or resend' }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('.toast', { hasText: 'revoked' }).waitFor();
  await row.waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement.matches('tr summary'));
  await page.end();
});

test('after a row is removed by keyboard, the focus is on the row that took its place, else on the one before, else on a heading, and can be seen', async () => {
  const page = await pageOf(browser, ADA, server);
  const org = (await organizations(page))['Acme Instruments'];
  /** Waits until what has the focus, or the heading of the section that has it, has this text. Asserts that the header does not hide it. */
  const focusIsOn = async (text) => {
    const focused = () => page.evaluate(() => {
      const element = document.activeElement.matches('.section') ? document.activeElement.querySelector('h2') : document.activeElement;
      const { top, bottom, left, width } = element.getBoundingClientRect();
      const seen = document.elementFromPoint(left + width / 2, (top + bottom) / 2);
      const { outlineStyle, textDecorationLine } = getComputedStyle(element);
      return { text: element.textContent, top, bottom, isHidden: !element.contains(seen), isMarked: outlineStyle !== 'none' || textDecorationLine !== 'none' };
    });
    for (let attempt = 0; attempt < 50 && (await focused()).text !== text; attempt++) await page.waitForTimeout(100);
    const { text: now, top, bottom, isHidden, isMarked } = await focused();
    assert.equal(now, text);
    assert.ok(top >= 0 && bottom <= 800 && !isHidden && isMarked, `${text} is at ${top} to ${bottom}${isMarked ? '' : ', without a mark'}`);
  };
  const gone = async (row) => {
    await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).press('Enter');
    await row.waitFor({ state: 'detached' });
  };
  await open(page, `/organizations/${org}/users?status=active&kind=person`);
  const rows = page.getByRole('table', { name: 'Users' }).locator('tbody tr');
  const names = await rows.locator('summary .sr-only').allTextContents();
  const last = names.length - 1;
  for (const [index, next] of [[last - 2, last - 1], [last, last - 1]]) {
    const row = page.locator('tbody tr', { hasText: names[index].replace('Actions for ', '') });
    await row.locator('summary').press('Enter');
    await row.getByRole('button', { name: 'Remove' }).press('Enter');
    await gone(row);
    await focusIsOn(`${names[next]}⋯`);
  }
  await open(page, `/organizations/${org}/settings`);
  const alerts = page.getByRole('table', { name: 'Critical alert users' }).locator('tbody tr');
  assert.equal(await alerts.count(), 1);
  await alerts.getByRole('button').press('Enter');
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await gone(alerts);
  await focusIsOn('Critical alert users');
  await open(page, `/organizations/${org}/users?q=keys2`);
  await page.evaluate(async (org) => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}`, 'Content-Type': 'application/json' };
    await fetch(`/v1/organizations/${org}/invitations`, { method: 'POST', headers, body: JSON.stringify({ email: 'keys2@acme.example', role_id: 'user' }) });
  }, org);
  await page.setViewportSize({ width: 1200, height: 400 });
  await page.reload();
  const invited = page.locator('tbody tr', { hasText: 'keys2@acme.example' });
  await invited.locator('summary').press('Enter');
  await invited.getByRole('button', { name: 'Show, change or resend' }).press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).press('Enter');
  await invited.waitFor({ state: 'detached' });
  await focusIsOn('Users');
  await page.end();
});

test('the focus stays at the end of a list while its next pages load, and after the last of them', async () => {
  const page = await pageOf(browser, ADA, server);
  await page.route(/\/members(\?|$)/, async (route) => {
    const pages = [null, 'second', 'third'];
    const number = pages.indexOf(new URL(route.request().url()).searchParams.get('cursor'));
    const answer = await route.fetch({ url: route.request().url().split('?')[0] });
    const items = (await answer.json()).items.slice(number, number + 1);
    await route.fulfill({ json: { items, next_cursor: pages[number + 1] ?? null, total: 3 } });
  });
  await open(page, `/organizations/${(await organizations(page))['Acme Instruments']}/users`);
  await page.getByRole('button', { name: 'Show more' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('2 of 3 users').waitFor();
  await page.waitForFunction(() => document.activeElement.matches('.more button:not([aria-disabled=true])'));
  await page.keyboard.press('Enter');
  await page.getByText('3 users shown').waitFor();
  await page.waitForFunction(() => document.activeElement.matches('.more'));
  await page.end();
});

test('after a change, the focus stays at its field, or is at the nearest heading that is left', async () => {
  const page = await pageOf(browser, ADA, server);
  const said = (text) => page.locator('.toast', { hasText: text }).waitFor();
  const focusIsOn = (name) => page.waitForFunction((name) => document.activeElement.name === name, name, { timeout: 5000 });
  const org = (await organizations(page))['Acme Instruments'];
  await open(page, `/organizations/${org}/settings`);
  const days = page.getByLabel('Days that new events are kept');
  await days.fill('200');
  await days.press('Enter');
  await said('The security settings are saved.');
  await settled(page);
  await focusIsOn('event_retention_days');
  await page.getByLabel('Contact').fill('Ada, room 8');
  await page.getByLabel('Contact').press('Enter');
  await said('The general information is saved.');
  await settled(page);
  await focusIsOn('contact');
  const age = page.getByLabel('Maximum age of a sign-in, in minutes');
  await age.fill('40000');
  await age.press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Restrict' }).press('Enter');
  await said('The security settings are saved.');
  await settled(page);
  await focusIsOn('max_session_minutes');
  await open(page, `/organizations/${org}/roles`);
  await page.getByRole('link', { name: 'Create a role' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Keyboard');
  await page.getByRole('button', { name: 'Create the role' }).click();
  await page.getByRole('heading', { name: 'Keyboard', level: 1 }).waitFor();
  await page.getByLabel('Description').fill('By keyboard');
  await page.getByRole('button', { name: 'Save the role' }).press('Enter');
  await said('Keyboard is saved.');
  await settled(page);
  await page.waitForFunction(() => document.activeElement.textContent === 'Save the role', null, { timeout: 5000 });
  await page.end();
  const zoe = await pageOf(browser, { email: 'zoe@acme.example' }, server);
  await zoe.getByRole('button', { name: 'Ask to join Acme Instruments' }).press('Enter');
  await zoe.getByRole('dialog').getByRole('button', { name: 'Ask to join' }).press('Enter');
  const cancel = zoe.getByRole('button', { name: 'Cancel the request' });
  await cancel.waitFor();
  const onHeading = () => zoe.waitForFunction(() => document.activeElement.textContent === 'My organizations', null, { timeout: 5000 });
  await onHeading();
  await cancel.press('Enter');
  await cancel.waitFor({ state: 'detached' });
  await onHeading();
  await zoe.end();
});

test('messages appear in regions that are there before them, also in a dialog', async () => {
  const page = await pageOf(browser, ADA, server);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, `/organizations/${(await organizations(page))['Acme Instruments']}/users`);
  /** The regions that a screen reader watches now. They are marked. */
  const mark = (root) => root.getByRole('status').evaluateAll((all) => all.forEach((region) => region.setAttribute('data-marked', '')));
  const heard = (root, text) => root.locator('[data-marked]').filter({ hasText: text }).waitFor({ state: 'attached' });
  const search = page.getByRole('searchbox');
  await mark(page);
  await search.fill('nothing like this');
  await heard(page, 'No users shown');
  await search.fill('bob');
  await heard(page, 'One entry shown');
  await search.fill('');
  await heard(page, 'users');
  await page.locator('tr', { hasText: 'Invited' }).first().locator('summary').click();
  await page.getByRole('button', { name: 'Show, change or resend' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Copy the link' }).waitFor();
  await mark(dialog);
  await dialog.getByRole('button', { name: 'Copy the link' }).click();
  await heard(dialog, 'copied');
  assert.equal(await page.locator('.toast', { hasText: 'copied' }).count(), 1);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await heard(page, 'copied');
  await page.end();
});

test('hostile names of an organization, a role and a person are texts on every screen', async () => {
  const page = await pageOf(browser, { email: 'mallory@example.com', name: HOSTILE }, server);
  page.on('dialog', () => page.errors.push('a script ran'));
  const org = await page.evaluate(async (name) => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}`, 'Content-Type': 'application/json' };
    const post = async (path, body) => (await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
    const { id } = await post('/v1/organizations', { name });
    await post(`/v1/organizations/${id}/roles`, { name: name.slice(0, 64), description: name });
    return id;
  }, HOSTILE);
  for (const path of BELOW) {
    await open(page, `/organizations/${org}${path}`);
    assert.equal(await page.locator('main img').count(), 0, `${path} shows names as texts`);
  }
  await page.getByText(HOSTILE).first().waitFor();
  await page.end();
});

test('no screen needs sideways scrolling at 360 pixels, whatever people have called things', async () => {
  const [long, person] = ['W'.repeat(100), { email: `${'w'.repeat(60)}@${'example'.repeat(8)}.example`, name: 'W'.repeat(90) }];
  const page = await pageOf(browser, { ...person, operator: true }, { ...server, width: 360 });
  const { org, roles } = await page.evaluate(async (long) => {
    const own = sessionStorage.getItem('rolecall.token');
    const send = async (method, path, body, token = own) => {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      const answer = await (await fetch(path, { method, headers, body: JSON.stringify(body) })).json();
      if (answer.status >= 400) throw new Error(JSON.stringify(answer));
      return answer;
    };
    const org = (await send('POST', '/v1/organizations', { name: long })).id;
    const operator = (await send('POST', '/local/token', { email: 'op@example.com', scope: 'operator' })).access_token;
    await send('PATCH', `/v1/operator/organizations/${org}`, { kind: 'partner', manage_sub_organizations: true }, operator);
    const roles = [];
    for (const end of ['a', 'b']) {
      roles.push((await send('POST', `/v1/organizations/${org}/roles`, { name: long.slice(0, 63) + end, description: long, permissions: {} })).id);
    }
    await send('POST', `/v1/organizations/${org}/sub-organizations`, { name: long.replace('W', 'V') });
    await send('POST', `/v1/organizations/${org}/invitations`, { email: `${'v'.repeat(60)}@a.example`, role_id: roles[0] });
    await send('POST', `/v1/organizations/${org}/service-members`, { user_id: long, name: long, role_id: roles[0] });
    await send('PATCH', `/v1/organizations/${org}`, { contact: long, address: long });
    return { org, roles };
  }, long);
  const request = { id: 'req', organization_id: org, person, comment: long, created_at: '2026-01-01T00:00:00Z' };
  await page.route(/\/join-requests\?|\/join-requests$/, (route) =>
    route.request().resourceType() === 'document' ? route.continue() : route.fulfill({ json: { items: [request], next_cursor: null } }));
  const found = [];
  const check = async (what) => {
    const excess = await page.evaluate(() => [document.scrollingElement, ...document.querySelectorAll('dialog, .menu-list')]
      .map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth).filter((width) => width > 0));
    if (excess.length > 0) found.push(`${what}: ${excess}`);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${what.replaceAll(/\W+/g, '-').slice(0, 90)}.png`, fullPage: true });
  };
  const at = `/organizations/${org}`;
  const email = encodeURIComponent(person.email);
  for (const path of ['/', ...[...BELOW, `/roles/${roles[0]}`, `/why?email=${email}`, ...['/users', '/roles', '/history'].map((path) => `${path}?scope=subtree`)].map((path) => at + path)]) {
    await open(page, path);
    await check(path);
  }
  await page.setViewportSize({ width: 320, height: 800 });
  await check('the bar of an operator at 320 pixels');
  await page.setViewportSize({ width: 360, height: 800 });
  const press = (name) => page.getByRole('button', { name }).first().click();
  const dialog = async (what) => {
    await page.getByRole('dialog').waitFor();
    await settled(page);
    await check(what);
    await page.keyboard.press('Escape');
  };
  await open(page, `${at}/roles`);
  for (const box of await page.getByRole('checkbox', { name: /W/ }).all()) await box.check();
  await press(/^Compare/);
  await dialog('the comparison of roles');
  await page.setViewportSize({ width: 1200, height: 800 });
  await press(/^Compare/);
  await dialog('the comparison of roles in a wide window');
  await page.setViewportSize({ width: 360, height: 800 });
  await open(page, `${at}/users`);
  for (const [row, action] of [['Invited', 'Show, change or resend'], ['Super Admin', 'Change role, name or end'], ['Service', 'Change']]) {
    await page.locator('tr', { hasText: row }).locator('summary').click();
    await check(`the menu of the row ${row}`);
    await press(action);
    await dialog(action);
  }
  await page.locator('.bar summary').first().click();
  await check('the switcher');
  await page.keyboard.press('Escape');
  await press('Invite');
  await dialog('the invitation');
  await open(page, `${at}/join-requests`);
  await press(/^Approve/);
  await dialog('the approval');
  await open(page, `${at}/history`);
  for (const details of await page.locator('.event summary').all()) await details.click();
  await check('the details of the history');
  assert.deepEqual(found, []);
  await page.end();
});

test('organizations and sections are links: they open in another tab, at their place', async () => {
  const page = await pageOf(browser, ADA, server);
  const org = (await organizations(page))['Acme Instruments'];
  const inNewTab = async (link) => {
    const [tab] = await Promise.all([page.context().waitForEvent('page'), link.click({ modifiers: ['ControlOrMeta'] })]);
    const { pathname, hash } = new URL(await (await tab.waitForFunction(() => location.href !== 'about:blank' && location.href)).jsonValue());
    await tab.close();
    return pathname + hash;
  };
  await open(page, `/organizations/${org}/settings`);
  assert.equal(await inNewTab(page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: 'Critical alert users' })), `/organizations/${org}/settings#alerts`);
  await page.locator('.bar summary').first().click();
  const link = page.locator('.bar .menu-list a').last();
  assert.equal(await inNewTab(link), await link.getAttribute('href'));
  assert.equal(new URL(page.url()).pathname, `/organizations/${org}/settings`);
  await link.click();
  await link.waitFor({ state: 'hidden' });
  await page.goto(`/organizations/${org}/settings#alerts`);
  await settled(page);
  await page.waitForFunction(() => document.activeElement.id === 'alerts' && Math.abs(document.activeElement.getBoundingClientRect().top) < 200);
  await page.end();
});

test('no placeholder is cut, on a page or in a dialog', async () => {
  const page = await pageOf(browser, ADA, server);
  const operator = await pageOf(browser, OPERATOR, server);
  const at = `/organizations/${(await organizations(page))['Acme Instruments']}`;
  const press = (name) => async (by) => (await by.getByRole('button', { name }).click(), by.getByRole('dialog').getByRole('searchbox').waitFor());
  const below = async (by) => {
    await by.getByRole('button', { name: 'Create an organization' }).click();
    await by.getByLabel('Place').selectOption('below');
  };
  const visits = [
    [page, `${at}/users`], [page, `${at}/roles`], [page, `${at}/history`],
    [operator, '/operator'], [operator, '/operator', below], [operator, `/operator${at}`, press('Appoint another…')],
  ];
  const cut = [];
  let seen = 0;
  for (const [by, path, act] of visits) {
    await open(by, path);
    await act?.(by);
    for (const width of [360, 768, 1200]) {
      await by.setViewportSize({ width, height: 800 });
      // Each has room for the button that clears a search.
      const texts = await by.locator('input[placeholder]').evaluateAll((all) => all.map((input) => {
        const { font, paddingLeft, paddingRight } = getComputedStyle(input);
        const pen = document.createElement('canvas').getContext('2d');
        pen.font = font;
        return { text: input.placeholder, excess: pen.measureText(input.placeholder).width - (input.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - 20) };
      }));
      seen += texts.length;
      cut.push(...texts.filter(({ excess }) => excess > 0).map(({ text }) => `${text} (${path.replace(at, '')} at ${width})`));
    }
  }
  assert.ok(seen >= 3 * visits.length, `${seen} placeholders`);
  assert.deepEqual(cut, []);
  await page.end();
  await operator.end();
});

test('a name that begins with an emoji has it as initial', async () => {
  const page = await pageOf(browser, { email: 'fox@example.net', name: '🦊 Fox' }, server);
  assert.equal(await page.locator('.avatar').textContent(), '🦊');
  await page.end();
});

test('an entry of the history promises changes only where it has values', async () => {
  const page = await pageOf(browser, ADA, server);
  await open(page, `/organizations/${(await organizations(page))['Acme Instruments']}/history`);
  const summaries = page.locator('.event summary');
  for (const summary of await summaries.all()) await summary.click();
  await page.locator('.event-details').last().waitFor();
  const entries = await page.locator('.event').evaluateAll((all) => all.map((entry) =>
    [entry.querySelector('summary').firstChild.textContent, entry.querySelectorAll('.event-details table').length].join(': ')));
  assert.deepEqual([...new Set(entries)].sort(), ['Details: 0', 'What changed: 1']);
  await page.end();
});

test('no filter cuts what it says', async () => {
  const page = await pageOf(browser, ADA, server);
  const org = (await organizations(page))['Acme Instruments'];
  const cut = [];
  for (const [width, path] of [360, 1200].flatMap((width) => ['users', 'roles', 'history'].map((path) => [width, path]))) {
    await page.setViewportSize({ width, height: 800 });
    await open(page, `/organizations/${org}/${path}`);
    // As wide as its longest choice needs. Names of roles can be of any length.
    cut.push(...await page.locator('main select').evaluateAll((all, at) => all.filter((select) => {
      const { width } = select.getBoundingClientRect();
      select.style.width = 'auto';
      select.style.justifySelf = 'start';
      return select.getBoundingClientRect().width > width + 1;
    }).map((select) => `${at}: ${select.labels[0].textContent}`), `${path} ${width}`));
  }
  assert.deepEqual(cut.filter((text) => !/: Role/.test(text)), []);
  await page.end();
});

test('no page is wider than its window, and no word is broken, between a telephone and a wide screen', async () => {
  const page = await pageOf(browser, ADA, server);
  const operator = await pageOf(browser, OPERATOR, server);
  const org = (await organizations(page))['Acme Instruments'];
  const at = `/organizations/${org}`;
  const explain = async () => {
    await page.getByLabel('Area').selectOption({ label: 'User Management' });
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.locator('.steps').waitFor();
  };
  const visits = [
    ...['/users', '/users?scope=subtree', '/roles', '/roles?scope=subtree', '/join-requests', '/settings'].map((path) => [page, at + path]),
    [page, `${at}/why?email=jonas@acme.example`, explain],
    ...['/operator', `/operator/organizations/${org}`].map((path) => [operator, path]),
  ];
  // A long name takes the room of the other columns.
  await operator.route(/\/v1\/operator\/organizations\?/, async (route) => {
    const { items, ...page } = await (await route.fetch()).json();
    await route.fulfill({ json: { ...page, items: items.map((org, index) => (index === 0 ? { ...org, name: 'W'.repeat(100) } : org)) } });
  });
  const found = [];
  for (const [by, path, act] of visits) {
    await open(by, path);
    await act?.();
    for (const width of [768, 900, 1024, 1168, 1200]) {
      await by.setViewportSize({ width, height: 800 });
      found.push(...await by.evaluate(([path, width]) => {
        const words = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
        const isBroken = ({ node, index, text }) => {
          const range = document.createRange();
          range.setStart(node, index);
          range.setEnd(node, index + text.length);
          return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1;
        };
        const broken = [];
        for (let node = words.nextNode(); node; node = words.nextNode()) {
          if (node.parentElement.closest('.sr-only')) continue;
          // A browser may break a word at its hyphens, and must break some long ones.
          const parts = [...node.data.matchAll(/[^\s-]{2,}/g)].filter(([text]) => text.length < 25).map(({ 0: text, index }) => ({ node, index, text }));
          broken.push(...parts.filter(isBroken).map(({ text }) => text));
        }
        const excess = document.documentElement.scrollWidth - innerWidth;
        return [excess > 0 && `${excess} pixels too wide`, broken.length > 0 && `broken: ${broken}`].filter(Boolean).map((text) => `${path} at ${width}: ${text}`);
      }, [path.replace(org, 'org'), width]));
      if (process.env.SHOTS) await by.screenshot({ path: `${process.env.SHOTS}/${width}${path.replaceAll(/\W+/g, '-')}.png`, fullPage: true });
    }
  }
  assert.deepEqual(found, []);
  await page.end();
  await operator.end();
});

test('the actions of a row open inside a window of 360 pixels', async () => {
  const page = await pageOf(browser, ADA, { ...server, width: 360 });
  await open(page, `/organizations/${(await organizations(page))['Acme Instruments']}/users`);
  await page.getByRole('row', { name: /bob@acme.example/ }).locator('summary').click();
  await page.getByRole('button', { name: /^Change role/ }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  assert.ok((await page.locator('[open] > .menu-list').boundingBox()).x >= 0);
  await page.end();
});

test('the account menu of a person without an organization opens inside the window', async () => {
  for (const width of [360, 1200]) {
    const page = await pageOf(browser, { email: 'alone@example.net' }, { ...server, width });
    await page.locator('summary', { hasText: 'Your account' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    const { x, width: wide } = await page.locator('[open] > .menu-list').boundingBox();
    assert.ok(x >= 0 && x + wide <= width, `from ${x} to ${x + wide} of ${width}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    await page.end();
  }
});

test('each section of the settings has a name, so that its buttons are told apart', async () => {
  const page = await pageOf(browser, ADA, server);
  await open(page, `/organizations/${(await organizations(page))['Acme Instruments']}/settings`);
  for (const name of ['General information', 'Security']) {
    await page.getByRole('region', { name }).getByRole('button', { name: 'Save' }).waitFor();
  }
  await page.end();
});

test('the title of a page names the organization, once', async () => {
  const page = await pageOf(browser, ADA, server);
  const org = (await organizations(page))['Acme Instruments'];
  assert.equal(await page.title(), 'My organizations · Rolecall');
  for (const [path, title] of [['', 'Acme Instruments · Rolecall'], ['/users', 'Users · Acme Instruments · Rolecall'], ['/settings', 'Settings · Acme Instruments · Rolecall']]) {
    await open(page, `/organizations/${org}${path}`);
    assert.equal(await page.title(), title);
  }
  await page.end();
});

test('an address that is not well formed leads to no page, and says so', async () => {
  const page = await pageOf(browser, OPERATOR, server);
  const ada = await pageOf(browser, ADA, server);
  const org = (await organizations(ada))['Acme Instruments'];
  for (const [by, path, place] of [[page, '/operator/organizations/%E0%A4%A', ''], [ada, `/organizations/${org}/roles/%E0%A4%A`, 'Acme Instruments · ']]) {
    await by.goto(path);
    await by.getByRole('heading', { name: 'There is no such page' }).waitFor();
    await titleIs(by, `There is no such page · ${place}Rolecall`);
  }
  await open(ada, '/organizations/org_01KAK5QX3T7Y9ZB2C4D6E8F0GH');
  await ada.getByRole('heading', { name: 'This page cannot be shown' }).waitFor();
  await titleIs(ada, 'This page cannot be shown · Rolecall');
  await page.end();
  await ada.end();
});

test('a person who may not open a page reads which permission is missing, and who can give it', async () => {
  const ada = await pageOf(browser, ADA, server);
  const page = await pageOf(browser, { email: 'jonas@acme.example' }, server);
  await open(page, `/organizations/${(await organizations(ada))['Acme Instruments']}/join-requests`);
  await page.getByRole('heading', { name: 'Join requests' }).waitFor();
  await page.getByText('This needs Full Access to User Management. An administrator of the organization can give').waitFor();
  await page.end();
  await ada.end();
});

test('the current page and the mark of the organization switcher are inside a window of 360 pixels', async () => {
  const page = await pageOf(browser, ADA, { ...server, width: 360 });
  const org = (await organizations(page))['Acme Instruments'];
  await open(page, `/organizations/${org}/settings`);
  const right = (locator) => locator.evaluate((element) => element.getBoundingClientRect().right);
  assert.ok((await right(page.locator('.nav [aria-current]'))) <= 360);
  const mark = page.getByText('▾', { exact: true });
  assert.ok((await right(mark)) <= (await right(page.locator('.bar summary').first())));
  await page.locator('.bar summary').first().click();
  await page.getByRole('link', { name: /Acme Germany.*Below Acme Europe/ }).waitFor();
  await open(page, `/organizations/${org}/`);
  await page.getByRole('row', { name: /^License Management - Sub Organizations/ }).waitFor();
  await page.end();
});

// The first page alone: what few people open is loaded with its first visit. Only an operator's browser loads the screens of operators.
for (const [who, person, path] of [['a member', ADA, '/'], ['an operator', OPERATOR, '/operator']]) {
  test(`the first page of ${who} loads at most 120 KB, compressed`, { skip: process.env.SITE && 'the files come from SITE' }, async () => {
    const page = await pageOf(browser, person, server);
    // As at the first visit: the sign-in has filled the cache.
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });
    await open(page, path);
    const files = await page.evaluate(() => ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type))
      .filter(({ name }) => !name.includes('/v1/')).map(({ encodedBodySize }) => encodedBodySize));
    const bytes = files.reduce((sum, size) => sum + size, 0);
    assert.ok(files.length > 40 && bytes > 50_000 && bytes <= 120_000, `${bytes} bytes in ${files.length} files`);
    console.log(`${who}: ${bytes} bytes in ${files.length} files`);
    await page.end();
  });
}
