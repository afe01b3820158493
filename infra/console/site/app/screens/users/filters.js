// The filters of the users list. They stand in the query of the page, so that a link can carry them.
import { html, useState } from '../../../vendor/ui.js';
import { everyItem } from '../../api.js';
import { Check, Notice, SearchField } from '../../parts.js';
import { path, query, replace, useLocation } from '../../router.js';
import { useApp, useLoad, useOrg } from '../../use.js';

const NAMES = ['q', 'status', 'role_id', 'kind', 'sort', 'scope'];

/** The query of the list for the query of the page. The search matches anywhere in addresses and names. */
export function listQuery(search) {
  const query = Object.fromEntries(NAMES.map((name) => [name, search.get(name) ?? undefined]));
  const organizations = search.getAll('organization_id');
  return {
    ...query,
    ...(query.q && { match: 'contains' }),
    ...(organizations.length > 0 && { organization_id: organizations, scope: 'subtree' }),
  };
}

/** Replaces filters in the query of the page. An empty value removes one. */
function setFilters(changes) {
  const search = query();
  for (const [name, value] of Object.entries(changes)) {
    search.delete(name);
    for (const one of [value].flat()) if (one) search.append(name, one);
  }
  replace(search.size ? `${path()}?${search}` : path());
}

export function Filters({ roles }) {
  const { can } = useOrg();
  const search = useLocation().query;
  const choice = (label, name, options) => html`
    <label class="filter"><span class="sr-only">${label}</span>
      <select value=${search.get(name) ?? ''} onChange=${(event) => setFilters({ [name]: event.target.value })}>
        ${options.map(([value, text]) => html`<option value=${value} selected=${value === (search.get(name) ?? '')}>${text}</option>`)}
      </select></label>`;
  return html`
    <div class="row" role="search" aria-label="Filters">
      <${SearchField} key=${search.has('q')} label="Search by address, name or role" value=${search.get('q')} onSearch=${(q) => setFilters({ q })} />
      ${choice('Status', 'status', [['', 'Active and invited'], ['active', 'Active'], ['pending', 'Invited']])}
      ${choice('Role', 'role_id', [['', 'All roles'], ...roles.map(({ id, name }) => [id, name])])}
      ${choice('Order', 'sort', [['', 'By address'], ['-email', 'By address, from Z'], ['-joined_at', 'Newest first'], ['joined_at', 'Oldest first']])}
    </div>
    ${can('user_management_sub_organizations', 'view_only') && html`<${Organizations} />`}
  `;
}

/** Which organizations of the subtree to show. */
function Organizations() {
  const { api } = useApp();
  const { id, org } = useOrg();
  const search = useLocation().query;
  const [open, setOpen] = useState(search.has('organization_id'));
  const subtree = search.get('scope') === 'subtree' || search.has('organization_id');
  const below = useLoad(
    (signal) => open && everyItem((cursor) => api.GET('/v1/organizations/{org}/sub-organizations',
      { path: { org: id }, query: { depth: 'all', limit: 100, cursor }, signal })),
    [api, id, open],
  );
  const chosen = search.getAll('organization_id');
  const toggle = (one) => setFilters({ organization_id: chosen.includes(one) ? chosen.filter((it) => it !== one) : [...chosen, one] });
  return html`
    <div class="row">
      <${Check} label="Also organizations below" checked=${subtree} onChange=${({ target }) =>
        setFilters({ scope: target.checked && 'subtree', ...(!target.checked && { organization_id: [] }) })} />
      ${subtree && html`<button type="button" class="link" aria-expanded=${open} onClick=${() => setOpen(!open)}>Choose organizations</button>`}
    </div>
    ${open && subtree && html`<fieldset><legend>Organizations (at most 20)</legend>
      <${Notice} problem=${below.problem} reload=${below.reload} />
      ${[org, ...(below.data || [])].map((one) => html`
        <${Check} key=${one.id} label=${one.name} checked=${chosen.includes(one.id)} onChange=${() => toggle(one.id)}
          disabled=${chosen.length >= 20 && !chosen.includes(one.id)} />`)}
    </fieldset>`}
  `;
}
