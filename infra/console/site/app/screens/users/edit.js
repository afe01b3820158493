// The form of a member or an invitation: its role, the end of the access, and what else the caller asks for.
import { html } from '../../../vendor/ui.js';
import { etag } from '../../api.js';
import { Field, Form } from '../../parts.js';
import { RoleChoice } from '../../role_field.js';
import { LAST_DAY, dayOf, endOfDay } from '../../words.js';

/**
 * Changes `user`, which `load` has read. `write(body, ifMatch)` sends what differs, with what `changes(values)` adds. The end of
 * the access needs what giving the role needs. `fixedRole` replaces the choice of the role, which the person may not change.
 *
 * @param {Props.UsersEdit} props
 */
export function EditUser({ user, load, roles, fixedRole, hint, changes, write, onSaved, onClose, children }) {
  const { role_id, role_name, access_expires_at: end } = user;
  const save = async (/** @type {Types.FormValues} */ values) => {
    const body = changes(values);
    if (values.role_id && values.role_id !== role_id) body.role_id = values.role_id;
    const day = values.access_expires_at;
    if (day !== undefined && day !== dayOf(end)) body.access_expires_at = endOfDay(day);
    if (Object.keys(body).length > 0) await write(body, etag(user));
    onSaved();
  };
  return html`<${Form} key=${etag(user)} onSubmit=${save} onCancel=${onClose} reload=${load.reload}>
    ${fixedRole || html`<${RoleChoice} roles=${roles} current=${[role_id, role_name]} hint=${hint} />`}
    ${children}
    ${!fixedRole && mayGive(roles, role_id) && html`<${Field} label="Access ends on" type="date" max=${LAST_DAY} name="access_expires_at" value=${dayOf(end)}
      hint="At the end of that day. Leave empty for access without an end." />`}
  <//>`;
}

/**
 * Whether the person may give the role.
 *
 * @param {Props.UsersEdit['roles']} roles
 * @param {string} role
 */
export const mayGive = ({ data }, role) => data?.some(({ id }) => id === role);
