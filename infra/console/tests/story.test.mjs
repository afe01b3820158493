// The story of the product as two people and an operator live it, in a real browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkInMail, newPage, open, pageOf, picture, settled, signIn, start } from './console.mjs';

const { browser, server } = await start();
let ada, bob, operator;

const said = (page, text) => page.locator('.toast', { hasText: text }).waitFor();
const go = async (page, name) => {
  await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
  await settled(page);
};

test('Ada creates an organization and becomes its Super Admin', async () => {
  ada = await pageOf(browser, { email: 'ada@example.com', name: 'Ada Lovelace' }, server);
  await ada.getByText('You belong to no organization yet').waitFor();
  await picture(ada, 'story-1-empty');
  await ada.getByRole('button', { name: 'Create an organization' }).click();
  await ada.getByRole('dialog').getByLabel('Name').fill('Acme');
  await ada.getByRole('button', { name: 'Create', exact: true }).click();
  await ada.getByRole('heading', { name: 'Acme', level: 1 }).waitFor();
  await ada.getByRole('main').getByText('Super Admin').first().waitFor();
});

test('she invites Bob, who finds the invitation by the link of his mail and accepts', async () => {
  await go(ada, 'Users');
  await ada.getByRole('button', { name: 'Invite' }).click();
  const dialog = ada.getByRole('dialog');
  await dialog.getByLabel('Email address').fill('bob@example.com');
  await dialog.getByLabel('Role').selectOption({ label: 'Admin' });
  await dialog.getByRole('button', { name: 'Invite' }).click();
  await said(ada, 'bob@example.com is invited');
  await ada.getByRole('row', { name: /bob@example.com/ }).getByText('Invited', { exact: true }).waitFor();

  bob = await newPage(browser, server);
  await open(bob, await linkInMail(server.url, 'bob@example.com'));
  await signIn(bob, { email: 'bob@example.com', name: 'Bob Miller' });
  await bob.getByRole('heading', { name: 'Acme' }).waitFor();
  await picture(bob, 'story-2-invitation');
  await bob.getByRole('button', { name: 'Accept' }).click();
  await said(bob, 'Welcome to Acme');
});

test('a person with another address learns which address is signed in', async () => {
  const eve = await newPage(browser, server);
  await open(eve, await linkInMail(server.url, 'bob@example.com'));
  await signIn(eve, { email: 'eve@example.com' });
  await eve.getByText('You are signed in as eve@example.com').waitFor();
  await picture(eve, 'story-3-wrong-address');
  await eve.getByRole('button', { name: 'Sign in with another address' }).click();
  await eve.getByRole('heading', { name: 'Sign in' }).waitFor();
  await eve.end();
});

test('she creates a role with levels, and invites several people at once', async () => {
  await go(ada, 'Roles');
  await ada.getByRole('link', { name: 'Create a role' }).click();
  await ada.getByRole('heading', { name: 'Create a role' }).waitFor();
  await ada.getByLabel('Name', { exact: true }).fill('Support Desk');
  await ada.getByRole('radiogroup', { name: 'Support Service', exact: true }).getByLabel('Full Access').check();
  await picture(ada, 'story-4-role');
  await ada.getByRole('button', { name: 'Create the role' }).click();
  await ada.getByRole('heading', { name: 'Support Desk' }).waitFor();

  await go(ada, 'Users');
  await ada.getByRole('button', { name: 'Invite' }).click();
  await ada.getByRole('button', { name: 'Many people' }).click();
  await ada.getByLabel('Addresses').fill('email,role\ncy@example.com,Support Desk\nnobody,User\n');
  await ada.getByRole('button', { name: 'Invite all' }).click();
  await ada.getByText('1 person invited, 1 refused.').waitFor();
  await picture(ada, 'story-5-outcomes');
  await ada.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
});

test('the number of users of a role leads to these users', async () => {
  await go(ada, 'Roles');
  const row = ada.getByRole('row', { name: /Support Desk/ });
  await row.getByRole('link', { name: /1/ }).first().click();
  await ada.getByRole('row', { name: /cy@example.com/ }).waitFor();
  assert.equal(await ada.getByRole('row', { name: /bob@example.com/ }).count(), 0);
});

test('an operator suspends the organization; its members read why, and work again after the end', async () => {
  operator = await pageOf(browser, { email: 'olga@example.com', operator: true }, server);
  await operator.getByRole('link', { name: 'Operator', exact: true }).click();
  await operator.getByRole('link', { name: 'Acme' }).click();
  await settled(operator);
  await operator.getByRole('button', { name: /^Suspend/ }).click();
  await operator.getByRole('dialog').getByLabel(/Reason/).fill('The invoice is open.');
  await operator.getByRole('dialog').getByRole('button', { name: /^Suspend/ }).click();
  await operator.getByRole('button', { name: /^(Resume|End the suspension)/ }).waitFor();

  await go(ada, 'Event history').catch(() => {});
  await ada.reload();
  await ada.getByText('The invoice is open.').waitFor();
  await picture(ada, 'story-6-suspended');
  await operator.getByRole('button', { name: /^(Resume|End the suspension)/ }).click();
  await operator.getByRole('dialog').getByLabel(/Reason/).fill('The invoice is paid.');
  await operator.getByRole('dialog').getByRole('button', { name: /^(Resume|End the suspension)/ }).click();
  await operator.getByRole('button', { name: /^Suspend/ }).waitFor();
  await ada.reload();
  await settled(ada);
});

test('she hands the Super Admin role on to Bob, and the history tells it', async () => {
  await go(ada, 'Settings');
  await ada.getByLabel('The next Super Admin').selectOption({ label: 'Bob Miller · bob@example.com' });
  await ada.getByRole('button', { name: /^Transfer/ }).click();
  await ada.getByRole('dialog').getByRole('button', { name: /^Transfer/ }).click();
  await said(ada, 'Super Admin');
  await open(bob, bob.url());
  await go(bob, 'Event history');
  await bob.getByText(/Ada Lovelace .*Super Admin.*Bob Miller/).first().waitFor();
  await picture(bob, 'story-7-history');
  for (const page of [ada, bob, operator]) await page.end();
});
