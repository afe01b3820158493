// The picture at the top of the README: docs/console.png. picture.txt has what the console shows there, and the digest of the picture.
// With UPDATE_DOCS=1, the test writes both.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { open, organizations, pageOf, start } from './console.mjs';

const PICTURE = new URL('../../../docs/console.png', import.meta.url);
const TEXTS = new URL('picture.txt', import.meta.url);

const { browser, server } = await start('--demo');

// Not in the picture on every machine: times are relative to now, and how many rows fit depends on the fonts.
const LEFT_OUT = '.skip, .sr-only, option, time, tbody tr:nth-child(n + 4), .more, details:not([open]) > :not(summary)';

/** The texts of the page, without those in elements that match `leftOut`, one on each line. Runs in the page. */
function textsOf(leftOut) {
  const texts = [];
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
    if (node.parentElement.closest(leftOut)) continue;
    if (node instanceof HTMLSelectElement) texts.push(node.selectedOptions[0].text);
    if (node instanceof HTMLInputElement) texts.push(node.value || node.placeholder);
    if (node instanceof Text) texts.push((node.previousSibling?.nodeName === 'WBR' ? texts.pop() : '') + node.data.trim());
  }
  return texts.filter(Boolean).join('\n');
}

test('the picture of the README shows the users of an organization as the console does now', async () => {
  const page = await pageOf(browser, { email: 'ada@acme.example', name: 'Ada Lovelace' }, server);
  await open(page, `/organizations/${(await organizations(page))['Acme Instruments']}/users`);
  const texts = await page.evaluate(textsOf, LEFT_OUT);
  if (process.env.UPDATE_DOCS) await page.screenshot({ path: PICTURE.pathname, animations: 'disabled' });
  const found = `${texts}\n\nSHA-256 of docs/console.png: ${createHash('sha256').update(readFileSync(PICTURE)).digest('hex')}\n`;
  if (process.env.UPDATE_DOCS) writeFileSync(TEXTS, found);
  assert.equal(found, readFileSync(TEXTS, 'utf8'), 'The console has other texts than docs/console.png. Run UPDATE_DOCS=1 node --test tests/picture.test.mjs');
  await page.end();
});
