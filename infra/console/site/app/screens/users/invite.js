// Inviting one person, or many from a pasted list or a CSV file.
import { html, useState } from '../../../vendor/ui.js';
import { Problem } from '../../api.js';
import { Badge, Dialog, Field, Form, Notice, Table } from '../../parts.js';
import { RoleField } from '../../role_field.js';
import { useApp, useOrg } from '../../use.js';
import { count, endOfDay } from '../../words.js';
import { asPortions } from './portions.js';

/** @param {Props.UsersInvite} props */
export function InviteDialog({ done, onClose, reload }) {
  const [many, setMany] = useState(false);
  return html`<${Dialog} title="Invite" onClose=${onClose}>
    <div class="tabs" role="group" aria-label="How many">
      <button type="button" aria-pressed=${!many} onClick=${() => setMany(false)}>One person</button>
      <button type="button" aria-pressed=${many} onClick=${() => setMany(true)}>Many people</button>
    </div>
    ${many
      ? html`<${Many} onClose=${onClose} reload=${reload} />`
      : html`<${One} done=${done} onClose=${onClose} />`}
  <//>`;
}

/** @param {Props.UsersInvite} props */
function One({ done, onClose }) {
  const { api } = useApp();
  const { id } = useOrg();
  const invite = async ({ email, role_id, expires_in_days, language, access_expires_at }) => {
    const body = { email, role_id, expires_in_days: Number(expires_in_days) || 7 };
    if (language) body.language = language;
    if (access_expires_at) body.access_expires_at = endOfDay(access_expires_at);
    await api.POST('/v1/organizations/{org}/invitations', { path: { org: id }, body });
    done(`${email} is invited.`);
  };
  return html`<${Form} submit="Invite" onSubmit=${invite} onCancel=${onClose}>
    <${Field} label="Email address" name="email" type="email" required autocomplete="off" />
    <${RoleField} />
    <details><summary>More</summary><div class="prose">
      <${Field} label="Expires in (days)" type="number" min="1" max="30" name="expires_in_days" value="7" />
      <${Field} label="Language of the mail" name="language" options=${[['', 'As the organization'], ['en', 'English'], ['de', 'German']]} value="" />
      <${Field} label="Access ends on" type="date" name="access_expires_at" hint="Leave empty for access without an end." />
    </div></details>
  <//>`;
}

/**
 * Sends a list in portions of 100. The outcome of each address stays on the screen, also if a later portion is refused.
 *
 * @param {Props.UsersInvite} props
 */
function Many({ onClose, reload }) {
  const { api } = useApp();
  const { id } = useOrg();
  const [progress, setProgress] = useState(/** @type {Pick<Props.UsersInvite, 'outcomes' | 'rest' | 'problem'> | null} */ (null));
  /** @type {(portions: Types.Portion[], before?: Types.Outcome[]) => Promise<void>} */
  const send = async (portions, before = []) => {
    let [outcomes, rest] = [before, portions];
    const show = (/** @type {any} */ problem) => outcomes.length > 0 && setProgress({ outcomes, rest, problem });
    show(null);
    try {
      while (rest.length > 0) {
        const answer = await api.POST('/v1/organizations/{org}/invitations/batch', { path: { org: id }, ...rest[0] });
        [outcomes, rest] = [[...outcomes, ...answer.outcomes], rest.slice(1)];
        show(null);
      }
    } catch (problem) {
      // Before the first outcome, the form shows the problem.
      if (outcomes.length === 0) throw problem;
      show(problem);
    }
    reload();
  };
  const invite = async (values) => send(asPortions(await listOf(values), values.role_id));
  if (progress) return html`<${Outcomes} ...${progress} send=${send} onClose=${onClose} />`;
  return html`<${Form} submit="Invite all" onSubmit=${invite} onCancel=${onClose}>
    <${Field} label="Addresses" name="text" rows="6" hint="One on each line or as a mail program lists them, or a table with a first line that names its columns (email, role)." />
    <${Field} label="Or a CSV file" name="file" type="file" accept=".csv,text/csv,text/plain" hint="An export of a directory or of Rolecall. Other columns are ignored." />
    <${RoleField} hint="For addresses without a column for the role." />
  <//>`;
}

/** @param {Record<string, any>} values */
async function listOf({ text, file }) {
  const list = (file?.size ? await file.text() : text).trim();
  if (list) return list;
  throw new Problem({ title: 'There is no address', detail: 'Paste addresses, or choose a file.' }, 422);
}

/** @param {Props.UsersInvite} props */
function Outcomes({ outcomes, rest, problem, send, onClose }) {
  const failed = outcomes.filter((outcome) => 'problem' in outcome);
  const invited = outcomes.filter((outcome) => !('problem' in outcome));
  const left = rest.reduce((sum, { size }) => sum + size, 0);
  return html`
    <p role="status">${count(invited.length, 'person', 'people')} invited, ${failed.length} refused.
      ${left > 0 && ` ${count(left, 'address', 'addresses')} not sent yet${problem ? '.' : '…'}`}</p>
    <${Notice} problem=${problem} />
    ${problem && html`<button onClick=${() => send(rest, outcomes)}>Send the rest</button>`}
    <${Table} label="Outcomes" rows=${[...failed, ...invited]} keyOf=${(row) => row.email} columns=${[
      { label: 'Address', head: true, cell: (row) => row.email },
      { label: 'Outcome', cell: (row) => row.problem
        ? html`<${Badge} tone="bad">${row.problem.title}<//> <small>${row.problem.errors?.[0]?.detail ?? row.problem.detail}</small>`
        : html`<${Badge} tone="good">Invited<//>` },
    ]} />
    <div class="form-actions"><button class="primary" onClick=${onClose}>Close</button></div>`;
}
