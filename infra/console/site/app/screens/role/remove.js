// Deletes a custom role. Its users, if there are any, get another role first.
import { html } from '../../../vendor/ui.js';
import { etag } from '../../api.js';
import { Dialog, Form } from '../../parts.js';
import { useFollow } from '../../router.js';
import { RoleChoice, useGrantableRoles } from '../../role_field.js';
import { useApp, useOrg } from '../../use.js';
import { usersInWords } from '../roles/deletion.js';
import { checkRole } from './objects.js';

/** Without Full Access to User Management, the API names no roles: User can always be given. */
const ALWAYS = [{ id: 'user', name: 'User' }];

/** @param {Props.RoleRemove} props */
export function RemoveRole({ role, onClose, load }) {
  const { api, announce } = useApp();
  const { id } = useOrg();
  const follow = useFollow();
  const grantable = useGrantableRoles();
  const roles = grantable.data?.length === 0 ? { ...grantable, data: ALWAYS } : grantable;
  const { active, pending, services } = role.users;
  const used = active + pending + services > 0;
  const submit = async (/** @type {Types.FormValues} */ { reassign_to }) => {
    const query = used ? { reassign_to } : {};
    const path = { org: id, role: role.id };
    const progress = await api.DELETE('/v1/organizations/{org}/roles/{role}', { path, query, ifMatch: etag(role) }).catch(checkRole(load));
    if (progress) return void load.reload();
    announce(`The role ${role.name} is deleted.`);
    follow(`/organizations/${id}/roles`);
  };
  return html`<${Dialog} title="Delete the role ${role.name}" onClose=${onClose}>
    <${Form} danger submit="Delete the role" onSubmit=${submit} onCancel=${onClose} reload=${load.reload} disabled=${used && !roles.data}>
      <p>${used
        ? `The role has ${usersInWords(role.users)}. They all get another role first, without a mail to each. Then the role is
          deleted. This cannot be undone.`
        : 'No one has this role. It is deleted at once, and this cannot be undone.'}</p>
      ${used && html`<${RoleChoice} roles=${roles} except=${[role.id]} label="Role that they get" name="reassign_to"
        hint="Roles that you may not give are left out." />`}
    <//>
  <//>`;
}
