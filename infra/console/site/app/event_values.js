// The values of events in words: what changed, before and after.
import { asWords, formatTime, levelName, personName, roleKeys } from './words.js';

// Ids that have a name next to them.
const NAMED = {
  member_id: 'member', inviter_id: 'inviter', keeper_id: 'keeper', super_admin_id: 'super_admin', role_id: 'role_name',
  successor_role_id: 'successor_role_name', reassign_to: 'reassign_to_name', parent_id: 'parent_name', partner_id: 'partner_name',
  customer_id: 'customer_name',
};

/** @type {Record<string, string>} */
const FIELDS = {
  access_expires_at: 'End of the access', address: 'Address', allowed_networks: 'Allowed networks', contact: 'Contact',
  customer_name: 'Customer', description: 'Description', event_retention_days: 'Days that events are kept',
  expires_at: 'Expiry of the invitation', expires_in_days: 'Days to accept', filters: 'Filters',
  former: 'Former Super Admin', has_display_name: 'Name set here',
  identity_provider_role: 'Role for the identity provider', invitations: 'Invitations', inviter: 'Invited by',
  join_request: 'Request to join', keeper: 'Keeper', kind: 'Kind', language: 'Language of mails',
  manage_sub_organizations: 'Sub-organizations', max_session_minutes: 'Longest time since sign-in, in minutes',
  mdf_program: 'MDF programme', member: 'Member', members: 'Members', name: 'Name', parent_name: 'Organization above',
  partner_name: 'Partner', permissions: 'Levels', preferred: 'Preferred partner',
  reassign_to_name: 'Role that its users get', require_mfa: 'Multi-factor sign-in', role_name: 'Role',
  rows: 'Users in the file', searched: 'With a search text', send_count: 'Times sent', source: 'Way of joining',
  successor_role_name: 'Role of the new Super Admin before', super_admin: 'Super Admin', suspended: 'Suspended',
  website: 'Website',
};

/** @type {Record<string, Record<string, string>>} */
const VALUES = {
  former: { admin: 'Admin', removed: 'Removed' },
  has_display_name: { true: 'Yes', false: 'No' },
  manage_sub_organizations: { true: 'On', false: 'Off' },
  mdf_program: { true: 'On', false: 'Off' },
  require_mfa: { true: 'Required', false: 'Not required' },
  language: { en: 'English', de: 'German' },
};

/** @param {string} field */
export const fieldLabel = (field) => FIELDS[field] ?? asWords(field);

/**
 * The values to show: without ids that have a name next to them.
 *
 * @param {Types.Values} values
 */
function shownValues(values) {
  const shown = { ...values };
  for (const [id, name] of Object.entries(NAMED)) {
    if (name in shown) delete shown[id];
  }
  return shown;
}

/**
 * @param {unknown} one
 * @param {unknown} other
 */
const same = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);

/**
 * The fields that differ between two states.
 *
 * @param {Types.Values} old
 * @param {Types.Values} now
 */
export function changedFields(old, now) {
  const [before, after] = [shownValues(old), shownValues(now)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((field) => !same(before[field], after[field]));
}

/**
 * What changed, as rows of `{ id, label, before, after }`. What reads the same before and after is left out.
 *
 * @param {Types.HistoryEvent} event
 */
export function changes({ old, new: now }) {
  const [before, after] = [shownValues(old ?? {}), shownValues(now ?? {})];
  const rows = changedFields(old ?? {}, now ?? {}).flatMap((field) => {
    if (field === 'permissions') return levelRows(before.permissions ?? {}, after.permissions ?? {});
    return [{ id: field, label: fieldLabel(field), before: inWords(field, before[field]), after: inWords(field, after[field]) }];
  });
  return rows.filter((row) => row.before !== row.after);
}

/**
 * A row for each role object whose level differs. Of a new or former role: whose level is not None.
 *
 * @param {Types.Levels} before
 * @param {Types.Levels} after
 */
function levelRows(before, after) {
  const keys = [...new Set([...roleKeys(before), ...roleKeys(after)])].sort();
  return keys.filter((key) => (before[key] ?? 'none') !== (after[key] ?? 'none')).map((key) => ({
    id: key, label: asWords(key), before: levelName(before[key], '–'), after: levelName(after[key], '–'),
  }));
}

/**
 * @param {string} field
 * @param {any} value
 */
function inWords(field, value) {
  const words = VALUES[field]?.[String(value)];
  if (words) return words;
  if (value === null || value === undefined || value === '') return '–';
  if (field === 'filters') return filtersInWords(value);
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (typeof value === 'number') return value.toLocaleString();
  if (Array.isArray(value)) return value.join(', ') || 'Any';
  if (typeof value === 'object') return 'email' in value ? personName(value) : JSON.stringify(value);
  if (/_at$/.test(field)) return formatTime(value);
  return ['kind', 'source', 'identity_provider_role', 'join_request'].includes(field) ? asWords(value) : value;
}

/**
 * The filters of an export. Chosen organizations and roles are counted: the event has no names of them.
 *
 * @param {Types.Values} filters
 */
function filtersInWords(filters) {
  const isChosen = (/** @type {[string, unknown]} */ [field, value]) => !['q', 'sort', 'match'].includes(field) && value && value !== 'organization' && !same(value, []);
  const words = Object.entries(filters).filter(isChosen).map(([field, value]) => {
    const values = [value].flat();
    if (field.endsWith('_id')) return `${asWords(field.replace(/_id$/, ''))}: ${values.length} chosen`;
    return `${asWords(field)}: ${values.map((one) => asWords(String(one))).join(', ')}`;
  });
  return words.join('; ') || 'None';
}
