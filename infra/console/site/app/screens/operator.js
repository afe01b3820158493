// The screens of platform operators, who are not members: they create, link, suspend and end, and read everything.
import { html } from '../../vendor/ui.js';
import { loadModule } from '../api.js';
import { Main, NotFound } from '../app.js';
import { Page, loaded } from '../parts.js';
import { Link, match, query } from '../router.js';
import { useApp, useLoad } from '../use.js';
import { Organizations } from './operator/organizations.js';
import { ofOrganization } from './operator/parts.js';
import { Question } from './why/question.js';

/**
 * A screen that is loaded with its first visit.
 *
 * @param {string} title
 * @param {() => Promise<Function>} load
 */
const onVisit = (title, load) => function OnVisit(/** @type {object} */ props) {
  const screen = useLoad(() => loadModule(load), []);
  if (screen.data) return html`<${screen.data} ...${props} />`;
  return html`<${Page} title=${title}>${loaded(screen)}<//>`;
};

const SCREENS = [
  { at: '/operator', screen: Organizations },
  { at: '/operator/people', screen: onVisit('People', async () => (await import('./operator/people.js')).People) },
  { at: '/operator/organizations/:org', screen: onVisit('Organization', async () => (await import('./operator/organization.js')).Organization) },
  { at: '/operator/organizations/:org/why', screen: OperatorWhy },
];

/** @param {Props.Operator} props */
export function Operator({ at }) {
  const found = SCREENS.map((entry) => ({ ...entry, params: match(entry.at, at) })).find(({ params }) => params);
  const current = (/** @type {string} */ path, below = '') => (at === path || (below && at.startsWith(below)) ? 'page' : undefined);
  return html`<${Main} nav=${html`<nav class="nav" aria-label="Operator">
    <${Link} to="/operator" aria-current=${current('/operator', '/operator/organizations')}>Organizations<//>
    <${Link} to="/operator/people" aria-current=${current('/operator/people')}>People<//>
  </nav>`}>${found ? html`<${found.screen} key=${at} ...${found.params} />` : html`<${NotFound} />`}<//>`;
}

/** @param {Props.Operator} props */
function OperatorWhy({ org: id }) {
  const { api } = useApp();
  const load = useLoad((signal) => api.GET('/v1/operator/organizations/{org}', { path: { org: id }, signal }), [api, id]);
  const parameters = query();
  const { data: org, problem } = load;
  if (problem?.status === 404) return ofOrganization(load);
  return html`<${Page} title="Why can’t they?" intro=${org && html`In <${Link} to="/operator/organizations/${id}">${org.name}<//>.`}>
    ${loaded(load, (org) => html`<${Question} org=${org} userId=${parameters.get('user_id')} />`)}
  <//>`;
}
