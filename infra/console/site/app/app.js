// The frame of the console: who is signed in, which organization is shown, and which screen.
import { html, useEffect, useMemo, useRef, useState } from '../vendor/ui.js';
import { everyItem, loadModule } from './api.js';
import { useArrival } from './focus.js';
import { Loading, Menu, Notice, Page } from './parts.js';
import { Link, href, match, navigate, path, useLocation } from './router.js';
import { session } from './session.js';
import { AppContext, useApp, useLoad } from './use.js';
import { Home } from './screens/home.js';
import { InvitationScreen } from './screens/invitation.js';
import { OrganizationScreens } from './screens/organization.js';
import { SignIn } from './screens/sign_in.js';
import { Toast, announce } from './toast.js';
import { personName } from './words.js';

/** @param {{ config: Types.Config, api: Types.Api, signInProblem: Partial<Types.Trouble> | null }} props */
export function App({ config, api, signInProblem }) {
  const [token, setToken] = useState(session.token);
  useEffect(() => session.watch(() => setToken(session.token)), []);
  const me = useMe(api, token);
  const app = useMemo(
    () => ({ api, config, me: token ? me.data : null, reloadMe: me.reload, announce }),
    [api, config, token, me.data, me.reload],
  );
  return html`
    <${AppContext.Provider} value=${app}>
      <a class="skip" href="#main" onClick=${(event) => (event.preventDefault(), document.querySelector('main')?.focus())}>Skip to the content</a>
      <${Header} />
      ${token
        ? me.data ? html`<${Notice} problem=${me.problem} reload=${me.reload} /><${Screens} />` : html`<${Waiting} load=${me} />`
        : html`<main id="main" tabindex="-1"><${SignIn} problem=${signInProblem} /></main>`}
      <${Toast} />
    <//>
  `;
}

/**
 * The person and their organizations. Reads them again where the path changes, at most every 10 seconds, and after an
 * organization has refused something: another person can have changed what this one may do.
 *
 * @param {Types.Api} api
 * @param {string | null} token
 */
function useMe(api, token) {
  const readAt = useRef(0);
  const me = useLoad((signal) => {
    readAt.current = Date.now();
    return token ? readMe(api, signal) : null;
  }, [token]);
  const at = useLocation().path;
  useEffect(() => {
    if (Date.now() - readAt.current > 10_000) me.reload();
  }, [at]);
  useEffect(() => {
    addEventListener('refused', me.reload);
    return () => removeEventListener('refused', me.reload);
  }, [me.reload]);
  return me;
}

/**
 * The person and all their organizations.
 *
 * @param {Types.Api} api
 * @param {AbortSignal} signal
 */
async function readMe(api, signal) {
  const first = await api.GET('/v1/me', { query: { limit: 100 }, signal });
  if (!first.next_cursor) return first;
  const organizations = await everyItem(async (cursor) => {
    const page = await api.GET('/v1/me', { query: { limit: 100, cursor }, signal });
    return { items: page.organizations, next_cursor: page.next_cursor };
  });
  return { ...first, organizations };
}

/**
 * The pages of operators, which few people need: loaded with the first of them.
 *
 * @param {{ at: string }} props
 */
function Operator({ at }) {
  const load = useLoad(() => loadModule(() => import('./screens/operator.js')), []);
  if (!load.data) return html`<${Waiting} load=${load} />`;
  return html`<${load.data.Operator} at=${at} />`;
}

function Screens() {
  const { me } = useApp();
  const at = useLocation().path;
  const invitation = match('/organizations/:org/invitations/:inv', at);
  if (invitation) return html`<${Main}><${InvitationScreen} ...${invitation} /><//>`;
  const [, area, org] = at.split('/');
  if (area === 'organizations' && org) return html`<${OrganizationScreens} key=${org} id=${org} at=${at} />`;
  if (area === 'operator' && me.operator) return html`<${Operator} at=${at} />`;
  if (at === '/') return html`<${Main}><${Home} /><//>`;
  return html`<${Main}><${NotFound} /><//>`;
}

/** @param {Props.Frame} props */
export function Main({ nav, children }) {
  const main = useRef(null);
  useArrival(main);
  return html`<div class=${nav ? 'with-nav' : 'alone'}>${nav}<main id="main" ref=${main} tabindex="-1">${children}</main></div>`;
}

/**
 * A page that still loads, or cannot be loaded.
 * @param {{ load: Types.Load<unknown> }} props
 */
export const Waiting = ({ load }) => html`<${Main}>${load.problem
  ? html`<${Page} title="This page cannot be shown"><${Notice} problem=${load.problem} reload=${load.reload} /><//>`
  : html`<${Loading} />`}<//>`;

export const NotFound = () => html`<${Page} title="There is no such page">
  <p>The address ${path()} leads nowhere. <${Link} to="/">Go to your organizations<//>.</p><//>`;

function Header() {
  const { config, me } = useApp();
  return html`
    <header class="bar">
      <${Link} to="/" class="brand">
        <img src=${config.logo ?? href('/icon.svg')} alt="" height="28" />
        <span>${config.product ?? 'Rolecall'}</span>
      <//>
      ${me && html`<${Switcher} />`}
      <span class="spacer"></span>
      ${me?.operator && html`<${Link} to="/operator" class="bar-link">Operator<//>`}
      ${me && html`<${Menu} label="Your account" actions=${[
        { link: html`<p class="menu-note">Signed in as<br /><b>${me.email ?? me.user_id}</b></p>` },
        { label: 'My organizations', run: () => navigate('/') },
        { label: 'Sign out', run: () => navigate('/') && (sessionStorage.clear(), session.end(true)) },
      ]}><span class="avatar" aria-hidden="true">${initial(me)}</span><//>`}
    </header>
  `;
}

/** @param {Types.Named} me */
const initial = (me) => ([...personName(me)][0] ?? '?').toUpperCase();

/** Switches between the organizations of the person. */
function Switcher() {
  const { me } = useApp();
  const [filter, setFilter] = useState('');
  const [, area, id] = useLocation().path.split('/');
  if (me.organizations.length === 0) return null;
  const current = area === 'organizations' && me.organizations.find((org) => org.id === id);
  const shown = me.organizations.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()));
  const links = shown.map((org) => ({
    link: html`<${Link} key=${org.id} to="/organizations/${org.id}" aria-current=${org.id === id ? 'page' : undefined}>
      ${org.name}<small>${org.parent_name && `Below ${org.parent_name} · `}${org.role_name}</small><//>`,
  }));
  const search = me.organizations.length > 8 && {
    link: html`<input type="search" aria-label="Find an organization" placeholder="Find" onInput=${(event) => setFilter(event.target.value)} />`,
  };
  return html`<${Menu} label="Switch organization" start actions=${[search, ...links]}>
    <span class="switcher">${current ? current.name : 'Organizations'}</span><span aria-hidden="true"> ▾</span><//>`;
}
