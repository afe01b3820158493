// The API reference of the local server: it signs in, keeps the token, and sends requests.
import { after, before, test } from 'node:test';
import { newPage, startBrowser, startServer } from './console.mjs';

let server, browser;

before(async () => {
  [server, browser] = [await startServer(), await startBrowser()];
});
after(async () => {
  await browser?.close();
  server?.stop();
});

test('a person signs in at the reference, sends a request, and is still signed in after a reload', async () => {
  const page = await newPage(browser, server);
  await page.goto('/docs');
  await page.getByLabel('Sign in as').fill('ada@example.com');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Signed in. Requests send the token.').waitFor();
  await page.reload();
  await page.getByPlaceholder('Filter by tag').fill('access');
  const operation = page.locator('#operations-access-showMe');
  await operation.locator('.opblock-summary-control').first().click();
  await page.getByRole('button', { name: 'Execute' }).click();
  await page.locator('.live-responses-table', { hasText: 'ada@example.com' }).waitFor();
  await page.end();
});
