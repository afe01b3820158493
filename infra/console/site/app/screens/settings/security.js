// Requirements for the sign-in of members, and the retention of events.
import { html, useEffect, useState } from '../../../vendor/ui.js';
import { Problem, etag, sendChange } from '../../api.js';
import { Check, Confirm, Field, Form, loaded } from '../../parts.js';
import { useApp, useLoad, useOrg } from '../../use.js';
import { count, duration } from '../../words.js';
import { useDraft } from './draft.js';

const ROUTE = '/v1/organizations/{org}/security';
/** @param {number | null} minutes */
const age = (minutes) => (minutes === null ? 'No maximum' : duration(minutes));
const NETWORK = /^((?:\d+\.){3}\d+|[\da-f:]*:[\da-f:.]*)\/(\d{1,3})$/i;
/**
 * Whether a text is an address with the length of its network.
 *
 * @param {string} text
 */
function isNetwork(text) {
  const [, address, length] = NETWORK.exec(text) ?? [];
  if (!address) return false;
  const v6 = address.includes(':');
  return URL.canParse(`http://${v6 ? `[${address}]` : address}`) && Number(length) <= (v6 ? 128 : 32);
}
/** @param {Partial<Types.Schemas['Security']>} changes */
function checkNetworks({ allowed_networks: list = [] }) {
  const wrong = list.find((text) => !isNetwork(text));
  if (!wrong) return;
  const detail = `“${wrong}” is not a network. Enter the first address and the length, such as 192.0.2.0/24 or 2001:db8::/32.`;
  throw new Problem({ title: 'Invalid request', errors: [{ pointer: '/allowed_networks', detail }] }, 422);
}
/** @param {string[]} list */
const networks = (list) => (list.length ? list.join(', ') : 'Any network');

export function Security() {
  const { api } = useApp();
  const { id, org, can } = useOrg();
  const load = useLoad((signal) => api.GET(ROUTE, { path: { org: id }, signal }), [api, id]);
  // The settings and the general information have one version.
  useEffect(() => void (load.data && load.reload()), [etag(org)]);
  const editable = can('security_management', 'full_access');
  return html`<div class="panel">${loaded(load, (security) =>
    (editable ? html`<${Edit} security=${security} reload=${load.reload} />` : html`<${Facts} security=${security} />`))}</div>`;
}

/** @param {Props.SettingsSecurity} props */
const Facts = ({ security }) => html`
  <dl class="facts">
    <dt>Multi-factor sign-in</dt><dd>${security.require_mfa ? 'Required' : 'Not required'}</dd>
    <dt>Maximum age of a sign-in</dt><dd>${age(security.max_session_minutes)}</dd>
    <dt>Allowed networks</dt><dd>${networks(security.allowed_networks)}</dd>
    <dt>New events are kept</dt><dd>${count(security.event_retention_days, 'day')}</dd>
  </dl>
`;

/**
 * The settings that the values of the form mean.
 *
 * @param {Types.FormValues} values
 * @returns {Types.Schemas['Security']}
 */
const settings = (values) => ({
  require_mfa: values.require_mfa === 'on',
  max_session_minutes: values.max_session_minutes ? Number(values.max_session_minutes) : null,
  allowed_networks: values.allowed_networks.split(/[\s,]+/).filter(Boolean),
  event_retention_days: Number(values.event_retention_days),
});

/** @typedef {{ changes: Partial<Types.Schemas['Security']>, done: (isSaved: boolean) => void, fail: (problem: Error) => void, sends?: boolean, closed?: boolean }} Question */

/** @param {Props.SettingsSecurity} props */
function Edit({ security, reload }) {
  const { announce, api } = useApp();
  const { id, reload: reloadOrg } = useOrg();
  const draft = useDraft(security, settings);
  const [asking, setAsking] = useState(/** @type {Question | null} */ (null));
  const [sends, setSends] = useState(false);
  const save = async (/** @type {Question['changes']} */ changes) => {
    const body = { ...security, ...changes };
    const path = { org: id };
    draft.saved(await sendChange(security, () => api.GET(ROUTE, { path }), (ifMatch) => api.PUT(ROUTE, { path, body, ifMatch })), changes);
    announce('The security settings are saved.');
    return true;
  };
  const submit = async (/** @type {Types.FormValues} */ values) => {
    const changes = draft.changes(values);
    if (Object.keys(changes).length === 0) return announce('There is nothing to save.');
    checkNetworks(changes);
    const isRisky = restrictions(security, changes).length > 0;
    const isSaved = isRisky ? await new Promise((done, fail) => setAsking({ changes, done, fail })) : await save(changes);
    return isSaved && Promise.all([reload(), reloadOrg()]);
  };
  // The form shows the errors of its fields, and any refusal that comes after the question is closed.
  const confirm = async (/** @type {Question} */ asking) => {
    setSends((asking.sends = true));
    await save(asking.changes).then(asking.done, (problem) => {
      asking.sends = false;
      if (!problem.errors?.length && !asking.closed) throw problem;
      asking.fail(problem);
    }).finally(() => setSends(false));
  };
  const cancel = (/** @type {Question} */ asking) => {
    setAsking(null);
    asking.closed = true;
    if (!asking.sends) asking.done(false);
  };
  return html`
    <${Form} onSubmit=${submit} changes=${draft.changes} reload=${reload} asks=${asking && !sends}><div class="fields" ref=${draft.fields}>
      <${Fields} ...${draft} />
    </div><//>
    ${asking && html`<${Warning} items=${restrictions(security, asking.changes)} onConfirm=${() => confirm(asking)} onClose=${() => cancel(asking)} reload=${reload} />`}
  `;
}

/** @param {ReturnType<typeof useDraft<Types.Schemas['Security']>>} draft */
const Fields = ({ shown, field, hint }) => html`
  <${Check} ...${field('require_mfa')} label="Require multi-factor sign-in" checked=${shown.require_mfa}
    hint=${hint('require_mfa', (value) => (value ? 'required' : 'not required'), 'The identity provider must report several factors in the token. Services are not asked for them.')} />
  <${Field} ...${field('max_session_minutes')} label="Maximum age of a sign-in, in minutes" type="number" min="5" max="43200"
    value=${shown.max_session_minutes}
    hint=${hint('max_session_minutes', age, 'From 5 to 43,200 (30 days). Empty: no maximum. 480 minutes are 8 hours.')} />
  <${Field} ...${field('allowed_networks')} label="Allowed networks" rows="3" value=${shown.allowed_networks.join('\n')} spellcheck="false"
    hint=${hint('allowed_networks', networks, 'At most 20, one on each line, such as 192.0.2.0/24. Empty: any network.')} />
  <${Field} ...${field('event_retention_days')} label="Days that new events are kept" type="number" min="1" max="365" required
    value=${shown.event_retention_days}
    hint=${hint('event_retention_days', String, 'From 1 to 365. Events that exist keep the end that they have.')} />
`;

/**
 * What the changes demand of members beyond the settings now, in sentences.
 *
 * @param {Types.Schemas['Security']} now
 * @param {Partial<Types.Schemas['Security']>} changes
 */
function restrictions(now, changes) {
  const { require_mfa, max_session_minutes: minutes, allowed_networks: list } = { ...now, ...changes };
  const shorter = minutes !== null && (now.max_session_minutes === null || minutes < now.max_session_minutes);
  return [
    require_mfa && !now.require_mfa && 'Members must sign in with several factors.',
    shorter && `Members must sign in again after ${duration(minutes)}.`,
    list.length > 0 && changes.allowed_networks && `Members reach the organization only from ${list.join(', ')}.`,
  ].filter(Boolean);
}

/** @param {Props.SettingsSecurity} props */
const Warning = ({ items, onConfirm, onClose, reload }) => html`
  <${Confirm} title="Restrict the sign-in of all members" submit="Restrict" onConfirm=${onConfirm} onClose=${onClose} reload=${reload}>
    <ul class="plain-list">${items.map((item) => html`<li>${item}</li>`)}</ul>
    <p>This applies to each member’s next request. Members who do not satisfy it are refused with the reason.</p>
    <p>Settings that your own sign-in does not satisfy are refused. If administrators lock themselves out later, the Super
      Admin can change networks and age from anywhere, or an operator of the platform can remove the requirements.</p>
  <//>
`;
