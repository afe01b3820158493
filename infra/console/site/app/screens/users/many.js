// Inviting many people from a pasted list or a CSV file. Loaded when it is chosen.
import { html, useRef, useState } from '../../../vendor/ui.js';
import { Problem } from '../../api.js';
import { Badge, Field, Form, Notice, Table } from '../../parts.js';
import { RoleField } from '../../role_field.js';
import { useAction, useApp, useOrg } from '../../use.js';
import { asWords, count } from '../../words.js';
import { asPortions, listOf, textOf } from './portions.js';

/**
 * Sends a list in portions of 100. The outcome of each address stays on the screen, also if a later portion is refused.
 *
 * @param {Props.UsersInvite} props
 */
export function Many({ draft, onClose, reload }) {
  const { api } = useApp();
  const { id } = useOrg();
  const [progress, setProgress] = useState(/** @type {Pick<Props.UsersInvite, 'outcomes' | 'rest' | 'problem'> | null} */ (null));
  const top = useRef('');
  /** @type {(portions: Types.Portion[], before?: Types.Outcome[]) => Promise<void>} */
  const send = async (portions, before = []) => {
    let [outcomes, rest] = [before, portions];
    const show = (/** @type {any} */ problem) => {
      if (outcomes.length === 0) return;
      draft.keep({ ...draft.read(), text: listOf([{ rows: outcomes.filter(isLater), top: top.current }, ...rest].filter(({ rows }) => rows.length > 0)) });
      setProgress({ outcomes, rest, problem });
    };
    top.current = rest[0].top;
    show(null);
    try {
      while (rest.length > 0) {
        const answer = await api.POST('/v1/organizations/{org}/invitations/batch', { path: { org: id }, ...rest[0] });
        const { rows } = rest[0];
        outcomes = [...outcomes, ...answer.outcomes.map((outcome, index) => ({ ...outcome, ...rows[index] }))];
        rest = rest.slice(1);
        show(null);
      }
    } catch (problem) {
      // Before the first outcome, the form shows the problem.
      if (outcomes.length === 0) throw problem;
      show(problem);
    }
    reload();
  };
  const correct = (/** @type {Types.Outcome[]} */ rows) => {
    draft.keep({ ...draft.read(), text: listOf([{ rows, top: top.current }]) });
    setProgress(null);
  };
  if (progress) return html`<${Outcomes} ...${progress} send=${send} correct=${correct} onClose=${onClose} />`;
  return html`<${List} draft=${draft} send=${send} onClose=${onClose} />`;
}

/**
 * The form of a list. A file that is chosen becomes its text, so that the person sees what is sent. Closing it asks nothing: the
 * draft keeps the list.
 *
 * @param {Props.UsersInvite} props
 */
function List({ draft, send, onClose }) {
  const [{ text, role_id }, setKept] = useState(draft.read);
  const fields = useRef(/** @type {HTMLElement | null} */ (null));
  const keep = () => {
    const { text, role_id } = Object.fromEntries(new FormData(fields.current?.querySelector('form') ?? undefined));
    // Until the roles are read, the form has none.
    draft.keep({ text: String(text), role_id: role_id ? String(role_id) : draft.read().role_id });
  };
  const choose = useAction(async ({ target }) => {
    const area = fields.current?.querySelector('textarea');
    const [file] = target.files;
    if (area && file) area.value = await textOf(file);
    keep();
  });
  const discard = () => (draft.keep({}), setKept({}));
  const invite = async (values) => {
    const portions = asPortions(values.text, values.role_id);
    if (portions.length === 0) throw new Problem({ title: 'There is no address', detail: 'Paste addresses, or choose a file that has some.' }, 422);
    await send(portions);
  };
  return html`<div class="fields" ref=${fields} onInput=${keep}>
    ${text && html`<p class="hint" role="status">This list is not sent yet. <button type="button" class="link" onClick=${discard}>Discard it</button></p>`}
    <${Form} key=${text} submit="Invite all" onSubmit=${invite} onCancel=${onClose} changes=${() => ({})}>
      <${Field} label="Addresses" name="text" rows="6" value=${text} hint="One on each line or as a mail program lists them, or a table with a first line that names its columns (email, role)." />
      <${Field} label="Or a CSV file" type="file" accept=".csv,text/csv,text/plain" onChange=${choose.run} hint="An export of a directory or of Rolecall. Its lines appear above; columns that are not known are ignored." />
      <${Notice} problem=${choose.problem} />
      <${RoleField} value=${role_id ?? 'user'} hint="For a list without a column for the role. In one that has it, an empty cell gives User." />
    <//>
  </div>`;
}

/** @param {Props.UsersInvite} props */
function Outcomes({ outcomes, rest, problem, send, correct, onClose }) {
  const failed = outcomes.filter((outcome) => 'problem' in outcome);
  const invited = outcomes.filter((outcome) => !('problem' in outcome));
  const wrong = failed.filter(({ problem }) => 'errors' in problem);
  const later = failed.filter(isLater).length;
  const left = rest.reduce((sum, { rows }) => sum + rows.length, 0);
  return html`
    <p role="status">${count(invited.length, 'person', 'people')} invited, ${failed.length} refused.
      ${left > 0 && ` ${count(left, 'address', 'addresses')} not sent yet${problem ? '.' : '…'}`}
      ${later > 0 && ` The form keeps ${count(later, 'refused address', 'refused addresses')} for a later attempt.`}</p>
    <${Notice} problem=${problem} />
    ${problem && html`<button onClick=${() => send(rest, outcomes)}>Send the rest</button>`}
    <${Table} label="Outcomes" rows=${[...failed, ...invited]} keyOf=${({ line, email }) => `${line} ${email}`} columns=${[
      { label: 'Address', head: true, cell: ({ email }) => email || 'No address' },
      { label: 'Line', number: true, cell: ({ line }) => line },
      { label: 'Outcome', cell: (row) => row.problem
        ? html`<${Badge} tone="bad">${'errors' in row.problem ? 'Not correct' : row.problem.title}<//> <small>${reason(row.problem)}</small>`
        : html`<${Badge} tone="good">Invited<//>` },
    ]} />
    <div class="form-actions">
      <button class="primary" onClick=${onClose}>Close</button>
      ${left === 0 && wrong.length > 0 && html`<button onClick=${() => correct(failed.filter((row) => wrong.includes(row) || isLater(row)))}>Correct ${count(wrong.length, 'line')}</button>`}
    </div>`;
}

/**
 * Whether the same address may pass later: a budget is used up, or the service could not answer.
 *
 * @param {Types.Outcome} outcome
 */
const isLater = (outcome) => 'problem' in outcome && [429, 503].includes(outcome.status);

/** @param {Pick<Types.Schemas['Problem'], 'detail' | 'errors'>} problem */
const reason = ({ detail, errors }) =>
  errors?.[0] ? `${asWords(errors[0].pointer.split('/').pop() || 'row')}: ${errors[0].detail}.` : detail;
