// Changes of a member or a service, and their removal.
import { html } from '../../../vendor/ui.js';
import { Confirm, Dialog, Field, loaded } from '../../parts.js';
import { useGrantableRoles } from '../../role_field.js';
import { useApp, useLoad, useOrg } from '../../use.js';
import { personName } from '../../words.js';
import { EditUser } from './edit.js';
import { Gone, useGone } from './gone.js';
import { KeeperField } from './service.js';

const ROUTE = '/v1/organizations/{org}/members/{member}';
/** @type {Record<string, string>} */
const FIXED = {
  super_admin: 'It changes by a transfer alone: see Settings.',
  admin: 'Only the Super Admin changes the role of an Admin.',
};

/** @param {Props.UsersMember} props */
export function EditMember({ id, name, roleFixed, done, onClose, put, reload }) {
  const { api } = useApp();
  const { id: org } = useOrg();
  const path = { org, member: id };
  const load = useLoad((signal) => api.GET(ROUTE, { path, signal }), [api, org, id]);
  const both = { ...load, reload: async () => void (await Promise.all([reload(), load.reload()])) };
  const roles = useGrantableRoles();
  const { gone, check } = useGone(load, reload);
  const write = (/** @type {Types.Schemas['UpdateMemberRequest']} */ body, /** @type {string | null} */ ifMatch) => api.PATCH(ROUTE, { path, body, ifMatch }).then(put, check);
  const onSaved = () => done('The changes are saved. They apply from the next request on.');
  const fixedRole = (/** @type {Types.Schemas['Member']} */ { role_id, role_name }) => roleFixed &&
    html`<p class="hint">Role: ${role_name}. ${FIXED[role_id] ?? 'You cannot change your own role.'}</p>`;
  return html`<${Dialog} title="Change a user" onClose=${onClose}>${gone
    ? html`<${Gone} title="${name} is no longer a user here" detail="The user was removed or has left, or the access has ended." onClose=${onClose} />`
    : loaded(load, (member) => html`
      <p><b>${personName(member)}</b>${member.email && html`<br /><small>${member.email}</small>`}</p>
      <${EditUser} user=${member} load=${both} roles=${roles} fixedRole=${fixedRole(member)} hint="Applies from the next request on."
        changes=${(/** @type {Types.FormValues} */ values) => changes(member, values)} write=${write} onSaved=${onSaved} onClose=${onClose}>
        <${Field} label="Name shown here" name="display_name" value=${member.display_name} maxlength="100"
          hint=${member.name ? `The identity provider says “${member.name}”. Leave empty to show that.` : 'Only this organization shows it.'} />
        ${member.kind === 'service' && html`<${KeeperField} value=${member.keeper?.id} />`}
      <//>`)}
  <//>`;
}

/**
 * The fields that only members have, as far as they differ.
 *
 * @param {Types.Schemas['Member']} member
 * @param {Types.FormValues} values
 */
function changes(member, { display_name, keeper_id }) {
  /** @type {Types.Schemas['UpdateMemberRequest']} */
  const body = {};
  if ((display_name || null) !== member.display_name) body.display_name = display_name || null;
  if (keeper_id && keeper_id !== member.keeper?.id) body.keeper_id = keeper_id;
  return body;
}

/** @param {Props.UsersMember} props */
export function RemoveMember({ member, done, onClose, reload }) {
  const { api } = useApp();
  const { id: org, org: { name } } = useOrg();
  const remove = async () => {
    await api.DELETE(ROUTE, { path: { org, member: member.id } });
    done(`${personName(member)} is removed.`);
  };
  return html`<${Confirm} title="Remove ${personName(member)}?" submit="Remove" onConfirm=${remove} onClose=${onClose} reload=${reload}>
    <p>Access to ${name} ends at once. The event history keeps what ${member.kind === 'service'
      ? 'it did. To let it in again, add it as a service again.'
      : 'they did. You can invite them again.'}</p>
  <//>`;
}
