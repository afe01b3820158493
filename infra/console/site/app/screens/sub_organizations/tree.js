// Organizations as a nested list. A branch can be closed.
import { html, useId, useState } from '../../../vendor/ui.js';
import { Badge } from '../../parts.js';
import { Link } from '../../router.js';
import { useApp, useOrg } from '../../use.js';
import { personName } from '../../words.js';
import { usersInWords } from '../roles/deletion.js';

/**
 * The organizations as nodes below each other. One whose parent is not in the list stands at the top.
 *
 * @param {Types.Schemas['SubOrganization'][]} items
 */
export function treeOf(items) {
  /** @type {Map<string, Types.TreeNode>} */
  const nodes = new Map(items.map((org) => [org.id, { org, below: [] }]));
  /** @type {Types.TreeNode[]} */
  const top = [];
  for (const node of nodes.values()) (nodes.get(node.org.parent_id ?? '')?.below ?? top).push(node);
  return top;
}

/**
 * @param {Types.TreeNode} node
 * @returns {number}
 */
const size = ({ below }) => below.reduce((sum, node) => sum + 1 + size(node), 0);

/**
 * `create(org)` returns what creates an organization below, or false; `join(org)` joins an empty one.
 *
 * @param {Props.SubOrganizationsTree} props
 */
export const Tree = ({ nodes, ...actions }) => html`
  <ul class="tree">${nodes.map((node) => html`<${Branch} key=${node.org.id} node=${node} ...${actions} />`)}</ul>
`;

/** @param {Props.SubOrganizationsTree} props */
function Branch({ node, ...actions }) {
  const [open, setOpen] = useState(true);
  const id = useId();
  const { org, below } = node;
  return html`<li>
    <div class="panel tree-node">
      <${Facts} org=${org} />
      <div class="actions">
        <${Actions} org=${org} ...${actions} />
        ${below.length > 0 && html`<button aria-expanded=${open} aria-controls=${id} onClick=${() => setOpen(!open)}>
          ${open ? 'Hide' : 'Show'} ${size(node).toLocaleString()} below<span class="sr-only"> ${org.name}</span></button>`}
      </div>
    </div>
    <div id=${id}>${open && below.length > 0 && html`<${Tree} nodes=${below} ...${actions} />`}</div>
  </li>`;
}

/**
 * The name of an organization, its users and its Super Admin. A member and an operator can switch into it.
 *
 * @param {Props.SubOrganizationsTree} props
 */
function Facts({ org }) {
  const { me } = useApp();
  const membership = me.organizations.find(({ id }) => id === org.id);
  return html`<div class="tree-facts">
    <div>
      ${membership || me.operator
        ? html`<${Link} to="/organizations/${org.id}"><strong><bdi>${org.name}</bdi></strong><//>
          ${membership && html` <span class="hint">You are ${membership.role_name} here</span>`}`
        : html`<strong><bdi>${org.name}</bdi></strong>`}
      ${org.suspension && html` <${Badge} tone="bad">Suspended<//>`}
    </div>
    <small><${Users} org=${org} /> · ${org.super_admin ? `Super Admin: ${personName(org.super_admin)}` : 'No Super Admin yet'}</small>
  </div>`;
}

/** @param {Props.SubOrganizationsTree} props */
function Users({ org }) {
  const { id } = useOrg();
  const { active, pending, services } = org.users;
  if (active + pending + services === 0) return 'No users';
  return html`<${Link} to="/organizations/${id}/users?organization_id=${org.id}">
    ${usersInWords(org.users)}<span class="sr-only"> in ${org.name}</span><//>`;
}

/** @param {Props.SubOrganizationsTree} props */
function Actions({ org, create, join }) {
  const { me } = useApp();
  const make = create(org);
  const roles = new Map(me.organizations.map((one) => [one.id, one.role_id]));
  const { active, pending } = org.users;
  const empty = active + pending === 0 && !org.suspension;
  const mayJoin = empty && org.path.slice(0, -1).some((id) => ['super_admin', 'admin'].includes(roles.get(id) ?? ''));
  return html`
    ${make && html`<button onClick=${() => make(org)}>Create below<span class="sr-only"> ${org.name}</span></button>`}
    ${mayJoin && html`<button onClick=${() => join(org)}>Join<span class="sr-only"> ${org.name}</span></button>`}
  `;
}
