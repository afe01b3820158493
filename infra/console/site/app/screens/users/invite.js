// Inviting one person, or many from a pasted list or a CSV file.
import { html, useState } from '../../../vendor/ui.js';
import { Problem } from '../../api.js';
import { Badge, Dialog, Field, Form, Table } from '../../parts.js';
import { RoleField } from '../../role_field.js';
import { useApp, useOrg } from '../../use.js';
import { count, endOfDay } from '../../words.js';

/** The most invitations in a request (INV11). */
const BATCH = 100;

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
 * Sends a list in portions of 100. The outcome of each address stays on the screen.
 *
 * @param {Props.UsersInvite} props
 */
function Many({ onClose, reload }) {
  const { api } = useApp();
  const { id } = useOrg();
  const [progress, setProgress] = useState(/** @type {{ outcomes: Types.Outcome[], left: number } | null} */ (null));
  const invite = async (values) => {
    const portions = asPortions(await listOf(values), values.role_id);
    /** @type {Types.Outcome[]} */
    const outcomes = [];
    for (const [index, portion] of portions.entries()) {
      const answer = await api.POST('/v1/organizations/{org}/invitations/batch', { path: { org: id }, ...portion });
      outcomes.push(...answer.outcomes);
      setProgress({ outcomes: [...outcomes], left: portions.length - index - 1 });
    }
    reload();
  };
  if (progress) return html`<${Outcomes} ...${progress} onClose=${onClose} />`;
  return html`<${Form} submit="Invite all" onSubmit=${invite} onCancel=${onClose}>
    <${Field} label="Addresses" name="text" rows="6" hint="One on each line, or a table with a first line that names its columns (email, role)." />
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

/**
 * The bodies of the requests: a CSV file with its first line in each, or the addresses with one role.
 *
 * @param {string} list
 * @param {string} role_id
 */
export function asPortions(list, role_id) {
  const [head, ...rows] = lines(list);
  if (/mail|user principal name/i.test(head) && !head.includes('@')) {
    return chunks(rows).map((part) => ({ body: [head, ...part].join('\n'), contentType: /** @type {const} */ ('text/csv') }));
  }
  const addresses = list.split(/[\s,;]+/).filter(Boolean);
  return chunks(addresses).map((part) => ({ body: { invitations: part.map((email) => ({ email, role_id })) } }));
}

/**
 * The lines of a CSV file. A line break between quotes ends no line.
 *
 * @param {string} text
 */
function lines(text) {
  const found = text.match(/(?:"(?:[^"]|"")*"|[^"\n])+/g) ?? [];
  return found.map((line) => line.replace(/\r$/, '')).filter((line) => line.trim());
}

/** @param {string[]} all */
const chunks = (all) => Array.from({ length: Math.ceil(all.length / BATCH) }, (_, index) => all.slice(index * BATCH, (index + 1) * BATCH));

/** @param {Props.UsersInvite} props */
function Outcomes({ outcomes, left, onClose }) {
  const failed = outcomes.filter((outcome) => 'problem' in outcome);
  const invited = outcomes.filter((outcome) => !('problem' in outcome));
  return html`
    <p role="status">${count(invited.length, 'person', 'people')} invited, ${failed.length} refused.
      ${left > 0 && ` ${count(left, 'portion')} left…`}</p>
    <${Table} label="Outcomes" rows=${[...failed, ...invited]} keyOf=${(row) => row.email} columns=${[
      { label: 'Address', head: true, cell: (row) => row.email },
      { label: 'Outcome', cell: (row) => row.problem
        ? html`<${Badge} tone="bad">${row.problem.title}<//> <small>${row.problem.detail}</small>`
        : html`<${Badge} tone="good">Invited<//>` },
    ]} />
    <div class="form-actions"><button class="primary" onClick=${onClose}>Close</button></div>`;
}
