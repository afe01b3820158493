// One organization, as an operator sees it.
import { html, useLayoutEffect, useState } from '../../../vendor/ui.js';
import { etag } from '../../api.js';
import { Check, Field, Form, Notice, Page, Person, Section, When } from '../../parts.js';
import { Link } from '../../router.js';
import { useApp, useLoad } from '../../use.js';
import { count } from '../../words.js';
import { useDraft } from '../settings/draft.js';
import { Appoint, Delete, FirstAdmin, ResetSecurity, Suspend } from './acts.js';
import { CustomerLinks } from './customers.js';
import { Badges, ofOrganization } from './parts.js';

const ROUTE = '/v1/operator/organizations/{org}';

/** @param {{ org: string }} props */
export function Organization({ org: id }) {
  const { api } = useApp();
  const load = useLoad(async (signal) => {
    const read = (/** @type {string} */ org) => api.GET(ROUTE, { path: { org }, signal });
    const org = await read(id);
    const above = await Promise.all(org.path.slice(0, -1).map(read));
    if (org.deletion) return { org, above, below: [] };
    // Without the setting, the organizations below cannot be listed.
    const below = org.settings.manage_sub_organizations
      ? await api.GET('/v1/organizations/{org}/sub-organizations', { path: { org: id }, query: { limit: 100 }, signal })
      : { items: [] };
    const security = await api.GET('/v1/organizations/{org}/security', { path: { org: id }, signal });
    return { org, above, below: below.items, security };
  }, [api, id]);
  return ofOrganization(load, (data) => (data.security
    ? html`<${Sections} ...${data} reload=${load.reload} />`
    : html`<${Deleted} ...${data} />`));
}

/** @param {Props.OperatorOrganization} props */
const Deleted = ({ org, above, below }) => html`
  <${Page} title=${org.name} intro="The history of a deleted organization is kept for its retention. Nothing else in it can be read or changed.">
    <${Facts} org=${org} above=${above} below=${below} />
  <//>
`;

/** @param {Props.OperatorOrganization} props */
function Sections({ org, above, below, security, reload }) {
  const inside = html`
    <${Link} class="button" to="/organizations/${org.id}">Look inside<//>
    <${Link} class="button" to="/operator/organizations/${org.id}/why">Why can’t they?<//>`;
  return html`
    <${Page} title=${org.name} actions=${inside} intro="You read everything inside. What you change here is an event in its history.">
      ${org.suspension && html`<${Notice} problem=${{ title: 'Suspended', detail: org.suspension.reason }} />`}
      <${Facts} org=${org} above=${above} below=${below} />
      <${Section} title="Settings"><div class="panel"><${Settings} org=${org} reload=${reload} /></div><//>
      ${!org.super_admin && html`<${FirstAdmin} org=${org} reload=${reload} />`}
      ${org.super_admin && html`<${Appoint} org=${org} reload=${reload} />`}
      ${org.kind === 'partner' && html`<${CustomerLinks} org=${org} />`}
      <${ResetSecurity} org=${org} security=${security} reload=${reload} />
      <${Suspend} org=${org} reload=${reload} />
      <${Delete} org=${org} below=${below} reload=${reload} />
    <//>
  `;
}

/** @param {{ org: { id: string, name: string } }} props */
const OrganizationLink = ({ org }) => html`<${Link} to="/operator/organizations/${org.id}">${org.name}<//>`;

/** @param {Props.OperatorOrganization} props */
const Facts = ({ org, above, below }) => html`
  <div class="panel"><dl class="facts">
    <dt>State</dt><dd>${org.deletion ? html`Deleted <${When} at=${org.deletion.since} />` : org.suspension ? html`Suspended <${When} at=${org.suspension.since} />` : 'Active'}<${Badges} org=${{ ...org, suspension: null }} /></dd>
    ${!org.deletion && html`<dt>Super Admin</dt><dd>${org.super_admin ? html`<${Person} person=${org.super_admin} />` : 'None yet: the first Admin who accepts becomes it'}</dd>`}
    ${above.length > 0 && html`<dt>Below</dt><dd>${above.map((one, index) => html`${index > 0 && ' › '}<${OrganizationLink} org=${one} />`)}</dd>`}
    ${below.length > 0 && html`<dt>Directly below it</dt><dd><ul class="plain-list">
      ${below.map((one) => html`<li key=${one.id}><${OrganizationLink} org=${one} /></li>`)}</ul></dd>`}
    <dt>Created</dt><dd><${When} at=${org.created_at} /></dd>
    <dt>Id</dt><dd><code>${org.id}</code></dd>
  </dl></div>
`;

/**
 * The refusal of another kind, with the links that there are.
 *
 * @param {Types.Trouble} problem
 * @returns {never}
 */
function inWords(problem) {
  if (problem.slug === 'organization-linked') {
    const { customers, partners } = /** @type {Record<string, any>} */ (problem.body);
    const links = [customers > 0 && count(customers, 'customer'), partners > 0 && count(partners, 'partner')].filter(Boolean);
    problem.detail = `The organization is linked to ${links.join(' and ')}, so its kind cannot change. Remove the links first, on the page of the partner.`;
  }
  throw problem;
}

/**
 * The settings that operators control. Some belong to the root of a tree.
 *
 * @param {Props.OperatorOrganization} props
 */
function Settings({ org, reload }) {
  const { api, announce } = useApp();
  const root = org.parent_id === null;
  const [kind, setKind] = useState(org.kind);
  const draft = useDraft({ kind: org.kind, ...org.settings }, (values) => ({
    ...(root && { kind: values.kind, manage_sub_organizations: values.manage_sub_organizations === 'on' }),
    ...(kind === 'partner' && { mdf_program: values.mdf_program === 'on' }),
  }));
  const { shown, field, changes } = draft;
  useLayoutEffect(() => setKind(shown.kind), [shown.kind]);
  const submit = async (/** @type {Types.FormValues} */ values) => {
    const body = changes(values);
    if (Object.keys(body).length === 0) return announce('There is nothing to save.');
    const changed = await api.PATCH(ROUTE, { path: { org: org.id }, body, ifMatch: etag(org) }).catch(inWords);
    draft.saved({ kind: changed.kind, ...changed.settings }, body);
    announce('The settings are saved.');
    await reload();
  };
  if (!root && kind !== 'partner') {
    return html`<p>Kind and sub-organization management are settings of the root of its tree.</p>`;
  }
  return html`<${Form} onSubmit=${submit} changes=${changes} reload=${reload}><div class="fields" ref=${draft.fields}>
    ${root && html`
      <${Field} ...${field('kind')} label="Kind" value=${shown.kind} options=${[['standard', 'Standard'], ['partner', 'Partner']]}
        onChange=${(event) => setKind(/** @type {typeof kind} */ (event.target.value))}
        hint=${draft.hint('kind', String, 'A change is refused while the organization is linked, or while partner roles are in use.')} />
      <${Check} ...${field('manage_sub_organizations')} label="Sub-organization management" checked=${shown.manage_sub_organizations}
        hint="For the whole tree. Turned off, existing sub-organizations stay, and the levels of this area count as none." />`}
    ${kind === 'partner' && html`<${Check} ...${field('mdf_program')} label="In the MDF programme" checked=${shown.mdf_program}
      hint="Makes the market development funds and the role MDF Admin available." />`}
  </div><//>`;
}
