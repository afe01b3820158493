// Paths of the console: the History API, below the path of <base>.
import { html, useEffect, useState } from '../vendor/ui.js';

const base = new URL(document.baseURI).pathname.replace(/\/$/, '');
const listeners = new Set();
let arriving = false;
let hasArrived = false;
const changed = () => listeners.forEach((listener) => listener());
addEventListener('popstate', changed);

/** The current path below the base, without query. */
export const path = () => location.pathname.slice(base.length) || '/';

/** The query of the current path. */
export const query = () => new URLSearchParams(location.search);

/**
 * The href of a path of the console.
 *
 * @param {string} to
 */
export const href = (to) => base + to;

/**
 * Goes to a path. The new screen gets the focus, as a page that a browser loads would.
 *
 * @param {string} to
 */
export function navigate(to) {
  if (href(to) !== location.pathname + location.search) history.pushState(null, '', href(to));
  scrollTo(0, 0);
  arriving = true;
  changed();
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
  history.replaceState(null, '', href(to));
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
