// A form whose resource can change while a person fills it in.
import { useState } from '../../../vendor/ui.js';

/**
 * @param {unknown} one
 * @param {unknown} other
 */
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * Compares a form with `base`, the state that it began with, so that only what the person changed is sent; and with
 * `current`, the state as it was loaded last, so that the person sees what others changed meanwhile.
 *
 * Show the values of `base` in fields below an element with the key `round`: after a success they begin again.
 *
 * @template {Record<string, any>} Resource
 * @param {Resource} current
 */
export function useDraft(current) {
  const [{ base, round }, begin] = useState({ base: current, round: 0 });
  return {
    base,
    round,
    changes: (/** @type {Record<string, any>} */ values) => Object.fromEntries(Object.entries(values).filter(([name, value]) => !same(value, base[name]))),
    hint: (/** @type {keyof Resource} */ name, /** @type {(value: any) => string} */ words = String, /** @type {string | undefined} */ otherwise = undefined) =>
      same(current[name], base[name]) ? otherwise : `Changed meanwhile to “${words(current[name])}”. Saving your own change replaces it.`,
    saved: (/** @type {Resource} */ resource) => begin({ base: resource, round: round + 1 }),
  };
}
