// The history of an organization: who changed what, and when.
import { html, useState } from '../../vendor/ui.js';
import { UnknownFilters, setFilters, useFilters } from '../filters.js';
import { ORGANIZATION_FILTERS, OrganizationFilter, organizationFilters, organizationQuery, organizationsIn, reachesBelow } from '../organization_filter.js';
import { Empty, Field, More, Page } from '../parts.js';
import { path, replace } from '../router.js';
import { useApp, useOrg, usePages } from '../use.js';
import { dayOf, formatDate } from '../words.js';
import { ACTIONS, ActionFilter, actionsOf } from './history/actions.js';
import { Entry } from './history/entry.js';
import { PersonFilter } from './history/person.js';

const DAY = /^\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])$/;
const KNOWN = { from: DAY, to: DAY, action: ACTIONS, member_id: true, only: ['did'], ...ORGANIZATION_FILTERS };

export function History() {
  const { api } = useApp();
  const { id, can } = useOrg();
  const { search, unknown } = useFilters(KNOWN);
  const [filters, set] = filtersIn(search);
  const [cleared, setCleared] = useState(0);
  const clear = () => (setCleared(cleared + 1), replace(path()), toTop());
  const choose = (/** @type {string} */ person) => (set({ person, only: '', organizations: 'own' }), toTop());
  const query = queryOf(filters);
  const list = usePages(
    (cursor, signal) => api.GET('/v1/organizations/{org}/events', { path: { org: id }, query: { ...query, limit: 50, cursor }, signal }),
    [api, id, JSON.stringify(query)],
    true,
  );
  const filtered = Object.keys(query).length > 0;
  const below = !filters.person && can('user_management_sub_organizations', 'view_only');
  return html`
    <${Page} title="Event history" intro="Every change, newest first. No one can edit or delete an entry.">
      <div class="row" key=${cleared}>
        <${Field} label="From" name="from" type="date" value=${filters.from} max=${filters.to || undefined}
          onChange=${(event) => set({ from: event.target.value })} />
        <${Field} label="To" name="to" type="date" value=${filters.to} min=${filters.from || undefined}
          onChange=${(event) => set({ to: event.target.value })} />
        <${ActionFilter} value=${filters.action} onChange=${(/** @type {string} */ action) => set({ action })} />
        ${below && html`<${OrganizationFilter} value=${filters.organizations} onChange=${(/** @type {Types.Organizations} */ organizations) => set({ organizations })} />`}
      </div>
      <${PersonFilter} person=${filters.person} only=${filters.only} choose=${choose} setOnly=${(/** @type {string} */ only) => set({ only })} events=${list.items} />
      ${filtered && html`<div><button class="link" onClick=${clear}>Clear all filters</button></div>`}
      <${UnknownFilters} unknown=${unknown} />
      <${Days} events=${list.items} below=${reachesBelow(filters.organizations)} about=${choose} />
      ${list.loaded && list.items.length === 0 && !list.hasMore && html`<${Empty} title="No entry matches">
        ${filtered ? 'Change or clear the filters to see other entries.' : 'A change in the organization appears here at once.'}<//>`}
      <${More} list=${{ ...list, problem: inPlainWords(list.problem) }} noun="entries" />
    <//>
  `;
}

/**
 * The refusal of a subtree with too many organizations, in words of this screen.
 *
 * @param {Types.Trouble | null | undefined} problem
 */
function inPlainWords(problem) {
  if (!problem?.errors?.some(({ pointer }) => pointer === '/scope')) return problem;
  const detail = 'The history of at most 20 organizations can be shown together. Use “Chosen organizations” to choose some.';
  return { title: 'There are too many organizations', detail, status: problem.status };
}

/** Gives the content the focus, where the button that was used disappears: before the next key, which a later focus would undo. */
const toTop = () => (scrollTo(0, 0), document.querySelector('main')?.focus());

/**
 * The filters of the page, and how to change them.
 *
 * @param {URLSearchParams} search
 * @returns {[Types.HistoryFilters, (change: Partial<Types.HistoryFilters>) => void]}
 */
function filtersIn(search) {
  const value = (/** @type {string} */ name) => search.get(name) ?? '';
  const filters = {
    from: value('from'), to: value('to'), action: value('action'), person: value('member_id'), only: value('only'), organizations: organizationsIn(search),
  };
  const set = (/** @type {Partial<Types.HistoryFilters>} */ change) => {
    const { person, only, organizations, ...others } = { ...filters, ...change };
    setFilters({ ...others, member_id: person, only: person && only, ...organizationFilters(organizations) });
  };
  return [filters, set];
}

/**
 * The parameters of the list. Days are those of the person's time zone; the last one is included.
 *
 * @param {Types.HistoryFilters} filters
 * @returns {Types.HistoryQuery}
 */
function queryOf({ from, to, action, person, only, organizations }) {
  const start = (/** @type {string} */ day, /** @type {number} */ more) => {
    const time = new Date(`${day}T00:00:00`);
    time.setDate(time.getDate() + more);
    return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
  };
  return {
    ...(from && { from: start(from, 0) }),
    ...(to && { to: start(to, 1) }),
    ...(action && { action: actionsOf(action) }),
    ...(person && (only === 'did' ? { actor: person } : { member_id: person })),
    ...(!person && organizationQuery(organizations)),
  };
}

/**
 * The events by day.
 *
 * @param {Props.History} props
 */
function Days({ events, below, about }) {
  /** @type {Map<string, Types.HistoryEvent[]>} */
  const days = new Map();
  for (const event of events) days.set(dayOf(event.at), [...(days.get(dayOf(event.at)) ?? []), event]);
  return [...days].map(([day, inside]) => html`
    <section class="day" key=${day}>
      <h2>${dayName(day)}</h2>
      <ol class="events">${inside.map((event) => html`<${Entry} key=${event.id} event=${event} below=${below} about=${about} />`)}</ol>
    </section>`);
}

/** @param {string} day */
function dayName(day) {
  const ago = (/** @type {number} */ days) => dayOf(new Date(new Date().setDate(new Date().getDate() - days)));
  const date = formatDate(`${day}T12:00:00`);
  if (day === ago(0)) return `Today, ${date}`;
  return day === ago(1) ? `Yesterday, ${date}` : date;
}
