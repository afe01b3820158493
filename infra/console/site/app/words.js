// Words and formats of what the API names in machine terms.
import { CATALOGUE } from './catalogue.js';

export const LEVELS = { none: 'None', view_only: 'View Only', full_access: 'Full Access' };
const RANK = { none: 0, view_only: 1, full_access: 2 };

/**
 * The languages of mails.
 *
 * @type {Record<Types.Schemas['Language'], string>}
 */
export const LANGUAGES = { en: 'English', de: 'German' };

/**
 * Whether a level is at least another one.
 *
 * @param {Types.Schemas['Level'] | undefined} level
 * @param {Types.Schemas['Level']} needed
 */
export const atLeast = (level, needed) => (RANK[level ?? 'none'] ?? 0) >= RANK[needed];

/**
 * The name of a level, or of none.
 *
 * @param {Types.Level | undefined} level
 */
export const levelName = (level, none = LEVELS.none) => (level ? LEVELS[level] : none);

/**
 * The role objects of levels.
 *
 * @param {Types.Levels} levels
 */
export const roleKeys = (levels) => /** @type {Types.RoleKey[]} */ (Object.keys(levels));

/**
 * The name to show for a person: the name set here, else the provider's, else the address.
 *
 * @param {Types.Named | null | undefined} person
 */
export const personName = (person) =>
  person?.display_name ?? person?.name ?? person?.email ?? (person ? 'A person without a name' : 'Unknown');

/**
 * A person in one line, as in a choice: the name, the address, and what else tells people apart.
 *
 * @param {Types.Named} person
 * @param {...(string | null | undefined)} more
 */
export const personLine = (person, ...more) => [...new Set([personName(person), person.email, ...more])].filter(Boolean).join(' · ');

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

/** @param {string} at */
export const formatTime = (at) => dateTime.format(new Date(at));
/** @param {string} at */
export const formatDate = (at) => date.format(new Date(at));

/**
 * A time relative to now, such as "in 6 days", or the date where that says more.
 *
 * @param {string} at
 */
export function formatRelative(at) {
  const minutes = (new Date(at).getTime() - Date.now()) / 60_000;
  const size = Math.abs(minutes);
  if (size < 60) return relative.format(Math.round(minutes), 'minute');
  if (size < 48 * 60) return relative.format(Math.round(minutes / 60), 'hour');
  if (size < 30 * 24 * 60) return relative.format(Math.round(minutes / 1440), 'day');
  return formatDate(at);
}

/**
 * A number with its noun: `count(1, 'user')` is "1 user".
 *
 * @param {number} number
 * @param {string} one
 * @param {string} [many]
 */
export const count = (number, one, many = `${one}s`) => `${number.toLocaleString()} ${number === 1 ? one : many}`;

/**
 * How many items a list shows. It is the text of a region that is always there, so that a screen reader hears it after a search.
 *
 * @param {Types.Pages<unknown>} list
 * @param {string} noun
 */
export function numberShown({ items: { length }, total, hasMore }, noun) {
  if (length < 2) return hasMore ? '' : length ? 'One entry shown' : `No ${noun} shown`;
  return total === null || total <= length ? `${length} ${noun} shown` : `${length} of ${total} ${noun}`;
}

/**
 * A machine term as words: "critical_alert_users" is "Critical alert users".
 *
 * @param {string} term
 */
export const asWords = (term) => {
  const text = term.replaceAll('_', ' ');
  return text[0].toUpperCase() + text.slice(1);
};

/**
 * A number of minutes in the largest unit that fits: `duration(480)` is "8 hours".
 *
 * @param {number} minutes
 */
export const duration = (minutes) => {
  if (minutes % 1440 === 0) return count(minutes / 1440, 'day');
  return minutes % 60 === 0 ? count(minutes / 60, 'hour') : count(minutes, 'minute');
};

/**
 * The end of a day in the person's time zone (of an `<input type="date">`), as RFC 3339; null for no date. A day without such a
 * form stays as it is: the API refuses it.
 *
 * @param {string} day
 */
export const endOfDay = (day) => {
  const end = new Date(`${day}T23:59:59`);
  return day && (isNaN(end.getTime()) ? day : end.toISOString()) || null;
};
/** The last day that RFC 3339 can express. */
export const LAST_DAY = '9999-12-31';
/**
 * The day of a time, for an `<input type="date">`.
 *
 * @param {string | Date | null | undefined} at
 */
export const dayOf = (at) => (at ? new Date(at).toLocaleDateString('sv-SE') : '');

/**
 * The name of a role object: "role_management" is "Role Management".
 *
 * @param {string} object
 */
export const areaName = (object) => CATALOGUE[object]?.label ?? asWords(object);

/**
 * The refusal, for `Notice`, of a person whose role lacks a level.
 *
 * @param {string} title
 * @param {Types.Schemas['RoleObject']} object
 * @param {Types.Schemas['Level']} level
 */
export const lacking = (title, object, level) => ({
  title,
  detail: `This needs ${LEVELS[level]} to ${areaName(object)}. An administrator of the organization can give you a role that has it.`,
  status: 403,
});

/**
 * The name of an action in its role object: "role_management.create" is "Create".
 *
 * @param {string} action
 */
export const actionName = (action) => {
  const [prefix, verb = prefix] = action.split('.');
  return CATALOGUE[prefix] ? asWords(verb) : `${asWords(prefix)}: ${asWords(verb).toLowerCase()}`;
};

/**
 * A refusal in one line. Without an answer of the API, the act may be done.
 *
 * @param {Types.Trouble} problem
 */
export function refusalInWords({ status = 0, title, detail, message, errors = [] }) {
  const because = status === 401 ? 'your sign-in has ended.' : [title, errors[0]?.detail ?? detail ?? message].filter(Boolean).join('. ');
  return `${status >= 400 && status < 500 ? 'Not done' : 'Perhaps not done, look again'}: ${because}`;
}
