// A pasted list of addresses, or a CSV file, as requests to invite.

/** The most invitations in a request (INV11). */
const BATCH = 100;

// Texts between separators. A separator in quotes or angle brackets is text.
const SEGMENTS = /(?:"(?:\\.|[^"\\\n])*"|<[^<>\n]*>|[^;\t\r\n])+/g;
const ENTRIES = /(?:"(?:\\.|[^"\\\n])*"|<[^<>\n]*>|[^,])+/g;

/**
 * The addresses of a list as mail programs write it, such as `Bob <bob@example.com>, "Li, Wei" <li@example.com>`. An entry without
 * an address stays as it is, so that its refusal shows it.
 *
 * @param {string} list
 */
export function addressesIn(list) {
  const segments = list.match(SEGMENTS) ?? [];
  // Some programs write `Li, Wei <li@example.com>;` without quotes.
  const entries = segments.flatMap((one) => (/^[^@<]*<[^<>]*>\s*$/.test(one) ? [one] : one.match(ENTRIES) ?? []));
  return [...new Set(entries.flatMap(inEntry))];
}

/** @param {string} entry */
function inEntry(entry) {
  const text = (/<([^<>]*)>\s*$/.exec(entry)?.[1] ?? entry).trim();
  const words = text.split(/\s+/);
  if (words.every((word) => word.includes('@'))) return words;
  return text ? [text] : [];
}

/**
 * The bodies of the requests, each with its number of addresses: a CSV file with its first line in each, or the addresses with one role.
 *
 * @param {string} list
 * @param {string} role_id
 */
export function asPortions(list, role_id) {
  const [head, ...rows] = lines(list);
  if (/mail|user ?principal ?name/i.test(head) && !head.includes('@')) {
    return chunks(rows).map((part) => ({ size: part.length, body: [head, ...part].join('\n'), contentType: /** @type {const} */ ('text/csv') }));
  }
  return chunks(addressesIn(list)).map((part) => ({ size: part.length, body: { invitations: part.map((email) => ({ email, role_id })) } }));
}

/**
 * The lines of a CSV file. A line break between quotes ends no line.
 *
 * @param {string} text
 */
function lines(text) {
  const found = text.match(/(?:"(?:[^"]|"")*"|[^"\n])+/g) ?? [];
  return found.map((line) => line.replace(/\r$/, '')).filter((line) => line.trim());
}

/** @param {string[]} all */
const chunks = (all) => Array.from({ length: Math.ceil(all.length / BATCH) }, (_, index) => all.slice(index * BATCH, (index + 1) * BATCH));
