// A form whose resource can change while a person fills it in.
import { useLayoutEffect, useRef, useState } from '../../../vendor/ui.js';

/**
 * @param {unknown} one
 * @param {unknown} other
 */
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * Compares a form with `base`, the state that the person's changes began with, so that only these are sent; and with `now`, the newest
 * state that is known. After a success, and when `current` is another state, each field goes on: one that the person has not changed
 * since it was shown or sent has the new value; one that they have changed keeps its own, and its hint says what others have made of it.
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
  const [draft, set] = useState({ base: current, shown: current, now: current, rounds: /** @type {Record<string, number>} */ ({}) });
  const goOn = (/** @type {Resource} */ now, /** @type {Record<string, any> | null} */ sent) => set((before) => {
    const form = fields.current?.closest('form');
    const typed = form ? read(Object.fromEntries(new FormData(form))) : {};
    const next = { now, base: { ...now }, shown: { ...now }, rounds: { ...before.rounds } };
    for (const [name, value] of Object.entries(typed)) {
      const isKept = !same(value, now[name]) && !same(value, { ...before.base, ...sent }[name]);
      if (isKept) Object.assign(next.shown, { [name]: before.shown[name] });
      if (isKept && !sent) Object.assign(next.base, { [name]: before.base[name] });
      if (!isKept && !same(value, now[name])) next.rounds[name] = (before.rounds[name] ?? 0) + 1;
    }
    return next;
  });
  useLayoutEffect(() => {
    if (!same(current, draft.now)) goOn(current, null);
  }, [JSON.stringify(current)]);
  const { base, now, shown, rounds } = draft;
  return {
    fields,
    shown,
    field: (/** @type {string} */ name) => ({ name, key: `${name} ${rounds[name] ?? 0}` }),
    changes: (/** @type {Record<string, any>} */ values) => Object.fromEntries(Object.entries(read(values)).filter(([name, value]) => !same(value, base[name]))),
    hint: (/** @type {keyof Resource} */ name, /** @type {(value: any) => string} */ words = String, /** @type {string | undefined} */ otherwise = undefined) =>
      same(now[name], base[name]) ? otherwise : `Changed meanwhile to “${words(now[name])}”. Saving your own change replaces it.`,
    saved: goOn,
  };
}
