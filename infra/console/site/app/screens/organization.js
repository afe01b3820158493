// The screens of one organization: what the person may do there decides what is offered.
import { html, useEffect, useMemo, useRef } from '../../vendor/ui.js';
import { loadModule } from '../api.js';
import { Main, NotFound, Waiting } from '../app.js';
import { Badge, Level, Notice, Page, Section, When, loaded, table } from '../parts.js';
import { Link, match } from '../router.js';
import { OrgContext, useApp, useLoad, useOrg } from '../use.js';
import { areaName, atLeast, lacking, personName } from '../words.js';
import { History } from './history.js';
import { JoinRequests } from './join_requests.js';
import { RoleScreen } from './role.js';
import { Roles } from './roles.js';
import { SubOrganizations } from './sub_organizations.js';
import { Users } from './users.js';
import { Why } from './why.js';

// Each screen: its path below the organization, its title, and the level that it needs. One that `explains` is also shown to
// people whose role has the level, where it does not count. Operators without a membership open all of them: they read everything.
/** @type {{ at: string, title?: string, screen: Function, needs?: [Types.Schemas['RoleObject'], Types.Schemas['Level']], explains?: boolean }[]} */
const SCREENS = [
  { at: '', title: 'Overview', screen: Overview },
  { at: '/users', title: 'Users', screen: Users, needs: ['user_management', 'view_only'] },
  { at: '/join-requests', title: 'Join requests', screen: JoinRequests, needs: ['user_management', 'full_access'] },
  { at: '/roles', title: 'Roles', screen: Roles, needs: ['role_management', 'view_only'] },
  { at: '/roles/:role', screen: RoleScreen, needs: ['role_management', 'view_only'] },
  { at: '/sub-organizations', title: 'Sub-organizations', screen: SubOrganizations, needs: ['user_management_sub_organizations', 'view_only'], explains: true },
  { at: '/history', title: 'Event history', screen: History, needs: ['event_history', 'view_only'] },
  { at: '/why', title: 'Why can’t they?', screen: Why, needs: ['user_management', 'view_only'] },
  { at: '/settings', title: 'Settings', screen: Settings },
];

/** @param {Props.Organization} props */
export function OrganizationScreens({ id, at }) {
  const { api, me } = useApp();
  const membership = me.organizations.find((org) => org.id === id);
  const known = useRef(me);
  const load = useLoad(async (signal) => {
    const path = { org: id };
    const access = await api.GET('/v1/organizations/{org}/permissions', { path, signal });
    const readable = atLeast(access.permissions.organization_general_information, 'view_only');
    const org = readable ? await api.GET('/v1/organizations/{org}', { path, signal }) : { ...known.current.organizations.find((org) => org.id === id), id };
    return { org, access };
  }, [api, id]);
  // The permissions are as fresh as the memberships. Earlier ones stay while they load: a form keeps what it has.
  useEffect(() => {
    const isNew = known.current !== me;
    known.current = me;
    if (isNew) load.reload();
  }, [me]);
  const { data } = load;
  const context = useMemo(() => /** @type {Types.Org | undefined} */ (data && {
    id,
    org: data.org,
    access: data.access,
    membership,
    onlyReads: me.operator && !membership,
    can: (object, level) => atLeast(data.access.permissions[object], level),
    reload: load.reload,
  }), [data, membership, me.operator]);
  const isGone = [403, 404].includes(load.problem?.status ?? 0);
  if (!data || !context || isGone) return html`<${Waiting} load=${load} />`;
  const restricted = new Set(data.access.restrictions.map(({ role_object }) => role_object));
  const allowed = SCREENS.filter(({ needs, explains }) => !needs || context.onlyReads || context.can(...needs) || (explains && restricted.has(needs[0])));
  const below = at.slice(`/organizations/${id}`.length).replace(/\/$/, '');
  const found = SCREENS.find(({ at }) => match(at, below));
  return html`
    <${OrgContext.Provider} value=${context}>
      <${Main} nav=${html`<${Nav} entries=${allowed} below=${below} />`}>
        ${context.onlyReads && html`<${Inside} />`}
        ${!found ? html`<${NotFound} />`
          : allowed.includes(found) ? html`<${found.screen} key=${found.at} ...${match(found.at, below)} />`
          : html`<${Forbidden} ...${found} />`}
      <//>
    <//>
  `;
}

/** @param {typeof SCREENS[number]} props */
const Forbidden = ({ title = 'Role', needs = ['role_management', 'view_only'] }) => html`<${Page} title=${title}>
  <${Notice} problem=${lacking('You cannot open this page', ...needs)} /><//>`;

/** The settings, which people open rarely: loaded with the first visit. */
function Settings() {
  const load = useLoad(() => loadModule(() => import('./settings.js')), []);
  if (load.data) return html`<${load.data.Settings} />`;
  return html`<${Page} title="Settings">${loaded(load)}<//>`;
}

/** @param {{ entries: typeof SCREENS, below: string }} props */
const Nav = ({ entries, below }) => {
  const { id, org } = useOrg();
  const nav = useRef(/** @type {HTMLElement | null} */ (null));
  // On narrow screens, the entries are a line that scrolls.
  useEffect(() => nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }), [below]);
  return html`<nav class="nav" ref=${nav} aria-label=${org.name}>
    ${entries.filter(({ title }) => title).map(({ at, title }) => html`
      <${Link} key=${at} to="/organizations/${id}${at}" aria-current=${below === at || (at && below.startsWith(`${at}/`)) ? 'page' : undefined}>${title}<//>`)}
  </nav>`;
};

/** What the organization is, and what the person may do in it. */
function Overview() {
  const { org, access, membership } = useOrg();
  const rows = Object.entries(access.permissions).map(([object, level]) => ({ id: object, level }));
  return html`
    <${Page} title=${org.name}>
      <div class="panel"><dl class="facts">
        <dt>Your role</dt><dd>${membership?.role_name ?? access.role_id ?? 'None: you are a platform operator'}</dd>
        ${membership?.access_expires_at && html`<dt>Your access ends</dt><dd><${When} at=${membership.access_expires_at} /></dd>`}
        ${org.super_admin !== undefined && html`<dt>Super Admin</dt><dd>${org.super_admin ? personName(org.super_admin) : 'None yet: the first Admin who accepts becomes it'}</dd>`}
        ${org.parent_name && html`<dt>Below</dt><dd>${org.parent_name}</dd>`}
        ${org.kind === 'partner' && html`<dt>Kind</dt><dd><${Badge} tone="info">Partner<//></dd>`}
        ${org.created_at && html`<dt>Created</dt><dd><${When} at=${org.created_at} /></dd>`}
      </dl></div>
      <${Section} title="What you may do here">
        ${table({ label: 'What you may do here', rows, columns: [
          { label: 'Area', head: true, cell: (row) => areaName(row.id) },
          { label: 'Level', cell: (row) => html`<${Level} level=${row.level} />` },
        ] })}
        ${access.restrictions.length > 0 && html`<details><summary>Levels of your role that do not count now</summary>
          <ul class="plain-list">${access.restrictions.map(({ role_object, reason }) => html`<li><b>${areaName(role_object)}</b>: ${reason}.</li>`)}</ul></details>`}
      <//>
    <//>
  `;
}

/** The organization that an operator reads, which is not in the header, and the way to what operators can change. */
function Inside() {
  const { id, org } = useOrg();
  return html`<p class="inside">You read <b><bdi>${org.name}</bdi></b> as a platform operator.
    ${' '}<${Link} to="/operator/organizations/${id}">Open the operator’s page<//></p>`;
}
