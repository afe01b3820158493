// Bundles the libraries of package.json into `site/vendor`, with their licences. With --check, compares instead.
//
//     npm ci && npm run vendor [-- --check]
import { build } from 'esbuild';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const here = (path) => new URL(path, import.meta.url);
const check = process.argv.includes('--check');
const bundles = { 'ui.js': ['preact', 'htm'], 'oauth.js': ['oauth4webapi'] };

const licence = (name) => {
  const read = (file) => readFileSync(here(`../node_modules/${name}/${file}`), 'utf8');
  const { version } = JSON.parse(read('package.json'));
  return `${name} ${version}\n\n${read(name === 'oauth4webapi' ? 'LICENSE.md' : 'LICENSE')}`;
};

const files = {};
for (const [file, names] of Object.entries(bundles)) {
  const { outputFiles } = await build({
    entryPoints: [here(file).pathname],
    bundle: true,
    format: 'esm',
    legalComments: 'none',
    minify: true,
    target: 'es2022',
    write: false,
  });
  const about = names.map((name) => JSON.parse(readFileSync(here(`../node_modules/${name}/package.json`), 'utf8')));
  const head = about.map(({ name, version, license }) => `${name} ${version} (${license})`).join(', ');
  files[file] = `/* ${head}. See LICENSES.txt. */\n${outputFiles[0].text}`;
}
files['LICENSES.txt'] = Object.values(bundles).flat().map(licence).join('\n\n---\n\n');

mkdirSync(here('../site/vendor'), { recursive: true });
for (const [file, text] of Object.entries(files)) {
  const target = here(`../site/vendor/${file}`);
  if (!check) writeFileSync(target, text);
  else if (readFileSync(target, 'utf8') !== text) {
    console.error(`site/vendor/${file} differs from the packages: run "npm run vendor" in infra/console`);
    process.exitCode = 1;
  }
}
