// Links of a partner with its customers.
import { html, useState } from '../../../vendor/ui.js';
import { Badge, Check, Confirm, Dialog, Empty, Form, Menu, More, Notice, Section, When, table } from '../../parts.js';
import { Link } from '../../router.js';
import { useAction, useApp, usePages } from '../../use.js';
import { OrganizationChoice } from './parts.js';

const ROUTE = '/v1/operator/organizations/{org}/customers';
/** @param {Types.Schemas['CustomerLink']} link */
const nameOf = (link) => link.customer_name ?? 'An organization that was deleted';

/** @param {Props.OperatorCustomers} props */
export function CustomerLinks({ org }) {
  const { api, announce } = useApp();
  const [dialog, setDialog] = useState(/** @type {Types.Schemas['CustomerLink'] | 'new' | null} */ (null));
  const list = usePages((cursor, signal) => api.GET(ROUTE, { path: { org: org.id }, query: { cursor }, signal }), [api, org.id]);
  const prefer = useAction(async (/** @type {Types.Schemas['CustomerLink']} */ link) => {
    await api.PUT(`${ROUTE}/{customer}`, { path: { org: org.id, customer: link.customer_id }, body: { preferred: !link.preferred } });
    announce(link.preferred ? `Not the preferred partner of ${nameOf(link)} any more.` : `The preferred partner of ${nameOf(link)}.`);
    await list.reload();
  });
  const actions = (/** @type {Types.Schemas['CustomerLink']} */ link) => html`<${Menu} label="Actions for ${nameOf(link)}" actions=${[
    { label: link.preferred ? 'Make it not preferred' : 'Make it the preferred partner', run: () => prefer.run(link) },
    { label: 'Remove the link', danger: true, run: () => setDialog(link) },
  ]} />`;
  const close = () => setDialog(null);
  return html`<${Section} title="Customers" intro="Members of this partner reach the licences of linked customers, as their roles say, and as preferred partner also the support cases."
    actions=${html`<button onClick=${() => setDialog('new')}>Link a customer</button>`}>
    <${Notice} problem=${prefer.problem} reload=${list.reload} />
    ${list.items.length > 0 && table({ label: 'Customers', rows: list.items, keyOf: (row) => row.customer_id, columns: [
      { label: 'Customer', head: true, cell: (row) => html`<${Link} to="/operator/organizations/${row.customer_id}">${nameOf(row)}<//>` },
      { label: 'State', cell: (row) => html`
        ${row.suspended ? html`<${Badge} tone="warn">Suspended by the customer<//>` : html`<${Badge} tone="good">Active<//>`}
        ${row.preferred && html` <${Badge} tone="info">Preferred<//>`}` },
      { label: 'Linked', cell: (row) => html`<${When} at=${row.linked_at} />` },
      { label: 'Actions', hidden: true, cell: actions },
    ] })}
    ${list.loaded && list.items.length === 0 && html`<${Empty} title="No customer is linked">Link one, so that members of the partner reach it.<//>`}
    <${More} list=${list} noun="customers" />
    ${dialog === 'new' && html`<${LinkCustomer} org=${org} onClose=${close} reload=${list.reload} />`}
    ${dialog && dialog !== 'new' && html`<${Unlink} org=${org} link=${dialog} onClose=${close} reload=${list.reload} />`}
  <//>`;
}

/** @param {Props.OperatorCustomers} props */
function LinkCustomer({ org, onClose, reload }) {
  const { api, announce } = useApp();
  const submit = async (/** @type {Types.FormValues} */ { customer, preferred }) => {
    const link = await api.PUT(`${ROUTE}/{customer}`, { path: { org: org.id, customer }, body: { preferred: preferred === 'on' } });
    announce(`${nameOf(link)} is linked.`);
    reload();
  };
  return html`<${Dialog} title="Link a customer" onClose=${onClose}>
    <${Form} submit="Link" onSubmit=${submit} onCancel=${onClose} reload=${reload}>
      <p>Members of ${org.name} reach the licences of the customer at once, as their roles say, and as preferred partner also its support cases.
        The customer sees the link, and can suspend it.</p>
      <${OrganizationChoice} label="Customer" name="customer" accept=${(/** @type {Types.OperatorOrganization} */ { kind }) => kind === 'standard'} hint="Only standard organizations." />
      <${Check} label="Preferred partner of the customer" name="preferred" hint="Also allows support cases on behalf of the customer." />
    <//>
  <//>`;
}

/** @param {Props.OperatorCustomers} props */
function Unlink({ org, link, onClose, reload }) {
  const { api, announce } = useApp();
  const remove = async () => {
    await api.DELETE(`${ROUTE}/{customer}`, { path: { org: org.id, customer: link.customer_id } });
    announce(`The link with ${nameOf(link)} is removed.`);
    reload();
  };
  return html`<${Confirm} title="Remove the link with ${nameOf(link)}" submit="Remove" onConfirm=${remove} onClose=${onClose} reload=${reload}>
    <p>Members of ${org.name} lose their access to ${nameOf(link)} with the next decision.</p>
    <p>You can link it again. A suspension by the customer ends with the link.</p>
  <//>`;
}
