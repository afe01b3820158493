// The deployment: the function that rewrites paths, the security policies, and `deploy` with a stand-in for the AWS CLI.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const template = read('template.yaml');
const folder = mkdtempSync(join(tmpdir(), 'console-'));
after(() => rmSync(folder, { recursive: true }));

/** The lines of a block of the template below the line that begins with `key`, without their indentation. */
function block(key, text = template) {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.trim().startsWith(key));
  const depth = (line) => line.search(/\S/);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.trim() && depth(line) <= depth(lines[start]));
  const body = end < 0 ? rest : rest.slice(0, end);
  return body.map((line) => line.slice(depth(body[0]))).join('\n');
}

test('the function rewrites the paths of the console and no file', () => {
  const handler = runInNewContext(`${block('FunctionCode: |')}\nhandler`);
  const rewritten = (uri) => handler({ request: { uri, method: 'GET', headers: {} } }).uri;
  const paths = ['/', '/signed-in', '/organizations', '/organizations/org_1/roles/', '/operator/people/ada@example.com', '/a/auth0%7C1.2'];
  for (const path of paths) assert.equal(rewritten(path), '/index.html', path);
  const files = ['/index.html', '/config.json', ...filesOf('site').map((file) => `/releases/0a1b/${file}`)];
  for (const file of files) assert.equal(rewritten(file), file);
});

test('template, page and local server have the same security policy', () => {
  const page = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(read('site/index.html'))[1];
  const local = /format!\(\s*"(default-src[^"]+)"/.exec(read('../local/src/console.rs'))[1].replace(/\\\n\s*/g, '');
  const deployed = block('- >-', block('ContentSecurityPolicy: !Sub')).replace(/\s+/g, ' ');
  const { 'connect-src': localConnect, ...ofLocal } = directives(local);
  const { 'connect-src': deployedConnect, ...ofDeployed } = directives(deployed);
  const { 'connect-src': pageConnect, ...ofPage } = directives(page);
  assert.deepEqual(ofDeployed, ofLocal);
  // A page cannot forbid its framing.
  assert.deepEqual({ ...ofPage, 'frame-ancestors': "'none'" }, ofLocal);
  assert.equal(deployedConnect, "'self' ${Api} ${Provider} ${Others}");
  assert.equal(localConnect, "'self'{provider}");
  assert.ok(pageConnect.startsWith("'self' https:"), 'the page allows each API and provider');
});

test('deploy uploads every file, and index.html last', () => {
  const { status, stderr, stdout, calls } = deploy(['--stack', 'console']);
  assert.equal(status, 0, stderr);
  const uploads = calls.filter(([service]) => service === 's3');
  const release = /release (\w{16})/.exec(stdout)[1];
  const uploaded = uploads.flatMap((call) => call.at(-1).split(' ').filter(Boolean));
  const expected = filesOf('site').map((file) => (/^(app|vendor|style)/.test(file) ? `releases/${release}/${file}` : file));
  assert.deepEqual([...uploaded].sort(), expected.sort());
  assert.equal(uploaded.at(-1), 'index.html');
  for (const call of uploads) {
    const cache = call[call.indexOf('--cache-control') + 1];
    assert.equal(cache, call[2].includes('/releases/') ? 'public, max-age=31536000, immutable' : 'no-cache');
    assert.ok(call.includes('--content-type'));
  }
});

test('deploy makes index.html name the files of the release', () => {
  const { page, calls } = deploy(['--stack', 'console']);
  const uploaded = calls.flatMap((call) => call.at(-1).split(' '));
  const named = [...page.replace(/<!--.*?-->/gs, '').matchAll(/(?:href|src)="([^"]+)"/g)].map(([, name]) => name).filter((name) => name !== '/');
  assert.equal(named.length, 4);
  for (const name of named) assert.ok(uploaded.includes(name) || name === 'icon.svg', name);
});

test('deploy writes config.json from the stack, or from a file', () => {
  assert.deepEqual(deploy(['--stack', 'console']).config, CONFIGURATION);
  const file = join(folder, 'given.json');
  const given = { api: 'https://api.example.com', product: 'Akme "portal"', sign_in: 'local' };
  writeFileSync(file, JSON.stringify(given));
  assert.deepEqual(deploy(['--stack', 'console', '--config', file]).config, given);
});

test('the output of the template is a config.json', () => {
  const values = { ApiUrl: 'https://api.example.com', ProductName: 'Rolecall', Logo: 'null', SignInParameters: '{}' };
  const text = block('- >-', block('Value: !Sub', template.slice(template.indexOf('  Configuration:'))));
  const config = JSON.parse(text.replace(/\$\{(\w+)\}/g, (_, name) => values[name] ?? name));
  const documented = JSON.parse(read('site/config.json'));
  assert.deepEqual(Object.keys(config), Object.keys(documented));
  assert.deepEqual(Object.keys(config.sign_in), Object.keys(documented.sign_in));
});

test('deploy refuses what is missing', () => {
  const refusals = [
    [[], /the name of the stack is missing: --stack NAME/],
    [['--stack'], /--stack needs a value/],
    [['--stack', 'console', '--force'], /unknown option --force/],
    [['--stack', 'console', '--config', '/nowhere.json'], /cannot read \/nowhere.json/],
    [['--stack', 'other'], /the stack other has no output SiteBucket/],
    [['--stack', 'gone'], /cannot describe the stack gone/],
  ];
  for (const [options, message] of refusals) {
    const { status, stderr, calls } = deploy(options);
    assert.equal(status, 1);
    assert.match(stderr, message);
    assert.ok(calls.every(([service]) => service !== 's3'));
  }
  const file = join(folder, 'lacking.json');
  writeFileSync(file, '{"sign_in":{"issuer":"https://id.example.com"}}');
  assert.match(deploy(['--stack', 'console', '--config', file]).stderr, /lacks api, sign_in.client_id/);
  assert.match(deploy(['--help']).stdout, /--config FILE/);
});

const CONFIGURATION = JSON.parse(read('site/config.json'));

// Prints the outputs of the stack `console`, and writes each call and the files that it would upload.
const AWS = `#!/usr/bin/env node
const fs = require('node:fs'), path = require('node:path');
const call = process.argv.slice(2);
let result = '';
if (call[0] === 'cloudformation') {
  const stack = call[call.indexOf('--stack-name') + 1];
  if (stack === 'gone') process.exit(254);
  const outputs = { SiteBucket: 'site', ConsoleUrl: 'https://console.example.com', Configuration: process.env.CONFIGURATION };
  const name = /OutputKey=='(\\w+)'/.exec(call.join(' '))[1];
  console.log(stack === 'console' ? outputs[name] : 'None');
} else if (call.includes('--recursive')) {
  const [, , from, to] = call, kind = call[call.indexOf('--include') + 1].slice(1);
  const files = fs.readdirSync(from, { recursive: true }).filter((name) => name.endsWith(kind));
  result = files.map((name) => to.replace('s3://site/', '') + name).join(' ');
} else {
  result = call[3].replace('s3://site/', '');
  fs.copyFileSync(call[2], path.join(process.env.FOLDER, path.basename(call[2])));
}
fs.appendFileSync(process.env.FOLDER + '/calls', JSON.stringify([...call.slice(0, 2), ...call.slice(3), result]) + '\\n');
`;

function deploy(options) {
  writeFileSync(join(folder, 'aws'), AWS);
  chmodSync(join(folder, 'aws'), 0o755);
  writeFileSync(join(folder, 'calls'), '');
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, FOLDER: folder, CONFIGURATION: JSON.stringify(CONFIGURATION) };
  const done = spawnSync(fileURLToPath(new URL('../deploy', import.meta.url)), options, { encoding: 'utf8', env });
  const written = (name) => (readdirSync(folder).includes(name) ? readFileSync(join(folder, name), 'utf8') : '{}');
  const calls = written('calls').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return { ...done, calls, config: JSON.parse(written('config.json')), page: written('index.html') };
}

function filesOf(name) {
  const root = fileURLToPath(new URL(`../${name}`, import.meta.url));
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.d.ts'));
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1));
}

const directives = (policy) =>
  Object.fromEntries(policy.split(';').map((part) => part.trim().split(/ (.*)/s)).map(([name, sources]) => [name, sources]));
