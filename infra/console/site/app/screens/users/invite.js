// Inviting one person, or many.
import { html, useRef, useState } from '../../../vendor/ui.js';
import { loadModule } from '../../api.js';
import { Dialog, Field, Form, loaded } from '../../parts.js';
import { RoleField } from '../../role_field.js';
import { mayLeave, navigate } from '../../router.js';
import { session } from '../../session.js';
import { useApp, useLoad, useOrg } from '../../use.js';
import { LAST_DAY, endOfDay } from '../../words.js';

/** @param {Props.UsersInvite} props */
export function InviteDialog({ done, show, onClose, reload }) {
  const draft = useDraft();
  const [many, setMany] = useState(Boolean(draft.read().text));
  const choose = (/** @type {boolean} */ next) => (/** @type {Types.FieldEvent} */ { target }) => next !== many && mayLeave(target.closest('dialog')) && setMany(next);
  return html`<${Dialog} title="Invite" onClose=${onClose}>
    <div class="tabs" role="group" aria-label="How many">
      <button type="button" aria-pressed=${!many} onClick=${choose(false)}>One person</button>
      <button type="button" aria-pressed=${many} onClick=${choose(true)}>Many people</button>
    </div>
    ${many
      ? html`<${Many} draft=${draft} onClose=${onClose} reload=${reload} />`
      : html`<${One} done=${done} show=${show} onClose=${onClose} />`}
  <//>`;
}

/** @param {Props.UsersInvite} props */
function One({ done, show, onClose }) {
  const { api } = useApp();
  const { id } = useOrg();
  const sent = useRef('');
  const invite = async (/** @type {Types.FormValues & { language: Types.Schemas['Language'] | '' }} */ { email, role_id, expires_in_days, language, access_expires_at }) => {
    /** @type {Types.Schemas['CreateInvitationRequest']} */
    const body = { email, role_id, expires_in_days: Number(expires_in_days) || 7 };
    if (language) body.language = language;
    if (access_expires_at) body.access_expires_at = endOfDay(access_expires_at);
    sent.current = email;
    await api.POST('/v1/organizations/{org}/invitations', { path: { org: id }, body });
    done(`${email} is invited.`);
  };
  const toMember = () => (onClose(), navigate(`/organizations/${id}/users?q=${encodeURIComponent(sent.current)}`, false));
  /** @type {Props.Form['next']} */
  const next = ({ slug, body }) => {
    if (slug === 'already-invited') return html`<button type="button" onClick=${() => show({ id: body?.invitation_id, name: sent.current })}>Show this invitation</button>`;
    return slug === 'already-member' && html`<button type="button" onClick=${toMember}>Show this user</button>`;
  };
  return html`<${Form} submit="Invite" onSubmit=${invite} onCancel=${onClose} next=${next}>
    <${Field} label="Email address" name="email" type="email" required autofocus autocomplete="off" />
    <${RoleField} />
    <details><summary>More</summary><div class="prose">
      <${Field} label="Expires in (days)" type="number" min="1" max="30" name="expires_in_days" value="7" />
      <${Field} label="Language of the mail" name="language" options=${[['', 'As the organization'], ['en', 'English'], ['de', 'German']]} value="" />
      <${Field} label="Access ends on" type="date" max=${LAST_DAY} name="access_expires_at" hint="Leave empty for access without an end." />
    </div></details>
  <//>`;
}

/** @param {Props.UsersInvite} props */
function Many(props) {
  const load = useLoad(() => loadModule(() => import('./many.js')), []);
  return loaded(load, ({ Many }) => html`<${Many} ...${props} />`);
}

/** The list that is not sent yet. The session storage of the tab keeps it until it is sent or discarded, or the person signs out. */
function useDraft() {
  const { me } = useApp();
  const key = `rolecall.invite.${useOrg().id}.${me.user_id}`;
  /** @returns {{ text?: string, role_id?: string }} */
  const read = () => JSON.parse(sessionStorage.getItem(key) ?? '{}');
  const keep = (/** @type {ReturnType<typeof read>} */ draft) => {
    if (!session.token) return;
    try {
      if (draft.text?.trim()) sessionStorage.setItem(key, JSON.stringify(draft));
      else sessionStorage.removeItem(key);
    } catch {
      // The storage is full: the form alone has the list.
    }
  };
  return { read, keep };
}
