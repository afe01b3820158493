// The settings of an organization on one page. Each section is there only for people who may see it.
import { html, useEffect } from '../../vendor/ui.js';
import { Page, Section } from '../parts.js';
import { isPlain } from '../router.js';
import { useOrg } from '../use.js';
import { atLeast } from '../words.js';
import { CriticalAlertUsers } from './settings/alerts.js';
import { ApprovedDomains } from './settings/domains.js';
import { GeneralInformation } from './settings/general.js';
import { Customers, Partners } from './settings/links.js';
import { DeleteOrganization, Leave, Transfer } from './settings/membership.js';
import { Security } from './settings/security.js';

/** @param {Types.Org} context */
const isSuperAdmin = ({ membership }) => membership?.role_id === 'super_admin';

/** @type {{ id: string, title: string, intro?: string, part: Function, shown: (context: Types.Org) => boolean }[]} */
const SECTIONS = [
  { id: 'general', title: 'General information', part: GeneralInformation, shown: ({ can }) => can('organization_general_information', 'view_only') },
  {
    id: 'domains',
    title: 'Approved domains',
    intro: 'People whose address has one of these domains may ask to join. A user manager decides about each request.',
    part: ApprovedDomains,
    shown: ({ can }) => can('organization_general_information', 'view_only'),
  },
  {
    id: 'security',
    title: 'Security',
    intro: 'What the sign-in of every member must satisfy, and how long the history is kept.',
    part: Security,
    shown: ({ can }) => can('security_management', 'view_only'),
  },
  {
    id: 'alerts',
    title: 'Critical alert users',
    intro: 'The addresses that receive critical alerts.',
    part: CriticalAlertUsers,
    shown: ({ can }) => can('critical_alert_users', 'view_only'),
  },
  {
    id: 'customers',
    title: 'Customers',
    intro: 'The organizations that this partner is linked to. An operator of the platform links them.',
    part: Customers,
    shown: ({ org, access }) => org.kind === 'partner' && seesCustomers(access),
  },
  {
    id: 'partners',
    title: 'Partners',
    intro: 'The organizations whose members may act for this one. You can suspend a link at once.',
    part: Partners,
    shown: ({ org, can, onlyReads }) => org.kind === 'standard' && (onlyReads || can('organization_general_information', 'full_access')),
  },
  { id: 'transfer', title: 'Transfer the Super Admin role', part: Transfer, shown: isSuperAdmin },
  { id: 'leave', title: 'Leave the organization', part: Leave, shown: ({ membership }) => Boolean(membership) },
  { id: 'delete', title: 'Delete the organization', part: DeleteOrganization, shown: isSuperAdmin },
];

/**
 * Customers are listed by the level that the role stores, even if no link makes the role object available now.
 *
 * @param {Types.Org['access']} access
 */
function seesCustomers({ permissions, restrictions }) {
  /** @type {Types.RoleKey[]} */
  const objects = ['license_management_customer_organizations', 'support_service_customer_organizations'];
  const stored = (/** @type {Types.RoleKey} */ object) => restrictions.find(({ role_object }) => role_object === object)?.stored;
  return objects.some((object) => atLeast(stored(object) ?? permissions[object], 'view_only'));
}

export function Settings() {
  const context = useOrg();
  const shown = SECTIONS.filter((section) => section.shown(context));
  return html`
    <${Page} title="Settings" intro="What you see and change here depends on your role.">
      <${Contents} sections=${shown} />
      ${shown.map(({ id, title, intro, part }) => html`
        <${Section} key=${id} id=${id} title=${title} intro=${intro}><${part} /><//>`)}
    <//>
  `;
}

/** @param {{ sections: typeof SECTIONS }} props */
function Contents({ sections }) {
  useEffect(keepInView, []);
  const go = (/** @type {MouseEvent} */ event, /** @type {string} */ id) => {
    if (!isPlain(event)) return;
    event.preventDefault();
    show(document.getElementById(id));
  };
  return html`<nav class="contents" aria-label="Sections of this page">
    ${sections.map(({ id, title }) => html`<a key=${id} href="${location.pathname}#${id}" onClick=${(/** @type {MouseEvent} */ event) => go(event, id)}>${title}</a>`)}
  </nav>`;
}

/** @param {HTMLElement | null} section */
function show(section) {
  if (!section) return;
  section.tabIndex = -1;
  section.focus({ preventScroll: true });
  section.scrollIntoView();
}

/** Shows the section that the address names, while those above it load: for three seconds, or until the person acts. */
function keepInView() {
  const section = document.getElementById(location.hash.slice(1));
  if (!section) return;
  show(section);
  const observer = new ResizeObserver(() => section.scrollIntoView());
  observer.observe(document.body);
  const stop = () => observer.disconnect();
  setTimeout(stop, 3000);
  for (const act of ['wheel', 'touchstart', 'mousedown', 'keydown']) addEventListener(act, stop, { once: true, passive: true });
  return stop;
}
