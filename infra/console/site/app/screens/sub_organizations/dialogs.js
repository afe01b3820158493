// What a person does with sub-organizations: create one, and join an empty one.
import { html } from '../../../vendor/ui.js';
import { Dialog, Field, Form } from '../../parts.js';
import { useApp } from '../../use.js';

/** @param {Props.SubOrganizationsDialogs} props */
export function CreateSubOrganization({ parent, onClose, onDone }) {
  const { api, announce } = useApp();
  const submit = async (/** @type {Types.FormValues} */ { name }) => {
    const made = await api.POST('/v1/organizations/{org}/sub-organizations', { path: { org: parent.id }, body: { name } });
    onDone();
    announce(`${made.name} is created. You are its Super Admin.`);
  };
  return html`<${Dialog} title="Create a sub-organization of ${parent.name}" onClose=${onClose}>
    <${Form} submit="Create" onSubmit=${submit} onCancel=${onClose} reload=${onDone}>
      <p>You become its Super Admin, also if your role in ${parent.name} is another one. It has its own users and roles.</p>
      <${Field} label="Name" name="name" required maxlength="100" hint="Its members and invitees see it." />
    <//>
  <//>`;
}

/** @param {Props.SubOrganizationsDialogs} props */
export function JoinSubOrganization({ org, onClose, onDone }) {
  const { api, announce } = useApp();
  const submit = async () => {
    await api.POST('/v1/organizations/{org}/join', { path: { org: org.id } });
    onDone();
    announce(`You are the Super Admin of ${org.name}.`);
  };
  return html`<${Dialog} title="Join ${org.name}" onClose=${onClose}>
    <${Form} submit="Join" onSubmit=${submit} onCancel=${onClose} reload=${() => (onClose(), onDone())}>
      <p>${org.name} has no members and no invitations, so no one can invite you. As an administrator of an organization
        above it, you may join it.</p>
      <p>You become its Super Admin. Of two people who join at once, one succeeds. You cannot leave until you transfer that role.</p>
    <//>
  <//>`;
}
