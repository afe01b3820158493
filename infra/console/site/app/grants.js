// Which roles the person may give to others: the rules of the API, so that only these are offered.
import { everyItem } from './api.js';
import { useApp, useLoad, useOrg } from './use.js';
import { atLeast } from './words.js';

const ALWAYS = ['user', 'partner_user'];

/** Every role of an organization, or the two that always exist if the person may not list roles. */
export async function readRoles(api, org, can, signal) {
  if (!can('role_management', 'view_only')) {
    return [{ id: 'user', name: 'User', permissions: {} }, { id: 'admin', name: 'Admin', permissions: {} }];
  }
  const path = { org };
  return everyItem((cursor) => api.GET('/v1/organizations/{org}/roles', { path, query: { cursor, limit: 100 }, signal }));
}

/**
 * Whether a person with `access` may grant `role`: nothing above the higher of their own levels and those of User, and
 * MDF Admin as the Super Admin alone. The Super Admin role is only transferred.
 */
export function mayGrant(role, access, roles) {
  if (role.id === 'super_admin' || role.deleting) return false;
  if (role.id === 'mdf_admin') return access.role_id === 'super_admin';
  if (ALWAYS.includes(role.id)) return true;
  const user = roles.find(({ id }) => id === 'user')?.permissions ?? {};
  return Object.entries(role.permissions).every(
    ([object, level]) => atLeast(access.permissions[object], level) || atLeast(user[object], level),
  );
}

/** The roles of the organization on the screen: `all`, and `grantable` as choices of a form. */
export function useRoles() {
  const { api } = useApp();
  const { id, can, access } = useOrg();
  return useLoad(async (signal) => {
    const all = await readRoles(api, id, can, signal);
    const grantable = all.filter((role) => mayGrant(role, access, all)).map((role) => [role.id, role.name]);
    return { all, grantable };
  }, [api, id, access]);
}
