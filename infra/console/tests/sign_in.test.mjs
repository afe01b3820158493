// Signing in at an identity provider: a stand-in for one, which checks what a real one checks.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { newPage, open, start } from './console.mjs';

const CLIENT = 'console';
const provider = await startProvider();
after(() => provider.stop());
const { browser, server } = await start('--issuer', provider.url, '--audience', CLIENT);

test('a person signs in with a code and PKCE, and returns to the page they came from', async () => {
  const page = await newPage(browser, server);
  await open(page, '/organizations/org_01KAK5QX3T7Y9ZB2C4D6E8F0GH/users');
  await page.getByRole('button', { name: /Sign in at 127\.0\.0\.1/ }).click();
  await page.waitForFunction(() => sessionStorage.getItem('rolecall.token'));
  assert.equal(new URL(page.url()).pathname, '/organizations/org_01KAK5QX3T7Y9ZB2C4D6E8F0GH/users');
  assert.equal(new URL(page.url()).search, '', 'neither code nor token stays in the address');
  await open(page, '/');
  await page.getByRole('heading', { name: 'My organizations' }).waitFor();
  await page.end();
});

test('an answer that the browser tab has not asked for is refused', async () => {
  const page = await newPage(browser, server);
  await open(page, '/signed-in?code=stolen&state=other');
  await page.getByText('This browser tab has not begun a sign-in.').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem('rolecall.token')), null);
  await page.end();
});

test('a sign-in that fails says why, and the next one leads to the page that the person came from', async () => {
  const page = await newPage(browser, server);
  const from = '/organizations/org_01KAK5QX3T7Y9ZB2C4D6E8F0GH/invitations/inv_01KAK5S9A1B3C5D7E9F0G2H4J6';
  const alert = page.getByRole('alert');
  const begin = () => page.getByRole('button', { name: /Sign in at/ }).click();
  const failsWith = async (text) => {
    await alert.getByText(text).waitFor();
    assert.equal(await alert.count(), 1);
    assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, from);
  };
  await open(page, from);
  provider.refuses = true;
  await begin();
  await failsWith('The identity provider refused: “The person said no” (access_denied).');
  provider.refuses = false;
  await page.route(/openid-configuration/, (route) => route.abort());
  await begin();
  await failsWith('The identity provider cannot be reached');
  await page.unroute(/openid-configuration/);
  await page.route(`${provider.url}/token`, (route) => route.abort());
  await begin();
  await failsWith('The identity provider cannot be reached');
  await page.unroute(`${provider.url}/token`);
  provider.issuer = 'https://other.example';
  await begin();
  await failsWith('The answer of the identity provider is not as expected');
  provider.issuer = provider.url;
  await begin();
  await page.waitForFunction(() => sessionStorage.getItem('rolecall.token'));
  await page.waitForURL(`${server.url}${from}`);
  await page.end();
});

test('a sign-in that has ended is renewed in a window of its own: the same person keeps what they have entered, another begins anew', async () => {
  const page = await newPage(browser, server);
  const other = await page.context().newPage();
  const signInAtProvider = async (one) => {
    await one.getByRole('button', { name: /Sign in at/ }).click();
    await one.getByRole('heading', { name: 'My organizations' }).waitFor();
  };
  await open(page, '/');
  await signInAtProvider(page);
  await page.getByRole('button', { name: 'Create an organization' }).click();
  await page.getByLabel('Name').fill('Analytical Engines');
  await page.route('**/v1/organizations', (route) => route.fulfill({ status: 401, body: '{}' }));
  const create = () => page.getByRole('button', { name: 'Create', exact: true }).click();
  const openWindow = async () => {
    const [beside] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: 'Sign in again' }).click()]);
    await beside.getByRole('button', { name: /Sign in at/ }).waitFor();
    return beside;
  };
  const signInBeside = (beside) => Promise.all([beside.waitForEvent('close'), beside.getByRole('button', { name: /Sign in at/ }).click()]);
  await create();
  await signInBeside(await openWindow());
  await page.locator('.toast', { hasText: 'You are signed in again' }).waitFor();
  assert.equal(await page.getByLabel('Name').inputValue(), 'Analytical Engines');
  provider.subject = 'grace';
  await create();
  const beside = await openWindow();
  await open(other, '/');
  await signInAtProvider(other);
  await page.getByRole('button', { name: 'Sign in again' }).waitFor();
  assert.equal(await page.getByLabel('Name').inputValue(), 'Analytical Engines', 'the sign-in of another tab is not taken');
  await signInBeside(beside);
  await page.locator('.toast', { hasText: 'has signed in. The page begins anew' }).waitFor();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  provider.subject = 'ada';
  await page.end();
});

test('a sign-in that is too old, another address and a sign-out make the provider ask again', async () => {
  const page = await newPage(browser, server);
  const begin = () => page.getByRole('button', { name: /Sign in at/ }).click();
  const asked = () => provider.prompts.splice(0);
  asked();
  await open(page, '/');
  await begin();
  await page.getByRole('heading', { name: 'My organizations' }).waitFor();
  const org = await page.evaluate(async () => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem('rolecall.token')}`, 'Content-Type': 'application/json' };
    const send = async (method, path, body) => {
      const answer = await (await fetch(path, { method, headers, body: JSON.stringify(body) })).json();
      if (answer.status >= 400) throw new Error(JSON.stringify(answer));
      return answer;
    };
    const { id } = await send('POST', '/v1/organizations', { name: 'Engines' });
    await send('PUT', `/v1/organizations/${id}/security`, { require_mfa: false, max_session_minutes: 5, allowed_networks: [], event_retention_days: 365 });
    return id;
  });
  assert.deepEqual(asked(), [undefined]);
  provider.signedInAt -= 3600;
  await page.evaluate(() => sessionStorage.clear());
  await open(page, `/organizations/${org}`);
  await begin();
  await page.getByText('Sign-in too old').waitFor();
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await begin();
  await page.getByRole('heading', { name: 'Engines', level: 1 }).waitFor();
  assert.deepEqual(asked(), [undefined, 'login']);
  await page.route('**/v1/organizations', (route) => route.fulfill({ status: 403, json: { type: '/problems/session-too-old', title: 'Sign-in too old', status: 403 } }));
  await open(page, '/');
  await page.getByRole('button', { name: 'Create an organization' }).click();
  await page.getByLabel('Name').fill('Analytical Engines');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  const [beside] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: 'Sign in again' }).click()]);
  await Promise.all([beside.waitForEvent('close'), beside.getByRole('button', { name: /Sign in at/ }).click()]);
  await page.locator('.toast', { hasText: 'You are signed in again' }).waitFor();
  assert.deepEqual(asked(), ['login']);
  await open(page, `/organizations/${org}/invitations/inv_01KAK5S9A1B3C5D7E9F0G2H4J6`);
  await page.getByRole('button', { name: 'Sign in with another address' }).click();
  await begin();
  await page.getByRole('button', { name: 'Sign in with another address' }).waitFor();
  await page.locator('summary', { hasText: 'Your account' }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.reload();
  await begin();
  await page.getByRole('heading', { name: 'My organizations' }).waitFor();
  await page.evaluate(() => sessionStorage.removeItem('rolecall.token'));
  await page.reload();
  await begin();
  await page.getByRole('heading', { name: 'My organizations' }).waitFor();
  assert.deepEqual(asked(), ['login', 'login', undefined]);
  await page.end();
});

/** An OpenID provider that signs Ada in. It asks no question while it has a session, unless the request says so. */
async function startProvider() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const requests = new Map();
  const now = () => Math.floor(Date.now() / 1000);
  const provider = { refuses: false, subject: 'ada', signedInAt: now(), prompts: [] };
  const answers = {
    '/.well-known/openid-configuration': () => ({
      issuer: provider.issuer,
      authorization_endpoint: `${provider.url}/authorize`,
      token_endpoint: `${provider.url}/token`,
      jwks_uri: `${provider.url}/keys`,
    }),
    '/keys': () => ({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'key', alg: 'RS256', use: 'sig' }] }),
    '/token': (body) => {
      const { redirect_uri, code_challenge, nonce } = requests.get(body.get('code'));
      requests.delete(body.get('code'));
      const challenge = createHash('sha256').update(body.get('code_verifier')).digest('base64url');
      assert.deepEqual([body.get('client_id'), body.get('redirect_uri'), challenge], [CLIENT, redirect_uri, code_challenge]);
      const claims = { iss: provider.url, aud: CLIENT, sub: provider.subject, iat: now(), exp: now() + 600, auth_time: provider.signedInAt };
      const access = { ...claims, email: 'ada@example.com', email_verified: true };
      return { token_type: 'Bearer', access_token: token(access, privateKey), id_token: token({ ...claims, nonce }, privateKey) };
    },
  };
  const listener = async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://host');
    if (pathname === '/authorize') return response.writeHead(302, { Location: authorize(searchParams) }).end();
    let body = '';
    for await (const part of request) body += part;
    const headers = { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'application/json' };
    return response.writeHead(200, headers).end(JSON.stringify(answers[pathname](new URLSearchParams(body))));
  };
  const authorize = (asked) => {
    const values = Object.fromEntries(asked);
    assert.deepEqual([values.response_type, values.code_challenge_method, values.client_id], ['code', 'S256', CLIENT]);
    provider.prompts.push(values.prompt);
    if (values.prompt === 'login') provider.signedInAt = now();
    const url = new URL(values.redirect_uri);
    const code = randomUUID();
    requests.set(code, values);
    url.search = new URLSearchParams({ state: values.state, ...(provider.refuses ? { error: 'access_denied', error_description: 'The person said no' } : { code }) });
    return url.href;
  };
  const http = createServer(listener);
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  provider.url = `http://127.0.0.1:${http.address().port}`;
  provider.issuer = provider.url;
  provider.stop = () => (http.close(), http.closeAllConnections());
  return provider;
}

/** A JSON Web Token with the claims. */
function token(claims, key) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'RS256', kid: 'key', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`;
}
