// A person that a search found: where they belong, and what an operator can do about them everywhere.
import { html, useState } from '../../../vendor/ui.js';
import { Badge, Menu, Notice, When, table } from '../../parts.js';
import { Link, navigate, useIsGone } from '../../router.js';
import { useAction, useApp } from '../../use.js';
import { Ended, Erase, Offboard, Reconnect } from './person_acts.js';

/** @type {Record<string, string>} */
const ROLES = { super_admin: 'Super Admin', admin: 'Admin', user: 'User', mdf_admin: 'MDF Admin', partner_user: 'Partner User' };
const DIALOGS = { offboard: Offboard, erase: Erase, reconnect: Reconnect };

/**
 * The name under which an organization knows the person.
 *
 * @param {Types.Place} place
 */
function nameIn({ membership, former_person, join_request }) {
  /** @type {Types.Named | null | undefined} */
  const known = membership ?? former_person ?? join_request?.person;
  return known?.display_name ?? known?.name ?? '–';
}

/** @param {Props.OperatorPerson} props */
export function FoundPerson({ person, reload }) {
  const { api, announce } = useApp();
  const isGone = useIsGone();
  const [dialog, setDialog] = useState(/** @type {{ act: keyof typeof DIALOGS, place?: Types.Place } | null} */ (null));
  const [result, setResult] = useState(/** @type {Props.OperatorPersonActs['result'] | null} */ (null));
  const name = person.emails[0] ?? person.user_id;
  const superAdminOf = person.organizations.filter(({ deleted, membership }) => !deleted && membership?.role_id === 'super_admin');
  const save = useAction(async () => {
    const data = await api.GET('/v1/operator/people/{person}/data', { path: { person: person.id } });
    download(`personal-data-${person.id}.json`, JSON.stringify(data, null, 2));
  });
  const end = (/** @type {NonNullable<typeof result>} */ how) => (isGone() ? announce(`${name} is ${how === 'erased' ? how : 'offboarded'}.`) : setResult(how));
  const Shown = dialog && DIALOGS[dialog.act];
  return html`
    <section class="section" aria-label=${name}>
      <div class="section-head">
        <div><h2>${name}</h2>${person.emails.length > 1 && html`<p class="hint">Also ${person.emails.slice(1).join(', ')}</p>`}
          <p class="hint">${person.user_id
            ? html`Account <code>${person.user_id}</code>`
            : 'Known by an address alone. A former member is found by the id of the account.'}</p></div>
        <div class="actions">
          <button onClick=${save.run} aria-disabled=${save.busy}>Export the data</button>
          <button class="danger-text" onClick=${() => setDialog({ act: 'offboard' })}>Offboard…</button>
          <button class="danger-text" onClick=${() => setDialog({ act: 'erase' })}>Erase…</button>
        </div>
      </div>
      <${Notice} problem=${save.problem} />
      <${Places} person=${person} name=${name} onReconnect=${(/** @type {Types.Place} */ place) => setDialog({ act: 'reconnect', place })} />
      ${Shown && html`<${Shown} person=${person} name=${name} superAdminOf=${superAdminOf} place=${dialog.place} onClose=${() => setDialog(null)} onEnd=${end} reload=${reload} />`}
      ${result && html`<${Ended} person=${person} name=${name} result=${result} onClose=${() => setResult(null)} reload=${reload} />`}
    </section>
  `;
}

/**
 * What each organization knows about the person.
 *
 * @param {Props.OperatorPerson} props
 */
function Places({ person, name, onReconnect }) {
  const why = (/** @type {Types.Place} */ place) => () => {
    const who = person.user_id ? `user_id=${encodeURIComponent(person.user_id)}` : `email=${encodeURIComponent(person.emails[0])}`;
    navigate(`/operator/organizations/${place.id}/why?${who}`);
  };
  return table({ label: `Organizations that know ${name}`, rows: person.organizations, columns: [
    { label: 'Organization', head: true, cell: (row) => html`<${Link} to="/operator/organizations/${row.id}">${row.name}<//>${row.deleted && html` <${Badge} tone="bad">Deleted<//>`}` },
    { label: 'Name there', cell: nameIn },
    { label: 'As', cell: (row) => html`<ul class="plain-list">${standings(row).map((standing) => html`<li>${standing}</li>`)}</ul>` },
    { label: 'Actions', hidden: true, cell: (row) => !row.deleted && html`<${Menu} label="Actions for ${row.name}" actions=${[
      { label: 'Why can’t they?', run: why(row) },
      row.membership?.kind === 'person' && { label: 'Reconnect to another account…', run: () => onReconnect(row) },
    ]} />` },
  ] });
}

/**
 * Everything that the person is to one organization.
 *
 * @param {Types.Place} place
 */
function standings({ membership, former_person, join_request, addresses }) {
  const role = (/** @type {{ role_name?: string, role_id: string }} */ { role_name, role_id }) => role_name ?? ROLES[role_id] ?? 'a custom role';
  return [
    membership && html`Member as <b>${role(membership)}</b> since <${When} at=${membership.joined_at} />
      ${membership.access_expires_at && html`, until <${When} at=${membership.access_expires_at} />`}
      ${membership.kind === 'service' && html` <${Badge}>Service<//>`}`,
    former_person && !join_request && 'A former member',
    join_request && (join_request.status === 'declined' ? 'A request to join was declined' : html`Asked to join <${When} at=${join_request.created_at} />`),
    ...addresses.flatMap(({ email, invitation, critical_alert_user, named_in_history }) => [
      invitation && html`${email} is invited as <b>${role(invitation)}</b>${invitation.expired ? ', expired' : ''}`,
      critical_alert_user && `${email} receives critical alerts`,
      named_in_history && `The history names ${email}`,
    ]),
  ].filter(Boolean);
}

/**
 * Hands a text to the browser as a file.
 *
 * @param {string} name
 * @param {string} text
 */
function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
