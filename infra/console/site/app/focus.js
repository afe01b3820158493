// The focus of the keyboard: where it is on a page that opens, and where it goes when what had it is removed.
import { useLayoutEffect } from '../vendor/ui.js';

let arriving = false;
let hadFocus = false;
let last = /** @type {HTMLElement | null} */ (null);
// What `last` is in, from the inside to the outside.
let around = /** @type {EventTarget[]} */ ([]);
let lastField = /** @type {HTMLInputElement | null} */ (null);
// Whether the browser marks what has the focus, as it does for people who use the keyboard.
let isMarked = false;
addEventListener('focusin', (event) => {
  hadFocus = true;
  const field = (last = /** @type {HTMLInputElement} */ (event.target));
  around = event.composedPath();
  isMarked = field.matches(':focus-visible');
  if (field.name) lastField = field;
});

/** Lets the next screen have the focus, as a page that a browser loads would. */
export const arrive = () => (arriving = true);

/** @param {HTMLElement | null | undefined} root */
function focusHeading(root) {
  const heading = /** @type {HTMLElement | null | undefined} */ (root?.querySelector('h1, .dialog-head h2') ?? root);
  if (!heading) return null;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  return heading;
}

/**
 * Gives the focus to the heading in `root`, else to `root`, when what had it is gone or still loaded.
 *
 * @param {{ current: HTMLElement | null }} root
 */
export function useLostFocus(root) {
  useLayoutEffect(() => {
    const now = document.activeElement;
    if (hadFocus && (now === document.body || now?.id === 'main')) focusHeading(root.current);
  }, []);
}

/** Whether what had the focus is removed, and nothing else has it. */
export const isFocusLost = () => document.activeElement === document.body && last?.isConnected === false;

/**
 * The innermost element around the lost focus that is still there.
 *
 * @param {string} selector
 */
const still = (selector) => around.find((one) => one instanceof HTMLElement && one.isConnected && one.matches(selector));

const ROW = 'tr, li';
/**
 * The nodes after and before a row, when it was removed.
 *
 * @type {WeakMap<Node, [Node | null, Node | null]>}
 */
const neighbours = new WeakMap();

/**
 * What has the focus after the row around `gone` is removed: the first control of the row that took its place, else of the one before.
 *
 * @param {Element | null} gone
 */
function controlNear(gone) {
  let row = gone?.closest(ROW);
  while (row && !neighbours.has(row)) row = row.parentElement?.closest(ROW);
  for (const side of /** @type {const} */ ([0, 1])) {
    let node = row && neighbours.get(row)?.[side];
    while (node) {
      const control = node.isConnected && node instanceof Element && (node.querySelector('summary, button:enabled') ?? node.querySelector('a[href]'));
      if (control) return /** @type {HTMLElement} */ (control);
      node = node.isConnected ? (side ? node.previousSibling : node.nextSibling) : neighbours.get(node)?.[side];
    }
  }
  return null;
}

/**
 * Keeps what has the focus, as a dialog does that takes it. Returns what gives the focus back; if that is gone, it is lost from there.
 */
export function holdFocus() {
  const [element, path] = [/** @type {HTMLElement} */ (document.activeElement), around];
  return () => {
    if (element.isConnected) element.focus();
    else [last, around] = [element, path];
  };
}

// Gives a lost focus to the field of the same name, if a form builds its fields again; and to the next row, if one is removed. Otherwise,
// if no part of the page does better within a moment, to the heading of the dialog, else of the section, else of the page.
let restoring = 0;
// The heading that has a lost focus, until something better comes.
let standIn = /** @type {HTMLElement | null} */ (null);
new MutationObserver((records) => {
  for (const { removedNodes, nextSibling, previousSibling } of records) {
    removedNodes.forEach((node) => node instanceof Element && node.matches(ROW) && neighbours.set(node, [nextSibling, previousSibling]));
  }
  if (!isFocusLost()) return;
  const { name, type } = /** @type {HTMLInputElement} */ (last);
  const form = /** @type {HTMLElement | undefined} */ (still('form'));
  const again = name && type !== 'radio' && form?.querySelector(`[name="${CSS.escape(name)}"]`);
  const next = again ?? controlNear(last);
  if (next) return /** @type {HTMLElement} */ (next).focus();
  clearTimeout(restoring);
  restoring = setTimeout(() => {
    const root = [...document.querySelectorAll('dialog[open]')].pop() ?? still('.section') ?? document.querySelector('main');
    if (!isFocusLost()) return;
    const shows = isMarked;
    standIn = focusHeading(/** @type {HTMLElement | null} */ (root));
    if (!shows) return;
    standIn?.classList.add('stand-in');
    standIn?.scrollIntoView({ block: 'nearest' });
  }, 100);
}).observe(document, { childList: true, subtree: true });

/**
 * Gives the focus to the heading in `main`, else to `main`, after `navigate`, and when `main` takes the place of one that had it: before
 * the next key, which a later focus would undo.
 *
 * @param {{ current: HTMLElement | null }} main
 */
export function useArrival(main) {
  useLostFocus(main);
  useLayoutEffect(() => {
    if (arriving) focusHeading(main.current);
    arriving = false;
  });
}

/**
 * Returns what gives the focus back when the element of `event` is gone: to the field that the person left in its form, else to
 * the heading of the dialog or the page. It does nothing if the person has gone on to something else.
 *
 * @param {Event} event
 */
export function refocus({ target }) {
  const form = /** @type {Element} */ (target).closest('form');
  const field = form?.contains(lastField) ? lastField : null;
  return () => setTimeout(() => {
    const now = document.activeElement;
    if (now !== document.body && now !== standIn) return;
    const root = /** @type {HTMLElement | undefined} */ ([...document.querySelectorAll('main, dialog[open]')].pop());
    const again = field?.isConnected ? field : root?.querySelector(`[name="${CSS.escape(field?.name ?? '')}"]`);
    if (again) /** @type {HTMLElement} */ (again).focus();
    else focusHeading(root);
  });
}
