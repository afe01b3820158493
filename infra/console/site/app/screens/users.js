// The users of an organization: members, services and pending invitations in one list.
import { html, useState } from '../../vendor/ui.js';
import { UnknownFilters, useFilters } from '../filters.js';
import { organizationsIn, reachesBelow } from '../organization_filter.js';
import { Badge, Empty, Menu, More, Page, Person, When, table } from '../parts.js';
import { Link, path, replace } from '../router.js';
import { useApp, useOrg, usePages } from '../use.js';
import { personName } from '../words.js';
import { Invited } from './users/delivery.js';
import { Filters, KNOWN, listQuery } from './users/filters.js';
import { ExportButton } from './users/export.js';
import { InviteDialog } from './users/invite.js';
import { ManageInvitation } from './users/invitation.js';
import { EditMember, RemoveMember } from './users/member.js';
import { AddService } from './users/service.js';

export function Users() {
  const { api, announce } = useApp();
  const { id, can } = useOrg();
  const { search, unknown } = useFilters(KNOWN);
  const [dialog, setDialog] = useState(/** @type {Types.View} */ (null));
  const filters = listQuery(search);
  const list = usePages(
    (cursor, signal, limit) => api.GET('/v1/organizations/{org}/members', { path: { org: id }, query: { ...filters, cursor, limit }, signal }),
    [api, id, search.toString()],
    true,
  );
  const done = (/** @type {string} */ message) => {
    announce(message);
    list.reload();
  };
  const close = () => setDialog(null);
  const put = (/** @type {Types.Schemas['Member'] | Types.Schemas['Invitation']} */ user) => (list.put((row) => row.id === user.id, user), user);
  /** @type {Props.Users['open']} */
  const open = (Content, props) => setDialog(html`<${Content} ...${props} done=${done} onClose=${close} put=${put} reload=${list.reload} />`);
  /** @type {Props.UsersInvite['show']} */
  const show = (invitation) => open(ManageInvitation, { ...invitation, manages: true });
  return html`
    <${Page} title="Users" intro=${intro(list, [...search.keys()].length === 0 && can('user_management', 'full_access'))} actions=${html`
      <${ExportButton} filters=${filters} />
      ${can('user_management', 'full_access') && html`
        <button onClick=${() => open(AddService)}>Add a service</button>
        <button class="primary" onClick=${() => open(InviteDialog, { show })}>Invite</button>`}
    `}>
      <${Filters} search=${search} />
      <${UnknownFilters} unknown=${unknown} />
      ${list.loaded && list.items.length === 0 && !list.loading
        ? html`<${NoUsers} filtered=${[...search.keys()].length > 0} mayInvite=${can('user_management', 'full_access')} />`
        : list.items.length > 0 && html`<${Rows} list=${list} open=${open} subtree=${reachesBelow(organizationsIn(search))} />`}
      <${More} list=${list} noun="users" />
      ${list.problem && search.size > 0 && html`<div><button class="link" onClick=${() => replace(path())}>Remove the filters</button></div>`}
    <//>
    ${dialog}
  `;
}

/**
 * @param {{ total: number | null }} list
 * @param {boolean} mayInvite Whether the person sees the whole list, and may invite.
 */
const intro = ({ total }, mayInvite) => (total === 1 && mayInvite) ? 'One user so far. Invite the people who work here.' : (total === null ? undefined : `${total.toLocaleString()} in total, with pending invitations.`);

/** @param {Props.Users} props */
const NoUsers = ({ filtered, mayInvite }) => filtered
  ? html`<${Empty} title="No user matches these filters">
      <button class="link" onClick=${() => replace(path())}>Remove the filters</button><//>`
  : html`<${Empty} title="No users yet">${mayInvite ? 'Invite the people who work here.' : 'The first Admin is not invited, or the invitation has ended.'}<//>`;

/** @param {Props.Users} props */
function Rows({ list, open, subtree }) {
  return table({ label: 'Users', rows: list.items, columns: [
    { label: 'User', head: true, cell: (row) => html`<${Person} person=${row} />` },
    subtree && { label: 'Organization', cell: (row) => row.organization_name },
    { label: 'Role', cell: (row) => row.role_name },
    { label: 'Status', cell: (row) => html`<${Status} row=${row} />` },
    { label: 'Since', cell: (row) => html`<${When} at=${row.status === 'pending' ? row.created_at : row.joined_at} />` },
    { label: 'Actions', hidden: true, cell: (row) => html`<${RowMenu} row=${row} open=${open} />` },
  ] });
}

/** @param {Props.Users} props */
function Status({ row }) {
  if (row.status === 'pending') return html`<${Invited} row=${row} />`;
  return html`
    ${row.access_expired ? html`<${Badge} tone="bad">Access ended<//>` : html`<${Badge} tone="good">Active<//>`}
    ${row.kind === 'service' && html` <${Badge} tone="info">Service<//>`}
    ${row.kind === 'service' && (row.keeper ? html` <small>kept by <${Person} person=${row.keeper} /></small>` : html` <${Badge} tone="warn">No keeper<//>`)}
    ${row.access_expires_at && !row.access_expired && html` <small>access ends <${When} at=${row.access_expires_at} /></small>`}
  `;
}

/**
 * What the person may do with a user: nothing beyond the own organization (U2), with themselves or the Super Admin. An operator reads
 * everywhere.
 *
 * @param {Props.Users} props
 */
function RowMenu({ row, open }) {
  const { me } = useApp();
  const { id, can, access } = useOrg();
  const home = row.organization_id;
  const here = home === id;
  const reads = here || me.operator;
  const manages = here && can('user_management', 'full_access');
  const pending = row.status === 'pending';
  const isSelf = row.status === 'active' && row.user_id === me.user_id;
  const free = manages && !isSelf && row.role_id !== 'super_admin';
  const actions = [
    here && pending && { label: manages ? 'Show, change or resend' : 'Show', run: () => open(ManageInvitation, { id: row.id, name: personName(row), manages }) },
    manages && !pending && { label: row.kind === 'service' ? 'Change' : 'Change role, name or end', run: () => open(EditMember, { id: row.id, name: personName(row), roleFixed: !free || (row.role_id === 'admin' && access.role_id !== 'super_admin') }) },
    free && !pending && { label: 'Remove', danger: true, run: () => open(RemoveMember, { member: row }) },
    reads && !pending && can('event_history', 'view_only') && { link: html`<${Link} to="/organizations/${home}/history?member_id=${row.id}">History of this user<//>` },
    reads && row.email && { link: html`<${Link} to="/organizations/${home}/why?email=${encodeURIComponent(row.email)}">Why can’t they…?<//>` },
  ].filter(Boolean);
  return actions.length > 0 && html`<${Menu} label="Actions for ${personName(row)}" actions=${actions} />`;
}
