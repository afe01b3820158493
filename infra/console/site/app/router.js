// Paths of the console: the History API, below the path of <base>.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/ui.js';
import { arrive } from './focus.js';

const base = new URL(document.baseURI).pathname.replace(/\/$/, '');
const listeners = new Set();
const unsaved = new Set();
let shown = new URL(location.href);
// The place of the page in the browser's history, which each of its entries has.
let place = history.state?.place ?? 0;
const changed = () => {
  shown = new URL(location.href);
  listeners.forEach((listener) => listener());
};
/** @param {Node} within */
const isUnsaved = (within = document) => [...unsaved].map((isChanged) => isChanged(within)).find(Boolean);
/**
 * Whether nothing is unsaved in the page, or `within` a dialog, or the person leaves it.
 *
 * @param {Node | null} [within]
 */
export function mayLeave(within) {
  const found = isUnsaved(within ?? undefined);
  if (!found) return true;
  return confirm(typeof found === 'string' ? found : `Your changes are not saved. ${within ? 'Close this' : 'Leave this page'} without them?`);
}
addEventListener('popstate', () => {
  const next = history.state?.place ?? 0;
  // Without the consent, the browser goes back to the page: its entries stay. `path` and `query` are of the page all the time.
  if (next !== place && !mayLeave()) return history.go(place - next);
  place = next;
  changed();
});
addEventListener('beforeunload', (event) => isUnsaved() && event.preventDefault());

/**
 * Asks before a page is left while `isChanged(document)` is true, or a dialog is closed while `isChanged(dialog)` is. It can
 * return a question of its own.
 *
 * @param {(within: Node) => boolean | string} isChanged
 */
export function useUnsaved(isChanged) {
  // With the render: a key pressed before the next paint asks for what is typed already.
  useLayoutEffect(() => {
    unsaved.add(isChanged);
    return () => void unsaved.delete(isChanged);
  });
}

/** The current path below the base, without query. */
export const path = () => shown.pathname.slice(base.length) || '/';

/** The query of the current path. */
export const query = () => new URLSearchParams(shown.search);

/**
 * The href of a path of the console.
 *
 * @param {string} to
 */
export const href = (to) => base + to;

/**
 * What the entry of the page in the browser's history keeps for a return.
 *
 * @returns {{ shown?: number, scroll?: number }}
 */
export const kept = () => history.state ?? {};
/** @param {ReturnType<typeof kept>} values */
export const keep = (values) => history.replaceState({ ...history.state, ...values }, '');

/**
 * Goes to a path, and returns whether it did. The new screen gets the focus, as a page that a browser loads would. Asks
 * before unsaved changes are lost, unless `ask` is false, as after a change that ends the page.
 *
 * @param {string} to
 */
export function navigate(to, ask = true) {
  if (href(to) !== location.pathname + location.search) {
    if (ask && !mayLeave()) return false;
    keep({ scroll: scrollY });
    history.pushState({ place: ++place }, '', href(to));
  }
  scrollTo(0, 0);
  arrive();
  changed();
  return true;
}

/** Returns whether the component is gone: the person went elsewhere, as before the answer to a request. */
export function useIsGone() {
  const gone = useRef(false);
  useLayoutEffect(() => () => void (gone.current = true), []);
  return () => gone.current;
}

/** Returns what goes to a path after a request, and asks nothing. It does nothing if the component is gone. */
export function useFollow() {
  const isGone = useIsGone();
  return (/** @type {string} */ to) => !isGone() && navigate(to, false);
}

/**
 * Goes to a path after a change that ends the pages below `from`, if the person is still at one of them.
 *
 * @param {string} from
 * @param {string} to
 */
export const leaveEnded = (from, to) => `${path()}/`.startsWith(`${from}/`) && navigate(to, false);

/**
 * Replaces the current path, without a step in the browser's history.
 *
 * @param {string} to
 */
export function replace(to) {
  history.replaceState(history.state, '', href(to));
  changed();
}

/** The current path and query. The component renders again when they change. */
export function useLocation() {
  const [, render] = useState({});
  useEffect(() => {
    const listener = () => render({});
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return { path: path(), query: query() };
}

/**
 * The parameters of `pattern`, such as /organizations/:org, or null if the path does not match or is malformed.
 *
 * @param {string} pattern
 * @param {string} at
 */
export function match(pattern, at) {
  const names = pattern.split('/');
  const parts = at.replace(/(.)\/$/, '$1').split('/');
  if (names.length !== parts.length) return null;
  /** @type {Record<string, string>} */
  const params = {};
  try {
    for (const [index, name] of names.entries()) {
      if (name.startsWith(':')) params[name.slice(1)] = decodeURIComponent(parts[index]);
      else if (name !== parts[index]) return null;
    }
  } catch {
    return null;
  }
  return params;
}

/**
 * Whether a click on a link follows it here, rather than in another tab.
 *
 * @param {MouseEvent} event
 */
export const isPlain = (event) => !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);

/**
 * A link to a path of the console.
 *
 * @param {{ to: string, children?: Types.View, [property: string]: any }} props
 */
export function Link({ to, children, ...rest }) {
  const follow = (/** @type {MouseEvent} */ event) => {
    if (!isPlain(event)) return;
    event.preventDefault();
    navigate(to);
  };
  return html`<a href=${href(to)} onClick=${follow} ...${rest}>${children}</a>`;
}
