// A short message for the eye and for screen readers, which disappears after some seconds.
import { html, useLayoutEffect, useState } from '../vendor/ui.js';

let message = '';
let timer = 0;
// What shows a text in each region. The last region is in the dialog on top: a screen reader hears nothing from behind a dialog.
const regions = /** @type {((text: string) => void)[]} */ ([]);
const render = () => regions.forEach((show, index) => show(index === regions.length - 1 ? message : ''));

/** @param {string} text */
export function announce(text) {
  clearTimeout(timer);
  message = text;
  if (text) timer = setTimeout(() => announce(''), 7000);
  render();
}

/** The region of the messages. It is there before its text, as screen readers need it. */
export function Toast() {
  const [text, show] = useState('');
  useLayoutEffect(() => {
    regions.push(show);
    // A message of the page does not cover the dialog.
    if (regions.length > 1) announce('');
    return () => {
      regions.splice(regions.indexOf(show), 1);
      render();
    };
  }, []);
  return html`<div class="toast" role="status">${text}</div>`;
}
