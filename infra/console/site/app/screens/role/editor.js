// The form of a custom role: name, description and levels.
import { html, useState } from '../../../vendor/ui.js';
import { etag } from '../../api.js';
import { Field, Form, FormContext } from '../../parts.js';
import { navigate, useFollow } from '../../router.js';
import { useApp, useOrg } from '../../use.js';
import { changedLevels, changesInWords, defaults, rebased, unmet } from './levels.js';
import { MatrixEditor } from './matrix.js';
import { checkRole } from './objects.js';

/**
 * Creates a role. `start` has the first `name`, `description` and `levels`.
 *
 * @param {Props.RoleEditor} props
 */
export function NewRole({ objects, grantable, start, children }) {
  const { api, announce } = useApp();
  const { id } = useOrg();
  const follow = useFollow();
  const [draft, setDraft] = useState(start);
  const submit = async () => {
    const { name, description, levels } = draft;
    const permissions = changedLevels(defaults(objects), settable(objects, levels));
    const role = await api.POST('/v1/organizations/{org}/roles', { path: { org: id }, body: { name, description, permissions } });
    announce(`The role ${role.name} is created.`);
    follow(`/organizations/${id}/roles/${role.id}`);
  };
  return html`${children}
    <${RoleForm} draft=${draft} setDraft=${setDraft} objects=${objects} grantable=${grantable} submit="Create the role" onSubmit=${submit}
      changes=${() => changes({ ...start, permissions: start.levels }, draft, objects)}
      onCancel=${() => navigate(`/organizations/${id}/roles`)} />`;
}

/**
 * Edits `role`. What others changed meanwhile is shown, and kept where this person did not change it.
 *
 * @param {Props.RoleEditor} props
 */
export function EditRole({ role, objects, grantable, load }) {
  const { api, announce } = useApp();
  const { id } = useOrg();
  const start = { name: role.name, description: role.description, levels: role.permissions };
  const [{ seen, draft, news }, setState] = useState({ seen: role, draft: start, news: /** @type {string[]} */ ([]) });
  const labelOf = (/** @type {Types.RoleKey} */ key) => objects.find((object) => object.key === key)?.label ?? key;
  // The role was loaded again: continue from its present state.
  if (seen !== role) {
    setState({ seen: role, draft: rebased(draft, seen, role), news: changesInWords(seen, role, draft, labelOf) });
  }
  const setDraft = (/** @type {Types.RoleDraft} */ next) => setState((before) => ({ ...before, draft: next }));
  const body = changes(seen, draft, objects);
  const submit = async () => {
    const path = { org: id, role: role.id };
    const saved = await api.PATCH('/v1/organizations/{org}/roles/{role}', { path, body, ifMatch: etag(seen) }).catch(checkRole(load));
    announce(`${saved.name} is saved. It counts from the next request of its users.`);
    await load.reload();
  };
  return html`
    ${news.length > 0 && html`<div class="notice warn" role="status"><strong>This role was changed meanwhile</strong>
      <ul>${news.map((line) => html`<li>${line}</li>`)}</ul><p>Your own changes are kept below. Look at them, then save.</p></div>`}
    <${RoleForm} draft=${draft} setDraft=${setDraft} objects=${objects} grantable=${grantable} submit="Save the role" onSubmit=${submit}
      changes=${() => body} reload=${load.reload} disabled=${Object.keys(body).length === 0} />
  `;
}

/**
 * The levels that custom roles can set here.
 *
 * @param {Types.RoleObject[]} objects
 * @param {Types.Levels} levels
 * @returns {Types.Levels}
 */
function settable(objects, levels) {
  const found = objects.filter(({ key, settable_levels }) => key in levels && settable_levels.length > 0);
  return Object.fromEntries(found.map(({ key }) => [key, levels[key]]));
}

/**
 * The body of the request: the fields that differ.
 *
 * @param {Pick<Types.Schemas['Role'], 'name' | 'description' | 'permissions'>} seen
 * @param {Types.RoleDraft} draft
 * @param {Types.RoleObject[]} objects
 */
function changes(seen, draft, objects) {
  const permissions = changedLevels(seen.permissions, settable(objects, draft.levels));
  return {
    ...(draft.name !== seen.name && { name: draft.name }),
    ...(draft.description !== seen.description && { description: draft.description }),
    ...(Object.keys(permissions).length > 0 && { permissions }),
  };
}

/** @param {{ draft: Types.RoleDraft, setDraft: (draft: Types.RoleDraft) => void, objects: Types.RoleObject[], grantable: Types.Levels, [form: string]: any }} props */
function RoleForm({ draft, setDraft, objects, grantable, disabled, ...form }) {
  const { access } = useOrg();
  const set = (/** @type {'name' | 'description'} */ field) => (/** @type {Types.FieldEvent} */ event) => setDraft({ ...draft, [field]: event.target.value });
  const lacking = objects.filter((object) => unmet(object, draft.levels)).map(({ label }) => label);
  return html`
    <${Form} ...${form} disabled=${disabled || lacking.length > 0}>
      <${Field} label="Name" name="name" value=${draft.name} required maxlength="64" onInput=${set('name')} />
      <${Field} label="Description (optional)" name="description" value=${draft.description} rows="2" maxlength="256" onInput=${set('description')}
        hint="What the role is for. Those who choose a role see it." />
      <${FormContext.Consumer}>${(/** @type {Types.FormContext} */ { errorOf }) => html`
        <${MatrixEditor} objects=${objects} levels=${draft.levels} onChange=${(/** @type {Types.Levels} */ levels) => setDraft({ ...draft, levels })} grantable=${grantable}
          own=${access.permissions} errorOf=${(/** @type {Types.RoleKey} */ key) => errorOf?.(`permissions/${key}`)} />`}<//>
      ${lacking.length > 0 && html`<p class="notice warn">Something must be set first for: ${lacking.join(', ')}.</p>`}
    <//>
  `;
}
