// The ends: another Super Admin, leaving, and the deletion of the organization.
import { html, useState } from '../../../vendor/ui.js';
import { etag, everyItem } from '../../api.js';
import { Confirm, Field, Form, loaded } from '../../parts.js';
import { Link, leaveEnded } from '../../router.js';
import { useApp, useLoad, useOrg } from '../../use.js';
import { personLine, personName } from '../../words.js';

export function Transfer() {
  const { api } = useApp();
  const { id } = useOrg();
  const [chosen, setChosen] = useState(/** @type {Types.Schemas['User'] | null} */ (null));
  const load = useLoad(async (signal) => {
    const all = await everyItem((cursor) => api.GET('/v1/organizations/{org}/members', {
      path: { org: id }, query: { role_id: 'admin', status: 'active', limit: 100, cursor }, signal,
    }));
    return all.filter((user) => user.status === 'active' && user.kind === 'person' && !user.access_expired);
  }, [api, id]);
  return html`<div class="panel">
    <p>Exactly one member is the Super Admin. Give the role to a member who is Admin; you become Admin.</p>
    ${loaded(load, (admins) => admins.length === 0
      ? html`<p class="hint">There is no other Admin. <${Link} to="/organizations/${id}/users">Make a member Admin<//> first.</p>`
      : html`<${Form} submit="Transfer…" onSubmit=${(/** @type {Types.FormValues} */ { member }) => setChosen(admins.find((admin) => admin.id === member) ?? null)}>
          <${Field} label="The next Super Admin" name="member" required options=${[['', 'Choose…'], ...admins.map((admin) => [admin.id, personLine(admin)])]} />
        <//>`)}
    ${chosen && html`<${ConfirmTransfer} person=${chosen} onClose=${() => setChosen(null)} reload=${load.reload} />`}
  </div>`;
}

/** @param {Props.SettingsMembership} props */
function ConfirmTransfer({ person, onClose, reload }) {
  const { api, announce, reloadMe } = useApp();
  const { id, org, reload: reloadOrg } = useOrg();
  const transfer = async () => {
    await api.POST('/v1/organizations/{org}/transfer', { path: { org: id }, body: { member_id: person.id } });
    announce(`${personName(person)} is the Super Admin now.`);
    reloadMe().then(reloadOrg);
  };
  // The choice shows who can become it now.
  const refresh = async () => {
    await reload();
    onClose();
  };
  return html`<${Confirm} title="Transfer the Super Admin role" submit="Transfer" onConfirm=${transfer} onClose=${onClose} reload=${refresh}>
    <p><b>${personName(person)}</b> (${person.email}) becomes the Super Admin of ${org.name}. You become Admin at once.</p>
    <p>You cannot take the role back yourself: only the new Super Admin can transfer it.</p>
  <//>`;
}

export function Leave() {
  const { api, announce, reloadMe } = useApp();
  const { id, org, membership } = useOrg();
  const [asking, setAsking] = useState(false);
  const leave = async () => {
    await api.POST('/v1/organizations/{org}/leave', { path: { org: id } });
    announce(`You have left ${org.name}.`);
    leaveEnded(`/organizations/${id}`, '/');
    await reloadMe();
  };
  if (membership?.role_id === 'super_admin') {
    return html`<div class="panel"><p>The Super Admin cannot leave. Transfer the role to an Admin first.</p></div>`;
  }
  return html`<div class="panel">
    <p>Your access to ${org.name} ends at once. To return, you need an invitation.</p>
    <div><button class="danger" onClick=${() => setAsking(true)}>Leave…</button></div>
    ${asking && html`<${Confirm} title="Leave ${org.name}" submit="Leave" onConfirm=${leave} onClose=${() => setAsking(false)}>
      <p>You can no longer see or do anything here. You cannot undo this yourself: a user manager must invite you.</p>
    <//>`}
  </div>`;
}

export function DeleteOrganization() {
  const { api, announce, reloadMe } = useApp();
  const { id, org, can, reload } = useOrg();
  const below = useLoad(async (signal) => can('user_management_sub_organizations', 'view_only')
    && api.GET('/v1/organizations/{org}/sub-organizations', { path: { org: id }, query: { limit: 1 }, signal }), [api, id]);
  const blocked = Boolean(below.data && below.data.items.length);
  const [asking, setAsking] = useState(false);
  const remove = async (/** @type {Types.FormValues} */ { typed }) => {
    await api.DELETE('/v1/organizations/{org}', { path: { org: id }, body: { name: typed }, ifMatch: etag(org) });
    announce(`${org.name} is deleted.`);
    leaveEnded(`/organizations/${id}`, '/');
    await reloadMe();
  };
  return html`<div class="panel">
    <p>${blocked
      ? html`Its <${Link} to="/organizations/${id}/sub-organizations">sub-organizations<//> must be deleted first, the lowest ones at the beginning.`
      : 'Ends the organization for all its members.'}</p>
    <div><button class="danger" disabled=${below.loading || blocked} onClick=${() => setAsking(true)}>Delete…</button></div>
    ${asking && html`<${Confirm} title="Delete ${org.name}" submit="Delete the organization" typed=${org.name}
      typedLabel="Type the name of the organization" onConfirm=${remove} onClose=${() => setAsking(false)} reload=${reload}>
      <p>From this moment, no member reaches the organization. Within minutes, these end: memberships, invitations, join requests,
        critical alert users, approved domains, custom roles, and links with partners or customers.</p>
      <p>The event history stays for its retention, for operators of the platform. You cannot undo this.</p>
    <//>`}
  </div>`;
}
