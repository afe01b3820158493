// A form whose resource can change while a person fills it in.
import { useRef, useState } from '../../../vendor/ui.js';

/**
 * @param {unknown} one
 * @param {unknown} other
 */
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * Compares a form with `base`, the state that the person's changes began with, so that only these are sent; and with `current`, the
 * state as it was loaded last, so that the person sees what others changed meanwhile. After a success, a field that the person has not
 * changed since it was sent has the new value; one that they have changed keeps its own.
 *
 * `read(values)` makes the fields of the resource out of those of the form. The element around the fields has the ref `fields`, and each
 * field `field(name)` and the value in `shown`.
 *
 * @template {Record<string, any>} Resource
 * @param {Resource} current
 * @param {(values: Record<string, any>) => Record<string, any>} read
 */
export function useDraft(current, read = (values) => values) {
  const fields = useRef(/** @type {HTMLElement | null} */ (null));
  const [draft, set] = useState({ base: current, shown: current, rounds: /** @type {Record<string, number>} */ ({}) });
  const goOn = (/** @type {Resource} */ now, /** @type {Record<string, any>} */ sent) => set((before) => {
    const form = fields.current?.closest('form');
    const typed = form ? read(Object.fromEntries(new FormData(form))) : {};
    const next = { base: { ...now }, shown: { ...now }, rounds: { ...before.rounds } };
    for (const [name, value] of Object.entries(typed)) {
      const isKept = !same(value, now[name]) && !same(value, { ...before.base, ...sent }[name]);
      if (isKept) Object.assign(next.shown, { [name]: before.shown[name] });
      if (!isKept && !same(value, now[name])) next.rounds[name] = (before.rounds[name] ?? 0) + 1;
    }
    return next;
  });
  const { base, shown, rounds } = draft;
  return {
    fields,
    shown,
    field: (/** @type {string} */ name) => ({ name, key: `${name} ${rounds[name] ?? 0}` }),
    changes: (/** @type {Record<string, any>} */ values) => Object.fromEntries(Object.entries(read(values)).filter(([name, value]) => !same(value, base[name]))),
    hint: (/** @type {keyof Resource} */ name, /** @type {(value: any) => string} */ words = String, /** @type {string | undefined} */ otherwise = undefined) =>
      same(current[name], base[name]) ? otherwise : `Changed meanwhile to “${words(current[name])}”. Saving your own change replaces it.`,
    saved: goOn,
  };
}
