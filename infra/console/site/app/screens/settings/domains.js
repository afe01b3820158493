// Approved domains: whose people may ask to join.
import { html, useState } from '../../../vendor/ui.js';
import { Confirm, Empty, More, Notice, Person, When, table } from '../../parts.js';
import { Link } from '../../router.js';
import { useAction, useApp, useOrg, usePages } from '../../use.js';

export function ApprovedDomains() {
  const { api } = useApp();
  const { id, can, onlyReads } = useOrg();
  const decides = can('user_management', 'full_access');
  const [removing, setRemoving] = useState(/** @type {string | null} */ (null));
  const list = usePages((cursor, signal) => api.GET('/v1/organizations/{org}/domains', { path: { org: id }, query: { cursor, limit: 100 }, signal }), [api, id]);
  const editable = can('organization_general_information', 'full_access');
  return html`
    ${list.items.length > 0 && table({ label: 'Approved domains', rows: list.items, keyOf: (row) => row.domain, columns: [
      { label: 'Domain', head: true, cell: (row) => row.domain },
      { label: 'Approved by', cell: (row) => html`<${Person} person=${row.added_by} />` },
      { label: 'Approved', cell: (row) => html`<${When} at=${row.added_at} />` },
      editable && { label: 'Actions', hidden: true, cell: (row) => html`
        <button onClick=${() => setRemoving(row.domain)}>Remove<span class="sr-only"> ${row.domain}</span></button>` },
    ] })}
    ${list.loaded && list.items.length === 0 && html`<${Empty} title="No domain is approved">People join by invitation alone.<//>`}
    <${More} list=${list} noun="domains" />
    ${editable && list.loaded && html`<${Approve} approved=${list.items} reload=${list.reload} />`}
    ${(decides || onlyReads) && html`<p><${Link} to="/organizations/${id}/join-requests">${decides ? 'Decide about join requests' : 'Show the join requests'}<//></p>`}
    ${removing && html`<${Remove} domain=${removing} onClose=${() => setRemoving(null)} reload=${list.reload} />`}
  `;
}

/**
 * Only the domain of the person's own verified address can be approved.
 *
 * @param {Props.SettingsDomains} props
 */
function Approve({ approved, reload }) {
  const { api, me, announce } = useApp();
  const { id } = useOrg();
  const own = me.email?.split('@')[1];
  const approve = useAction(async (/** @type {string} */ domain) => {
    await api.PUT('/v1/organizations/{org}/domains/{domain}', { path: { org: id, domain } });
    announce(`${domain} is approved.`);
    await reload();
  });
  if (!own) return html`<p class="hint">Your address is not verified, so you cannot approve its domain.</p>`;
  if (approved.some(({ domain }) => domain === own)) {
    return html`<p class="hint">Another domain can be approved by an administrator who has an address in it.</p>`;
  }
  return html`
    <div><button onClick=${() => approve.run(own)} aria-disabled=${approve.busy}>Approve ${own}</button></div>
    <p class="hint">Only the domain of your own address can be approved, and no domain of a public mail provider.</p>
    <${Notice} problem=${approve.problem} reload=${reload} />
  `;
}

/** @param {Props.SettingsDomains} props */
function Remove({ domain, onClose, reload }) {
  const { api, announce } = useApp();
  const { id } = useOrg();
  const remove = async () => {
    await api.DELETE('/v1/organizations/{org}/domains/{domain}', { path: { org: id, domain } });
    announce(`${domain} is removed.`);
    reload();
  };
  return html`<${Confirm} title="Remove ${domain}" submit="Remove" onConfirm=${remove} onClose=${onClose} reload=${reload}>
    <p>People with an address in ${domain} can no longer ask to join. Open requests from it can no longer be approved.</p>
    <p>Members stay members.</p>
  <//>`;
}
