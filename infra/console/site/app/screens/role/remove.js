// Deletes a custom role. Its users, if there are any, get another role first.
import { html, useState } from '../../../vendor/ui.js';
import { etag, everyItem } from '../../api.js';
import { Dialog, Field, Form, Loaded } from '../../parts.js';
import { navigate } from '../../router.js';
import { useApp, useLoad, useOrg } from '../../use.js';
import { usersInWords } from '../roles/deletion.js';
import { mayGive } from '../../grants.js';

/** @param {Props.RoleRemove} props */
export function RemoveRole({ role, grantable, onClose, load }) {
  const { api } = useApp();
  const { id } = useOrg();
  const roles = useLoad(
    (signal) => everyItem((cursor) => api.GET('/v1/organizations/{org}/roles', { path: { org: id }, query: { limit: 100, cursor }, signal })),
    [api, id],
  );
  return html`<${Dialog} title="Delete the role ${role.name}" onClose=${onClose}>
    <${Loaded} load=${roles}>${(all) => html`
      <${Removal} role=${role} roles=${all} grantable=${grantable} onClose=${onClose} load=${load} />`}<//>
  <//>`;
}

/** @param {Props.RoleRemove} props */
function Removal({ role, roles, grantable, onClose, load }) {
  const { api, announce } = useApp();
  const { id, access, org } = useOrg();
  const { active, pending, services } = role.users;
  const used = active + pending + services > 0;
  const options = roles.filter((other) => other.id !== role.id && mayGive(other, { access, org, grantable })).map((other) => [other.id, other.name]);
  const [target, setTarget] = useState('user');
  const submit = async () => {
    const query = used ? { reassign_to: target } : {};
    const path = { org: id, role: role.id };
    const progress = await api.DELETE('/v1/organizations/{org}/roles/{role}', { path, query, ifMatch: etag(role) });
    onClose();
    if (progress) return load.reload();
    announce(`The role ${role.name} is deleted.`);
    return navigate(`/organizations/${id}/roles`, false);
  };
  return html`
    <${Form} danger submit="Delete the role" onSubmit=${submit} onCancel=${onClose} reload=${load.reload}>
      <p>${used
        ? `The role has ${usersInWords(role.users)}. They all get another role first, without a mail to each. Then the role is
          deleted. This cannot be undone.`
        : 'No one has this role. It is deleted at once, and this cannot be undone.'}</p>
      ${used && html`<${Field} label="Role that they get" name="reassign_to" options=${options} value=${target}
        onChange=${(event) => setTarget(event.target.value)} hint="Roles that you may not give are left out." />`}
    <//>
  `;
}
