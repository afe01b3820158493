// The API reference of the local server: it signs in, keeps the token, and sends requests.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newPage, start } from './console.mjs';

const { browser, server } = await start('--demo');

test('a person signs in at the reference, sends requests as it fills them in, and reads who is signed in after a reload', async () => {
  const page = await newPage(browser, server);
  const opened = await page.goto('/docs');
  assert.match(opened.headers()['content-security-policy'], /^default-src 'self'; /);
  await page.getByLabel('Sign in as').fill('ada@acme.example');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Signed in as ada@acme.example. Requests send the token.').waitFor();
  await page.reload();
  await page.getByText('Signed in as ada@acme.example. Requests send the token.').waitFor();
  for (const [tag, operation, path] of [['access', 'access-showMe', '/v1/me'], ['accept', 'accept-listMyInvitations', '/v1/me/invitations']]) {
    await page.getByPlaceholder('Filter by tag').fill(tag);
    const block = page.locator(`.opblock[id$="${operation}"]`);
    await block.locator('.opblock-summary-control').first().click();
    const [answer] = await Promise.all([
      page.waitForResponse((response) => new URL(response.url()).pathname === path),
      block.getByRole('button', { name: 'Execute' }).click(),
    ]);
    assert.equal(answer.status(), 200, `${answer.url()}: ${await answer.text()}`);
    await block.locator('.live-responses-table', { hasText: '200' }).waitFor();
  }
  await page.end();
});
