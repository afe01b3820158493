// Roles side by side: the level of each, and where they differ.
import { html, useState } from '../../../vendor/ui.js';
import { Badge, Check, Dialog, Empty, Level, loaded, table } from '../../parts.js';
import { useRoleObjects } from '../role/objects.js';
import { usersInWords } from './deletion.js';

const IDENTITY_PROVIDER_ROLES = { admin: 'Admin', user: 'User' };

/** @param {Props.RolesCompare} props */
export function CompareRoles({ roles, onClose }) {
  const objects = useRoleObjects();
  const title = roles.length === 1 ? `What ${roles[0].name} gives` : 'Compare roles';
  return html`<${Dialog} title=${title} wide onClose=${onClose}>
    ${loaded(objects, (all) => html`<${Levels} objects=${all} roles=${roles} />`)}
  <//>`;
}

/** @param {Props.RolesCompare} props */
function Levels({ objects, roles }) {
  const [onlyDifferences, setOnly] = useState(false);
  const known = objects.filter(({ key }) => roles.some(({ permissions }) => key in permissions));
  const rows = known.map(({ key, label }) => ({
    id: key, label, differs: new Set(roles.map(({ permissions }) => permissions[key] ?? '')).size > 1,
  }));
  const differences = rows.filter(({ differs }) => differs);
  const several = roles.length > 1;
  /** @type {(role: Types.Schemas['Role']) => Types.Column<typeof rows[number]>} */
  const column = (role) => ({
    label: heading(role, roles),
    cell: ({ id }) => role.permissions[id] ? html`<${Level} level=${role.permissions[id]} />` : 'Not available',
  });
  return html`
    ${several && html`
      <p>${differences.length === 0 ? 'These roles give the same levels.' : `They differ in ${differences.length} of ${rows.length} areas.`}</p>
      ${differences.length > 0 && html`
        <${Check} label="Show the differences only" name="only" onChange=${(event) => setOnly(event.target.checked)} />`}`}
    ${rows.length === 0
      ? html`<${Empty} title="Nothing to show">These roles have no level on an area of this organization.<//>`
      : table({ label: 'Levels', rows: onlyDifferences ? differences : rows, columns: [
        { label: 'Area', head: true, cell: ({ label, differs }) => html`${label} ${differs && html`<${Badge} tone="warn">Differs<//>`}` },
        ...roles.map(column),
      ] })}
    <dl class="facts compare-facts">
      ${roles.map((role) => html`<dt>${heading(role, roles)}</dt>
        <dd>${usersInWords(role.users)}. Coarse role that your identity provider may be told: ${IDENTITY_PROVIDER_ROLES[role.identity_provider_role]}.</dd>`)}
    </dl>
  `;
}

/**
 * The name of a role; with its organization, where roles of several are compared.
 *
 * @param {Types.Schemas['Role']} role
 * @param {Types.Schemas['Role'][]} roles
 */
const heading = ({ name, organization_id, organization_name }, roles) =>
  roles.some((other) => other.organization_id !== organization_id) ? `${name} (${organization_name})` : name;
