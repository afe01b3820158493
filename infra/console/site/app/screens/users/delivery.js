// What became of the mails of pending invitations, which the list of users does not say.
import { html, useRef } from '../../../vendor/ui.js';
import { Badge, When } from '../../parts.js';
import { useApp, useLoad, useOrg } from '../../use.js';

/** The outcomes of a mail: the tone of a badge, its words, and what they are in a list. */
export const DELIVERY = {
  waiting: ['plain', 'Waiting to be sent'],
  sent: ['good', 'Sent'],
  bounced: ['bad', 'Came back: check the address', 'Mail came back', 'check the address'],
  suppressed: ['bad', 'Not sent: the address refuses mail', 'Mail not sent', 'the address refuses mail'],
};

/**
 * The invitations of the pending rows of this organization, as `of(row)`. Reads them beside the list where rows are new: in one
 * request, unless more than 100 invitations are pending.
 *
 * @param {Types.Schemas['User'][]} rows
 */
export function useInvitations(rows) {
  const { api } = useApp();
  const { id } = useOrg();
  const known = useRef(/** @type {WeakMap<Types.Schemas['User'], Types.Schemas['ListedInvitation'] | null>} */ (new WeakMap())).current;
  const missing = rows.filter((row) => row.status === 'pending' && row.organization_id === id && !known.has(row));
  const load = useLoad(async (signal) => {
    const byId = new Map(missing.map((row) => [String(row.id), row]));
    let cursor = /** @type {string | null | undefined} */ (undefined);
    while (byId.size > 0 && cursor !== null) {
      const page = await api.GET('/v1/organizations/{org}/invitations', { path: { org: id }, query: { limit: 100, cursor }, signal });
      for (const invitation of page.items) {
        const row = byId.get(invitation.id);
        if (row) known.set(row, invitation);
        byId.delete(invitation.id);
      }
      cursor = page.next_cursor;
    }
    // They were accepted or revoked meanwhile.
    for (const row of byId.values()) known.set(row, null);
  }, [api, id, missing[0], missing.length]);
  return { of: (/** @type {Types.Schemas['User']} */ row) => known.get(row), problem: load.problem, reload: load.reload };
}

/**
 * The status of an invitation in the list, with what keeps the invitee from accepting it.
 *
 * @param {{ row: Types.Schemas['PendingUser'], invitation?: Types.Schemas['ListedInvitation'] | null }} props
 */
export function Invited({ row, invitation }) {
  const [tone, , came, because] = DELIVERY[invitation?.delivery ?? 'waiting'] ?? [];
  return html`
    ${row.expired
      ? html`<${Badge} tone="bad">Invitation expired<//>`
      : html`<${Badge} tone="warn">Invited<//> <small>expires <${When} at=${row.expires_at} /></small>`}
    ${came && html`<div><${Badge} tone=${tone}>${came}<//> <small>${because}</small></div>`}
    ${invitation?.inviter_authorized === false && !row.expired &&
      html`<div><${Badge} tone="bad">Must be sent again<//> <small>the inviter may no longer give this role</small></div>`}
  `;
}
