// The roles of an organization, and of the organizations below it.
import { html, useState } from '../../vendor/ui.js';
import { UnknownFilters, setFilters, useFilters } from '../filters.js';
import { ORGANIZATION_FILTERS, OrganizationFilter, organizationFilters, organizationQuery, organizationsIn, reachesBelow } from '../organization_filter.js';
import { Badge, Empty, Field, More, Page, SearchField, table } from '../parts.js';
import { Link, path, replace } from '../router.js';
import { useApp, useOrg, usePages } from '../use.js';
import { CompareRoles } from './roles/compare.js';
import { Deletion } from './roles/deletion.js';

const MAX_COMPARED = 3;
const STATUSES = [
  ['', 'All roles'],
  ['active', 'With members'],
  ['pending', 'With invitations'],
  ['active pending', 'With members or invitations'],
];
const KNOWN = { q: true, status: STATUSES.map(([value]) => value), ...ORGANIZATION_FILTERS };
const COUNTS = [
  { label: 'Members', of: 'active', filter: { kind: 'person', status: 'active' }, noun: 'member' },
  { label: 'Invited', of: 'pending', filter: { status: 'pending' }, noun: 'invitation' },
  { label: 'Services', of: 'services', filter: { kind: 'service' }, noun: 'service' },
];
/** @param {Types.Schemas['Role']} role */
const keyOf = (role) => `${role.organization_id} ${role.id}`;

export function Roles() {
  const { api } = useApp();
  const { id, can } = useOrg();
  const { search, unknown } = useFilters(KNOWN);
  const [q, status, organizations] = [search.get('q') ?? '', search.get('status') ?? '', organizationsIn(search)];
  const statuses = /** @type {('active' | 'pending')[]} */ (status.split(' ').filter(Boolean));
  const list = usePages(
    (cursor, signal) => api.GET('/v1/organizations/{org}/roles', {
      path: { org: id },
      query: { q, match: q && 'contains', status: statuses, ...organizationQuery(organizations), limit: 100, cursor },
      signal,
    }),
    [api, id, q, status, String(organizations)],
    true,
  );
  const create = can('role_management', 'full_access') &&
    html`<${Link} class="button primary" to="/organizations/${id}/roles/new">Create a role<//>`;
  return html`
    <${Page} title="Roles" intro="A role says what its users may do. Each user has one role." actions=${create}>
      <div class="row">
        <${SearchField} label="Search" isShown placeholder="Name or description" value=${q} onSearch=${(/** @type {string} */ q) => setFilters({ q })} />
        <${Field} label="Users" name="status" options=${STATUSES} value=${status} onChange=${(event) => setFilters({ status: event.target.value })} />
        ${can('role_management_sub_organizations', 'view_only') && html`
          <${OrganizationFilter} value=${organizations} onChange=${(/** @type {Types.Organizations} */ value) => setFilters(organizationFilters(value))} />`}
      </div>
      <${UnknownFilters} unknown=${unknown} />
      <${List} list=${list} below=${reachesBelow(organizations)} filtered=${search.size > 0} />
    <//>
  `;
}

/** @param {Props.Roles} props */
function List({ list, below, filtered }) {
  const [chosen, setChosen] = useState(/** @type {Types.Schemas['Role'][]} */ ([]));
  const [compared, setCompared] = useState(/** @type {Types.Schemas['Role'][] | null} */ (null));
  const has = (/** @type {Types.Schemas['Role']} */ role) => chosen.some((one) => keyOf(one) === keyOf(role));
  const toggle = (/** @type {Types.Schemas['Role']} */ role) => setChosen(has(role) ? chosen.filter((one) => keyOf(one) !== keyOf(role)) : [...chosen, role]);
  const names = new Map(list.items.map((role) => [keyOf(role), role.name]));
  const shown = list.items.length > 0 && table({ label: 'Roles', rows: list.items, keyOf, columns: [
    { label: 'Role', head: true, cell: (role) => html`<${Name} role=${role} target=${names.get(`${role.organization_id} ${role.reassign_to}`)}
      onGone=${list.reload} show=${() => setCompared([role])} />` },
    below && { label: 'Organization', cell: (role) => role.organization_name },
    { label: 'Levels', cell: (role) => html`<${LevelSummary} permissions=${role.permissions} />` },
    ...COUNTS.map(({ label, ...rest }) => ({ label, number: true, cell: (/** @type {Types.Schemas['Role']} */ role) => html`<${Users} role=${role} ...${rest} />` })),
    { label: 'Compare', cell: (role) => html`<input type="checkbox" checked=${has(role)}
      aria-label=${`Compare ${role.name}${below ? ` in ${role.organization_name}` : ''}`}
      disabled=${!has(role) && chosen.length >= MAX_COMPARED} onChange=${() => toggle(role)} />` },
  ] });
  return html`
    <div class="compare-bar">
      <button onClick=${() => setCompared(chosen)} disabled=${chosen.length < 2}>Compare${chosen.length > 1 && ` ${chosen.length} roles`}</button>
      <span class="hint">${chosen.length < 2
        ? 'Choose two or three roles to see them side by side.'
        : chosen.map(({ name }) => name).join(', ')}</span>
      ${chosen.length > 0 && html`<button class="link" onClick=${() => setChosen([])}>Clear the choice</button>`}
    </div>
    ${shown}
    ${list.loaded && list.items.length === 0 && !list.hasMore && html`
      <${Empty} title="No role matches">Change the search or the filters to see other roles.<//>`}
    <${More} list=${list} noun="roles" />
    ${filtered && list.items.length === 0 && (list.loaded || list.problem) && html`<div><button class="link" onClick=${() => replace(path())}>Remove the filters</button></div>`}
    ${compared && html`<${CompareRoles} roles=${compared} onClose=${() => setCompared(null)} />`}
  `;
}

/**
 * The name of a role. It leads to the role, where the person can open it; else to its levels.
 *
 * @param {Props.Roles} props
 */
function Name({ role, target, onGone, show }) {
  const { me } = useApp();
  const { id } = useOrg();
  const home = role.organization_id;
  const open = home === id || me.operator || me.organizations.some((org) => org.id === home);
  return html`<span class="role-name">
    ${open
      ? html`<${Link} to="/organizations/${home}/roles/${role.id}">${role.name}<//>`
      : html`<button class="link" onClick=${show}>${role.name}<span class="sr-only"> in ${role.organization_name}: show its levels</span></button>`}
    ${role.built_in && html`<${Badge}>Built-in<//>`}
    ${role.reassign_to && html`<${Badge} tone="warn">Being deleted<//> <${Deletion} key=${role.id} role=${role} target=${target} onGone=${onGone} />`}
    ${role.description && html`<small>${role.description}</small>`}
  </span>`;
}

const SUMMARY = [['full_access', 'Full Access', 'good'], ['view_only', 'View Only', 'info'], ['none', 'None', 'plain']];

/**
 * How many areas have each level.
 *
 * @param {Props.Roles} props
 */
function LevelSummary({ permissions }) {
  const levels = Object.values(permissions);
  const numbers = SUMMARY.map(([level, label, tone]) => ({ label, tone, number: levels.filter((one) => one === level).length }));
  const shown = numbers.filter(({ number }) => number > 0);
  return html`<span class="badges">${shown.map(({ label, tone, number }) => html`<${Badge} tone=${tone}>${number} × ${label}<//> `)}</span>`;
}

/**
 * A number of users. It leads to these users, where the person may see them.
 *
 * @param {Props.Roles} props
 */
function Users({ role, of, filter, noun }) {
  const { id, can } = useOrg();
  const number = role.users[of];
  const own = role.organization_id === id;
  if (number === 0 || !can(own ? 'user_management' : 'user_management_sub_organizations', 'view_only')) return number.toLocaleString();
  const query = new URLSearchParams({ ...(!own && { organization_id: role.organization_id }), role_id: role.id, ...filter });
  const words = ` ${number === 1 ? noun : `${noun}s`} with the role ${role.name}`;
  return html`<${Link} to="/organizations/${id}/users?${query}">${number.toLocaleString()}<span class="sr-only">${words}</span><//>`;
}
