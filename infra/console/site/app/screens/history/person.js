// The filter by a person: everything about them, or what they did.
import { html, useState } from '../../../vendor/ui.js';
import { actorName } from '../../event_words.js';
import { Field, Notice, Person, SearchField } from '../../parts.js';
import { useApp, useLoad, useOrg } from '../../use.js';
import { personName } from '../../words.js';

const CHOICES = [['', 'Everything about them'], ['did', 'What they did']];

/**
 * `person` is the id of a member or a former one, or empty; `events` are those shown, which may name them.
 *
 * @param {Props.HistoryPerson} props
 */
export function PersonFilter({ person, only, choose, setOnly, events }) {
  const { can } = useOrg();
  if (person) return html`<${Chosen} person=${person} only=${only} choose=${choose} setOnly=${setOnly} events=${events} />`;
  return can('user_management', 'view_only') && html`<${Find} choose=${choose} />`;
}

/** @param {Props.HistoryPerson} props */
function Chosen({ person, only, choose, setOnly, events }) {
  const name = useName(person, events);
  return html`<div class="panel"><div class="row">
    <p><span class="hint">Person</span><br /><b><bdi>${name}</bdi></b></p>
    <${Field} label="Entries" name="only" options=${CHOICES} value=${only} onChange=${(event) => setOnly(event.target.value)} />
    <div><button onClick=${() => choose('')}>Show all people</button></div>
  </div></div>`;
}

/**
 * The name of a person: as a member, or, of a former one, as the events name them.
 *
 * @param {string} person
 * @param {Types.HistoryEvent[]} events
 */
function useName(person, events) {
  const { api } = useApp();
  const { id, can } = useOrg();
  const member = useLoad(
    (signal) => can('user_management', 'view_only')
      ? api.GET('/v1/organizations/{org}/members/{member}', { path: { org: id, member: person }, signal })
      : null,
    [api, id, person],
  );
  if (member.data) return personName(member.data);
  for (const { actor, target } of events) {
    if (actor.id === person) return actorName(actor);
    if (target.id === person && target.name) return target.name;
  }
  return member.loading ? 'Loading…' : 'A person who is not a member';
}

/** @param {Props.HistoryPerson} props */
function Find({ choose }) {
  const { api } = useApp();
  const { id } = useOrg();
  const [q, setQ] = useState('');
  const found = useLoad(
    async (signal) => {
      if (!q) return [];
      const page = await api.GET('/v1/organizations/{org}/members', {
        path: { org: id }, query: { q, match: 'contains', status: 'active', limit: 10 }, signal,
      });
      return page.items;
    },
    [api, id, q],
  );
  return html`<div>
    <${SearchField} label="Find a member by name or address" value="" onSearch=${setQ} />
    <${Notice} problem=${found.problem} reload=${found.reload} />
    <div role="status">
      ${q && found.data && (found.data.length === 0
        ? html`<p class="hint">No member matches. Former members: open an entry about them.</p>`
        : html`<ul class="found">${found.data.map((member) => html`<li key=${member.id}>
            <button onClick=${() => choose(member.id)}><${Person} person=${member} /></button></li>`)}</ul>`)}
    </div>
  </div>`;
}
