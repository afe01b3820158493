// Serves `site` as a static host does: a file if there is one, else index.html. For development, and for the tests.
//
//     node serve.mjs [--port 9080] [--api http://127.0.0.1:9000] [--config FILE]
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '9080' },
    api: { type: 'string', default: 'http://127.0.0.1:9000' },
    config: { type: 'string' },
  },
});
const TYPES = { '.css': 'text/css', '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json', '.svg': 'image/svg+xml' };
const site = new URL('site/', import.meta.url);
const config = values.config
  ? await readFile(values.config)
  : JSON.stringify({ api: values.api, product: 'Rolecall', logo: null, sign_in: 'local' });

async function answer(path) {
  if (path === '/config.json') return ['.json', config];
  const file = new URL(`.${path}`, site);
  const isFile = file.href.startsWith(site.href) && extname(path);
  const body = isFile && (await readFile(file).catch(() => null));
  return body ? [extname(path), body] : ['.html', await readFile(new URL('index.html', site))];
}

const server = createServer(async ({ url }, response) => {
  const [type, body] = await answer(`/${url.split(/[?#]/, 1)[0].replace(/^\/+/, '')}`);
  response.writeHead(200, { 'Content-Type': TYPES[type] ?? 'text/plain', 'Cache-Control': 'no-cache' }).end(body);
});
server.listen(Number(values.port), '127.0.0.1', () => console.log(`console http://127.0.0.1:${server.address().port}/`));
