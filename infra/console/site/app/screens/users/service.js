// Services: members that are programs, each looked after by a keeper.
import { html } from '../../../vendor/ui.js';
import { everyItem } from '../../api.js';
import { Dialog, Field, Form, Notice } from '../../parts.js';
import { RoleField } from '../../role_field.js';
import { useApp, useLoad, useOrg } from '../../use.js';
import { LAST_DAY, endOfDay, personName } from '../../words.js';

/** The most people who are offered as keepers. */
const MAX_PEOPLE = 500;

/** Roles that a service may never hold (MACH1). */
const PEOPLE_ONLY = ['admin', 'mdf_admin'];

/** @param {Props.UsersService} props */
export function AddService({ done, onClose }) {
  const { api } = useApp();
  const { id } = useOrg();
  const add = async (/** @type {Types.FormValues} */ { user_id, name, role_id, keeper_id, access_expires_at }) => {
    /** @type {Types.Schemas['AddServiceMemberRequest']} */
    const body = { user_id, name, role_id, ...(keeper_id && { keeper_id }) };
    if (access_expires_at) body.access_expires_at = endOfDay(access_expires_at);
    await api.POST('/v1/organizations/{org}/service-members', { path: { org: id }, body });
    done(`${name} is added.`);
  };
  return html`<${Dialog} title="Add a service" onClose=${onClose}>
    <${Form} submit="Add" onSubmit=${add} onCancel=${onClose}>
      <p class="hint">A service calls the API with a token of its own. It holds a role like a person, but gets no mail.</p>
      <${Field} label="Name" name="name" required autofocus maxlength="100" />
      <${Field} label="Subject of its token (sub)" name="user_id" required hint="The identity provider shows it, often as client id." autocomplete="off" />
      <${RoleField} except=${PEOPLE_ONLY} />
      <${KeeperField} />
      <${Field} label="Access ends on (optional)" type="date" max=${LAST_DAY} name="access_expires_at" />
    <//>
  <//>`;
}

/**
 * The choice of the member who looks after a service.
 *
 * @param {Props.UsersService} props
 */
export function KeeperField({ value }) {
  const { api } = useApp();
  const { id } = useOrg();
  const people = useLoad(
    (signal) => everyItem((cursor) => api.GET('/v1/organizations/{org}/members',
      { path: { org: id }, query: { status: 'active', kind: 'person', limit: 100, cursor }, signal }), MAX_PEOPLE),
    [api, id],
  );
  const options = (people.data ?? []).filter((user) => user.status === 'active').map((person) => [person.id, personName(person)]);
  return html`
    <${Field} label="Keeper" name="keeper_id" value=${value ?? ''} options=${[['', value ? 'No change' : 'Me'], ...options]}
      hint="The person who looks after the service.${options.length >= MAX_PEOPLE ? ` Only the first ${MAX_PEOPLE} are offered.` : ''}" />
    <${Notice} problem=${people.problem} reload=${people.reload} />`;
}
