// Filters of a list in the query of the page, so that a link can carry them.
import { html } from '../vendor/ui.js';
import { path, query, replace, useLocation } from './router.js';

/**
 * The filters of the page that are `known`, each by its values or by whether it has one. Those of a link that are not
 * are left out, and listed as `unknown`.
 *
 * @param {Record<string, boolean | string[] | RegExp>} known
 */
export function useFilters(known) {
  const search = useLocation().query;
  /** @type {[string, string][]} */
  const unknown = [];
  for (const [name, value] of [...search]) {
    const values = known[name];
    if (!values || (value && (values instanceof RegExp ? !values.test(value) : Array.isArray(values) && !values.includes(value)))) {
      search.delete(name, value);
      unknown.push([name, value]);
    }
  }
  return { search, unknown };
}

/**
 * Replaces filters in the query of the page. An empty value removes one.
 *
 * @param {Record<string, string | string[]>} changes
 */
export function setFilters(changes) {
  const search = query();
  for (const [name, value] of Object.entries(changes)) {
    search.delete(name);
    for (const one of [value].flat()) if (one) search.append(name, one);
  }
  replace(search.size ? `${path()}?${search}` : path());
}

/** @param {{ unknown: [string, string][] }} props */
export const UnknownFilters = ({ unknown }) => unknown.length > 0 && html`
  <div class="notice warn" role="alert">
    <strong>The link has a filter that is not known here</strong>
    <p>The list does not apply ${unknown.map(([name, value], index) => html`${index > 0 && ', '}<code>${name}=${value}</code>`)}.</p>
    <button type="button" onClick=${() => setFilters(Object.fromEntries(unknown.map(([name]) => [name, '']))) }>Remove it from the link</button>
  </div>`;
