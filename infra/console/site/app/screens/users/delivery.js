// What became of the mail of an invitation.
import { html } from '../../../vendor/ui.js';
import { Badge, When } from '../../parts.js';

/** The outcomes of a mail: the tone of a badge, its words, and what they are in a list. */
export const DELIVERY = {
  waiting: ['plain', 'Waiting to be sent'],
  sent: ['good', 'Sent'],
  bounced: ['bad', 'Came back: check the address', 'Mail came back', 'check the address'],
  suppressed: ['bad', 'Not sent: the address refuses mail', 'Mail not sent', 'the address refuses mail'],
};

/**
 * The status of an invitation in the list, with what keeps the invitee from accepting it.
 *
 * @param {{ row: Types.Schemas['PendingUser'] }} props
 */
export function Invited({ row }) {
  const [tone, , came, because] = DELIVERY[row.delivery] ?? [];
  return html`
    ${row.expired
      ? html`<${Badge} tone="bad">Invitation expired<//>`
      : html`<${Badge} tone="warn">Invited<//> <small>expires <${When} at=${row.expires_at} /></small>`}
    ${came && html`<div><${Badge} tone=${tone}>${came}<//> <small>${because}</small></div>`}
    ${!row.inviter_authorized && !row.expired &&
      html`<div><${Badge} tone="bad">Must be sent again<//> <small>the inviter may no longer give this role</small></div>`}
  `;
}
