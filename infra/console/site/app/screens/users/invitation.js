// A pending invitation: what became of its mail, changes, resending and revoking.
import { html } from '../../../vendor/ui.js';
import { etag } from '../../api.js';
import { Badge, Dialog, Field, Form, Loaded, Notice, When } from '../../parts.js';
import { RoleField } from '../../role_field.js';
import { href } from '../../router.js';
import { useAction, useApp, useLoad, useOrg } from '../../use.js';
import { dayOf, endOfDay, personName } from '../../words.js';

const DELIVERY = {
  waiting: ['plain', 'Waiting to be sent'],
  sent: ['good', 'Sent'],
  bounced: ['bad', 'Came back: check the address'],
  suppressed: ['bad', 'Not sent: the address refuses mail'],
};

/** @param {Props.UsersInvitation} props */
export function ManageInvitation({ id, done, onClose }) {
  const { api } = useApp();
  const { id: org } = useOrg();
  const path = { org, inv: id };
  const invitation = useLoad((signal) => api.GET('/v1/organizations/{org}/invitations/{inv}', { path, signal }), [api, org, id]);
  const resend = useAction(async () => {
    await api.POST('/v1/organizations/{org}/invitations/{inv}/resend', { path });
    done('The invitation is sent again.');
  });
  const revoke = useAction(async () => {
    await api.DELETE('/v1/organizations/{org}/invitations/{inv}', { path, ifMatch: etag(invitation.data) });
    done('The invitation is revoked.');
  });
  const save = async (values) => {
    if (!invitation.data) return;
    const body = changes(invitation.data, values);
    if (Object.keys(body).length > 0) {
      await api.PATCH('/v1/organizations/{org}/invitations/{inv}', { path, body, ifMatch: etag(invitation.data) });
    }
    done('The invitation is changed. No mail was sent.');
  };
  return html`<${Dialog} title="Invitation" onClose=${onClose}>
    <${Loaded} load=${invitation}>${(data) => html`
      <${Facts} invitation=${data} />
      <div class="actions">
        <button onClick=${resend.run} disabled=${resend.busy}>Send again</button>
        <${CopyLink} invitation=${data} />
        <button class="danger-text" onClick=${revoke.run} disabled=${revoke.busy}>Revoke</button>
      </div>
      <${Notice} problem=${resend.problem ?? revoke.problem} reload=${invitation.reload} />
      <h3>Change</h3>
      <${Form} key=${etag(data)} onSubmit=${save} onCancel=${onClose} reload=${invitation.reload}>
        <${Fields} invitation=${data} />
      <//>`}<//>
  <//>`;
}

/** @param {Props.UsersInvitation} props */
function Facts({ invitation }) {
  const { email, delivery, expired, expires_at, invited_by, sent_at, send_count, inviter_authorized } = invitation;
  const [tone, text] = DELIVERY[delivery] ?? ['plain', delivery];
  return html`
    <dl class="facts">
      <dt>Address</dt><dd>${email}</dd>
      <dt>Mail</dt><dd><${Badge} tone=${tone}>${text}<//> <small><${When} at=${sent_at} />${send_count > 1 && `, ${send_count} times`}</small></dd>
      <dt>Invited by</dt><dd>${personName(invited_by)}</dd>
      <dt>${expired ? 'Expired' : 'Expires'}</dt><dd><${When} at=${expires_at} /></dd>
    </dl>
    ${!inviter_authorized && html`<${Notice} problem=${{
      title: 'This invitation cannot be accepted now',
      detail: 'The person who sent it may no longer grant this role. Send it again in your own name.',
    }} />`}`;
}

/** @param {Props.UsersInvitation} props */
function Fields({ invitation }) {
  return html`
    <${RoleField} current=${[invitation.role_id, invitation.role_name]} />
    <${Field} label="Expires (days after the last sending)" type="number" min="1" max="30" name="expires_in_days" placeholder="No change" />
    <${Field} label="Access ends on" type="date" name="access_expires_at" value=${dayOf(invitation.access_expires_at)}
      hint="At the end of that day. Leave empty for access without an end." />`;
}

/**
 * @param {Types.Schemas['ListedInvitation']} invitation
 * @param {Record<string, any>} values
 */
function changes(invitation, values) {
  const body = {};
  if (values.role_id !== invitation.role_id) body.role_id = values.role_id;
  if (values.expires_in_days) body.expires_in_days = Number(values.expires_in_days);
  const day = values.access_expires_at;
  if (day !== dayOf(invitation.access_expires_at)) body.access_expires_at = endOfDay(day);
  return body;
}

/**
 * The link of the mail. It carries no secret: only the invitee can accept.
 *
 * @param {Props.UsersInvitation} props
 */
function CopyLink({ invitation }) {
  const { announce } = useApp();
  const copy = async () => {
    await navigator.clipboard.writeText(location.origin + href(`/organizations/${invitation.organization_id}/invitations/${invitation.id}`));
    announce('The link is copied.');
  };
  return html`<button onClick=${copy}>Copy the link</button>`;
}
