// Which levels the person may put into a role (ROLE7): the rule of the API, so that only these are offered.
import { atLeast, roleKeys } from './words.js';

/**
 * @param {Types.Level | undefined} one
 * @param {Types.Level | undefined} other
 */
const higher = (one, other) => (atLeast(one ?? 'none', other ?? 'none') ? (one ?? 'none') : other);

/**
 * The highest level that the person may put into a role, for each role object: the higher of their own and that of the
 * built-in User. Levels that do not count at present are compared as they are stored.
 *
 * @param {Types.Schemas['Permissions']} access
 * @param {Types.RoleView | undefined} userRole
 * @returns {Types.Levels}
 */
export function grantableLevels(access, userRole) {
  /** @type {Types.Levels} */
  const stored = Object.fromEntries(access.restrictions.map(({ role_object, stored }) => [role_object, stored]));
  const own = { ...access.permissions, ...stored };
  const user = userRole?.permissions ?? {};
  const keys = new Set([...roleKeys(own), ...roleKeys(user)]);
  return Object.fromEntries([...keys].map((key) => [key, higher(own[key], user[key])]));
}

/**
 * Whether the person may put `level` into a role.
 *
 * @param {Types.Levels} grantable
 * @param {Types.RoleKey} key
 * @param {Types.Level} level
 */
export const mayGrant = (grantable, key, level) => atLeast(grantable[key] ?? 'none', level);

/**
 * The role objects on which `permissions` are more than the person may grant.
 *
 * @param {Types.Levels} grantable
 * @param {Types.Levels} permissions
 */
export const beyond = (grantable, permissions) => roleKeys(permissions).filter((key) => !mayGrant(grantable, key, permissions[key] ?? 'none'));
