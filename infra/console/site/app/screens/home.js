// What a person sees first: their organizations, invitations and requests, and the ways into an organization.
import { html, useState } from '../../vendor/ui.js';
import { everyItem } from '../api.js';
import { Badge, Dialog, Empty, Field, Form, Notice, Page, Section, When, loaded, table } from '../parts.js';
import { Link, useFollow } from '../router.js';
import { useAction, useApp, useLoad } from '../use.js';
import { personName } from '../words.js';

export function Home() {
  const { api, me } = useApp();
  const [creating, setCreating] = useState(false);
  const verified = me.email_verified;
  const own = useLoad(
    async (signal) => {
      const page = (/** @type {string | undefined} */ cursor) => ({ query: { cursor, limit: 100 }, signal });
      const [invitations, requests, joinable] = await Promise.all([
        verified ? everyItem((cursor) => api.GET('/v1/me/invitations', page(cursor))) : [],
        everyItem((cursor) => api.GET('/v1/me/join-requests', page(cursor))),
        verified ? everyItem((cursor) => api.GET('/v1/me/joinable-organizations', page(cursor))) : [],
      ]);
      return { invitations, requests, joinable };
    },
    [api, me],
  );
  return html`
    <${Page} title="My organizations" actions=${html`<button class="primary" disabled=${!verified} onClick=${() => setCreating(true)}>Create an organization</button>`}>
      ${!verified && html`<${Notice} problem=${{
        title: 'Your address is not verified',
        detail: 'Verify it at your identity provider and sign in again. Until then you cannot see invitations, ask to join or create an organization.',
      }} />`}
      ${loaded(own, ({ invitations }) => html`<${Invitations} items=${invitations} />`)}
      ${me.organizations.length > 0 ? html`<${Organizations} />` : own.data && html`<${NoOrganization} invited=${own.data.invitations.length > 0} />`}
      ${own.data && html`
        <${Requests} items=${own.data.requests} reload=${own.reload} />
        <${Joinable} items=${own.data.joinable} requests=${own.data.requests} reload=${own.reload} />`}
    <//>
    ${creating && html`<${CreateOrganization} onClose=${() => setCreating(false)} />`}
  `;
}

/** @param {{ invited: boolean }} props */
function NoOrganization({ invited }) {
  const { me } = useApp();
  if (me.operator) {
    return html`<${Empty} title="You belong to no organization">
      You are a platform operator. <${Link} to="/operator">Open the operator’s pages<//>, which show all organizations.<//>`;
  }
  return html`<${Empty} title="You belong to no organization yet">${!me.email_verified
    ? 'Your organizations appear here when your address is verified.'
    : invited ? 'Open your invitation above to join.' : `Create one, or ask a colleague to invite ${me.email ?? 'you'}. An invitation appears here.`}<//>`;
}

function Organizations() {
  const { me } = useApp();
  return html`<ul class="cards">
    ${me.organizations.map((org) => html`
      <li key=${org.id}><${Link} to="/organizations/${org.id}" class="card">
        <strong>${org.name}</strong>
        ${org.parent_name && html`<small>Below ${org.parent_name}</small>`}
        <span>${org.role_name}</span>
        ${org.kind === 'partner' && html`<${Badge}>Partner<//>`}
        ${org.suspended && html`<${Badge} tone="bad">Suspended<//>`}
        ${org.access_expires_at && html`<small>Your access ends <${When} at=${org.access_expires_at} /></small>`}
      <//></li>`)}
  </ul>`;
}

/** @param {Props.Home} props */
function Invitations({ items }) {
  if (items.length === 0) return null;
  return html`<${Section} title="Invitations" intro="You decide: nothing changes until you accept.">
    <ul class="cards">
      ${items.map((invitation) => html`
        <li key=${invitation.id}><${Link} to="/organizations/${invitation.organization_id}/invitations/${invitation.id}" class="card highlight">
          <strong>${invitation.organization_name}</strong>
          <span>as ${invitation.role_name}, invited by ${personName(invitation.sent_by)}</span>
          <small>${invitation.organization_suspended ? 'The organization is suspended' : invitation.expired ? 'Expired' : !invitation.inviter_authorized ? 'Must be sent again' : html`Expires <${When} at=${invitation.expires_at} />`}</small>
        <//></li>`)}
    </ul>
  <//>`;
}

/** @param {{ items: Types.Schemas['OwnJoinRequest'][], reload: () => unknown }} props */
function Requests({ items, reload }) {
  const { api, announce } = useApp();
  const cancel = useAction(async (/** @type {Types.Schemas['OwnJoinRequest']} */ request) => {
    await api.DELETE('/v1/organizations/{org}/join-requests/mine', { path: { org: request.organization_id } });
    announce('The request is cancelled.');
    reload();
  });
  if (items.length === 0) return null;
  return html`<${Section} title="My requests to join">
    <${Notice} problem=${cancel.problem} reload=${reload} />
    ${table({ label: 'My requests to join', rows: items, columns: [
      { label: 'Organization', head: true, cell: (row) => row.organization_name },
      { label: 'Status', cell: (row) => row.status === 'declined'
        ? html`<${Badge}>Declined<//> ${row.ask_again_at && html`You may ask again <${When} at=${row.ask_again_at} />.`}`
        : html`<${Badge} tone="info">Waiting for a decision<//>` },
      { label: 'Asked', cell: (row) => html`<${When} at=${row.created_at} />` },
      { label: 'Actions', hidden: true, cell: (row) => row.status !== 'declined' &&
        html`<button onClick=${() => cancel.run(row)}>Cancel the request</button>` },
    ] })}
  <//>`;
}

/** @param {{ items: Types.Schemas['JoinableOrganization'][], requests: Types.Schemas['OwnJoinRequest'][], reload: () => unknown }} props */
function Joinable({ items, requests, reload }) {
  const [asking, setAsking] = useState(/** @type {Types.Schemas['JoinableOrganization'] | null} */ (null));
  const asked = new Set(requests.filter(({ status }) => status !== 'declined').map((request) => request.organization_id));
  const open = items.filter(({ id }) => !asked.has(id));
  if (open.length === 0) return null;
  return html`<${Section} title="Organizations that you may ask to join" intro="They approve the domain of your address. A user manager decides.">
    <ul class="cards">
      ${open.map((org) => html`<li key=${org.id} class="card"><strong>${org.name}</strong>
        <button onClick=${() => setAsking(org)}>Ask to join<span class="sr-only"> ${org.name}</span></button></li>`)}
    </ul>
    ${asking && html`<${AskToJoin} org=${asking} onClose=${() => setAsking(null)} reload=${reload} />`}
  <//>`;
}

/** @param {Props.Home} props */
function AskToJoin({ org, onClose, reload }) {
  const { api, announce } = useApp();
  const submit = async (/** @type {Types.FormValues} */ { comment }) => {
    await api.POST('/v1/organizations/{org}/join-requests', { path: { org: org.id }, body: comment ? { comment } : {} });
    announce(`${org.name} has your request.`);
    reload();
  };
  return html`<${Dialog} title="Ask to join ${org.name}" onClose=${onClose}>
    <${Form} submit="Ask to join" onSubmit=${submit} onCancel=${onClose}>
      <${Field} label="Comment (optional)" name="comment" rows="3" maxlength="500" hint="The people who decide see it." />
    <//>
  <//>`;
}

/** @param {Props.Home} props */
function CreateOrganization({ onClose }) {
  const { api, reloadMe, announce } = useApp();
  const follow = useFollow();
  const submit = async (/** @type {Types.FormValues} */ { name }) => {
    const org = await api.POST('/v1/organizations', { body: { name } });
    await reloadMe();
    announce(`${org.name} is created. You are its Super Admin.`);
    follow(`/organizations/${org.id}`);
  };
  return html`<${Dialog} title="Create an organization" onClose=${onClose}>
    <${Form} submit="Create" onSubmit=${submit} onCancel=${onClose}>
      <${Field} label="Name" name="name" required maxlength="100" hint="Its members and invitees see it." />
    <//>
  <//>`;
}
