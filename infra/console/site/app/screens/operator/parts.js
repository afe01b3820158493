// Parts that several operator screens use.
import { createContext, html, useContext, useState } from '../../../vendor/ui.js';
import { Badge, Dialog, Field, Form, Notice, Page, SearchField, loaded } from '../../parts.js';
import { Link } from '../../router.js';
import { useApp, useLoad } from '../../use.js';
import { personLine } from '../../words.js';

/** How often the current state was asked for in a dialog: its choices are read again, too. */
const Round = createContext(0);

/**
 * A dialog for an act of an operator: what it does (the children), further `fields`, and the reason. With `typed`, that text must be
 * typed first. `act` gets the values of the form.
 *
 * @param {Props.OperatorParts} props
 */
export function Act({ title, submit, act, onClose, reload, fields, typed, typedLabel, reasonHint, plain, children }) {
  const [text, setText] = useState('');
  const [round, setRound] = useState(0);
  const refresh = async () => {
    setRound(round + 1);
    await reload?.();
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <div class="prose">${children}</div>
    <${Form} danger=${!plain} submit=${submit} onSubmit=${act} onCancel=${onClose} reload=${refresh} disabled=${typed !== undefined && text !== typed}>
      <${Round.Provider} value=${round}>${fields}<//>
      ${typed !== undefined && html`
        <${Field} label=${typedLabel} name="name" hint=${typed} autocomplete="off" onInput=${(event) => setText(event.target.value)} />`}
      <${Field} label="Reason" name="reason" rows="2" required maxlength="500"
        hint="${reasonHint ?? 'The history of the organization shows it.'} Write no names of people: events keep it." />
    <//>
  <//>`;
}

/**
 * Shows what `load` has read of an organization; or, for an id that none has, where to search.
 *
 * @template Data
 * @param {Types.Load<Data>} load
 * @param {(data: NonNullable<Data>) => Types.View} [show]
 */
export const ofOrganization = (load, show) => load.problem?.status === 404
  ? html`<${Page} title="There is no organization with this id"><p>It may be deleted. <${Link} to="/operator">Search it by name<//>.</p><//>`
  : !load.data && load.problem
    ? html`<${Page} title="This page cannot be shown"><${Notice} problem=${load.problem} reload=${load.reload} /><//>`
    : loaded(load, show);

/**
 * The name of an organization with its state.
 *
 * @param {Props.OperatorParts} props
 */
export const Badges = ({ org }) => html`
  ${org.kind === 'partner' && html` <${Badge} tone="info">Partner<//>`}
  ${org.suspension && html` <${Badge} tone="bad">Suspended<//>`}
  ${org.deletion && html` <${Badge} tone="bad">${org.deletion.ended_at ? 'Deleted' : 'Being deleted'}<//>`}
  ${!org.super_admin && !org.deletion && html` <${Badge} tone="warn">No Super Admin<//>`}
`;

/**
 * A search with a choice of what it finds. `find(text, signal)` gets [value, label] pairs; the field has `name`.
 *
 * @param {Props.OperatorParts} props
 */
function Choice({ label, name, hint, find, deps, none, search, searchHint }) {
  const [text, setText] = useState('');
  const load = useLoad((signal) => find(text, signal), [...deps, text, useContext(Round)]);
  const options = load.data ?? [];
  return html`
    <${SearchField} label="${label}: ${search}" placeholder=${search} onSearch=${setText} hint=${searchHint} />
    <${Notice} problem=${load.problem} />
    <${Field} label=${label} name=${name} hint=${load.data && options.length === 0 ? none : hint} required options=${[['', 'Choose…'], ...options]} />
  `;
}

/** What a search for organizations finds. */
export const NAME_SEARCH = 'Enter at least 3 letters of the beginning of the name, or the whole name.';

/** @param {Types.OperatorOrganization} org */
const organizationOption = ({ id, name, depth, super_admin }) =>
  [id, [name, depth > 0 && `level ${depth} of its tree`, super_admin?.email].filter(Boolean).join(' · ')];

/**
 * Chooses an organization by the beginning of its name. `accept` filters.
 *
 * @param {Props.OperatorParts} props
 */
export function OrganizationChoice({ accept = () => true, ...rest }) {
  const { api } = useApp();
  const find = async (/** @type {string} */ q, /** @type {AbortSignal} */ signal) => {
    const page = await api.GET('/v1/operator/organizations', { query: { q, limit: 100 }, signal });
    return page.items.filter((org) => !org.deletion && accept(org)).map(organizationOption);
  };
  return html`<${Choice} ...${rest} find=${find} deps=${[api]} none="No such organization begins so."
    search="Find by name" searchHint=${NAME_SEARCH} />`;
}

/**
 * The members who can become the Super Admin, found by `q`.
 *
 * @param {Types.Api} api
 * @param {string} org
 * @param {string} q
 * @param {AbortSignal} signal
 */
export async function readSuccessors(api, org, q, signal) {
  const query = { status: /** @type {const} */ ('active'), kind: /** @type {const} */ ('person'), limit: 100, ...(q && { q, match: /** @type {const} */ ('contains') }) };
  const page = await api.GET('/v1/organizations/{org}/members', { path: { org }, query, signal });
  return page.items.filter((user) => user.status === 'active' && !user.access_expired);
}

/**
 * Chooses an active member of an organization, by name, address or role.
 *
 * @param {{ org: string, except?: string | null, label: string, name: string, hint?: string }} props
 */
export function MemberChoice({ org, except, ...rest }) {
  const { api } = useApp();
  const find = async (/** @type {string} */ q, /** @type {AbortSignal} */ signal) => (await readSuccessors(api, org, q, signal))
    .filter(({ id }) => id !== except)
    .map((member) => [member.id, personLine(member, member.role_name)]);
  return html`<${Choice} ...${rest} find=${find} deps=${[api, org]}
    none="No other member is found. An organization without another member can only be deleted: see Delete on this page."
    search="Find a member" searchHint="Enter a part of the name, the address or the role." />`;
}
