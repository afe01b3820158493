import { beyond, grantableLevels } from '../grants.js';
// One role: what it gives, its users, and its editor.
import { html, useState } from '../../vendor/ui.js';
import { Badge, Notice, Page, loaded } from '../parts.js';
import { Link, replace, useLocation } from '../router.js';
import { useApp, useLoad, useOrg } from '../use.js';
import { count, lacking, levelName } from '../words.js';
import { EditRole, NewRole } from './role/editor.js';
import { copied, defaults } from './role/levels.js';
import { Matrix } from './role/matrix.js';
import { useRoleObjects } from './role/objects.js';
import { RemoveRole } from './role/remove.js';
import { Deletion } from './roles/deletion.js';

/** @param {{ role: string }} props */
export function RoleScreen({ role: id }) {
  const objects = useRoleObjects();
  const user = useRole('user');
  const load = { ...objects, problem: objects.problem ?? user.problem, data: objects.data && user.data && [objects.data, user.data] };
  if (!load.data) return html`<${Page} title="Role">${loaded(load)}<//>`;
  const [all, userRole] = load.data;
  return id === 'new'
    ? html`<${Creation} objects=${all} userRole=${userRole} />`
    : html`<${ShownRole} key=${id} id=${id} objects=${all} userRole=${userRole} />`;
}

/** @param {string | null | undefined} role */
function useRole(role) {
  const { api } = useApp();
  const { id } = useOrg();
  return useLoad((signal) => (role ? api.GET('/v1/organizations/{org}/roles/{role}', { path: { org: id, role }, signal }) : null), [api, id, role]);
}

/**
 * A new role, from nothing or as a copy of another one.
 *
 * @param {Props.Role} props
 */
function Creation({ objects, userRole }) {
  const { access, can, onlyReads } = useOrg();
  const copy = useLocation().query.get('copy');
  const load = useRole(copy);
  const settable = objects.filter(({ shown }) => shown);
  const grantable = grantableLevels(access, userRole);
  const forbidden = onlyReads
    ? { title: 'You cannot create roles', detail: 'Operators read everything inside an organization. Its members change it.' }
    : !can('role_management', 'full_access') && lacking('You cannot create roles', 'role_management', 'full_access');
  const source = load.data;
  const start = source
    ? { name: `Copy of ${source.name}`.slice(0, 64), description: source.description, levels: copied(settable, source.permissions, grantable) }
    : { name: '', description: '', levels: defaults(settable) };
  return html`<${Page} title="Create a role" intro="Its users can do what you choose here, and nothing else.">
    ${forbidden ? html`<${Notice} problem=${forbidden} />` : copy && !source ? loaded(load) : html`
      <${NewRole} key=${copy ?? 'new'} objects=${settable.concat(objects.filter(({ shown }) => !shown))} grantable=${grantable} start=${start}>
        ${source && html`<${Lowered} source=${source} levels=${start.levels} objects=${settable} />`}
      <//>`}
  <//>`;
}

/**
 * What a copy does not have of the copied role.
 *
 * @param {Props.Role} props
 */
function Lowered({ source, levels, objects }) {
  const lower = objects.filter(({ key }) => source.permissions[key] && source.permissions[key] !== levels[key]);
  if (lower.length === 0) return html`<p class="hint">The levels are those of ${source.name}.</p>`;
  return html`<div class="notice warn"><strong>The copy differs from ${source.name}</strong>
    <p>These levels cannot be set in a custom role, or are more than you may give:</p>
    <ul>${lower.map(({ key, label }) => html`<li>${label}: ${levelName(levels[key])} instead of ${levelName(source.permissions[key])}</li>`)}</ul></div>`;
}

/** @param {Props.Role} props */
function ShownRole({ id, objects, userRole }) {
  const { access, can, id: org } = useOrg();
  const load = useRole(id);
  const [removing, setRemoving] = useState(false);
  if (!load.data) return html`<${Page} title="Role">${loaded(load)}<//>`;
  const role = load.data;
  if (load.problem?.slug === 'no-such-role') return html`<${RoleGone} name=${role.name} />`;
  const grantable = grantableLevels(access, userRole);
  const full = can('role_management', 'full_access');
  const locked = lockedBecause({ role, access, full, grantable, objects });
  const actions = full && html`
    <${Link} class="button" to="/organizations/${org}/roles/new?copy=${role.id}">Copy<//>
    ${!locked && html`<button class="danger-text" onClick=${() => setRemoving(true)}>Delete</button>`}`;
  return html`
    <${Page} title=${role.name} intro=${role.description} actions=${actions}>
      <${Notice} problem=${load.problem} reload=${load.reload} />
      <${Facts} role=${role} />
      ${role.reassign_to && html`<${Ending} role=${role} />`}
      ${locked && html`<p class="notice plain">${locked}</p>`}
      ${locked
        ? html`<${Matrix} objects=${objects} levels=${role.permissions} />`
        : html`<${EditRole} role=${role} objects=${objects} grantable=${grantable} load=${load} />`}
    <//>
    ${removing && html`<${RemoveRole} role=${role} load=${load} onClose=${() => setRemoving(false)} />`}
  `;
}

/** @param {{ name: string }} props */
const RoleGone = ({ name }) => html`<${Page} title=${name}>
  <${Notice} problem=${{ title: 'This role is deleted', detail: 'Another person has deleted it meanwhile. Its users have another role.' }} />
  <div class="actions"><${Link} class="button primary" to="/organizations/${useOrg().id}/roles">Show the roles<//></div><//>`;

/**
 * Why the person cannot change a role, or null.
 *
 * @param {{ role: Types.Schemas['Role'], access: Types.Schemas['Permissions'], full: boolean, grantable: Types.Levels, objects: Types.RoleObject[] }} question
 */
function lockedBecause({ role, access, full, grantable, objects }) {
  if (role.built_in) return 'This role is built-in, so no one can change it. A copy of it is a custom role.';
  if (!full) return 'You may see roles, but not change them. That needs Full Access to Role Management.';
  if (role.id === access.role_id) return 'This is your own role. No one changes the role that they hold: ask another administrator.';
  if (role.reassign_to) return 'This role is being deleted, so it cannot be changed.';
  const more = beyond(grantable, role.permissions);
  if (more.length === 0) return null;
  const names = more.map((key) => `${levelName(role.permissions[key])} to ${objects.find((one) => one.key === key)?.label ?? key}`);
  return `This role gives more than you may give: ${names.join(', ')}. Ask an administrator who has that.`;
}

/** @param {Props.Role} props */
function Facts({ role }) {
  const { id, can } = useOrg();
  const { active, pending, services } = role.users;
  const linked = (/** @type {number} */ number, /** @type {string} */ noun, /** @type {string} */ filter) => number === 0 || !can('user_management', 'view_only') ? count(number, noun)
    : html`<${Link} to="/organizations/${id}/users?role_id=${role.id}&${filter}">${count(number, noun)}<//>`;
  return html`<div class="panel"><dl class="facts">
    <dt>Kind</dt>
    <dd>${role.built_in ? html`<${Badge}>Built-in<//>` : 'Custom role'} ${role.reassign_to && html`<${Badge} tone="warn">Being deleted<//>`}</dd>
    <dt>Users</dt>
    <dd>${linked(active, 'member', 'kind=person&status=active')}, ${linked(pending, 'invitation', 'status=pending')}, ${linked(services, 'service', 'kind=service')}</dd>
    <dt>For the identity provider</dt><dd>${role.identity_provider_role === 'admin' ? 'Admin, with full access to users and roles' : 'User'}
      <p class="hint">The coarse role of its users, which your identity provider may be told.</p></dd>
  </dl></div>`;
}

/**
 * The deletion that goes on, until the role is gone.
 *
 * @param {Props.Role} props
 */
function Ending({ role }) {
  const { announce } = useApp();
  const { id } = useOrg();
  const gone = () => {
    announce(`The role ${role.name} is deleted.`);
    replace(`/organizations/${id}/roles`);
  };
  return html`<div class="notice warn"><strong>This role is being deleted</strong>
    <p><${Deletion} role=${role} target=${role.reassign_to_name} onGone=${gone} /> You can leave this page: the work finishes without it.</p></div>`;
}
