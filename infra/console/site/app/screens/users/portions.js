// A pasted list of addresses, or a CSV file, as requests to invite.
import { Problem } from '../../api.js';

/** The most invitations in a request (INV11). */
const BATCH = 100;
/** The most bytes of a file and of a JSON body that the API reads. */
const MAX_FILE = 512 * 1024;
const MAX_JSON = 64 * 1024;
/** The most lines of a title above the names of the columns, as in the API. */
const MAX_TITLE_LINES = 4;

// The columns that the API reads, as `columnName` writes their names.
const EMAIL = [
  'email', 'emailaddress', 'primaryemail', 'primaryemailaddress', 'workemail', 'primaryworkemail', 'emailwork', 'email1value', 'emailadresse',
  'mailadresse', 'mail', 'primarysmtpaddress', 'useremail', 'memberemail', 'userprincipalname',
];
const ROLE = ['roleid', 'role', 'rolename', 'rolle'];

// Lines without text, and a line such as `sep=;`, which tells spreadsheets what separates the cells.
const BEGINNING = /^(?:[\s,;]*\n)?(?:sep=(.).*\n(?:[\s,;]*\n)?)?/;

// Texts between separators. A separator in quotes or angle brackets is text.
const SEGMENTS = /(?:"(?:\\.|[^"\\])*"|<[^<>]*>|[^;\t])+/g;
const ENTRIES = /(?:"(?:\\.|[^"\\])*"|<[^<>]*>|[^,])+/g;
// `Li, Wei <li@example.com>`, which some programs write without quotes.
const ONE_PERSON = /^[^@<(]*(?:<[^<>]*>|\([^()]*@[^()]*\))\s*$/;

/**
 * The addresses of a line as people and mail programs write it, such as `Bob <bob@example.com>, "Li, Wei" <li@example.com>`. An
 * entry without an address stays as it is, so that its refusal shows it.
 *
 * @param {string} line
 */
const addressesIn = (line) =>
  (line.match(SEGMENTS) ?? []).flatMap((one) => (ONE_PERSON.test(one) ? [one] : one.match(ENTRIES) ?? [])).flatMap(inEntry);

/** @param {string} entry */
function inEntry(entry) {
  const text = entry.trim()
    .replace(/^(?:[-*•–]|\d+[.)])\s+/, '') // the mark of a list
    .replace(/^.*(?:<([^<>]*)>|\(([^()]*@[^()]*)\))$/, '$1$2') // Bob <address>, Bob (address)
    .replace(/^([^\s()]*@[^\s()]*)\s*\([^()]*\)$/, '$1') // address (Bob)
    .replace(/^[^@]*:(?=\s*$|[^@]*@)\s*/, ''); // Team: address, mailto:address
  const words = text.split(/\s+/).map((word) => word.replace(/^mailto:/i, '').replace(/^(["'])(.*)\1$/, '$2'));
  if (words.every((word) => word.includes('@'))) return words;
  return text ? [text] : [];
}

/**
 * The entries of a list without columns, each with its line. An address counts once, and a heading above the list is none.
 *
 * @param {string} text
 * @param {number} first The number of its first line.
 */
function entriesIn(text, first) {
  /** @type {Types.Row[]} */
  const found = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (index === 0 && /mail|address/i.test(line) && !line.includes('@')) continue;
    found.push(...addressesIn(line).map((text) => ({ line: first + index, text })));
  }
  return once(found);
}

/**
 * The rows without those that repeat an earlier one. Case is no difference, as in addresses: the second would be refused.
 *
 * @param {Types.Row[]} rows
 */
function once(rows) {
  const seen = new Set();
  return rows.filter(({ text }) => {
    const { size } = seen;
    return seen.add(text.trim().toLowerCase()).size > size;
  });
}

/**
 * The rows of a CSV file, each with its line. A line break within a quoted cell ends no row. `open` is the line of a quotation
 * mark that begins a cell and has no end.
 *
 * @param {string} text
 * @param {string} separator
 * @param {number} line The number of its first line.
 */
function rowsIn(text, separator, line) {
  /** @type {Types.Row[]} */
  const rows = [];
  let [start, startLine, open, atStart] = [0, line, 0, true];
  for (let at = 0; at <= text.length; at++) {
    const char = text[at] ?? '\n';
    if (char === '"' && open && text[at + 1] === '"') at++;
    else if (char === '"' && (open || atStart)) open = open ? 0 : line;
    else if (char === '\n' && !open) {
      rows.push({ line: startLine, text: text.slice(start, at) });
      [start, startLine] = [at + 1, line + 1];
    }
    atStart = !open && (char === separator || char === '\n' || (atStart && char === ' '));
    if (text[at] === '\n') line++;
  }
  return { rows: rows.filter(({ text }) => /[^\s"]/.test(text.replaceAll(separator, ''))), open };
}

/**
 * What separates the cells: as the API, the most frequent of these, and a comma rather than another.
 *
 * @param {string} line
 */
const separatorIn = (line) => [',', ';', '\t'].reduce((best, next) => (line.split(next).length > line.split(best).length ? next : best));

/** @param {string} cell */
const columnName = (cell) => cell.split('[')[0].replace(/[^a-z0-9]/gi, '').toLowerCase();

/**
 * The cells of a line. A separator in quotes is text.
 *
 * @param {string} line
 * @param {string} separator
 */
const cellsIn = (line, separator) =>
  line.replace(/"(?:""|[^"])*"/g, (quoted) => quoted.replaceAll(separator, ' ')).split(separator);

/**
 * Where the names of the columns are: the text that begins with them, the number of its first line, and what separates the cells.
 * As in the API, a title can stand above them; a row with an address is no part of it. Null if no line near the beginning names
 * the column with addresses.
 *
 * @param {string} text
 * @param {number} first The number of its first line.
 * @param {string | undefined} given The separator, if the file names it.
 */
function namesIn(text, first, given) {
  for (let title = 0; title <= MAX_TITLE_LINES; title++) {
    const [blank] = /** @type {RegExpExecArray} */ (/^(?:[\s,;]*\n)?/.exec(text));
    [text, first] = [text.slice(blank.length), first + blank.split('\n').length - 1];
    const [line] = text.split('\n', 1);
    const separator = given ?? separatorIn(line);
    const cells = cellsIn(line, separator);
    if (!line.includes('@') && cells.some((cell) => EMAIL.includes(columnName(cell)))) return { text, first, separator };
    if (cells.some((cell) => /^\s*\S+@\S+\s*$/.test(cell)) || !text.includes('\n')) return null;
    [text, first] = [text.slice(line.length + 1), first + 1];
  }
  return null;
}

/**
 * The rows below the names of columns, or null for a list without these. A table whose column with addresses has another name
 * is one, too: its refusal says which names there are.
 *
 * @param {string} text
 * @param {number} first The number of its first line.
 * @param {string | undefined} given The separator, if the file names it.
 */
function tableIn(text, first, given) {
  const named = namesIn(text, first, given);
  const { separator, ...from } = named ?? { text, first, separator: given ?? separatorIn(text.split('\n', 1)[0]) };
  const { rows: [head, ...rows], open } = rowsIn(from.text, separator, from.first);
  const cells = head ? cellsIn(head.text, separator) : [];
  const names = cells.map(columnName);
  const isSimilar = names.length > 1 && !head.text.includes('@') && names.some((name) => name.includes('mail')) &&
    rows.length > 0 && cellsIn(rows[0].text, separator).length === names.length;
  if (!isSimilar && !named) return null;
  if (open) throw new Problem({ title: 'The list cannot be read', detail: `The quotation mark that begins a cell in line ${open} has no end. Correct the line.` }, 422);
  return { head: head.text, separator, rows: once(rows), hasRole: names.some((name) => ROLE.includes(name)) };
}

/**
 * The requests: the rows of a table, each part below its names of columns, or addresses. `role_id` is for a list without a
 * column for the role.
 *
 * @param {string} list
 * @param {string} role_id
 */
export function asPortions(list, role_id) {
  const text = list.replace(/\r\n?/g, '\n');
  const [beginning, given] = /** @type {RegExpExecArray} */ (BEGINNING.exec(text));
  const [rest, first] = [text.slice(beginning.length), beginning.split('\n').length];
  const table = tableIn(rest, first, given);
  if (!table) {
    const invitation = (/** @type {Types.Row} */ { text }) => ({ email: text, role_id });
    return chunks(entriesIn(rest, first), MAX_JSON, (row) => JSON.stringify(invitation(row)))
      .map((rows) => ({ rows, top: '', body: { invitations: rows.map(invitation) } }));
  }
  const { separator } = table;
  const directive = given ? `sep=${given}\n` : '';
  const withRole = (/** @type {string} */ row, /** @type {string} */ cell) => (table.hasRole ? row : cell + separator + row);
  const head = directive + withRole(table.head, 'role');
  return chunks(table.rows, MAX_FILE - sizeOf(head), ({ text }) => withRole(text, role_id)).map((rows) => ({
    rows,
    top: directive + table.head,
    body: [head, ...rows.map(({ text }) => withRole(text, role_id))].join('\n'),
    contentType: /** @type {const} */ ('text/csv'),
  }));
}

/**
 * The list of these portions, which the person can correct and send.
 *
 * @param {Pick<Types.Portion, 'top' | 'rows'>[]} portions
 */
export const listOf = (portions) => [portions[0]?.top, ...portions.flatMap(({ rows }) => rows.map(({ text }) => text))].filter(Boolean).join('\n');

const sizeOf = (/** @type {string} */ text) => new TextEncoder().encode(text).length;

/**
 * Rows in parts of as many as a request may have: at most 100, and at most `room` bytes.
 *
 * @param {Types.Row[]} all
 * @param {number} room
 * @param {(row: Types.Row) => string} written
 */
function chunks(all, room, written) {
  /** @type {Types.Row[][]} */
  const found = [];
  let left = 0;
  for (const row of all) {
    const size = sizeOf(written(row)) + 1;
    if (found.length === 0 || size > left || found[found.length - 1].length === BATCH) {
      found.push([]);
      left = room - 50; // what stands around the rows
    }
    found[found.length - 1].push(row);
    left -= size;
  }
  return found;
}

/**
 * The text of a file: in UTF-8, or as spreadsheets on Windows write it.
 *
 * @param {File} file
 */
export async function textOf(file) {
  const bytes = await file.arrayBuffer();
  const decode = (/** @type {string} */ encoding) => new TextDecoder(encoding, { fatal: true }).decode(bytes);
  let text;
  try {
    text = decode('utf-8');
  } catch {
    text = decode('windows-1252');
  }
  if (!text.includes('\0')) return text;
  throw new Problem({ title: 'The file is not a CSV file', detail: 'Save it as “CSV UTF-8” in your spreadsheet program, and choose that file.' }, 422);
}
