// Links between partners and customers.
import { html, useState } from '../../../vendor/ui.js';
import { Badge, Confirm, Empty, More, Notice, When, table } from '../../parts.js';
import { useAction, useApp, useOrg, usePages } from '../../use.js';
import { areaName } from '../../words.js';

const NAMELESS = 'An organization that was deleted';
const SUSPENSION = '/v1/organizations/{org}/partners/{partner}/suspension';

/**
 * @param {string} noun
 * @returns {Types.Column<Types.Schemas['LinkedOrganization']>[]}
 */
const columns = (noun) => [
  { label: noun, head: true, cell: (row) => row.name ?? NAMELESS },
  { label: 'Allows', cell: ({ allows }) => (allows.length
    ? html`<ul class="plain-list">${allows.map((object) => html`<li>${areaName(object)}</li>`)}</ul>`
    : 'Nothing now') },
  { label: 'State', cell: (row) => html`
    ${row.suspended ? html`<${Badge} tone="warn">Suspended<//>` : html`<${Badge} tone="good">Active<//>`}
    ${row.preferred && html` <${Badge} tone="info">Preferred<//>`}` },
  { label: 'Linked', cell: (row) => html`<${When} at=${row.linked_at} />` },
];

/** @param {'/v1/organizations/{org}/customers' | '/v1/organizations/{org}/partners'} route */
function useLinks(route) {
  const { api } = useApp();
  const { id } = useOrg();
  return usePages((cursor, signal) => api.GET(route, { path: { org: id }, query: { cursor }, signal }), [api, id]);
}

/** The customers of a partner. */
export function Customers() {
  const list = useLinks('/v1/organizations/{org}/customers');
  return html`
    ${list.items.length > 0 && table({ label: 'Customers', rows: list.items, columns: columns('Customer') })}
    ${list.loaded && list.items.length === 0 && html`<${Empty} title="No customer is linked">An operator of the platform can link one.<//>`}
    <${More} list=${list} noun="customers" />
  `;
}

/** The partners of a customer, which can suspend each link. */
export function Partners() {
  const { api, announce } = useApp();
  const { id, onlyReads } = useOrg();
  const list = useLinks('/v1/organizations/{org}/partners');
  const [suspending, setSuspending] = useState(/** @type {Types.Schemas['LinkedOrganization'] | null} */ (null));
  const resume = useAction(async (/** @type {Types.Schemas['LinkedOrganization']} */ partner) => {
    try {
      await api.DELETE(SUSPENSION, { path: { org: id, partner: partner.id } });
    } catch (problem) {
      if (/** @type {Types.Trouble} */ (problem).slug !== 'partner-not-linked') throw problem;
      announce(`The link with ${partner.name ?? NAMELESS} is gone: an operator has removed it.`);
      return list.reload();
    }
    announce(`The link with ${partner.name ?? NAMELESS} is active again.`);
    await list.reload();
  });
  // An operator reads the links, and changes none.
  const actions = !onlyReads && { label: 'Actions', hidden: true, cell: (/** @type {Types.Schemas['LinkedOrganization']} */ row) => html`
    <button onClick=${() => (row.suspended ? resume.run(row) : setSuspending(row))} aria-disabled=${resume.busy}>
      ${row.suspended ? 'Resume' : 'Suspend'}<span class="sr-only"> the link with ${row.name}</span></button>` };
  return html`
    <${Notice} problem=${resume.problem} reload=${async () => (await list.reload(), resume.clear())} />
    ${list.items.length > 0 && table({ label: 'Partners', rows: list.items, columns: [...columns('Partner'), actions] })}
    ${list.loaded && list.items.length === 0 && html`<${Empty} title="No partner is linked">
      Members of other organizations have no access here. An operator of the platform can link a partner.<//>`}
    <${More} list=${list} noun="partners" />
    ${suspending && html`<${Suspend} partner=${suspending} onClose=${() => setSuspending(null)} reload=${list.reload} />`}
  `;
}

/** @param {Props.SettingsLinks} props */
function Suspend({ partner, onClose, reload }) {
  const { api, announce } = useApp();
  const { id } = useOrg();
  const name = partner.name ?? NAMELESS;
  const suspend = async () => {
    await api.PUT(SUSPENSION, { path: { org: id, partner: partner.id } });
    announce(`The link with ${name} is suspended.`);
    reload();
  };
  return html`<${Confirm} title="Suspend the link with ${name}" submit="Suspend" onConfirm=${suspend} onClose=${onClose} reload=${reload}>
    <p>From its next request on, ${name} may do nothing here. The link stays suspended until you resume it.</p>
  <//>`;
}
