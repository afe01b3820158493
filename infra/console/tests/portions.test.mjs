// Lists of addresses as people paste them, and files as they choose them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { asPortions, listOf } from '../site/app/screens/users/portions.js';

// Each list, and what it asks for: addresses or rows, with the number of their line.
const LISTS = {
  'Bob Smith <bob@a.example>, "Li, Wei" <li@a.example>': '1 bob@a.example|1 li@a.example',
  'Li, Wei <li@a.example>; Smith, Bob (bob@a.example)': '1 li@a.example|1 bob@a.example',
  'a@a.example b@a.example\r\n\n c@a.example;;d@a.example\td@a.example': '1 a@a.example|1 b@a.example|3 c@a.example|3 d@a.example',
  'Bob Smith, "no end, <e@a.example>, bob smith@a.example': '1 Bob Smith|1 "no end|1 e@a.example|1 bob smith@a.example',
  'E-mail addresses of the new people\n\na@a.example, b@a.example': '3 a@a.example|3 b@a.example',
  'Email addresses, new people:\na@a.example\nb@a.example': '2 a@a.example|3 b@a.example',
  'Team: a@a.example, b@a.example;\nSales:\nc@a.example': '1 a@a.example|1 b@a.example|3 c@a.example',
  'mailto:a@a.example\nB <mailto:b@a.example>\nmailto:c@a.example mailto:d@a.example': '1 a@a.example|2 b@a.example|3 c@a.example|3 d@a.example',
  'Ada (a@a.example)\nb@a.example (Bob)\n- c@a.example\n2. "d@a.example"': '1 a@a.example|2 b@a.example|3 c@a.example|4 d@a.example',
  'nobody\nhttp://a.example': '1 nobody|2 http://a.example',
  '\n\nemail,role\na@a.example,User\n\n,\nb@a.example,Admin\n': '4 a@a.example,User|7 b@a.example,Admin',
  ';;\r\nName;Primary email;Role\r\nLi, Wei;a@a.example;User\r\n': '3 Li, Wei;a@a.example;User',
  'sep=;\r\nRolle;E-Mail-Adresse\r\nUser;a@a.example\r\n': '3 User;a@a.example',
  '\tE-mail\n"two\nlines"\ta@a.example\n6" tall\tb@a.example\nLast\tc@a.example': '2 "two\nlines"\ta@a.example|4 6" tall\tb@a.example|5 Last\tc@a.example',
  'Name,Contact e-mail\nAda,a@a.example': '2 Ada,a@a.example',
  'email\n': '',
  'Members for group nw-all\r\nEmail address,Nickname,Group status,Email status\r\na@a.example,"Li, Wei",member,email\r\nb@a.example,B,member,email':
    '3 a@a.example,"Li, Wei",member,email|4 b@a.example,B,member,email',
  'Group Email [Required],Member Email,Member Name\nall@a.example,a@a.example,"Li, Wei"\nall@a.example,b@a.example,B':
    '2 all@a.example,a@a.example,"Li, Wei"|3 all@a.example,b@a.example,B',
  'Group mail,Contact e-mail,Name\nall@a.example,a@a.example,"Li, Wei"': '2 all@a.example,a@a.example,"Li, Wei"',
  '"Members, of ""all"""\n\nas of 2026\nName;E-Mail\nLi, Wei;a@a.example': '5 Li, Wei;a@a.example',
  '1\n2\n3\n4\nName,Email\nA,a@a.example': '6 A,a@a.example',
  'a@a.example\nMail\nb@a.example': '1 a@a.example|2 Mail|3 b@a.example',
  'a@a.example,A,email\nb@a.example,B,email': '1 a@a.example|1 A|1 email|2 b@a.example|2 B',
  'F9@a.example, f9@a.example': '1 F9@a.example',
  'email,role\nF9@a.example,User\nf9@A.example,user\nf9@a.example,Admin': '2 F9@a.example,User|4 f9@a.example,Admin',
};

for (const [list, expected] of Object.entries(LISTS)) {
  test(`the rows of ${JSON.stringify(list)} are found, each with its line`, () => {
    const rows = asPortions(list, 'user').flatMap(({ rows }) => rows);
    assert.equal(rows.map(({ line, text }) => `${line} ${text}`).join('|'), expected);
  });
}

test('a table without a column for the role has the chosen one, and one with it its own', () => {
  const body = (list) => asPortions(list, 'admin')[0].body;
  assert.equal(body('sep=;\nName;Email\nAda;a@a.example\n'), 'sep=;\nrole;Name;Email\nadmin;Ada;a@a.example');
  assert.equal(body('email,role\na@a.example,User'), 'email,role\na@a.example,User');
});

test('the column with addresses has each name that the API reads', () => {
  const source = readFileSync(new URL('../../../functions/invite/src/csv/columns.rs', import.meta.url), 'utf8');
  const [, list] = /** @type {RegExpExecArray} */ (/const EMAIL: [^=]*= \[([^\]]*)\]/.exec(source));
  const names = [...list.matchAll(/"(.*)"/g)].map(([, name]) => name);
  assert.ok(names.length > 10, list);
  for (const name of names) assert.equal(asPortions(`Title\n${name};Name\na@a.example;A`, 'user')[0].rows.length, 1, name);
});

test('names of columns are sent without the title above them', () => {
  const [{ body, contentType }] = asPortions('Members for group all\nEmail address,Nickname\na@a.example,A', 'user');
  assert.deepEqual([body, contentType], ['role,Email address,Nickname\nuser,a@a.example,A', 'text/csv']);
});

test('a quotation mark without an end is named by its line', () => {
  assert.throws(() => asPortions('email,name\n\na@a.example,"Ada\nb@a.example,Bob', 'user'), /line 3 has no end/);
});

test('a long file is sent in portions of 100 rows, each below its first line, and what is not sent is a list again', () => {
  const portions = asPortions(['sep=;', 'email;role', ...Array.from({ length: 150 }, (_, index) => `a${index}@a.example;User`)].join('\n'), 'user');
  assert.deepEqual(portions.map(({ rows, body }) => [rows.length, String(body).split('\n')[1]]), [[100, 'email;role'], [50, 'email;role']]);
  assert.deepEqual(asPortions(listOf(portions.slice(1)), 'user').map(({ body }) => body), [portions[1].body]);
});

test('wide rows are sent in portions that the API reads, and so are long lines of a list', () => {
  const sizes = (list) => asPortions(list, 'user').map(({ rows, body }) => [rows.length, new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)).length]);
  const file = sizes(['email,note', ...Array.from({ length: 100 }, (_, index) => `a${index}@a.example,${'ü'.repeat(4000)}`)].join('\n'));
  assert.deepEqual(file.map(([rows]) => rows), [65, 35]);
  assert.ok(file.every(([, size]) => size <= 512 * 1024), String(file));
  const list = sizes(Array.from({ length: 90 }, (_, index) => `${'x'.repeat(1000)}${index}@a.example`).join('\n'));
  assert.deepEqual(list.map(([rows]) => rows), [62, 28]);
  assert.ok(list.every(([, size]) => size <= 64 * 1024), String(list));
});
