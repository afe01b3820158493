// What the browser tests share: a local server, a browser, people who sign in, and checks of a page.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const program = process.env.ROLECALL ?? `${root}target/debug/rolecall`;
const pictures = `${root}target/console`;
const axeSource = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** A browser and a local server with `options`, which end after the tests of the file. */
export async function start(...options) {
  const browser = await startBrowser();
  after(() => browser.close());
  const server = await startServer(...options);
  after(() => server.stop());
  return { browser, server };
}

/** Starts a local server in memory on a free port, with further `options`. Resolves to its URL and its end. */
async function startServer(...options) {
  const ports = ['--listen', '--engine', '--fake-aws'].flatMap((name) => [name, '127.0.0.1:0']);
  const child = spawn(program, ['--memory', ...ports, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /^console\s+(\S+)\//.exec(line);
    if (found) {
      child.stdout.resume();
      return { url: found[1], stop: () => child.kill() };
    }
  }
  throw new Error('the local server does not start');
}

/** Starts Chromium: `chromium` of the system, or the program in CHROMIUM. */
const startBrowser = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });

/**
 * A page of its own session, which fails the test at its end if the console reported an error. With the folder `site` in
 * SITE, it has the modules and the style of that folder, so that an edit is tested without a build.
 */
export async function newPage(browser, { url, width = 1200, dark = false, bypassCSP = false }) {
  const context = await browser.newContext({
    baseURL: url,
    bypassCSP,
    colorScheme: dark ? 'dark' : 'light',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    viewport: { width, height: 800 },
  });
  if (process.env.SITE) await context.route(/\/(app|vendor)\/|\/style\.css$/, (route) =>
    route.fulfill({ path: process.env.SITE + new URL(route.request().url()).pathname }));
  if (process.env.SITE) await context.route('**/docs/page.js', (route) => route.fulfill({ path: `${root}infra/local/src/reference/page.js` }));
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(error.message));
  // A refusal is shown as a problem; the browser reports it, too.
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) page.errors.push(message.text());
  });
  page.end = async () => {
    // A page with an open question cannot always be closed. The run must not wait for it.
    await Promise.race([context.close(), setTimeout(20_000, null, { ref: false })]);
    assert.deepEqual(page.errors, [], 'the console of the browser has no errors');
  };
  return page;
}

/** Signs in on the page that is open: `{ email, name, operator, mfa, unverified }`. */
export async function signIn(page, { email, name, ...checks }) {
  await page.getByLabel('Email address').fill(email);
  if (name) await page.getByLabel('Name (optional)').fill(name);
  if (checks.operator) await page.getByLabel('Platform operator').check();
  if (checks.mfa || checks.unverified) await page.getByRole('button', { name: 'More about the token' }).click();
  if (checks.mfa) await page.getByLabel('Signed in with multi-factor').check();
  if (checks.unverified) await page.getByLabel('The address is not verified').check();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor({ state: 'detached' });
}

/** Opens `path` and waits until nothing loads. */
export async function open(page, path) {
  await page.goto(path);
  await settled(page);
}

export async function settled(page) {
  await page.waitForLoadState('networkidle');
  await page.locator('h1').first().waitFor();
}

/** A page of a person who has signed in. */
export async function pageOf(browser, person, options) {
  const page = await newPage(browser, options);
  await open(page, '/');
  await signIn(page, person);
  await settled(page);
  return page;
}

/** Keeps a picture below target/console. */
export async function picture(page, name) {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: `${pictures}/${name}.png`, animations: 'disabled' });
}

/** Checks the page by axe (WCAG 2.2 AA), that its placeholders can be read, and that it needs no sideways scrolling. The page must bypass the CSP. */
export async function assertAccessible(page, what) {
  await page.addScriptTag({ path: axeSource });
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).slice(0, 3).join(' | ')}`);
  assert.deepEqual(found, [], `${what} is accessible`);
  assert.deepEqual(await page.evaluate(weakPlaceholders), [], `the placeholders of ${what} have enough contrast`);
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(excess <= 0, `${what} is ${excess} pixels wider than the window`);
}

/** The placeholders with less contrast than 4.5 to 1 (WCAG 1.4.3), which axe does not check. Runs in the page. */
function weakPlaceholders() {
  const luminance = (color) => {
    const [red, green, blue] = color.match(/[\d.]+/g).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  return [...document.querySelectorAll('main [placeholder]')].map((input) => {
    const { color, opacity } = getComputedStyle(input, '::placeholder');
    const [dark, light] = [luminance(color), luminance(getComputedStyle(input).backgroundColor)].sort((one, other) => one - other);
    return { text: input.placeholder, contrast: opacity === '1' ? (light + 0.05) / (dark + 0.05) : 0 };
  }).filter(({ contrast }) => contrast < 4.5).map(({ text, contrast }) => `${text}: ${contrast.toFixed(1)}`);
}

/** The organizations of the person whose page this is, as ids by name. */
export const organizations = (page) =>
  page.evaluate(async () => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}` };
    const answer = await fetch('/v1/me?limit=100', { headers });
    return Object.fromEntries((await answer.json()).organizations.map(({ id, name }) => [name, id]));
  });

/** The path in the last mail to an address, as its link says. */
export async function linkInMail(url, to, pattern = /\/organizations\/\S+/) {
  for (let attempt = 0; attempt < 40; attempt++) {
    const answer = await fetch(`${url}/local/mailbox?to=${to}`, { headers: { Accept: 'application/json' } });
    const found = pattern.exec((await answer.json()).items[0]?.text ?? '');
    if (found) return found[0];
    await setTimeout(250);
  }
  throw new Error(`no mail to ${to}`);
}
