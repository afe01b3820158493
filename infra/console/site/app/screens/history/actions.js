// The filter by what happened: one action, or all of a group.
import { html, useId } from '../../../vendor/ui.js';
import { GROUPS, actionLabel } from '../../event_words.js';

/** The values of the filter. */
export const ACTIONS = [...Object.keys(GROUPS), ...Object.values(GROUPS).flatMap(Object.keys)];

/**
 * The actions for a value of the filter: an action, or the name of a group.
 *
 * @param {string} value
 * @returns {Types.Action[]}
 */
export const actionsOf = (value) => /** @type {Types.Action[]} */ (GROUPS[value] ? Object.keys(GROUPS[value]) : [value]);

/** @param {Props.HistoryActions} props */
export function ActionFilter({ value, onChange }) {
  const id = useId();
  const option = (/** @type {string} */ key, /** @type {string} */ label) => html`<option key=${key} value=${key} selected=${key === value}>${label}</option>`;
  return html`<div class="field">
    <label for=${id}>What happened</label>
    <select id=${id} onChange=${(event) => onChange(event.target.value)}>
      ${option('', 'Everything')}
      ${Object.entries(GROUPS).map(([group, actions]) => html`<optgroup key=${group} label=${group}>
        ${option(group, `${group} (all)`)}
        ${Object.keys(actions).map((action) => option(action, actionLabel(action)))}
      </optgroup>`)}
    </select>
  </div>`;
}
