// The parts of screens: page, notice, form, dialog, table, menu, badges.
import { createContext, html, useContext, useEffect, useId, useLayoutEffect, useRef, useState } from '../vendor/ui.js';
import { Dialog, DialogContext, isTyped } from './dialog.js';
import { isFocusLost, useLostFocus } from './focus.js';
import { Notice, fieldOf } from './notice.js';
import { LEVELS, formatRelative, formatTime, numberShown, personName } from './words.js';
import { mayLeave, useUnsaved } from './router.js';
import { useAction, useApp, useHold, useOrg } from './use.js';

export { Dialog, Notice };

/**
 * The heading of a screen, its actions and its content. Sets the title of the document, which names the organization, too.
 * @param {Props.Page} props
 */
export function Page({ title, intro, actions, children }) {
  const { config } = useApp();
  const name = useOrg()?.org.name;
  useEffect(() => {
    document.title = [title, name !== title && name, config.product ?? 'Rolecall'].filter(Boolean).join(' · ');
  }, [title, name]);
  const head = useRef(null);
  useLostFocus(head);
  return html`
    <header class="page-head" ref=${head}>
      <div><h1>${title}</h1>${intro && html`<p class="intro">${intro}</p>`}</div>
      ${actions && html`<div class="actions">${actions}</div>`}
    </header>
    ${children}
  `;
}

/**
 * A part of a page, which has the name of its heading.
 * @param {Props.Section} props
 */
export function Section({ title, intro, actions, children, id }) {
  const heading = useId();
  return html`
    <section id=${id} class="section" aria-labelledby=${heading}>
      <div class="section-head">
        <div><h2 id=${heading}>${title}</h2>${intro && html`<p class="hint">${intro}</p>`}</div>
        ${actions && html`<div class="actions">${actions}</div>`}
      </div>
      ${children}
    </section>
  `;
}

export const Loading = () => html`<p class="loading" role="status">Loading…</p>`;

/** @param {Props.Empty} props */
export const Empty = ({ title, children }) => html`<div class="empty"><strong>${title}</strong><p>${children}</p></div>`;

/**
 * Shows a loading state, a problem or `show(data)`, as `load` (from `useLoad`) says. No component, so that `data` has its type.
 * @template Data
 * @param {Types.Load<Data>} load
 * @param {(data: NonNullable<Data>) => Types.View} [show]
 */
export function loaded(load, show) {
  if (!load.data) return load.problem ? html`<${Notice} problem=${load.problem} reload=${load.reload} />` : html`<${Loading} />`;
  return html`<${Notice} problem=${load.problem} reload=${load.reload} />${show?.(load.data)}`;
}

export const FormContext = createContext(/** @type {Types.FormContext} */ ({}));

const WAIT = 'This is not done yet. Leave without waiting? A message then says how it ends.';

/**
 * A form. `onSubmit(values)` gets the values by field name and may throw a problem: its field errors appear at the
 * fields, the rest above the buttons. A success closes the dialog around the form, unless it `stays`. `reload` offers the fresh state
 * after 404, 409 and 412. With `changes(values)`, which returns the values that are not saved, the person is asked before they are
 * lost; in a dialog also without it, if much is typed, and while it sends. `next(problem)` shows a step after a refusal.
 * While it `asks` the person before it sends, it does not look busy.
 * @param {Props.Form} props
 */
export function Form({ onSubmit, submit = 'Save', danger, onCancel, reload, next, children, disabled, changes, stays, asks }) {
  const close = useContext(DialogContext);
  const action = useAction(onSubmit, stays ? null : close);
  const errors = action.problem?.errors ?? [];
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  useEffect(() => {
    const marked = /** @type {HTMLElement | null | undefined} */ (form.current?.querySelector('[aria-invalid=true]'));
    marked?.closest('details')?.setAttribute('open', '');
    marked?.focus();
  }, [action.problem]);
  const values = () => /** @type {Types.FormValues} */ (Object.fromEntries(new FormData(form.current ?? undefined)));
  const isChanged = () => (changes ? Object.keys(changes(values())).length > 0 : isTyped(form.current));
  useUnsaved((within) => within.contains(form.current) && (action.isBusy() ? ((close && !stays) || isChanged()) && WAIT : isChanged()));
  const cancel = () => {
    const dialog = form.current?.closest('dialog');
    if (!dialog || mayLeave(dialog)) onCancel?.();
  };
  const errorOf = (/** @type {string | undefined} */ name) => 
    errors.filter(({ pointer }) => `${pointer}/`.startsWith(`/${name}/`)).map(({ detail }) => detail).join('; ') || undefined;
  const refresh = reload && (async () => {
    await reload(action.problem);
    action.clear();
  });
  const { waits, submitted, release } = useHold(form, (event) => action.run(values(), event));
  const busy = (action.busy && !asks) || waits;
  // Not by the attribute `disabled`: the browser takes the focus from a button that has it.
  const press = (/** @type {Event} */ event) => disabled && event.preventDefault();
  return html`
    <form ref=${form} onSubmit=${submitted} onInput=${() => release(false)} novalidate=${false}>
      <${FormContext.Provider} value=${{ errorOf, release }}>${children}<//>
      <${Notice} problem=${action.problem} reload=${refresh} keep=${action.clear} next=${next} errors=${errors.filter(({ pointer }) => !fieldOf(pointer, form.current))} />
      <div class="form-actions">
        <button class=${danger ? 'danger' : 'primary'} onClick=${press} aria-disabled=${disabled || busy}>${busy ? 'Working…' : submit}</button>
        ${onCancel && html`<button type="button" onClick=${cancel}>Cancel</button>`}
      </div>
    </form>
  `;
}

/**
 * A field of a form: a text input, or with `options` ([value, label]) a choice, or with `rows` a text area. Shows the
 * error that the API names for it. Further properties are those of the element.
 * @param {Props.Field} props
 */
export function Field({ label, hint, name, value, options, rows, type = 'text', children, ...rest }) {
  const id = useId();
  const error = useContext(FormContext).errorOf?.(name);
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
  const shared = { id, name, 'aria-invalid': error ? 'true' : undefined, 'aria-describedby': described, ...rest };
  let input = children;
  if (options) {
    input = html`<select ...${shared}>
      ${options.map(([key, text]) => html`<option value=${key} selected=${key === value}>${text}</option>`)}
    </select>`;
  } else if (rows) {
    input = html`<textarea rows=${rows} ...${shared} defaultValue=${value ?? ''}></textarea>`;
  } else if (!children) {
    input = html`<input type=${type} ...${shared} defaultValue=${value ?? ''} />`;
  }
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
      ${input}
      ${error && html`<p class="field-error" id="${id}-error">${error}</p>`}
    </div>
  `;
}

/** @param {Props.Check} props */
export function Check({ label, hint, name, checked, ...rest }) {
  const id = useId();
  return html`
    <div class="check">
      <input type="checkbox" id=${id} name=${name} defaultChecked=${checked} aria-describedby=${hint && `${id}-hint`} ...${rest} />
      <label for=${id}>${label}</label>
      ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
    </div>
  `;
}

/**
 * Asks before something that cannot be undone. With `typed`, that text must be typed first.
 * @param {Props.Confirm} props
 */
export function Confirm({ title, children, submit, onConfirm, onClose, typed, typedLabel, reload }) {
  const [text, setText] = useState('');
  const refresh = reload && (async (/** @type {Types.Trouble | null} */ problem) => {
    await reload();
    // It is gone already, or may be: the page shows it.
    if (problem?.status === 404 || problem?.isUnsure) onClose();
  });
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <div class="prose">${children}</div>
      <${Form} danger submit=${submit} onSubmit=${onConfirm} onCancel=${onClose} reload=${refresh} disabled=${typed !== undefined && text !== typed}>
        ${typed !== undefined && html`
          <${Field} label=${typedLabel} name="typed" hint=${typed} autocomplete="off" onInput=${(/** @type {Types.FieldEvent} */ event) => setText(event.target.value)} />
        `}
      <//>
    <//>
  `;
}

/**
 * A table that becomes a list of cards on narrow screens. Columns: `{ label, cell(row), number, head }`; the column
 * with `head` names the row. No component, so that `row` has its type.
 * @template Row
 * @param {Props.Table<Row>} props
 */
export function table({ label, columns, rows, keyOf = (row) => /** @type {any} */ (row).id }) {
  const shown = columns.filter((column) => !!column);
  return html`<table aria-label=${label}>
    <thead><tr>${shown.map(({ label, number, hidden }) => html`
      <th scope="col" class=${number && 'number'}>${hidden ? html`<span class="sr-only">${label}</span>` : label}</th>`)}</tr></thead>
    <tbody>
      ${rows.map((row) => html`<tr key=${keyOf(row)}>${shown.map(({ label, cell, number, head }) => head
        ? html`<th scope="row">${cell(row)}</th>`
        : html`<td data-label=${label} class=${number && 'number'}>${cell(row)}</td>`)}</tr>`)}
    </tbody>
  </table>`;
}

/**
 * The end of a list from `usePages`: its problem, and the button for the next page. Takes the focus when the last page removes that.
 * @param {Props.More} props
 */
export function More({ list, noun = 'entries' }) {
  const end = useRef(/** @type {HTMLElement | null} */ (null));
  const pressed = useRef(false);
  const shown = list.items.length;
  // With the render: the button can be pressed again before the next paint.
  useLayoutEffect(() => {
    if (pressed.current && isFocusLost()) end.current?.focus();
    if (!list.loading) pressed.current = false;
  });
  const more = () => list.loading || ((pressed.current = true), list.more());
  return html`
    <${Notice} problem=${list.problem} reload=${list.reload} />
    <div class="more" ref=${end} tabindex="-1">
      ${list.loading && html`<${Loading} />`}
      ${list.hasMore && html`<button onClick=${more} aria-disabled=${list.loading}>Show more</button>`}
      <span class=${shown > 1 ? 'hint' : 'sr-only'} role="status">${list.loaded && numberShown(list, noun)}</span>
    </div>
  `;
}

/**
 * A button that opens a list of actions, each a button or a link of its own. Closes on Escape and when the focus leaves. Its list
 * begins where the button ends, or with `start`, where it begins.
 * @param {Props.Menu} props
 */
export function Menu({ label, actions, start, children }) {
  const details = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const close = () => details.current?.removeAttribute('open');
  // A dialog that an action opens returns the focus there.
  const toSummary = () => (close(), details.current?.querySelector('summary')?.focus());
  const leave = (/** @type {FocusEvent} */ event) => !details.current?.contains(/** @type {Node | null} */ (event.relatedTarget)) && close();
  const key = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Escape' && details.current?.open) toSummary();
  };
  return html`
    <details class="menu ${start ? 'menu-start' : ''}" ref=${details} onFocusOut=${leave} onKeyDown=${key}>
      <summary><span class="sr-only">${label}${children && ': '}</span>${children ?? html`<span aria-hidden="true">⋯</span>`}</summary>
      <div class="menu-list" tabindex="-1" onClick=${(/** @type {Event} */ event) => event.defaultPrevented && close()}>
        ${actions.filter((action) => !!action).map(({ label, run, danger, link }) => link ?? html`
          <button type="button" class=${danger && 'danger-text'} onClick=${() => (toSummary(), run?.())}>${label}</button>`)}
      </div>
    </details>
  `;
}

/** @param {Props.Badge} props */
export const Badge = ({ tone = 'plain', children }) => html`<span class="badge ${tone}">${children}</span>`;

const LEVEL_TONES = { none: 'plain', view_only: 'info', full_access: 'good' };

/** @param {Props.Level} props */
export const Level = ({ level }) => html`<${Badge} tone=${LEVEL_TONES[level]}>${LEVELS[level]}<//>`;

/**
 * An address or a name. A browser breaks it after an @, and a word only if it must.
 *
 * @param {string} text
 */
const breakable = (text) => text.split(/(?<=@)/).map((part, index) => html`${index > 0 && html`<wbr />`}${part}`);

/**
 * A person: the name, and below it the address.
 * @param {Props.Person} props
 */
export const Person = ({ person }) => html`
  <span class="person"><span>${breakable(personName(person))}</span>
  ${person?.email && personName(person) !== person.email && html`<small>${breakable(person.email)}</small>`}</span>
`;

/**
 * A time, relative to now; the exact one is its title.
 * @param {Props.When} props
 */
export const When = ({ at, empty = '–' }) => at ? html`<time datetime=${at} title=${formatTime(at)}>${formatRelative(at)}</time>` : empty;

/**
 * Calls `onSearch(text)` a third of a second after the last change, or when the person leaves the field. A `value` that it has not sent replaces the text: the
 * person went back, or removed the filters. The label is for screen readers alone, next to the placeholder, unless it `isShown`.
 *
 * @param {Props.SearchField} props
 */
export function SearchField({ label, value, onSearch, placeholder, hint, isShown }) {
  const timer = useRef(0);
  const sent = useRef(value ?? '');
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const id = useId();
  useEffect(() => () => clearTimeout(timer.current), []);
  // With the render, and not after a key that follows at once.
  useLayoutEffect(() => {
    if (!input.current || sent.current === (value ?? '')) return;
    clearTimeout(timer.current);
    input.current.value = sent.current = value ?? '';
  }, [value]);
  const send = () => {
    clearTimeout(timer.current);
    const text = input.current?.value ?? '';
    if (text !== sent.current) onSearch((sent.current = text));
  };
  const change = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(send, 350);
  };
  return html`<div class="search field"><label class=${isShown ? undefined : 'sr-only'} for=${id}>${label}</label>
    <input id=${id} ref=${input} type="search" placeholder=${placeholder ?? label} aria-describedby=${hint && `${id}-hint`}
      defaultValue=${value} onInput=${change} onBlur=${send} />
    ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}</div>`;
}
