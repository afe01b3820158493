// A modal dialog, which asks before it loses what a person has typed.
import { createContext, html, useId, useLayoutEffect, useRef } from '../vendor/ui.js';
import { holdFocus } from './focus.js';
import { mayLeave } from './router.js';
import { Toast } from './toast.js';

/** What closes the dialog around a part, without a question. */
export const DialogContext = createContext(/** @type {(() => void) | null} */ (null));

/**
 * A modal dialog. It begins at its first field; one that asks before an act, at its heading. Escape and the close button call `onClose`,
 * after a question if its form would lose much; the focus returns to where it was.
 * @param {Props.Dialog} props
 */
export function Dialog({ title, onClose, wide, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  // Before the next key: one pressed at once, as Escape, must meet the dialog.
  useLayoutEffect(() => {
    const giveBack = holdFocus();
    const modal = dialog.current;
    modal?.showModal();
    const first = modal?.querySelector(':scope > .prose, .danger') ? null : modal?.querySelector('form :is(input, select, textarea)');
    /** @type {HTMLElement | null | undefined} */ (first ?? modal?.querySelector('h2'))?.focus();
    return () => {
      // Closed first: while it is modal, nothing outside of it takes the focus.
      modal?.close();
      giveBack();
    };
  }, []);
  const leave = () => mayLeave(dialog.current ?? undefined) && (onClose(), true);
  const cancel = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (event.cancelable) leave();
  };
  // After a second Escape, a browser closes the dialog anyway.
  const closed = () => dialog.current && !dialog.current.open && !leave() && dialog.current.showModal();
  return html`
    <dialog ref=${dialog} class=${wide && 'wide'} aria-labelledby=${id} onCancel=${cancel} onClose=${closed}>
      <div class="dialog-head">
        <h2 id=${id} tabindex="-1">${title}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick=${leave}>✕</button>
      </div>
      <${DialogContext.Provider} value=${onClose}>${children}<//>
      <${Toast} />
    </dialog>
  `;
}

/**
 * Whether a person has typed a text of several lines, or into several fields, in the form of a dialog.
 *
 * @param {HTMLFormElement | null} form
 */
export function isTyped(form) {
  if (!form?.closest('dialog')) return false;
  const inputs = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll('input:not([type=checkbox], [type=radio], [type=search]), textarea'));
  const typed = [...inputs].filter(({ value, defaultValue }) => value !== defaultValue);
  return typed.length > 1 || typed.some(({ type }) => type === 'textarea');
}
