// What went wrong, with the next step.
import { html, useContext } from '../vendor/ui.js';
import { DialogContext } from './dialog.js';
import { refocus } from './focus.js';
import { mayLeave } from './router.js';
import { session, signInBeside } from './session.js';
import { useApp } from './use.js';
import { asWords, personName } from './words.js';

// Refusals that concern the sign-in: another one can satisfy them, unless the token lacks the claim.
const SIGN_IN_HELPS = ['mfa-required', 'session-too-old'];
// A fresh state helps: it has changed meanwhile, is gone, or could not be read.
const RELOAD_HELPS = [0, 409, 412, 500, 503];
/**
 * Whether the request came too early: it can succeed later. A budget that is used up, which has a type, lasts longer.
 *
 * @param {Partial<Types.Trouble>} problem
 */
const isEarly = ({ status, body }) => status === 429 && !body?.type;

/**
 * A refusal in its own words, with the next step: `reload` offers the fresh state after 409 and 412, and after a change that may have been
 * saved, in a form also after 404. `problem` is one of the
 * API (`Problem`) or of the browser (`Error`), or has a `title` and a `detail` of the screen alone. `errors` are those that
 * no field shows; without it all of them. With `keep`, and in a dialog, a sign-in keeps the page, and then calls `keep` or `reload`. With `again`, `reload` does what
 * failed once more. `next(problem)` offers a step of the screen.
 * @param {Props.Notice} props
 */
export function Notice({ problem, reload, again, keep, next, errors = problem?.errors ?? [] }) {
  const app = useApp();
  const keeps = useContext(DialogContext) ? () => (keep ?? reload)?.() : keep;
  if (!problem) return null;
  const { title, detail, status = -1, slug = '', body, isUnsure, isRepeatable } = problem;
  const own = problem.errors?.length ? errors.length === 0 && 'Correct the marked fields.' : detail ?? problem.message;
  const ended = `Sign in again to go on.${keeps ? ' A new window opens for it. This form keeps what you have entered.' : ''}`;
  const text = status === 401 ? ended : status >= 500 && !isUnsure ? 'The service could not answer. Nothing is lost: try again in a moment.' : own;
  const anew = SIGN_IN_HELPS.includes(slug) && !body?.missing_claim;
  const signIn = status === 401 || anew;
  // The detail of a lock-out says which sign-in or network is needed: the state of the settings is not the reason.
  const look = reload ?? (isUnsure && !isRepeatable ? () => location.reload() : undefined);
  const stale = look && slug !== 'would-lock-out-caller' && (isUnsure || RELOAD_HELPS.includes(status) || isEarly(problem) || (keep && status === 404));
  const beside = (/** @type {Event} */ event) => {
    const back = refocus(event);
    signInBeside(() => isBack(app, () => (keeps?.(), back())), anew);
  };
  const load = async (/** @type {Event} */ event) => {
    const back = refocus(event);
    await look?.();
    back();
  };
  return html`
    <div class="notice" role="alert">
      <strong>${status === 401 ? 'Your sign-in has ended' : title ?? 'Something went wrong'}</strong>
      ${text && html`<p>${text}</p>`}
      ${status >= 500 && body?.instance && html`<p>If it happens again, give your support this id: <code>${body.instance}</code></p>`}
      ${errors.length > 0 && html`<ul>${errors.map(({ pointer, detail }) => html`<li><b>${fieldName(pointer)}</b> ${detail}</li>`)}</ul>`}
      ${signIn && html`<button type="button" onClick=${keeps ? beside : () => mayLeave() && session.end(anew)}>Sign in again</button>`}
      ${stale && html`<button type="button" onClick=${load}>${again ? 'Try again' : 'Load the current state'}</button>`}
      ${next?.(problem)}
    </div>
  `;
}

/**
 * Whether the same person has signed in again. Says so, and who it is otherwise.
 * @param {Types.App} app
 * @param {() => void} keep
 */
async function isBack({ api, me, announce }, keep) {
  const now = await api.GET('/v1/me', { query: { limit: 1 } }).catch(() => null);
  const isSame = now?.user_id === me.user_id;
  if (isSame) keep();
  announce(isSame ? 'You are signed in again.' : `${now ? personName(now) : 'Another person'} has signed in. The page begins anew, without what was entered.`);
  return isSame;
}

/**
 * The field of `root` that shows the errors at a JSON pointer. A check shows none.
 * @param {string} pointer
 * @param {ParentNode | null} root
 */
export const fieldOf = (pointer, root) =>
  /** @type {HTMLInputElement | null | undefined} */ (root?.querySelector(names(pointer).map((name) => `[name="${CSS.escape(name)}"]:not([type=checkbox])`).join() || '_'));

/** @param {string} pointer */
const names = (pointer) => pointer.split('/').filter((name) => name && isNaN(Number(name)));
/** @param {string} pointer */
const fieldName = (pointer) => pointer && `${fieldOf(pointer, document)?.labels?.[0]?.textContent ?? asWords(names(pointer).join(' ') || 'request')}: `;
