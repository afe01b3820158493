// Open requests to join the organization. Mails to user managers lead here.
import { html, useState } from '../../vendor/ui.js';
import { Confirm, Dialog, Empty, Form, More, Page, Person, When, table } from '../parts.js';
import { RoleField } from '../role_field.js';
import { Link } from '../router.js';
import { useApp, useOrg, usePages } from '../use.js';
import { personName } from '../words.js';
import { Gone, useGone } from './users/gone.js';

export function JoinRequests() {
  const { api } = useApp();
  const { id, can } = useOrg();
  const decides = can('user_management', 'full_access');
  const [asking, setAsking] = useState(/** @type {{ row: Types.Schemas['JoinRequest'], approve?: boolean } | null} */ (null));
  const list = usePages((cursor, signal) => api.GET('/v1/organizations/{org}/join-requests', { path: { org: id }, query: { cursor }, signal }), [api, id]);
  const close = () => setAsking(null);
  const Asked = asking?.approve ? Approve : Decline;
  const decide = (/** @type {Types.Schemas['JoinRequest']} */ row) => html`<div class="actions">
    <button onClick=${() => setAsking({ row, approve: true })}>Approve<span class="sr-only"> ${personName(row.person)}</span></button>
    <button onClick=${() => setAsking({ row })}>Decline<span class="sr-only"> ${personName(row.person)}</span></button>
  </div>`;
  return html`
    <${Page} title="Join requests" intro="People with an address in an approved domain asked to join. Nothing happens until ${decides ? 'you decide' : 'a user manager decides'}.">
      ${list.items.length > 0 && table({ label: 'Join requests', rows: list.items, columns: [
        { label: 'Person', head: true, cell: (row) => html`<${Person} person=${row.person} />` },
        { label: 'Comment', cell: (row) => (row.comment ? html`<span class="lines">${row.comment}</span>` : '–') },
        { label: 'Asked', cell: (row) => html`<${When} at=${row.created_at} />` },
        decides && { label: 'Actions', hidden: true, cell: decide },
      ] })}
      ${list.loaded && list.items.length === 0 && !list.hasMore && html`<${Empty} title="No request is open">
        People can ask to join if their address is in an approved domain. ${can('organization_general_information', 'view_only') &&
          html`<${Link} to="/organizations/${id}/settings">Show the approved domains<//>`}<//>`}
      <${More} list=${list} noun="requests" />
      ${asking && html`<${Asked} request=${asking.row} onClose=${close} reload=${list.reload} />`}
    <//>
  `;
}

/** @param {Props.JoinRequests} props */
function Approve({ request, onClose, reload }) {
  const { api, announce } = useApp();
  const { id } = useOrg();
  const name = personName(request.person);
  const { gone, check } = useGone({}, reload);
  const approve = async (/** @type {Types.FormValues} */ { role_id }) => {
    await api.POST('/v1/organizations/{org}/join-requests/{req}/approve', { path: { org: id, req: request.id }, body: { role_id } }).catch(check);
    announce(`${name} is a member now.`);
    reload();
  };
  return html`<${Dialog} title="Approve the request of ${name}" onClose=${onClose}>${gone
    ? html`<${Gone} title="The request of ${name} is no longer open" detail="It was decided or cancelled meanwhile." onClose=${onClose} />`
    : html`<${Form} submit="Approve" onSubmit=${approve} onCancel=${onClose} reload=${reload}>
      <p><b>${name}</b> (${request.person.email}) becomes an active member at once, and gets a mail that says so.</p>
      <${RoleField} />
    <//>`}
  <//>`;
}

/** @param {Props.JoinRequests} props */
function Decline({ request, onClose, reload }) {
  const { api, announce } = useApp();
  const { id } = useOrg();
  const name = personName(request.person);
  const decline = async () => {
    await api.POST('/v1/organizations/{org}/join-requests/{req}/decline', { path: { org: id, req: request.id } });
    announce(`The request of ${name} is declined.`);
    reload();
  };
  return html`<${Confirm} title="Decline the request of ${name}" submit="Decline" onConfirm=${decline} onClose=${onClose} reload=${reload}>
    <p>${name} cannot ask again for 90 days. You can still invite this person at any time.</p>
  <//>`;
}
