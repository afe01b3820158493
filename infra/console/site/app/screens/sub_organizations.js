// The organizations below an organization, as a tree.
import { html, useState } from '../../vendor/ui.js';
import { Empty, More, Page } from '../parts.js';
import { useApp, useLoad, useOrg, usePages } from '../use.js';
import { atLeast } from '../words.js';
import { CreateSubOrganization, JoinSubOrganization } from './sub_organizations/dialogs.js';
import { Tree, treeOf } from './sub_organizations/tree.js';

const OBJECT = 'user_management_sub_organizations';
const MAX_DEPTH = 8;
const MAX_ASKED = 20;

export function SubOrganizations() {
  const { can } = useOrg();
  return can(OBJECT, 'view_only') ? html`<${Below} />` : html`<${NotAvailable} />`;
}

/** Why a person whose role lists sub-organizations cannot do so here. */
function NotAvailable() {
  const { access, org, onlyReads } = useOrg();
  const reason = access.restrictions.find(({ role_object }) => role_object === OBJECT)?.reason;
  return html`<${Page} title="Sub-organizations">
    <${Empty} title="Sub-organizations are not available in ${org.name}">
      ${onlyReads
        ? 'The operator’s page of the root of its tree has the setting that turns them on.'
        : `Your role includes them, but ${reason}. Ask the platform team, which runs this service.`}<//>
  <//>`;
}

function Below() {
  const { api, reloadMe } = useApp();
  const { id, org } = useOrg();
  const [dialog, setDialog] = useState(/** @type {Types.View} */ (null));
  const list = usePages(
    (cursor, signal) => api.GET('/v1/organizations/{org}/sub-organizations', {
      path: { org: id }, query: { depth: 'all', limit: 100, cursor }, signal,
    }),
    [api, id],
  );
  const mayCreate = useMayCreate(list.items);
  const changed = () => Promise.all([list.reload(), reloadMe()]);
  const close = () => setDialog(null);
  const create = (/** @type {Types.OrgView} */ parent) => setDialog(html`<${CreateSubOrganization} parent=${parent} onClose=${close} onDone=${changed} />`);
  /** @type {Types.JoinBelow} */
  const join = (one) => setDialog(html`<${JoinSubOrganization} org=${one} onClose=${close} onDone=${changed} />`);
  const intro = `The organizations below ${org.name}, over all levels. To change something in one of them, a person must be a member there.`;
  return html`
    <${Page} title="Sub-organizations" intro=${intro}
      actions=${mayCreate(org) && html`<button class="primary" onClick=${() => create(org)}>Create a sub-organization</button>`}>
      ${list.items.length > 0 && html`<${Tree} nodes=${treeOf(list.items)} create=${(/** @type {Types.Schemas['SubOrganization']} */ one) => mayCreate(one) && create} join=${join} />`}
      ${list.loaded && list.items.length === 0 && !list.hasMore && html`
        <${Empty} title="There are no sub-organizations">${mayCreate(org)
          ? `Create the first one below ${org.name}. You become its Super Admin.`
          : 'People with Full Access to User Management - Sub Organizations can create one.'}<//>`}
      <${More} list=${list} noun="sub-organizations" />
    <//>
    ${dialog}
  `;
}

/**
 * Whether the person may create an organization below another one (SUB2): judged by their role there. A built-in role
 * says it; for a custom one, the permissions there are read.
 *
 * @param {Types.Schemas['SubOrganization'][]} items
 */
function useMayCreate(items) {
  const { api, me } = useApp();
  const { id, can } = useOrg();
  const roles = new Map(me.organizations.filter(({ suspended }) => !suspended).map((one) => [one.id, one.role_id]));
  const unclear = items.map((one) => one.id).filter((one) => roles.get(one)?.startsWith('role_')).slice(0, MAX_ASKED);
  const asked = useLoad(async (signal) => {
    /** @type {(one: string) => Promise<[string, Types.Schemas['Level']]>} */
    const level = async (one) => {
      const access = await api.GET('/v1/organizations/{org}/permissions', { path: { org: one }, signal }).catch(() => null);
      return [one, access?.permissions[OBJECT] ?? 'none'];
    };
    return new Map(await Promise.all(unclear.map(level)));
  }, [api, unclear.join()]);
  return (/** @type {{ id: string, depth?: number }} */ one) => {
    if ((one.depth ?? 0) >= MAX_DEPTH) return false;
    if (one.id === id) return can(OBJECT, 'full_access');
    return ['super_admin', 'admin'].includes(roles.get(one.id) ?? '') || atLeast(asked.data?.get(one.id) ?? 'none', 'full_access');
  };
}
