// The rules of levels that the editor of a role explains before the API refuses.
import { mayGrant } from '../../grants.js';
import { atLeast, levelName, roleKeys } from '../../words.js';

/** @type {Types.Level[]} */
const ORDER = ['none', 'view_only', 'full_access'];
/**
 * The levels of a new role.
 *
 * @param {Types.RoleObject[]} objects
 * @returns {Types.Levels}
 */
export const defaults = (objects) => Object.fromEntries(objects.map(({ key, custom_role_default }) => [key, custom_role_default]));

/**
 * The levels of a copy: each the highest that can be set and granted, up to that of the copied role.
 *
 * @param {Types.RoleObject[]} objects
 * @param {Types.Levels} permissions
 * @param {Types.Levels} grantable
 * @returns {Types.Levels}
 */
export function copied(objects, permissions, grantable) {
  return Object.fromEntries(objects.map(({ key, settable_levels, custom_role_default }) => {
    const fits = (/** @type {Types.Level} */ level) => atLeast(permissions[key] ?? 'none', level) && mayGrant(grantable, key, level);
    const levels = ORDER.filter((level) => settable_levels.includes(level) && fits(level));
    return [key, levels.at(-1) ?? custom_role_default];
  }));
}

/**
 * The prerequisite of a role object that `levels` do not meet, or null (ROLE4).
 *
 * @param {Types.RoleObject} object
 * @param {Types.Levels} levels
 */
export function unmet({ key, prerequisite }, levels) {
  if (!prerequisite || levels[key] === 'none' || levels[key] === undefined) return null;
  return atLeast(levels[prerequisite.role_object] ?? 'none', prerequisite.at_least) ? null : prerequisite;
}

/**
 * The levels that differ, of the role objects of `after`.
 *
 * @param {Types.Levels} before
 * @param {Types.Levels} after
 * @returns {Types.Levels}
 */
export const changedLevels = (before, after) =>
  Object.fromEntries(roleKeys(after).filter((key) => before[key] !== after[key]).map((key) => [key, after[key]]));

/**
 * The person's draft on top of a role that was changed meanwhile: what they did not touch is as it is now.
 *
 * @param {Types.RoleDraft} draft
 * @param {Types.Schemas['Role']} before
 * @param {Types.Schemas['Role']} now
 * @returns {Types.RoleDraft}
 */
export function rebased(draft, before, now) {
  /** @type {<Value>(mine: Value, was: Value, is: Value) => Value} */
  const pick = (mine, was, is) => (mine === was ? is : mine);
  const levels = roleKeys(draft.levels).map((key) =>
    [key, pick(draft.levels[key], before.permissions[key], now.permissions[key] ?? draft.levels[key])]);
  return {
    name: pick(draft.name, before.name, now.name),
    description: pick(draft.description, before.description, now.description),
    levels: Object.fromEntries(levels),
  };
}

/**
 * What others changed between two states of a role, as sentences: where it now differs from the person's draft.
 *
 * @param {Types.Schemas['Role']} before
 * @param {Types.Schemas['Role']} now
 * @param {Types.RoleDraft} draft
 * @param {(key: Types.RoleKey) => string} labelOf
 */
export function changesInWords(before, now, draft, labelOf) {
  const text = (/** @type {'name' | 'description'} */ field, /** @type {string} */ label) =>
    before[field] !== now[field] && draft[field] !== now[field] && `${label}: “${before[field]}” is now “${now[field]}”`;
  const changed = roleKeys(changedLevels(before.permissions, now.permissions)).filter((key) => draft.levels[key] !== now.permissions[key]);
  const levels = changed.map((key) => `${labelOf(key)}: ${levelName(before.permissions[key], 'not available')} is now ${levelName(now.permissions[key])}`);
  return [text('name', 'Name'), text('description', 'Description'), ...levels].filter((line) => line !== false);
}
