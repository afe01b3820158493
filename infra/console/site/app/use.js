// Hooks: the app, loading, pages of a list, and actions.
import { createContext, useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/ui.js';
import { keep, kept, useIsGone } from './router.js';
import { announce } from './toast.js';
import { refusalInWords } from './words.js';

/** What every screen can use: `api`, `config`, `me`, `reloadMe()` and `announce(text)`. */
export const AppContext = createContext(/** @type {Types.App} */ (/** @type {unknown} */ (null)));
export const useApp = () => useContext(AppContext);

/** What the screens of one organization can use: `org`, `id`, `access`, `membership`, `can(object, level)`, `reload()`. */
export const OrgContext = createContext(/** @type {Types.Org} */ (/** @type {unknown} */ (null)));
export const useOrg = () => useContext(OrgContext);

/**
 * Loads when `deps` change. While it loads the same again, the earlier data stays; that of other deps is gone with them. `reload` loads
 * for the present deps, also if it is kept longer than a render.
 *
 * @template Data
 * @param {(signal: AbortSignal) => Promise<Data> | Data} load
 * @param {readonly unknown[]} deps
 * @returns {Types.Load<Data>}
 */
export function useLoad(load, deps) {
  const of = useMemo(() => ({}), [...deps]);
  const [state, setState] = useState(/** @type {Omit<Types.Load<Data>, 'reload'> & { of: object }} */ ({ loading: true, of }));
  const current = useRef(/** @type {AbortController | null} */ (null));
  const newest = useRef({ load, of });
  newest.current = { load, of };
  const reload = useCallback(async () => {
    const { load, of } = newest.current;
    current.current?.abort();
    const { signal } = (current.current = new AbortController());
    const put = (/** @type {Omit<Types.Load<Data>, 'reload'>} */ next) => {
      if (!signal.aborted) setState((before) => ({ ...(before.of === of && before), ...next, of }));
    };
    put({ loading: true });
    try {
      put({ data: await load(signal), problem: undefined, loading: false });
    } catch (problem) {
      put({ problem: /** @type {Types.Trouble} */ (problem), loading: false });
    }
  }, []);
  useEffect(() => {
    reload();
    return () => current.current?.abort();
  }, [of]);
  // Before the effect, the state is still that of other deps.
  const { of: its, ...shown } = state;
  return its === of ? { ...shown, reload } : { loading: true, reload };
}

/** The items of a page, unless a request says another number, and the most that it may say. */
const PAGE = { usual: 25, most: 100 };

/**
 * Reads the first page of a list, and further ones until at least `needed` items are read.
 *
 * @template Item
 * @param {(cursor: string | undefined, limit?: number) => Promise<Types.Page<Item>>} load
 * @param {number} needed
 */
async function readPages(load, needed) {
  const next = (/** @type {string | undefined} */ cursor, /** @type {number} */ left) =>
    load(cursor, left > PAGE.usual ? Math.min(left, PAGE.most) : undefined);
  let page = await next(undefined, needed);
  while (page.next_cursor && page.items.length < needed) {
    const { items, next_cursor } = await next(page.next_cursor, needed - page.items.length);
    page = { ...page, items: [...page.items, ...items], next_cursor };
  }
  return page;
}

/**
 * The items of a list, with the fields that a change has set since `data` was read.
 *
 * @template Item
 * @param {Item[]} items
 * @param {unknown} data
 * @returns {Pick<Types.Pages<Item>, 'items' | 'put'>}
 */
function useChanged(items, data) {
  const [changed, setChanged] = useState(/** @type {{ of: unknown, items: Map<Item, Item> }} */ ({ of: null, items: new Map() }));
  const news = changed.of === data ? changed.items : new Map();
  return {
    items: items.map((item) => news.get(item) ?? item),
    put: (is, fields) => {
      const item = items.find(is);
      if (item) setChanged({ of: data, items: new Map(news).set(item, { ...item, ...fields }) });
    },
  };
}

/**
 * Keeps for a return how many items of a list are shown, and scrolls to where the person left the page.
 *
 * @param {unknown} data What is loaded, if the list is the main one of a screen.
 * @param {number} shown
 */
function usePlace(data, shown) {
  const scroll = useRef(kept().scroll);
  useLayoutEffect(() => {
    if (!data) return;
    keep({ shown, scroll: undefined });
    if (scroll.current) scrollTo(0, scroll.current);
    scroll.current = 0;
  }, [data, shown]);
}

/**
 * Calls `reload` after a change whose page is gone before its answer: a list can show what was before.
 *
 * @param {() => unknown} reload
 */
function useLate(reload) {
  useEffect(() => {
    addEventListener('late', reload);
    return () => removeEventListener('late', reload);
  });
}

/**
 * Loads the first page of a list when `deps` change, and further pages on demand. `load(cursor, signal, limit)` gets a page, of
 * `limit` items if many are needed. A reload reads as many items as were shown. So does the list of a screen with `isMain` when
 * the person comes back to it.
 *
 * @template Item
 * @param {(cursor: string | undefined, signal?: AbortSignal, limit?: number) => Promise<Types.Page<Item>>} load
 * @param {readonly unknown[]} deps
 * @returns {Types.Pages<Item>}
 */
export function usePages(load, deps, isMain = false) {
  const [rest, setRest] = useState(/** @type {{ of?: Types.Page<Item>, items: Item[], next?: string | null }} */ ({ items: [] }));
  const shown = useRef(0);
  const wanted = useRef((isMain && kept().shown) || 0);
  const first = useLoad((signal) => {
    const needed = wanted.current;
    wanted.current = 0;
    return readPages((cursor, limit) => load(cursor, signal, limit), needed);
  }, deps);
  const data = first.data;
  const tail = rest.of === data ? rest : { items: [], next: data?.next_cursor };
  const more = useAction(async () => {
    let { items, next } = tail;
    // Some filters give short pages: go on until there is something to show.
    do {
      const page = await load(next ?? undefined);
      items = [...items, ...page.items];
      next = page.next_cursor;
    } while (next && items.length === tail.items.length);
    setRest({ of: data, items, next });
  }, null, true);
  const loaded = data ? [...data.items, ...tail.items] : [];
  shown.current = loaded.length;
  usePlace(isMain && data, loaded.length);
  const reload = () => {
    wanted.current = shown.current;
    return first.reload();
  };
  useLate(reload);
  return {
    ...useChanged(loaded, data),
    loaded: Boolean(data),
    total: data?.total ?? null,
    hasMore: Boolean(tail.next),
    more: more.run,
    loading: first.loading || more.busy,
    problem: more.problem ?? first.problem,
    reload,
  };
}

/**
 * Runs `work` on demand, one at a time. `run` resolves to whether it succeeded. What `work` returns is not used. A success calls
 * `close`, unless the component is gone: so an answer closes no other dialog than its own. Then a success makes the lists that are shown
 * be read again, and a message says what was refused; unless the work only `reads`.
 *
 * @template {any[]} Arguments
 * @param {(...args: Arguments) => unknown} work
 * @param {(() => unknown) | null} [close]
 */
export function useAction(work, close, reads = false) {
  const isGone = useIsGone();
  const [state, setState] = useState({ busy: false, problem: /** @type {Types.Trouble | null} */ (null) });
  const busy = useRef(false);
  const run = async (/** @type {Arguments} */ ...args) => {
    if (busy.current) return false;
    busy.current = true;
    setState({ busy: true, problem: null });
    try {
      await work(...args);
      setState({ busy: false, problem: null });
      if (!isGone()) close?.();
      else if (!reads) dispatchEvent(new Event('late'));
      return true;
    } catch (problem) {
      setState({ busy: false, problem: /** @type {Types.Trouble} */ (problem) });
      if (isGone() && !reads) announce(refusalInWords(/** @type {Types.Trouble} */ (problem)));
      return false;
    } finally {
      busy.current = false;
    }
  };
  // Not the state, which follows with the next render: a key pressed before it meets the work all the same.
  const isBusy = () => busy.current;
  return { ...state, isBusy, run, clear: () => setState({ busy: false, problem: null }) };
}

/**
 * Holds a form that is sent while its choices still load: it is sent when they are there, once. Any input and a failure to load end the hold.
 *
 * @param {{ current: HTMLFormElement | null }} form
 * @param {(event: Event) => unknown} send
 */
export function useHold(form, send) {
  const held = useRef(false);
  const [waits, show] = useState(false);
  const hold = (/** @type {boolean} */ is) => show((held.current = is));
  return {
    waits,
    submitted: (/** @type {Event} */ event) => {
      event.preventDefault();
      hold(Boolean(form.current?.querySelector('[aria-busy=true]')));
      if (!held.current) send(event);
    },
    release: (/** @type {boolean} */ isReady) => {
      const wasHeld = held.current;
      hold(false);
      if (wasHeld && isReady) form.current?.requestSubmit();
    },
  };
}
