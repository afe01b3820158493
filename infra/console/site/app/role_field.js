// The choice of a role in a form: those that the API says the person may give.
import { html, useContext, useEffect } from '../vendor/ui.js';
import { Field, FormContext, Notice } from './parts.js';
import { useApp, useLoad, useOrg } from './use.js';
import { lacking } from './words.js';

/** The roles that the person may give, as the API says. */
export function useGrantableRoles() {
  const { api, reloadMe } = useApp();
  const { id, access: { permissions } } = useOrg();
  return useLoad(async (signal) => {
    const access = await api.GET('/v1/organizations/{org}/permissions', { path: { org: id }, query: { include: 'roles' }, signal });
    // Another person has changed the role meanwhile.
    if (JSON.stringify(access.permissions) !== JSON.stringify(permissions)) reloadMe();
    return access.grantable_roles ?? [];
  }, [api, id]);
}

/** @param {Props.RoleField} props */
export const RoleField = (props) => html`<${RoleChoice} roles=${useGrantableRoles()} ...${props} />`;

/**
 * The choice. The `current` role, as id and name, is offered, too; those in `except` are not.
 *
 * @param {Props.RoleField & { roles: ReturnType<typeof useGrantableRoles> }} props
 */
export function RoleChoice({ roles, current, except = [], hint = 'Only roles that you may give are offered.', ...field }) {
  const grantable = (roles.data ?? []).map(({ id, name }) => [id, name]).filter(([role]) => !except.includes(role));
  const waits = roles.loading && !roles.data && !current;
  const { release } = useContext(FormContext);
  useEffect(() => {
    if (!waits) release?.(Boolean(roles.data));
  }, [waits]);
  const known = !current || grantable.some(([role]) => role === current[0]);
  return html`
    <${Field} label="Role" name="role_id" value=${current?.[0] ?? 'user'} options=${known ? grantable : [current, ...grantable]}
      hint=${hint} aria-busy=${waits} required=${!waits} ...${field} />
    <${Notice} problem=${roles.data?.length === 0 ? lacking('You can give no role', 'user_management', 'full_access') : roles.problem} reload=${roles.reload} />`;
}
