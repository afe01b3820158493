// All organizations: find them by the beginning of their name, and create one.
import { html, useState } from '../../../vendor/ui.js';
import { Dialog, Empty, Field, Form, More, Page, Person, SearchField, When, table } from '../../parts.js';
import { Link, query, replace, useFollow } from '../../router.js';
import { useApp, usePages } from '../../use.js';
import { Badges, NAME_SEARCH, OrganizationChoice } from './parts.js';

export function Organizations() {
  const { api } = useApp();
  const q = query().get('q') ?? '';
  const [creating, setCreating] = useState(false);
  const list = usePages((cursor, signal) => api.GET('/v1/operator/organizations', { query: { q, cursor, limit: 50 }, signal }), [api, q], true);
  const search = (/** @type {string} */ text) => replace(text.trim() ? `/operator?q=${encodeURIComponent(text.trim())}` : '/operator');
  return html`
    <${Page} title="Organizations" intro="Every tree by its root, the oldest first. A search finds organizations of every depth."
      actions=${html`<button class="primary" onClick=${() => setCreating(true)}>Create an organization</button>`}>
      <${SearchField} label="Find by name" hint=${NAME_SEARCH} value=${q} onSearch=${search} />
      ${list.items.length > 0 && table({ label: 'Organizations', rows: list.items, columns: [
        { label: 'Name', head: true, cell: (row) => html`<${Link} to="/operator/organizations/${row.id}">${row.name}<//><${Badges} org=${row} />` },
        { label: 'Place', cell: ({ depth }) => (depth === 0 ? 'Root' : `Sub-organization, level ${depth}`) },
        { label: 'Super Admin', cell: (row) => (row.super_admin ? html`<${Person} person=${row.super_admin} />` : '–') },
        { label: 'Created', cell: (row) => html`<${When} at=${row.created_at} />` },
      ] })}
      ${list.loaded && list.items.length === 0 && !list.hasMore && html`<${Empty} title=${q ? 'No name begins so' : 'There is no organization yet'}>
        ${q ? 'Type the name from its beginning. Fewer than three letters find a whole name only.' : 'Create the first one.'}<//>`}
      <${More} list=${list} noun="organizations" />
      ${creating && html`<${Create} onClose=${() => setCreating(false)} />`}
    <//>
  `;
}

const KINDS = [['standard', 'Standard'], ['partner', 'Partner']];

/** @param {Props.OperatorOrganizations} props */
function Create({ onClose }) {
  const { api, announce } = useApp();
  const follow = useFollow();
  const [below, setBelow] = useState(false);
  const submit = async (/** @type {Types.FormValues & { kind: Types.OperatorOrganization['kind'] }} */ { name, kind, parent, first_admin_email }) => {
    const body = { name, ...(below ? { parent } : { kind }), ...(first_admin_email && { first_admin_email }) };
    const org = await api.POST('/v1/operator/organizations', { body });
    announce(`${org.name} is created.`);
    follow(`/operator/organizations/${org.id}`);
  };
  return html`<${Dialog} title="Create an organization" onClose=${onClose}>
    <${Form} submit="Create" onSubmit=${submit} onCancel=${onClose}>
      <${Field} label="Name" name="name" required maxlength="100" hint="Members and invitees see it." autocomplete="off" />
      <${Field} label="Place" options=${[['', 'A root of its own'], ['below', 'Below another organization']]}
        onChange=${(event) => setBelow(Boolean(event.target.value))} />
      ${below
        ? html`<${OrganizationChoice} key="parent" label="The organization above" name="parent" accept=${(/** @type {Types.OperatorOrganization} */ { settings }) => settings.manage_sub_organizations}
            hint="Only organizations with sub-organization management. The new one inherits the kind." />`
        : html`<${Field} key="kind" label="Kind" name="kind" options=${KINDS} hint="A partner can be linked to customers." />`}
      <${Field} label=${below ? 'Address of the first Admin (optional)' : 'Address of the first Admin'}
        name="first_admin_email" type="email" required=${!below} autocomplete="off"
        hint=${below ? 'Without one, an Admin of an organization above can join it.' : 'It gets an invitation. The person who accepts becomes the Super Admin.'} />
    <//>
  <//>`;
}
