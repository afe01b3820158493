// Paths of the console: the History API, below the path of <base>.
import { html, useEffect, useState } from '../vendor/ui.js';

const base = new URL(document.baseURI).pathname.replace(/\/$/, '');
const listeners = new Set();
const unsaved = new Set();
let arriving = false;
let hasArrived = false;
let shown = new URL(location.href);
// The place of the page in the browser's history, which each of its entries has.
let place = history.state?.place ?? 0;
const changed = () => {
  shown = new URL(location.href);
  listeners.forEach((listener) => listener());
};
const isUnsaved = () => [...unsaved].some((isChanged) => isChanged());
/** Whether nothing is unsaved, or the person leaves it. */
export const mayLeave = () => !isUnsaved() || confirm('Your changes are not saved. Leave this page without them?');
addEventListener('popstate', () => {
  const next = history.state?.place ?? 0;
  // Without the consent, the browser goes back to the page: its entries stay. `path` and `query` are of the page all the time.
  if (next !== place && !mayLeave()) return history.go(place - next);
  place = next;
  changed();
});
addEventListener('beforeunload', (event) => isUnsaved() && event.preventDefault());

/**
 * Asks before a page is left while `isChanged()` is true.
 *
 * @param {() => boolean} isChanged
 */
export function useUnsaved(isChanged) {
  useEffect(() => {
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
 * Goes to a path, and returns whether it did. The new screen gets the focus, as a page that a browser loads would. Asks
 * before unsaved changes are lost, unless `ask` is false, as after a change that ends the page.
 *
 * @param {string} to
 */
export function navigate(to, ask = true) {
  if (href(to) !== location.pathname + location.search) {
    if (ask && !mayLeave()) return false;
    history.pushState({ place: ++place }, '', href(to));
  }
  scrollTo(0, 0);
  arriving = true;
  changed();
  return true;
}

/**
 * Gives the focus to `main` after `navigate`, and when it takes the place of one that had it.
 *
 * @param {{ current: HTMLElement | null }} main
 */
export function useArrival(main) {
  useEffect(() => {
    if (hasArrived && document.activeElement === document.body) main.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    if (!arriving) return;
    main.current?.focus({ preventScroll: true });
    [arriving, hasArrived] = [false, true];
  });
}

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
 * A link to a path of the console.
 *
 * @param {{ to: string, children?: Types.View, [property: string]: any }} props
 */
export function Link({ to, children, ...rest }) {
  const follow = (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return html`<a href=${href(to)} onClick=${follow} ...${rest}>${children}</a>`;
}
