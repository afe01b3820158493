// The levels of a role, by section: to read, or to choose.
import { html, useId } from '../../../vendor/ui.js';
import { mayGrant } from '../../grants.js';
import { Level, Section } from '../../parts.js';
import { LEVELS, levelName } from '../../words.js';
import { unmet } from './levels.js';

/**
 * Role objects by section, in the order in which the API lists them.
 *
 * @param {Types.RoleObject[]} objects
 */
function sections(objects) {
  /** @type {Map<string, Types.RoleObject[]>} */
  const found = new Map();
  for (const object of objects) found.set(object.section, [...(found.get(object.section) ?? []), object]);
  return [...found];
}

/**
 * The levels of a role that the person cannot change.
 *
 * @param {Props.RoleMatrix} props
 */
export const Matrix = ({ objects, levels }) => html`
  ${sections(objects.filter(({ key }) => key in levels)).map(([section, inside]) => html`
    <${Section} key=${section} title=${section}>
      <dl class="matrix">${inside.map((object) => html`<${Shown} key=${object.key} object=${object} level=${levels[object.key]} />`)}</dl>
    <//>`)}
  <${Unavailable} objects=${objects} />
`;

/** @param {Props.RoleMatrix} props */
const Shown = ({ object, level }) => html`<div class="panel">
  <dt>${object.label} <${Level} level=${level} /></dt>
  <dd>${sentence(object, level)}</dd>
</div>`;

/**
 * The levels of a role, to choose. `errorOf(key)` is what the API says about one of them.
 *
 * @param {Props.RoleMatrix} props
 */
export const MatrixEditor = ({ objects, levels, onChange, grantable, own, errorOf }) => html`
  ${sections(objects.filter(({ shown }) => shown)).map(([section, inside]) => html`
    <${Section} key=${section} title=${section}>
      ${inside.map((object) => html`<${Choice} key=${object.key} object=${object} objects=${objects} levels=${levels}
        onChange=${onChange} grantable=${grantable} own=${own} error=${errorOf(object.key)} />`)}
    <//>`)}
  <${Unavailable} objects=${objects} />
`;

/**
 * What a level gives. "Also …" follows the sentence of the level before, to which it adds.
 *
 * @param {Types.RoleObject} object
 * @param {Types.Level | undefined} level
 */
function sentence({ levels }, level) {
  const index = levels.findIndex((one) => one.level === level);
  const text = levels[index]?.description;
  return text?.startsWith('Also ') ? `${levels[index - 1]?.description.replace(', and changes nothing', '')} ${text}` : text;
}

/**
 * The levels of one role object.
 *
 * @param {Props.RoleMatrix} props
 */
function Choice({ object, objects, levels, onChange, grantable, own, error }) {
  const id = useId();
  const { key, label, description, settable_levels: settable } = object;
  const level = levels[key];
  const allowed = (/** @type {Types.Level} */ one) => settable.includes(one) && (one === level || mayGrant(grantable, key, one));
  /** @type {Props.RoleMatrix['set']} */
  const set = (other, to) => onChange({ ...levels, [other]: to });
  return html`
    <fieldset class="panel" role="radiogroup" tabindex="-1" aria-labelledby="${id}-label" aria-describedby="${id}-hint ${id}-says ${id}-error"
      aria-invalid=${error ? 'true' : undefined}>
      <legend><h3 id="${id}-label">${label}</h3></legend>
      <p class="hint" id="${id}-hint">${description}</p>
      <div class="levels">
        ${object.levels.map(({ level: one }) => html`<label class="level" key=${one}>
          <input type="radio" name=${key} value=${one} checked=${one === level} disabled=${!allowed(one)} onChange=${() => set(key, one)} />
          ${LEVELS[one]}
        </label>`)}
      </div>
      <p id="${id}-says" aria-live="polite">${sentence(object, level)}</p>
      <${Locked} object=${object} level=${level} grantable=${grantable} own=${own} />
      <${Prerequisite} object=${object} objects=${objects} levels=${levels} grantable=${grantable} set=${set} />
      <p class="field-error" id="${id}-error">${error}</p>
    </fieldset>
  `;
}

/**
 * Why some of the levels cannot be chosen.
 *
 * @param {Props.RoleMatrix} props
 */
function Locked({ object, level, grantable, own }) {
  const { key, settable_levels: settable, levels } = object;
  if (settable.length === 0) return html`<p class="hint">Custom roles cannot set this. It stays at ${levelName(level)}.</p>`;
  const locked = levels.map(({ level: one }) => one).filter((one) => settable.includes(one) && one !== level && !mayGrant(grantable, key, one));
  if (locked.length === 0) return null;
  const [held, highest] = [own[key] ?? 'none', grantable[key] ?? 'none'];
  return html`<p class="hint">You cannot give ${locked.map((one) => LEVELS[one]).join(' or ')}: you have ${LEVELS[held]} here
    yourself${held !== highest && `, and ${LEVELS[highest]} is the most that you can give`}. Ask an administrator who has more.</p>`;
}

/**
 * What must be set first, and a button that sets it.
 *
 * @param {Props.RoleMatrix} props
 */
function Prerequisite({ object, objects, levels, grantable, set }) {
  const { prerequisite } = object;
  if (!prerequisite) return null;
  const { role_object: base, at_least: least } = prerequisite;
  const label = objects.find(({ key }) => key === base)?.label ?? base;
  if (!unmet(object, levels)) return html`<p class="hint">Needs ${label} at ${LEVELS[least]} or more.</p>`;
  return html`<div class="notice warn">
    <p>This needs <b>${label}</b> at ${LEVELS[least]} or more. Set that first.</p>
    ${mayGrant(grantable, base, least)
      ? html`<button type="button" onClick=${() => set(base, least)}>Set ${label} to ${LEVELS[least]}</button>`
      : html`<p>You may not give this level yourself.</p>`}
  </div>`;
}

/**
 * The role objects that are not available here, with the reason.
 *
 * @param {Props.RoleMatrix} props
 */
function Unavailable({ objects }) {
  const hidden = objects.filter(({ shown }) => !shown);
  if (hidden.length === 0) return null;
  return html`<details><summary>Areas that are not available in this organization (${hidden.length})</summary>
    <ul class="plain-list">${hidden.map(({ key, label, hidden_because }) => html`<li key=${key}><b>${label}</b>: ${hidden_because}.</li>`)}</ul>
  </details>`;
}
