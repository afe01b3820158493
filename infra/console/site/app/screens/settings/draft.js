// A form whose resource can change while a person fills it in.
import { useState } from '../../../vendor/ui.js';

/**
 * Compares a form with the state that it began with, so that only what the person changed is sent, and with the
 * state as it was loaded last, so that the person sees what others changed meanwhile.
 *
 * @returns `changes(values)`; `hint(name, words, otherwise)` for a field; `saved(resource)` after a success.
 */
export function useDraft(current) {
  const [base, setBase] = useState(current);
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  return {
    base,
    changes: (values) => Object.fromEntries(Object.entries(values).filter(([name, value]) => !same(value, base[name]))),
    hint: (name, words = String, otherwise = undefined) =>
      same(current[name], base[name]) ? otherwise : `Changed meanwhile to “${words(current[name])}”. Saving your own change replaces it.`,
    saved: setBase,
  };
}
