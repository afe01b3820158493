// The choice of a role in a form: those that the API says the person may give.
import { html } from '../vendor/ui.js';
import { Field, Notice } from './parts.js';
import { useApp, useLoad, useOrg } from './use.js';

/**
 * The choice. The `current` role, as id and name, is offered, too; those in `except` are not.
 *
 * @param {Props.RoleField} props
 */
export function RoleField({ current, except = [], hint = 'Only roles that you may give are offered.' }) {
  const { api } = useApp();
  const { id } = useOrg();
  const access = useLoad((signal) => api.GET('/v1/organizations/{org}/permissions', { path: { org: id }, query: { include: 'roles' }, signal }), [api, id]);
  const grantable = (access.data?.grantable_roles ?? []).map(({ id, name }) => [id, name]).filter(([role]) => !except.includes(role));
  const known = !current || grantable.some(([role]) => role === current[0]);
  return html`
    <${Field} label="Role" name="role_id" value=${current?.[0] ?? 'user'} options=${known ? grantable : [current, ...grantable]} hint=${hint} />
    <${Notice} problem=${access.problem} reload=${access.reload} />`;
}
