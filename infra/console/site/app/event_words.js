// Events of the history as sentences: one entry for each action.
import { html } from '../vendor/ui.js';
import { changedFields, fieldLabel } from './event_values.js';
import { asWords, count, formatTime, personName } from './words.js';

/** @param {string} text */
const named = (text) => html`<b><bdi>${text}</bdi></b>`;
/** @param {Types.Named | null | undefined} one */
const person = (one) => named(one ? personName(one) : 'a person who is not known');
/** @param {Types.Values} values */
const role = (values) => named(values.role_name ?? 'a role without a name');
/** @param {string} label */
const lower = (label) => (/^.[A-Z]/.test(label) ? label : label[0].toLowerCase() + label.slice(1));
/**
 * @param {Types.Values} old
 * @param {Types.Values} now
 */
const listed = (old, now) => changedFields(old, now).map((field) => lower(fieldLabel(field))).join(', ') || 'nothing';

/**
 * Who made a change. The clean-up has no name, nor has a member of another organization.
 *
 * @param {Types.HistoryEvent['actor']} actor
 */
export function actorName({ name, email, id, operator }) {
  if (operator) return 'A platform operator';
  return name ?? email ?? (id ? 'A person without a name' : 'The scheduled clean-up');
}

// Each: the label of the filter, and the sentence of `{ by, on, old, now, event }`: who, on what, values before and after.
/** @type {Types.Sayings} */
const ORGANIZATION = {
  'organization.created': ['Organization created', ({ by, on }) => html`${by} created the organization ${on}`],
  'organization.updated': [
    'General information changed',
    ({ by, old, now }) => html`${by} changed the general information: ${listed(old, now)}`,
  ],
  'organization.suspended': ['Organization suspended', ({ by, on }) => html`${by} suspended ${on}`],
  'organization.resumed': ['Suspension ended', ({ by, on }) => html`${by} ended the suspension of ${on}`],
  'organization.deleted': ['Organization deleted', ({ by, on }) => html`${by} deleted the organization ${on}`],
  'sub_organization.created': ['Sub-organization created', ({ by, on }) => html`${by} created the sub-organization ${on}`],
  'sub_organization.deleted': ['Sub-organization deleted', ({ by, on, event }) => event.actor.operator || event.actor.id
    ? html`${by} deleted the sub-organization ${on}`
    : html`The Super Admin of the sub-organization ${on} deleted it`],
  'settings.updated': [
    'Settings of operators changed',
    ({ by, old, now }) => html`${by} changed the settings: ${listed(old, now)}`,
  ],
  'security.updated': [
    'Security settings changed',
    ({ by, old, now }) => html`${by} changed the security settings: ${listed(old, now)}`,
  ],
  'super_admin.assigned': [
    'First Super Admin',
    ({ on, now }) => html`${person(now.super_admin)} became the Super Admin of ${on}`,
  ],
  'super_admin.transferred': [
    'Super Admin transferred',
    ({ by, now }) => html`${by} transferred the Super Admin role to ${person(now.super_admin)} and is Admin now`,
  ],
  'super_admin.appointed': [
    'Super Admin appointed',
    ({ by, old, now }) => html`${by} made ${person(now.super_admin)} the Super Admin.
      ${' '}${person(old.super_admin)} ${now.former === 'removed' ? 'was removed' : 'is Admin now'}`,
  ],
};

/** @type {Types.Sayings} */
const INVITATIONS = {
  'invitation.created': ['Invited', ({ by, on, now }) => html`${by} invited ${on} as ${role(now)}`],
  'invitation.updated': [
    'Invitation changed',
    ({ by, on, old, now }) => html`${by} changed the invitation of ${on}: ${listed(old, now)}`,
  ],
  'invitation.resent': ['Invitation sent again', ({ by, on }) => html`${by} sent the invitation of ${on} again`],
  'invitation.accepted': ['Invitation accepted', ({ by, now }) => html`${by} accepted the invitation
    ${now.inviter ? html` of ${person(now.inviter)}` : ''} and is a member with the role ${role(now)}`],
  'invitation.declined': ['Invitation declined', ({ on }) => html`${on} declined the invitation`],
  'invitation.revoked': ['Invitation revoked', ({ by, on }) => html`${by} revoked the invitation of ${on}`],
  'invitation.expired': ['Invitation expired', ({ on }) => html`The invitation of ${on} expired`],
};

/** @type {Types.Sayings} */
const MEMBERS = {
  'member.added': [
    'Member or service added',
    ({ by, on, now }) => html`${by} added ${now.kind === 'service' ? 'the service ' : ''}${on} as ${role(now)}`,
  ],
  'member.updated': ['Member changed', ({ by, on, old, now }) => html`${by} changed ${on}: ${memberChange(old, now)}`],
  'member.role_changed': [
    'Role of a member changed',
    ({ by, on, old, now }) => html`${by} changed the role of ${on} from ${role(old)} to ${role(now)}`,
  ],
  'member.reconnected': [
    'Account of a member replaced',
    ({ by, on }) => html`${by} gave the membership of ${on} to another account of the same person`,
  ],
  'member.removed': ['Member removed', ({ by, on }) => html`${by} removed ${on}`],
  'member.left': ['Member left', ({ on }) => html`${on} left`],
  'member.expired': [
    'Access of a member ended',
    ({ on, old }) => html`The access of ${on} ended${old.access_expires_at ? ` on ${formatTime(old.access_expires_at)}` : ''}`,
  ],
  'members.exported': ['Users exported', ({ by, now }) => html`${by} exported a list of ${count(now.rows ?? 0, 'user')}`],
  'person.erased': ['Person erased', ({ by }) => html`${by} erased a person: their name and address are gone from the history`],
};

/**
 * @param {Types.Values} old
 * @param {Types.Values} now
 */
function memberChange(old, now) {
  if (now.keeper) return html`the keeper is ${person(now.keeper)} now`;
  const end = now.access_expires_at;
  if (end !== undefined) return end ? `the access ends on ${formatTime(end)}` : 'the access has no end any more';
  if ('has_display_name' in now) return now.has_display_name ? 'a new name here' : 'no name of its own here any more';
  return listed(old, now);
}

/** @type {Types.Sayings} */
const ROLES = {
  'role.created': ['Role created', ({ by, on }) => html`${by} created the role ${on}`],
  'role.updated': ['Role changed', ({ by, on, old, now }) => now.reassign_to
    ? html`${by} began to delete the role ${on}. Its users get the role ${named(now.reassign_to_name ?? 'chosen for them')}`
    : html`${by} changed the role ${on}: ${listed(old, now)}`],
  'role.deleted': ['Role deleted', ({ by, on, now }) => now.reassign_to
    ? html`${by} deleted the role ${on}. ${count((now.members ?? 0) + (now.services ?? 0), 'member')} and ${count(now.invitations ?? 0, 'invitation')} have the role
      ${' '}${named(now.reassign_to_name ?? 'chosen for them')} now`
    : html`${by} deleted the role ${on}`],
};

/** @type {Types.Sayings} */
const JOINING = {
  'join_request.created': ['Asked to join', ({ by }) => html`${by} asked to join`],
  'join_request.cancelled': ['Request to join cancelled', ({ by, on, event }) => event.actor.id
    ? html`${by} cancelled the request to join` : html`The request of ${on} to join ended`],
  'join_request.approved': [
    'Request to join approved',
    ({ by, on, now }) => html`${by} approved the request of ${on} to join, with the role ${role(now)}`,
  ],
  'join_request.declined': ['Request to join declined', ({ by, on }) => html`${by} declined the request of ${on} to join`],
  'approved_domain.added': [
    'Domain approved',
    ({ by, on }) => html`${by} approved the domain ${on}: people with an address in it may ask to join`,
  ],
  'approved_domain.removed': ['Approved domain removed', ({ by, on }) => html`${by} removed the approved domain ${on}`],
};

/** @type {Types.Sayings} */
const ALERTS = {
  'critical_alert_user.added': [
    'Alert address added',
    ({ by, on }) => html`${by} added ${on} to the recipients of critical alerts`,
  ],
  'critical_alert_user.removed': [
    'Alert address removed',
    ({ by, on }) => html`${by} removed ${on} from the recipients of critical alerts`,
  ],
};

/** @type {Types.Sayings} */
const LINKS = {
  'customer_link.added': [
    'Link added',
    (words) => html`${linker(words)} linked ${link(words)}${words.now.preferred ? ', as preferred partner' : ''}`,
  ],
  'customer_link.updated': [
    'Link changed',
    (words) => html`${linker(words)} changed the link of ${link(words)}: ${listed(words.old, words.now)}`,
  ],
  'customer_link.removed': ['Link removed', (words) => html`${linker(words)} removed the link of ${link(words)}`],
  'customer_link.suspended': ['Link suspended', (words) => html`${linker(words)} suspended the link of ${link(words)}`],
  'customer_link.resumed': ['Link resumed', (words) => html`${linker(words)} resumed the link of ${link(words)}`],
};

/**
 * A link without an actor was changed by the other organization.
 *
 * @param {Types.EventWords} words
 */
const linker = ({ by, on, event }) => (event.actor.operator || event.actor.id ? by : html`A member of ${on}`);

/** @param {Types.EventWords} words */
function link({ old, now, on }) {
  const { partner_name: partner, customer_name: customer } = { ...old, ...now };
  return partner && customer ? html`the partner ${named(partner)} with the customer ${named(customer)}` : on;
}

/**
 * The actions by group, for the filter.
 *
 * @type {Record<string, Types.Sayings>}
 */
export const GROUPS = {
  Users: MEMBERS, Invitations: INVITATIONS, 'Ways to join': JOINING, Roles: ROLES, 'Organization and settings': ORGANIZATION,
  'Critical alerts': ALERTS, 'Partners and customers': LINKS,
};
/** @type {Record<string, NonNullable<Types.Sayings[Types.Action]>>} */
const ALL = Object.assign({}, ...Object.values(GROUPS));

/**
 * The name of an action.
 *
 * @param {string} action
 */
export const actionLabel = (action) => ALL[action]?.[0] ?? asWords(action.replace('.', ' '));

/**
 * An event as a sentence. An action that is not known here is named as the API names it.
 *
 * @param {Types.HistoryEvent} event
 */
export function sentence(event) {
  const { action, actor, target, old, new: now } = event;
  const on = named(target.name ?? 'something without a name');
  const words = { event, by: named(actorName(actor)), on, old: old ?? {}, now: now ?? {} };
  const say = ALL[action]?.[1];
  return say ? html`${say(words)}.` : html`${words.by}: ${actionLabel(action)}, ${words.on}.`;
}
