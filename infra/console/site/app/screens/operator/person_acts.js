// What an operator does about a person everywhere: offboard, erase, reconnect an account.
import { html } from '../../../vendor/ui.js';
import { Confirm, Dialog, Field, loaded } from '../../parts.js';
import { Link, replace } from '../../router.js';
import { useApp, useLoad } from '../../use.js';
import { count } from '../../words.js';
import { Act, readSuccessors } from './parts.js';

/**
 * What to do first in each organization of which the person is the Super Admin: where no one can follow, only its deletion helps.
 *
 * @param {Props.OperatorPersonActs} props
 */
function Left({ organizations }) {
  const { api } = useApp();
  const load = useLoad((signal) => Promise.all(organizations.map(async ({ id, name }) => {
    const successors = await readSuccessors(api, id, '', signal);
    return { id, name, alone: !successors.some(({ role_id }) => role_id !== 'super_admin') };
  })), [api, organizations.map(({ id }) => id).join()]);
  return loaded(load, (all) => html`<ul class="plain-list">${all.map(({ id, name, alone }) => html`<li key=${id}>${alone
    ? html`<${Link} to="/operator/organizations/${id}#delete">Delete ${name}<//>, which has no other member`
    : html`<${Link} to="/operator/organizations/${id}">Appoint another Super Admin in ${name}<//>`}</li>`)}</ul>`);
}

const AGAIN = 'It can stop before its end if there is much to do. Then press the button again: it continues where it stopped.';

/** @param {Props.OperatorPersonActs} props */
export function Offboard({ person, name, superAdminOf, onClose, onEnd, reload }) {
  const { api } = useApp();
  const offboard = async () => onEnd(await api.POST('/v1/operator/people/{person}/offboard', { path: { person: person.id } }));
  return html`<${Confirm} title="Offboard ${name} everywhere" submit="Offboard" onConfirm=${offboard} onClose=${onClose} reload=${reload}>
    <p>In all organizations, these end at once: memberships, pending invitations and open requests to join. You cannot undo this.</p>
    <p>Disable the account at the identity provider first. An organization can invite the person again. The histories keep the name.</p>
    ${superAdminOf.length > 0 && html`<p>These stay, because an organization cannot lose its Super Admin:</p><${Left} organizations=${superAdminOf} />`}
    <p>${AGAIN}</p>
  <//>`;
}

/**
 * The end of an offboarding or an erasure.
 *
 * @param {Props.OperatorPersonActs} props
 */
export function Ended({ person, name, result, onClose, reload }) {
  if (result === 'erased') return html`<${Erased} onClose=${() => (onClose(), replace('/operator/people'))} />`;
  const close = () => {
    onClose();
    // A search by address no longer finds the account of a former member.
    if (person.user_id) replace(`/operator/people?user_id=${encodeURIComponent(person.user_id)}`);
    reload();
  };
  return html`<${Offboarded} name=${name} result=${result} onClose=${close} />`;
}

/** @param {{ name: string, result: Types.Schemas['Offboarded'], onClose: () => void }} props */
const Offboarded = ({ name, result: { ended, super_admin_of: left }, onClose }) => html`
  <${Dialog} title="${name} is offboarded" onClose=${onClose}>
    <div class="prose" role="status">
      <p>Ended: ${count(ended.memberships, 'membership')}, ${count(ended.invitations, 'invitation')},
        ${' '}${count(ended.join_requests, 'request')} to join, ${count(ended.critical_alert_users, 'critical alert address', 'critical alert addresses')}.</p>
      ${left.length > 0
        ? html`<p>Left, because the person is the Super Admin there. Appoint another one there, and choose that the former one is removed, or delete the organization:</p><${Left} organizations=${left} />`
        : html`<p>Nothing is left.</p>`}
    </div>
    <button class="primary" onClick=${onClose}>Done</button>
  <//>
`;

/** @param {Props.OperatorPersonActs} props */
export function Erase({ person, name, superAdminOf, onClose, onEnd }) {
  const { api } = useApp();
  const typed = person.emails[0] ?? person.user_id;
  const erase = async () => {
    await api.DELETE('/v1/operator/people/{person}', { path: { person: person.id } });
    onEnd('erased');
  };
  if (superAdminOf.length > 0) {
    return html`<${Dialog} title="${name} cannot be erased yet" onClose=${onClose}>
      <div class="prose"><p>The person is a Super Admin. First do this:</p><${Left} organizations=${superAdminOf} /></div>
    <//>`;
  }
  return html`<${Confirm} title="Erase ${name}" submit="Erase" onConfirm=${erase} onClose=${onClose} typed=${typed}
    typedLabel=${person.emails[0] ? 'Type the address to confirm' : 'Type the id of the account to confirm'}>
    <p>In all organizations, memberships, invitations, requests to join and critical alerts end. Names and addresses disappear, also from
      every event: the history shows “Erased person”.</p>
    ${!person.user_id && html`<p>This erases the address. If the person had an account, also find and erase them by the id of the account.</p>`}
    <p>No one can undo this. Export the data first if the person asked for it. ${AGAIN}</p>
  <//>`;
}

/** @param {{ onClose: () => void }} props */
const Erased = ({ onClose }) => html`<${Dialog} title="The person is erased" onClose=${onClose}>
  <div class="prose" role="status"><p>No organization knows this person any more. The histories show “Erased person”.</p></div>
  <button class="primary" onClick=${onClose}>Done</button>
<//>`;

/** @param {Props.OperatorPersonActs} props */
export function Reconnect({ name, place, onClose, reload }) {
  const { api, announce } = useApp();
  const reconnect = async (/** @type {Types.FormValues} */ { user_id, reason }) => {
    const path = { org: place.id, member: place.membership.id };
    await api.POST('/v1/operator/organizations/{org}/members/{member}/account', { path, body: { user_id: user_id.trim(), reason } });
    announce(`The membership in ${place.name} belongs to the other account.`);
    reload();
  };
  return html`<${Act} title="Reconnect ${name} in ${place.name}" submit="Reconnect" act=${reconnect} onClose=${onClose} reload=${reload}
    fields=${html`<${Field} label="Id of the new account (sub)" name="user_id" required maxlength="255" autocomplete="off" spellcheck="false"
      hint="As the identity provider shows it. Check it twice: this account gets the access." />`}>
    <p>For a person whose account was lost and recreated. The new account takes over this membership, with role and names.
      The former account loses it at once.</p>
    <p>Pending invitations that the former account sent must be sent again. Do this for each organization.</p>
  <//>`;
}
