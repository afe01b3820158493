// Lists of addresses as people paste them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressesIn, asPortions } from '../site/app/screens/users/portions.js';

const LISTS = {
  'Bob Smith <bob@a.example>, "Li, Wei" <li@a.example>': ['bob@a.example', 'li@a.example'],
  'Li, Wei <li@a.example>; Smith, Bob <bob@a.example>': ['li@a.example', 'bob@a.example'],
  'a@a.example b@a.example\r\n\n c@a.example;;d@a.example\td@a.example': ['a@a.example', 'b@a.example', 'c@a.example', 'd@a.example'],
  'Bob Smith, "no end, <e@a.example>, bob smith@a.example': ['Bob Smith', '"no end', 'e@a.example', 'bob smith@a.example'],
};

for (const [list, addresses] of Object.entries(LISTS)) {
  test(`the addresses of ${JSON.stringify(list)} are found, and an entry without one stays whole`, () => {
    assert.deepEqual(addressesIn(list), addresses);
  });
}

test('a long file is sent in portions of 100 rows, each below its first line', () => {
  const portions = asPortions(['email', ...Array(150).fill('a@a.example')].join('\n'), 'user');
  assert.deepEqual(portions.map(({ size, body }) => [size, String(body).split('\n')[0]]), [[100, 'email'], [50, 'email']]);
});
