// Inviting many people from a pasted list or a CSV file. Loaded when it is chosen.
import { html, useRef, useState } from '../../../vendor/ui.js';
import { Problem } from '../../api.js';
import { Badge, Field, Form, Notice, table } from '../../parts.js';
import { RoleField } from '../../role_field.js';
import { mayLeave, useIsGone, useUnsaved } from '../../router.js';
import { useAction, useApp, useOrg } from '../../use.js';
import { asWords, count } from '../../words.js';
import { asPortions, listOf, textOf } from './portions.js';

/** @typedef {Pick<Props.UsersInvite, 'outcomes' | 'rest' | 'problem'>} Progress */

const QUESTION = 'The list is not sent completely. Stop here? The form keeps the addresses that are not sent.';

/**
 * The outcome of each address stays on the screen, also if a later portion is refused.
 *
 * @param {Props.UsersInvite} props
 */
export function Many({ draft, onClose, reload }) {
  const all = useRef(/** @type {HTMLElement | null} */ (null));
  const { progress, hasMore, send, correct } = useSending(draft, reload);
  useUnsaved((within) => within.contains(all.current) && hasMore() && QUESTION);
  const close = () => mayLeave(all.current?.closest('dialog')) && onClose();
  return html`<div class="fields" ref=${all}>${progress
    ? html`<${Outcomes} ...${progress} send=${send} correct=${correct} onClose=${close} />`
    : html`<${List} draft=${draft} send=${send} onClose=${onClose} />`}</div>`;
}

/**
 * Sends a list in portions of 100. If the person closes it, sending stops after the portion that is under way, and the draft also
 * keeps the refusals that the person has not seen.
 *
 * @param {Props.UsersInvite['draft']} draft
 * @param {() => unknown} reload
 */
function useSending(draft, reload) {
  const { announce } = useApp();
  const post = usePost();
  const [progress, setProgress] = useState(/** @type {Progress | null} */ (null));
  const top = useRef('');
  const waiting = useRef(0);
  const isClosed = useIsGone();
  const keep = (/** @type {Types.Row[]} */ rows, /** @type {Types.Portion[]} */ rest = []) =>
    draft.keep({ ...draft.read(), text: listOf([{ rows, top: top.current }, ...rest].filter(({ rows }) => rows.length > 0)) });
  const show = (/** @type {Progress} */ next, seen = next.outcomes.length) => {
    keep(next.outcomes.filter((outcome, index) => isLater(outcome) || (index >= seen && 'problem' in outcome)), next.rest);
    setProgress(next);
    if (isClosed()) announce(summary({ ...next, problem: true }));
  };
  const send = async (/** @type {Types.Portion[]} */ rest, /** @type {Types.Outcome[]} */ outcomes = []) => {
    top.current = rest[0].top;
    if (outcomes.length > 0) show({ outcomes, rest });
    try {
      while (rest.length > 0 && !isClosed()) {
        waiting.current = rest.length - 1;
        const seen = outcomes.length;
        outcomes = [...outcomes, ...await post(rest[0])];
        rest = rest.slice(1);
        show({ outcomes, rest }, isClosed() ? seen : undefined);
      }
    } catch (problem) {
      // Before the first outcome, the form shows the problem.
      if (outcomes.length === 0) throw problem;
      show({ outcomes, rest, problem: /** @type {Types.Trouble} */ (problem) });
    } finally {
      waiting.current = 0;
    }
    reload();
  };
  const correct = (/** @type {Types.Outcome[]} */ rows) => (keep(rows), setProgress(null));
  return { progress, hasMore: () => waiting.current > 0, send, correct };
}

/** Sends a portion, and resolves to the outcome of each of its rows. */
function usePost() {
  const { api } = useApp();
  const { id } = useOrg();
  return async (/** @type {Types.Portion} */ portion) => {
    const answer = await api.POST('/v1/organizations/{org}/invitations/batch', { path: { org: id }, ...portion });
    const line = (/** @type {number | undefined} */ row) => portion.rows[answer.outcomes.findIndex((outcome) => outcome.row === row)]?.line;
    return answer.outcomes.map((outcome, index) => ({
      ...outcome,
      ...portion.rows[index],
      repeatsLine: 'repeats_row' in outcome ? line(outcome.repeats_row) : undefined,
    }));
  };
}

/**
 * What became of a list, in words.
 *
 * @param {Omit<Progress, 'problem'> & { problem?: unknown }} progress
 */
function summary({ outcomes, rest, problem }) {
  const failed = outcomes.filter((outcome) => 'problem' in outcome).length;
  const left = rest.reduce((sum, { rows }) => sum + rows.length, 0);
  const later = outcomes.filter(isLater).length;
  return [
    `${count(outcomes.length - failed, 'person', 'people')} invited, ${failed} refused.`,
    left > 0 && `${count(left, 'address', 'addresses')} not sent yet${problem ? '.' : '…'}`,
    later > 0 && `The form keeps ${count(later, 'refused address', 'refused addresses')} for a later attempt.`,
  ].filter(Boolean).join(' ');
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
  const choose = useAction(async (/** @type {Types.FieldEvent} */ { target }) => {
    const area = fields.current?.querySelector('textarea');
    const [file] = target.files ?? [];
    if (area && file) area.value = await textOf(file);
    keep();
  });
  const discard = () => (draft.keep({}), setKept({}));
  const invite = async (/** @type {Types.FormValues} */ values) => {
    const portions = asPortions(values.text, values.role_id);
    if (portions.length === 0) throw new Problem({ title: 'There is no address', detail: 'Paste addresses, or choose a file that has some.' }, 422);
    await send(portions);
  };
  return html`<div class="fields" ref=${fields} onInput=${keep}>
    ${text && html`<p class="hint" role="status">This list is not sent yet. <button type="button" class="link" onClick=${discard}>Discard it</button></p>`}
    <${Form} key=${text} submit="Invite all" onSubmit=${invite} onCancel=${onClose} changes=${() => ({})} stays>
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
  const wrong = failed.filter(isWrong);
  // After a new sign-in, the problem is solved, and the rest is sent by its button.
  const [solved, setSolved] = useState(/** @type {unknown} */ (null));
  return html`
    <p role="status">${summary({ outcomes, rest, problem })}</p>
    <${Notice} problem=${problem === solved ? null : problem} keep=${() => setSolved(problem)} />
    ${problem && html`<button onClick=${() => send(rest, outcomes)}>Send the rest</button>`}
    ${table({ label: 'Outcomes', rows: [...failed, ...invited], keyOf: ({ line, email }) => `${line} ${email}`, columns: [
      { label: 'Address', head: true, cell: ({ email }) => email || 'No address' },
      { label: 'Line', number: true, cell: ({ line }) => line },
      { label: 'Outcome', cell: (row) => 'problem' in row
        ? html`<${Badge} tone="bad">${isWrong(row) ? 'Not correct' : row.problem.title}<//> <small>${reason(row)}</small>`
        : html`<${Badge} tone="good">Invited<//>` },
    ] })}
    <div class="form-actions">
      <button class="primary" onClick=${onClose}>Close</button>
      ${rest.length === 0 && wrong.length > 0 && html`<button onClick=${() => correct(failed.filter((row) => wrong.includes(row) || isLater(row)))}>Correct ${count(wrong.length, 'line')}</button>`}
    </div>`;
}

/**
 * Whether the same address may pass later: a budget is used up, or the service could not answer.
 *
 * @param {Types.Outcome} outcome
 */
const isLater = (outcome) => 'problem' in outcome && [429, 503].includes(outcome.status);

/**
 * Whether the line must be corrected before it can pass.
 *
 * @param {Types.Outcome} outcome
 */
const isWrong = (outcome) => 'problem' in outcome && outcome.status === 422;

/**
 * Why a line was refused. The lines of the list count, not the rows of the portion that was sent.
 *
 * @param {Types.Outcome & { problem: Types.Schemas['InvitationProblem'] }} outcome
 */
function reason({ status, problem: { detail, errors }, repeatsLine }) {
  if (repeatsLine) return `Repeats the address of line ${repeatsLine}. Keep one of the two lines.`;
  if (!errors) return detail;
  const [{ pointer, detail: what }] = errors;
  return status === 422 ? `${asWords(pointer.split('/').pop() || 'row')}: ${what.replace(/\.$/, '')}.` : what;
}
