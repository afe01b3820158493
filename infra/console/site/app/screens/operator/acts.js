// What an operator does to an organization beyond its settings. Each act says what it does, and has a reason.
import { html, useEffect, useRef, useState } from '../../../vendor/ui.js';
import { etag } from '../../api.js';
import { Field, Form, Section } from '../../parts.js';
import { leaveEnded } from '../../router.js';
import { useApp } from '../../use.js';
import { count, duration, personName } from '../../words.js';
import { Act, MemberChoice } from './parts.js';

const ROUTE = '/v1/operator/organizations/{org}';

/**
 * A section with one act: what it is about, and a button that opens the dialog of the act.
 *
 * @param {Props.OperatorActs} props
 */
function ActSection({ id, title, intro, button, danger, disabled, dialog }) {
  const [open, setOpen] = useState(false);
  const opener = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => {
    if (id && location.hash === `#${id}`) opener.current?.focus();
  }, []);
  return html`<${Section} id=${id} title=${title}><div class="panel">
    ${intro}
    <div><button ref=${opener} class=${danger && 'danger'} disabled=${disabled} onClick=${() => setOpen(true)}>${button}</button></div>
    ${open && dialog(() => setOpen(false))}
  </div><//>`;
}

/** @param {Props.OperatorActs} props */
export function FirstAdmin({ org, reload }) {
  const { api, announce } = useApp();
  const submit = async (/** @type {Types.FormValues} */ { email }, /** @type {Types.FormEvent} */ event) => {
    const invitation = await api.POST(`${ROUTE}/first-admin`, { path: { org: org.id }, body: { email } });
    announce(`${invitation.email} is invited as first Admin.`);
    // The next address may be there already.
    if (event.target.email.value === email) event.target.reset();
    await reload();
  };
  return html`<${Section} title="First Admin"><div class="panel">
    <p>Invites another first Admin. A pending invitation of the first Admin ends. The person who accepts becomes the Super Admin.</p>
    <${Form} submit="Invite" onSubmit=${submit} reload=${reload}>
      <${Field} label="Address" name="email" type="email" required autocomplete="off" />
    <//>
  </div><//>`;
}

const FORMER = [['admin', 'Becomes Admin'], ['removed', 'Is removed from the organization']];

/** @param {{ org: Types.OperatorOrganization & { super_admin: Types.Schemas['Person'] }, reload: () => unknown }} props */
export function Appoint({ org, reload }) {
  const { api, announce } = useApp();
  const former = personName(org.super_admin);
  const act = async (/** @type {Types.Schemas['AppointSuperAdminRequest']} */ values) => {
    await api.POST(`${ROUTE}/super-admin`, { path: { org: org.id }, body: values });
    announce(`${org.name} has another Super Admin.`);
    reload();
  };
  const dialog = (/** @type {() => void} */ close) => html`<${Act} title="Appoint a Super Admin" submit="Appoint" act=${act} onClose=${close} reload=${reload} fields=${html`
    <${MemberChoice} org=${org.id} except=${org.super_admin.id} label="The next Super Admin" name="member_id" hint="An active member with any role." />
    <${Field} label="What becomes of ${former}" name="former" options=${FORMER} />`}>
    <p>The member becomes the Super Admin of ${org.name} at once. All Admins and both people get a mail.</p>
    <p>You cannot undo this: only the new Super Admin transfers the role, or an operator appoints again.</p>
  <//>`;
  return html`<${ActSection} title="Super Admin" button="Appoint another…" dialog=${dialog}
    intro=${html`<p>For an organization whose Super Admin is gone. ${former} can transfer the role without you while they can sign in.</p>`} />`;
}

/** @param {Props.OperatorActs} props */
export function Suspend({ org, reload }) {
  const { api, announce } = useApp();
  const { suspension } = org;
  const suspended = Boolean(suspension);
  const act = async (/** @type {Types.FormValues} */ { reason }) => {
    const options = { path: { org: org.id }, body: { reason }, ifMatch: etag(org) };
    await (suspended ? api.DELETE(`${ROUTE}/suspension`, options) : api.PUT(`${ROUTE}/suspension`, options));
    announce(suspended ? `${org.name} is active again.` : `${org.name} is suspended.`);
    reload();
  };
  const dialog = (/** @type {() => void} */ close) => suspended
    ? html`<${Act} plain title="End the suspension of ${org.name}" submit="End the suspension" act=${act} onClose=${close} reload=${reload}>
        <p>All members have the access again that they had before.</p><//>`
    : html`<${Act} title="Suspend ${org.name}" submit="Suspend" act=${act} onClose=${close} reload=${reload} reasonHint="Its members see it when they are refused.">
        <p>Every request of its members is refused, no person can join, and decisions are denied. Sub-organizations go on.</p>
        <p>Nothing is lost: you can end the suspension at any time.</p><//>`;
  return html`<${ActSection} title="Suspension" dialog=${dialog} danger=${!suspended} button=${suspended ? 'End the suspension…' : 'Suspend…'}
    intro=${html`<p>${suspension ? `Suspended with the reason: ${suspension.reason}` : 'Closes the organization to its members for a time.'}</p>`} />`;
}

/**
 * The sign-in requirements in sentences.
 *
 * @param {Types.Schemas['Security']} security
 */
const requirements = ({ require_mfa, max_session_minutes, allowed_networks }) => [
  require_mfa && 'Members must sign in with several factors.',
  max_session_minutes !== null && `Members must sign in again after ${duration(max_session_minutes)}.`,
  allowed_networks.length > 0 && `Members reach it only from ${allowed_networks.join(', ')}.`,
].filter(Boolean);

/** @param {Props.OperatorActs} props */
export function ResetSecurity({ org, security, reload }) {
  const { api, announce } = useApp();
  const items = security ? requirements(security) : [];
  const act = async (/** @type {Types.FormValues} */ { reason }) => {
    await api.DELETE(`${ROUTE}/security`, { path: { org: org.id }, body: { reason }, ifMatch: etag(org) });
    announce(`The sign-in requirements of ${org.name} are removed.`);
    reload();
  };
  const dialog = (/** @type {() => void} */ close) => html`<${Act} title="Remove the sign-in requirements" submit="Remove" act=${act} onClose=${close} reload=${reload}>
    <ul class="plain-list">${items.map((item) => html`<li>${item}</li>`)}</ul>
    <p>These requirements end. Members reach ${org.name} with any sign-in. The time that events are kept stays.</p>
    <p>Only its administrators can set requirements again.</p>
  <//>`;
  if (security && items.length === 0) {
    return html`<${Section} title="Security"><div class="panel"><p>It has no sign-in requirements.
      New events are kept ${count(security.event_retention_days, 'day')}.</p></div><//>`;
  }
  return html`<${ActSection} title="Security" button="Remove the requirements…" danger dialog=${dialog} intro=${html`
    <ul class="plain-list">${items.map((item) => html`<li>${item}</li>`)}</ul>
    <p class="hint">Remove them only if administrators cannot satisfy their own settings any more.</p>`} />`;
}

/** @param {Props.OperatorActs} props */
export function Delete({ org, below, reload }) {
  const { api, announce } = useApp();
  const act = async (/** @type {Types.Schemas['OperatorDeleteOrganizationRequest']} */ values) => {
    await api.DELETE(ROUTE, { path: { org: org.id }, body: values, ifMatch: etag(org) });
    announce(`${org.name} is deleted.`);
    leaveEnded(`/operator/organizations/${org.id}`, '/operator');
  };
  const dialog = (/** @type {() => void} */ close) => html`<${Act} title="Delete ${org.name}" submit="Delete the organization" act=${act} onClose=${close} reload=${reload}
    typed=${org.name} typedLabel="Type the name of the organization">
    <p>From this moment, no member reaches it. Within minutes, these end: memberships, invitations, join requests, critical alert users,
      approved domains, custom roles, and links with partners or customers.</p>
    <p>Its history stays for its retention, for operators. You cannot undo this.</p>
  <//>`;
  return html`<${ActSection} id="delete" title="Delete" button="Delete…" danger dialog=${dialog} disabled=${below.length > 0}
    intro=${html`<p>${below.length > 0
      ? 'Organizations below it must be deleted first, the lowest ones at the beginning.'
      : 'Its Super Admin can delete it, too. Suspend it instead if it may come back.'}</p>`} />`;
}
