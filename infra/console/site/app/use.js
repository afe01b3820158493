// Hooks: the app, loading, pages of a list, and actions.
import { createContext, useCallback, useContext, useEffect, useRef, useState } from '../vendor/ui.js';

/** What every screen can use: `api`, `config`, `me`, `reloadMe()` and `announce(text)`. */
export const AppContext = createContext(/** @type {Types.App} */ (/** @type {unknown} */ (null)));
export const useApp = () => useContext(AppContext);

/** What the screens of one organization can use: `org`, `id`, `access`, `membership`, `can(object, level)`, `reload()`. */
export const OrgContext = createContext(/** @type {Types.Org} */ (/** @type {unknown} */ (null)));
export const useOrg = () => useContext(OrgContext);

/**
 * Loads when `deps` change. While it loads again, the earlier data stays.
 *
 * @template Data
 * @param {(signal: AbortSignal) => Promise<Data> | Data} load
 * @param {readonly unknown[]} deps
 * @returns {Types.Load<Data>}
 */
export function useLoad(load, deps) {
  const [state, setState] = useState(/** @type {Omit<Types.Load<Data>, 'reload'>} */ ({ loading: true }));
  const current = useRef(/** @type {AbortController | null} */ (null));
  const reload = useCallback(async () => {
    current.current?.abort();
    const controller = (current.current = new AbortController());
    setState((before) => ({ ...before, loading: true }));
    try {
      const data = await load(controller.signal);
      if (!controller.signal.aborted) setState({ data, loading: false });
    } catch (problem) {
      if (!controller.signal.aborted) setState((before) => ({ data: before.data, problem: /** @type {Types.Trouble} */ (problem), loading: false }));
    }
  }, [...deps]);
  useEffect(() => {
    setState({ loading: true });
    reload();
    return () => current.current?.abort();
  }, [reload]);
  return { ...state, reload };
}

/**
 * Loads the first page of a list when `deps` change, and further pages on demand. `load(cursor, signal)` gets a page. A reload
 * reads as many items as were shown.
 *
 * @template Item
 * @param {(cursor: string | undefined, signal?: AbortSignal) => Promise<Types.Page<Item>>} load
 * @param {readonly unknown[]} deps
 * @returns {Types.Pages<Item>}
 */
export function usePages(load, deps) {
  const [rest, setRest] = useState(/** @type {{ of?: Types.Page<Item>, items: Item[], next?: string | null }} */ ({ items: [] }));
  const shown = useRef(0);
  const first = useLoad(async (signal) => {
    let page = await load(undefined, signal);
    while (page.next_cursor && page.items.length < shown.current) {
      const { items, next_cursor } = await load(page.next_cursor, signal);
      page = { ...page, items: [...page.items, ...items], next_cursor };
    }
    return page;
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
  });
  const items = data ? [...data.items, ...tail.items] : [];
  shown.current = items.length;
  return {
    items,
    loaded: Boolean(data),
    total: data?.total ?? null,
    hasMore: Boolean(tail.next),
    more: more.run,
    loading: first.loading || more.busy,
    problem: more.problem ?? first.problem,
    reload: first.reload,
  };
}

/**
 * Runs `work` on demand, one at a time. `run` resolves to whether it succeeded. What `work` returns is not used.
 *
 * @template {any[]} Arguments
 * @param {(...args: Arguments) => unknown} work
 */
export function useAction(work) {
  const [state, setState] = useState({ busy: false, problem: /** @type {Types.Trouble | null} */ (null) });
  const busy = useRef(false);
  const run = async (/** @type {Arguments} */ ...args) => {
    if (busy.current) return false;
    busy.current = true;
    setState({ busy: true, problem: null });
    try {
      await work(...args);
      setState({ busy: false, problem: null });
      return true;
    } catch (problem) {
      setState({ busy: false, problem: /** @type {Types.Trouble} */ (problem) });
      return false;
    } finally {
      busy.current = false;
    }
  };
  return { ...state, run, clear: () => setState({ busy: false, problem: null }) };
}
