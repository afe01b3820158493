// One event: a sentence, and what changed in words.
import { html, useState } from '../../../vendor/ui.js';
import { changes } from '../../event_values.js';
import { actionLabel, actorName, sentence } from '../../event_words.js';
import { Badge, table } from '../../parts.js';
import { useOrg } from '../../use.js';
import { formatTime, personLine } from '../../words.js';

const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });

/** @param {Props.HistoryEntry} props */
export function Entry({ event, below, about }) {
  const [open, setOpen] = useState(false);
  const { at, reason, organization_name, action } = event;
  const rows = changes(event);
  return html`<li class="event">
    <time datetime=${at} title=${formatTime(at)}>${time.format(new Date(at))}</time>
    <div class="event-body">
      <p>${sentence(event)} ${below && html`<${Badge}>${organization_name}<//>`}</p>
      ${reason && html`<p>Reason of the operator: <q>${reason}</q></p>`}
      <details onToggle=${(/** @type {Event & { target: HTMLDetailsElement }} */ { target }) => setOpen(target.open)}>
        <summary>${rows.length > 0 ? 'What changed' : 'Details'}<span class="sr-only">: ${actionLabel(action)}, ${formatTime(at)}</span></summary>
        ${open && html`<${Details} event=${event} about=${about} rows=${rows} />`}
      </details>
    </div>
  </li>`;
}

/** @param {Props.HistoryEntry} props */
function Details({ event, about, rows }) {
  const { old, new: now, request_id, client_request_id } = event;
  const columns = /** @type {(Types.Column<typeof rows[number]> | Types.Nothing)[]} */ ([
    { label: 'What', head: true, cell: ({ label }) => label },
    old && { label: 'Before', cell: ({ before }) => html`<bdi>${before}</bdi>` },
    (now || !old) && { label: old ? 'After' : 'Value', cell: ({ after }) => html`<bdi>${after}</bdi>` },
  ]);
  return html`<div class="event-details">
    ${rows.length > 0 && table({ label: 'What changed', columns, rows })}
    <p class="hint">${formatTime(event.at)}${event.actor.email && html`, by <bdi>${personLine(event.actor)}</bdi>`}. For questions to support: request <code>${request_id}</code>${client_request_id &&
      html`, sent as <code>${client_request_id}</code>`}.</p>
    <${People} event=${event} about=${about} />
  </div>`;
}

/**
 * Buttons for everything about the people of the event. A person has another id in each organization.
 *
 * @param {Props.HistoryEntry} props
 */
function People({ event, about }) {
  const { id } = useOrg();
  const { actor, target } = event;
  if (event.organization_id !== id) return null;
  const people = new Map();
  if (actor.id && !actor.operator) people.set(actor.id, actorName(actor));
  if (target.type === 'member') people.set(target.id, target.name ?? 'this member');
  return html`<div class="actions">${[...people].map(([person, name]) => html`
    <button key=${person} onClick=${() => about(person)}>Everything about <bdi>${name}</bdi></button>`)}</div>`;
}
