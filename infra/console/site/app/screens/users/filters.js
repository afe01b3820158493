// The filters of the users list.
import { html } from '../../../vendor/ui.js';
import { everyItem } from '../../api.js';
import { setFilters } from '../../filters.js';
import { ORGANIZATION_FILTERS, OrganizationFilter, organizationFilters, organizationQuery, organizationsIn } from '../../organization_filter.js';
import { SearchField } from '../../parts.js';
import { useApp, useLoad, useOrg } from '../../use.js';

const NAMES = ['q', 'status', 'kind', 'sort'];
/** @type {Record<'status' | 'kind' | 'sort', Types.Choice[]>} */
const CHOICES = {
  status: [['', 'Any status'], ['active', 'Active'], ['pending', 'Invited']],
  kind: [['', 'Any kind'], ['person', 'People'], ['service', 'Services']],
  sort: [
    ['', 'Address A–Z'], ['-email', 'Address Z–A'], ['name', 'Name A–Z'], ['-name', 'Name Z–A'],
    ['role_name', 'Role A–Z'], ['-role_name', 'Role Z–A'], ['-joined_at', 'Newest first'], ['joined_at', 'Oldest first'],
  ],
};
/**
 * The roles of the filter: a link can have several, as the one to those who could change something.
 *
 * @param {URLSearchParams} search
 */
const rolesIn = (search) => [...new Set(search.getAll('role_id').filter(Boolean))];
/** @param {keyof typeof CHOICES} name */
const valuesOf = (name) => CHOICES[name].map(([value]) => value);

/** The filters that there are, for `useFilters`. */
export const KNOWN = {
  q: true, status: valuesOf('status'), kind: valuesOf('kind'), sort: valuesOf('sort'),
  role_id: /^(role_\w{26}|super_admin|admin|user|mdf_admin|partner_user)$/, ...ORGANIZATION_FILTERS,
};

/**
 * The query of the list for the query of the page. The search matches anywhere in addresses and names.
 *
 * @param {URLSearchParams} search
 * @returns {Types.UserQuery}
 */
export function listQuery(search) {
  /** @type {Types.UserQuery} */
  const query = Object.fromEntries(NAMES.map((name) => [name, search.get(name) ?? undefined]));
  const roles = rolesIn(search);
  return { ...query, ...(roles.length > 0 && { role_id: roles }), ...(query.q && { match: 'contains' }), ...organizationQuery(organizationsIn(search)) };
}

/** @param {{ search: URLSearchParams }} props */
export function Filters({ search }) {
  const { api } = useApp();
  const { id, can } = useOrg();
  const roles = useLoad(async (signal) => can('role_management', 'view_only') && everyItem((cursor) =>
    api.GET('/v1/organizations/{org}/roles', { path: { org: id }, query: { limit: 100, cursor }, signal })), [api, id]);
  const role = rolesIn(search).join();
  const offered = (roles.data || []).map(({ id, name }) => /** @type {Types.Choice} */ ([id, name]));
  const isOffered = !role || offered.some(([id]) => id === role);
  /** @type {(label: string, name: string, options: readonly Types.Choice[], value?: string) => Types.View} */
  const choice = (label, name, options, value = search.get(name) ?? '') => html`
    <label class="filter"><span class="sr-only">${label}</span>
      <select value=${value} onChange=${(event) => setFilters({ [name]: event.target.value.split(',') })}>
        ${options.map(([one, text]) => html`<option value=${one} selected=${one === value}>${text}</option>`)}
      </select></label>`;
  const unlisted = /** @type {Types.Choice} */ ([role, role.includes(',') ? 'Several roles' : roles.data ? 'Role not listed' : 'One role']);
  return html`
    <div class="row" role="search" aria-label="Filters">
      <${SearchField} label="Search by address, name or role" value=${search.get('q')} onSearch=${(/** @type {string} */ q) => setFilters({ q })} />
      ${choice('Status', 'status', CHOICES.status)}
      ${choice('Role', 'role_id', [['', 'All roles'], ...(isOffered ? [] : [unlisted]), ...offered], role)}
      ${choice('Kind', 'kind', CHOICES.kind)}
      ${choice('Order', 'sort', CHOICES.sort)}
    </div>
    ${can('user_management_sub_organizations', 'view_only') && html`
      <${OrganizationFilter} value=${organizationsIn(search)} onChange=${(/** @type {Types.Organizations} */ value) => setFilters(organizationFilters(value))} />`}
  `;
}
