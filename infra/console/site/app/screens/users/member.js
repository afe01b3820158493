// Changes of a member or a service, and their removal.
import { html } from '../../../vendor/ui.js';
import { etag } from '../../api.js';
import { Confirm, Dialog, Field, Form, Loaded } from '../../parts.js';
import { RoleField } from '../../role_field.js';
import { useApp, useLoad, useOrg } from '../../use.js';
import { dayOf, endOfDay, personName } from '../../words.js';
import { KeeperField } from './service.js';

/** @param {Props.UsersMember} props */
export function EditMember({ id, roleFixed, done, onClose }) {
  const { api } = useApp();
  const { id: org } = useOrg();
  const path = { org, member: id };
  const member = useLoad((signal) => api.GET('/v1/organizations/{org}/members/{member}', { path, signal }), [api, org, id]);
  const save = async (values) => {
    if (!member.data) return;
    const body = changes(member.data, values);
    if (Object.keys(body).length > 0) {
      await api.PATCH('/v1/organizations/{org}/members/{member}', { path, body, ifMatch: etag(member.data) });
    }
    done('The changes are saved. They apply from the next request on.');
  };
  return html`<${Dialog} title="Change a user" onClose=${onClose}>
    <${Loaded} load=${member}>${(data) => html`
      <${Form} key=${etag(data)} onSubmit=${save} onCancel=${onClose} reload=${member.reload}>
        <p><b>${personName(data)}</b>${data.email && html`<br /><small>${data.email}</small>`}</p>
        <${MemberFields} member=${data} roleFixed=${roleFixed} />
      <//>`}<//>
  <//>`;
}

/** @param {Props.UsersMember} props */
function MemberFields({ member, roleFixed }) {
  return html`
    ${roleFixed
      ? html`<p class="hint">Role: ${member.role_name}. ${FIXED[member.role_id] ?? 'You cannot change your own role.'}</p>`
      : html`<${RoleField} current=${[member.role_id, member.role_name]} hint="Applies from the next request on." />`}
    <${Field} label="Name shown here" name="display_name" value=${member.display_name} maxlength="100"
      hint=${member.name ? `The identity provider says “${member.name}”. Leave empty to show that.` : 'Only this organization shows it.'} />
    ${member.role_id !== 'super_admin' && !(roleFixed && !FIXED[member.role_id]) && html`<${Field} label="Access ends on" type="date" name="access_expires_at" value=${dayOf(member.access_expires_at)}
      hint="At the end of that day. Leave empty for access without an end." />`}
    ${member.kind === 'service' && html`<${KeeperField} value=${member.keeper?.id} />`}
  `;
}

const FIXED = {
  super_admin: 'It changes by a transfer alone: see Settings.',
  admin: 'Only the Super Admin changes the role of an Admin.',
};

/**
 * The fields that differ from the member.
 *
 * @param {Types.Schemas['Member']} member
 * @param {Record<string, any>} values
 */
function changes(member, values) {
  const body = {};
  if (values.role_id && values.role_id !== member.role_id) body.role_id = values.role_id;
  if ((values.display_name || null) !== member.display_name) body.display_name = values.display_name || null;
  const day = values.access_expires_at;
  if (day !== undefined && day !== dayOf(member.access_expires_at)) body.access_expires_at = endOfDay(day);
  if (values.keeper_id && values.keeper_id !== member.keeper?.id) body.keeper_id = values.keeper_id;
  return body;
}

/** @param {Props.UsersMember} props */
export function RemoveMember({ member, done, onClose, reload }) {
  const { api } = useApp();
  const { id: org, org: { name } } = useOrg();
  const remove = async () => {
    await api.DELETE('/v1/organizations/{org}/members/{member}', { path: { org, member: member.id } });
    done(`${personName(member)} is removed.`);
  };
  return html`<${Confirm} title="Remove ${personName(member)}?" submit="Remove" onConfirm=${remove} onClose=${onClose} reload=${reload}>
    <p>Access to ${name} ends at once. The event history keeps what they did. You can invite them again.</p>
  <//>`;
}
