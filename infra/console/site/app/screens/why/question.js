// The question: which person, which area, which action.
import { html, useEffect, useId, useState } from '../../../vendor/ui.js';
import { Field, Form, loaded } from '../../parts.js';
import { query } from '../../router.js';
import { useApp, useLoad, useOrg } from '../../use.js';
import { actionName, personName } from '../../words.js';
import { readAreas } from './actions.js';
import { Explanation } from './explanation.js';

/** @typedef {{ [by: string]: string, action: string }} Asked */

/**
 * Asks about a person in `org` and draws the answer. Operators can also name the person by the id of the account.
 *
 * @param {Props.WhyQuestion} props
 */
export function Question({ org, email, userId }) {
  const { api, me } = useApp();
  const can = useOrg()?.can;
  const mayRead = can ? can('role_management', 'view_only') : me.operator;
  const load = useLoad((signal) => readAreas(api, org.id, mayRead, signal), [api, org.id, mayRead]);
  const [question, setQuestion] = useState(/** @type {Asked | null} */ (null));
  // Another question ends the one before.
  const answer = useLoad(async (signal) => question && {
    ...await api.GET('/v1/organizations/{org}/explanations', { path: { org: org.id }, query: question, signal }),
    asked: question.email ?? question.user_id,
  }, [api, org.id, question]);
  return html`
    <div class="panel">${loaded(load, (areas) => html`<${Ask} org=${org} areas=${areas} email=${email ?? query().get('email')} userId=${userId} onAsk=${setQuestion} />`)}</div>
    ${question && loaded(answer, (data) => html`<${Explanation} answer=${data} org=${org} />`)}
  `;
}

/** @param {{ org: Types.OrgView, areas: Types.Area[], email?: string | null, userId?: string | null, onAsk: (question: Asked) => void }} props */
function Ask({ org, areas, email, userId, onAsk }) {
  const { me } = useApp();
  const [by, setBy] = useState(userId ? 'user_id' : 'email');
  const asked = query().get('action');
  const ofAsked = areas.find(({ actions }) => asked !== null && actions.includes(asked));
  const [area, setArea] = useState(ofAsked ?? areas.find(({ shown }) => shown) ?? areas[0]);
  const submit = (/** @type {Types.FormValues} */ { person, action }) => onAsk({ [by]: person.trim(), action });
  return html`<${Form} submit="Explain" onSubmit=${submit}>
    ${me.operator && html`<${Field} label="Find the person by" value=${by} options=${[['email', 'Address'], ['user_id', 'Id of the account (sub)']]}
      onChange=${(event) => setBy(event.target.value)} />`}
    ${by === 'email'
      ? html`<${PersonField} key="email" org=${org} value=${email} />`
      : html`<${Field} key="user_id" label="Id of the account" name="person" value=${userId} required maxlength="255" autocomplete="off" />`}
    <div class="row">
      <${Field} label="Area" value=${area.key} options=${areas.map(({ key, label, shown }) => [key, shown ? label : `${label} (not available here)`])}
        onChange=${(event) => setArea(areas.find(({ key }) => key === event.target.value) ?? area)} />
      <${Field} key=${area.key} label="Action" name="action" value=${asked} options=${area.actions.map((action) => [action, actionName(action)])} />
    </div>
    ${area.shown === false && html`<p class="hint">${area.label} is not available here: ${area.hidden_because}.</p>`}
  <//>`;
}

/**
 * An address, with suggestions of the users whose address begins so.
 *
 * @param {Props.WhyQuestion} props
 */
function PersonField({ org, value }) {
  const { api } = useApp();
  const list = useId();
  const [text, setText] = useState('');
  const [users, setUsers] = useState(/** @type {Types.Schemas['User'][]} */ ([]));
  useEffect(() => {
    const controller = new AbortController();
    const search = { q: text || undefined, limit: 20 };
    const wait = setTimeout(async () => {
      const page = await api.GET('/v1/organizations/{org}/members', { path: { org: org.id }, query: search, signal: controller.signal }).catch(() => null);
      if (page) setUsers(page.items.filter(({ email }) => email));
    }, text ? 300 : 0);
    return () => (clearTimeout(wait), controller.abort());
  }, [api, org.id, text]);
  return html`
    <${Field} label="Person" name="person" type="email" value=${value} required list=${list} autocomplete="off"
      hint="The address of a member, or of any other person." onInput=${(event) => setText(event.target.value)} />
    <datalist id=${list}>${users.map((user) => html`<option key=${user.id} value=${user.email}>
      ${user.status === 'pending' ? 'Invited' : personName(user)} · ${user.role_name}</option>`)}</datalist>
  `;
}
