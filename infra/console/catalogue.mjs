// Writes site/app/catalogue.js from docs/internals/catalogue.md, which a test prints from the code.
//
//     node catalogue.mjs
import { readFile, writeFile } from 'node:fs/promises';

const LEVELS = ['none', 'view_only', 'full_access', 'never'];
const page = await readFile(new URL('../../docs/internals/catalogue.md', import.meta.url), 'utf8');

/** The role object of a part of the page: its label, section, and the actions that each level adds. */
function roleObject(part) {
  const [label] = part.split('\n');
  const [, key] = part.match(/^`(\w+)`$/m);
  const [, section] = part.match(/Section: (.+)\.$/m);
  const actions = {};
  for (const line of part.split('\n')) {
    const [, level, , adds] = line.split('|').map((cell) => cell.trim());
    if (LEVELS.includes(level) && adds) actions[level] = [...adds.matchAll(/`([\w.]+)`/g)].map(([, name]) => name);
  }
  return [key, { label, section, actions }];
}

const objects = Object.fromEntries(page.split(/^## /m).slice(3).map(roleObject));
await writeFile(
  new URL('site/app/catalogue.js', import.meta.url),
  `// The role objects, their names, and the actions that each level adds. Written by catalogue.mjs: do not edit.
/** @type {Record<string, Types.CatalogueEntry>} */
export const CATALOGUE = ${JSON.stringify(objects, null, 1)};
`,
);
