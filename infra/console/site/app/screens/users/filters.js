// The filters of the users list. They stand in the query of the page, so that a link can carry them.
import { html } from '../../../vendor/ui.js';
import { everyItem } from '../../api.js';
import { OrganizationFilter, organizationQuery } from '../../organization_filter.js';
import { SearchField } from '../../parts.js';
import { path, query, replace, useLocation } from '../../router.js';
import { useApp, useLoad, useOrg } from '../../use.js';

const NAMES = ['q', 'status', 'role_id', 'kind', 'sort'];

/**
 * The query of the list for the query of the page. The search matches anywhere in addresses and names.
 *
 * @param {URLSearchParams} search
 * @returns {Types.UserQuery}
 */
export function listQuery(search) {
  /** @type {Types.UserQuery} */
  const query = Object.fromEntries(NAMES.map((name) => [name, search.get(name) ?? undefined]));
  return { ...query, ...(query.q && { match: 'contains' }), ...organizationQuery(organizations(search)) };
}

/**
 * The value of the filter by organizations.
 *
 * @param {URLSearchParams} search
 * @returns {Types.Organizations}
 */
export function organizations(search) {
  const chosen = search.getAll('organization_id');
  if (chosen.length > 0 || search.get('scope') === 'chosen') return chosen;
  return search.get('scope') === 'subtree' ? 'subtree' : 'own';
}

/** @param {Types.Organizations} value */
const organizationFilters = (value) => ({
  organization_id: Array.isArray(value) ? value : [],
  scope: Array.isArray(value) ? 'chosen' : { own: '', subtree: 'subtree' }[value],
});

/**
 * Replaces filters in the query of the page. An empty value removes one.
 *
 * @param {Record<string, string | string[]>} changes
 */
function setFilters(changes) {
  const search = query();
  for (const [name, value] of Object.entries(changes)) {
    search.delete(name);
    for (const one of [value].flat()) if (one) search.append(name, one);
  }
  replace(search.size ? `${path()}?${search}` : path());
}

export function Filters() {
  const { api } = useApp();
  const { id, can } = useOrg();
  const roles = useLoad(async (signal) => can('role_management', 'view_only') && everyItem((cursor) =>
    api.GET('/v1/organizations/{org}/roles', { path: { org: id }, query: { limit: 100, cursor }, signal })), [api, id]);
  const search = useLocation().query;
  const choice = (label, name, options) => html`
    <label class="filter"><span class="sr-only">${label}</span>
      <select value=${search.get(name) ?? ''} onChange=${(event) => setFilters({ [name]: event.target.value })}>
        ${options.map(([value, text]) => html`<option value=${value} selected=${value === (search.get(name) ?? '')}>${text}</option>`)}
      </select></label>`;
  return html`
    <div class="row" role="search" aria-label="Filters">
      <${SearchField} label="Search by address, name or role" value=${search.get('q')} onSearch=${(q) => setFilters({ q })} />
      ${choice('Status', 'status', [['', 'Active and invited'], ['active', 'Active'], ['pending', 'Invited']])}
      ${choice('Role', 'role_id', [['', 'All roles'], ...(roles.data || []).map(({ id, name }) => [id, name])])}
      ${choice('Kind', 'kind', [['', 'People and services'], ['person', 'People'], ['service', 'Services']])}
      ${choice('Order', 'sort', [['', 'By address'], ['-email', 'By address, from Z'], ['-joined_at', 'Newest first'], ['joined_at', 'Oldest first']])}
    </div>
    ${can('user_management_sub_organizations', 'view_only') && html`
      <${OrganizationFilter} value=${organizations(search)} onChange=${(value) => setFilters(organizationFilters(value))} />`}
  `;
}
