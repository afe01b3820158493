// The filter of a list by organizations: this one, all below it, or some of them.
import { html, useState } from '../vendor/ui.js';
import { everyItem } from './api.js';
import { Check, Field, SearchField, loaded } from './parts.js';
import { useApp, useLoad, useOrg } from './use.js';

const MAX_CHOSEN = 20;
const MAX_READ = 1000;

/**
 * The parameters of a list for the value of the filter: `own`, `subtree`, or the ids of organizations.
 *
 * @param {Types.Organizations} value
 * @returns {{ scope?: 'subtree', organization_id?: string[] }}
 */
export function organizationQuery(value) {
  if (value === 'own') return {};
  if (value === 'subtree') return { scope: 'subtree' };
  return value.length > 0 ? { organization_id: value } : {};
}

/**
 * The value of the filter in the query of a page.
 *
 * @param {URLSearchParams} search
 * @returns {Types.Organizations}
 */
export function organizationsIn(search) {
  const chosen = search.getAll('organization_id').filter(Boolean);
  if (chosen.length > 0 || search.get('scope') === 'chosen') return chosen;
  return search.get('scope') === 'subtree' ? 'subtree' : 'own';
}

/**
 * The value of the filter for the query of a page.
 *
 * @param {Types.Organizations} value
 */
export const organizationFilters = (value) => ({
  organization_id: Array.isArray(value) ? value : [],
  scope: Array.isArray(value) ? 'chosen' : { own: '', subtree: 'subtree' }[value],
});

/** The filters of `organizationsIn`, for `useFilters`. */
export const ORGANIZATION_FILTERS = { scope: ['subtree', 'chosen'], organization_id: /^org_\w{26}$/ };

/**
 * Whether the value of the filter reaches beyond the organization.
 *
 * @param {Types.Organizations} value
 */
export const reachesBelow = (value) => value === 'subtree' || (Array.isArray(value) && value.length > 0);

/**
 * The filter. Choosing organizations needs `user_management_sub_organizations`, which lists them.
 *
 * @param {{ value: Types.Organizations, onChange: (value: Types.Organizations) => void }} props
 */
export function OrganizationFilter({ value, onChange }) {
  const { org, can } = useOrg();
  const chosen = Array.isArray(value);
  const options = [
    ['own', `Only ${org.name}`],
    ['subtree', `${org.name} and all below`],
    can('user_management_sub_organizations', 'view_only') && ['some', 'Chosen organizations'],
  ].filter(Boolean);
  const change = (/** @type {Types.FieldEvent} */ { target }) =>
    onChange(target.value === 'some' ? [] : /** @type {'own' | 'subtree'} */ (target.value));
  return html`
    <${Field} label="Organizations" name="organizations" options=${options} value=${chosen ? 'some' : value} onChange=${change} />
    ${chosen && html`<${Choice} value=${value} onChange=${onChange} />`}
  `;
}

/** @param {{ value: string[], onChange: (value: string[]) => void }} props */
function Choice({ value, onChange }) {
  const { api } = useApp();
  const { id, org } = useOrg();
  const [filter, setFilter] = useState('');
  const load = useLoad(
    (signal) => everyItem((cursor) =>
      api.GET('/v1/organizations/{org}/sub-organizations', { path: { org: id }, query: { depth: 'all', limit: 100, cursor }, signal }), MAX_READ),
    [api, id],
  );
  const toggle = (/** @type {string} */ one, /** @type {boolean} */ on) => onChange(on ? [...value, one] : value.filter((other) => other !== one));
  return html`<fieldset class="choice">
    <legend>Chosen organizations</legend>
    <p class="hint">At most ${MAX_CHOSEN}. Without a choice, the list shows ${org.name} alone.</p>
    ${loaded(load, (below) => html`
      ${below.length >= MAX_READ && html`<p class="hint">Only the first ${MAX_READ.toLocaleString()} organizations are offered.</p>`}
      ${below.length > 10 && html`<${SearchField} label="Find an organization" value="" onSearch=${setFilter} />`}
      <div class="choice-list">
        ${[org, ...below].filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase())).map((one) => html`
          <${Check} key=${one.id} label=${one.name} name=${one.id} checked=${value.includes(one.id)}
            disabled=${value.length >= MAX_CHOSEN && !value.includes(one.id)}
            onChange=${(event) => toggle(one.id, event.target.checked)} />`)}
      </div>`)}
  </fieldset>`;
}
