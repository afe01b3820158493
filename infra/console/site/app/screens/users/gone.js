// A user or a request that is gone: another person has acted, or the person themselves, while the list was open.
import { html, useEffect, useRef, useState } from '../../../vendor/ui.js';
import { Notice } from '../../parts.js';

const GONE = ['no-such-invitation', 'no-such-member', 'member-access-expired', 'no-such-join-request'];

/**
 * Returns whether what a dialog is about is gone, as `load` or an action says, and what takes the refusals of the actions. Then the
 * list is read again, with `reload`.
 *
 * @param {Pick<Types.Load<unknown>, 'problem'>} load
 * @param {() => unknown} reload
 */
export function useGone(load, reload) {
  const [refused, setRefused] = useState(false);
  const gone = refused || GONE.includes(load.problem?.slug ?? '');
  useEffect(() => void (gone && reload()), [gone]);
  /** @type {(problem: Types.Trouble) => never} */
  const check = (problem) => {
    // After the end of the action: otherwise it is one whose form is gone, and announces the refusal.
    if (GONE.includes(problem.slug ?? '')) setTimeout(() => setRefused(true));
    throw problem;
  };
  return { gone, check };
}

/**
 * What the dialog shows then, instead of its form.
 *
 * @param {{ title: string, detail: string, onClose: () => void }} props
 */
export function Gone({ title, detail, onClose }) {
  const close = useRef(/** @type {HTMLButtonElement | null} */ (null));
  // The button that had the focus is gone, too.
  useEffect(() => close.current?.focus(), []);
  return html`
    <${Notice} problem=${{ title, detail: `${detail} The list shows the current state.` }} />
    <div class="form-actions"><button ref=${close} class="primary" onClick=${onClose}>Close</button></div>`;
}
