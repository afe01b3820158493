// A pending invitation: what became of its mail, changes, resending and revoking.
import { html } from '../../../vendor/ui.js';
import { etag } from '../../api.js';
import { Badge, Dialog, Field, Notice, When, loaded } from '../../parts.js';
import { useGrantableRoles } from '../../role_field.js';
import { href } from '../../router.js';
import { useAction, useApp, useLoad, useOrg } from '../../use.js';
import { personName } from '../../words.js';
import { DELIVERY } from './delivery.js';
import { EditUser, mayGive } from './edit.js';
import { Gone, useGone } from './gone.js';

const ROUTE = '/v1/organizations/{org}/invitations/{inv}';

/** @param {Props.UsersInvitation} props */
export function ManageInvitation({ id, name, manages, done, onClose, put, reload }) {
  const { api } = useApp();
  const { id: org } = useOrg();
  const path = { org, inv: id };
  const load = useLoad((signal) => api.GET(ROUTE, { path, signal }), [api, org, id]);
  const roles = useGrantableRoles();
  const { gone, check } = useGone(load, reload);
  const write = (/** @type {Types.Schemas['UpdateInvitationRequest']} */ body, /** @type {string | null} */ ifMatch) => api.PATCH(ROUTE, { path, body, ifMatch }).then(put, check);
  const resend = useAction(async () => {
    await api.POST(`${ROUTE}/resend`, { path }).catch(check);
    done('The invitation is sent again.');
  }, onClose);
  const revoke = useAction(async () => {
    await api.DELETE(ROUTE, { path, ifMatch: etag(load.data) }).catch(check);
    done('The invitation is revoked.');
  }, onClose);
  const clear = () => (resend.clear(), revoke.clear());
  const both = { ...load, reload: async () => (await Promise.all([reload(), load.reload()]), clear()) };
  return html`<${Dialog} title="Invitation" onClose=${onClose}>${gone
    ? html`<${Gone} title="${name} is no longer invited" detail="The invitation was accepted, declined or revoked meanwhile." onClose=${onClose} />`
    : loaded(load, (invitation) => html`
      <${Facts} invitation=${invitation} manages=${manages} />
      <div class="actions">
        ${manages && mayGive(roles, invitation.role_id) && html`<button onClick=${resend.run} aria-disabled=${resend.busy}>Send again</button>`}
        <${CopyLink} invitation=${invitation} />
        ${manages && html`<button class="danger-text" onClick=${revoke.run} aria-disabled=${revoke.busy}>Revoke</button>`}
      </div>
      <${Notice} problem=${resend.problem ?? revoke.problem} reload=${both.reload} keep=${clear} />
      ${!manages ? null : roles.data && !mayGive(roles, invitation.role_id)
        ? html`<p class="hint">You may not give the role ${invitation.role_name}, so you can only revoke this invitation.</p>`
        : html`<h3>Change</h3>
          <${EditUser} user=${invitation} load=${both} roles=${roles} write=${write} onClose=${onClose}
            changes=${(/** @type {Types.FormValues} */ values) => (values.expires_in_days ? { expires_in_days: Number(values.expires_in_days) } : {})}
            onSaved=${() => done('The invitation is changed. No mail was sent.')}>
            <${Field} label="Expires (days after the last sending)" type="number" min="1" max="30" name="expires_in_days" placeholder="No change" />
          <//>`}`)}
  <//>`;
}

/** @param {Props.UsersInvitation} props */
function Facts({ invitation, manages }) {
  const { email, delivery, expired, expires_at, invited_by, sent_by, sent_at, send_count, inviter_authorized } = invitation;
  const [tone, text] = DELIVERY[delivery] ?? ['plain', delivery];
  return html`
    <dl class="facts">
      <dt>Address</dt><dd>${email}</dd>
      <dt>Mail</dt><dd><${Badge} tone=${tone}>${text}<//> <small><${When} at=${sent_at} />${send_count > 1 && `, ${send_count} times`}</small></dd>
      <dt>Invited by</dt><dd>${personName(invited_by)}</dd>${sent_by.id !== invited_by.id && html`<dt>Last sent or changed by</dt><dd>${personName(sent_by)}</dd>`}
      <dt>${expired ? 'Expired' : 'Expires'}</dt><dd><${When} at=${expires_at} /></dd>
    </dl>
    ${!inviter_authorized && html`<${Notice} problem=${{
      title: 'This invitation cannot be accepted now',
      detail: `The person who sent it may no longer grant this role. ${manages ? 'Send it again in your own name.' : 'A user manager can send it again.'}`,
    }} />`}`;
}

/**
 * The link of the mail. It carries no secret: only the invitee can accept.
 *
 * @param {Props.UsersInvitation} props
 */
function CopyLink({ invitation }) {
  const { announce } = useApp();
  const copy = async () => {
    const link = location.origin + href(`/organizations/${invitation.organization_id}/invitations/${invitation.id}`);
    try {
      await navigator.clipboard.writeText(link);
      announce('The link is copied.');
    } catch {
      prompt('The browser does not let this page copy. Copy the link here:', link);
    }
  };
  return html`<button onClick=${copy}>Copy the link</button>`;
}
