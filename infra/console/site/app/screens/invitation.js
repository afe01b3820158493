// An invitation, as its recipient sees it. Links in mails lead here.
import { html, useEffect } from '../../vendor/ui.js';
import { Notice, Page, When, loaded } from '../parts.js';
import { Link, useFollow } from '../router.js';
import { session } from '../session.js';
import { useAction, useApp, useLoad } from '../use.js';
import { personName } from '../words.js';

const MEMBER = 'caller-already-member';

/** @param {Props.Invitation} props */
export function InvitationScreen({ org, inv }) {
  const { api, me, reloadMe } = useApp();
  const follow = useFollow();
  const path = { org, inv };
  const invitation = useLoad((signal) => api.GET('/v1/organizations/{org}/invitations/{inv}/mine', { path, signal }), [api, org, inv]);
  const own = me.organizations.find(({ id }) => id === org);
  const isMember = invitation.problem?.slug === MEMBER;
  useEffect(() => void (isMember && !own && reloadMe()), [isMember]);
  if (own && (isMember || invitation.data)) {
    return html`<${Page} title="Invitation">
      <p>You are already a member of ${own.name}.</p>
      <div class="actions"><${Link} class="button primary" to="/organizations/${org}">Open ${own.name}<//></div>
    <//>`;
  }
  // Another account with the same address is the member.
  if (isMember) {
    return html`<${Page} title="Invitation"><${Notice} problem=${invitation.problem} />
      <div class="actions"><${Link} class="button" to="/">My organizations<//></div><//>`;
  }
  if (invitation.problem?.slug === 'no-such-invitation') {
    return html`<${Page} title="Invitation">
      <${Notice} problem=${invitation.problem} />
      <p>You are signed in as <b>${invitation.problem.body?.signed_in_as ?? me.email ?? me.user_id}</b>.</p>
      <div class="actions">
        <button class="primary" onClick=${() => session.end(true)}>Sign in with another address</button>
        <${Link} class="button" to="/">My invitations<//>
      </div>
    <//>`;
  }
  return html`<${Page} title="Invitation">
    ${loaded(invitation, (data) => html`<${Decision} invitation=${data} path=${path} reload=${invitation.reload} follow=${follow} />`)}
  <//>`;
}

/** @param {Props.Invitation} props */
function Decision({ invitation, path, reload, follow }) {
  const { api, reloadMe, announce } = useApp();
  const accept = useAction(async () => {
    await api.POST('/v1/organizations/{org}/invitations/{inv}/accept', { path }).catch(async (problem) => {
      if (problem.slug === MEMBER) await reload();
      throw problem;
    });
    await reloadMe();
    announce(`Welcome to ${invitation.organization_name}.`);
    follow(`/organizations/${path.org}`);
  });
  const decline = useAction(async () => {
    await api.POST('/v1/organizations/{org}/invitations/{inv}/decline', { path });
    announce('The invitation is declined.');
    follow('/');
  });
  const busy = accept.busy || decline.busy;
  const clear = () => (accept.clear(), decline.clear());
  return html`
    <div class="panel invitation">
      <p>${personName(invitation.sent_by)} invites you to</p>
      <h2>${invitation.organization_name}</h2>
      <p>as <b>${invitation.role_name}</b>.
        ${invitation.access_expires_at && html` Your access would end <${When} at=${invitation.access_expires_at} />.`}</p>
      <p class="hint">${invitation.expired ? 'It expired' : 'It expires'} <${When} at=${invitation.expires_at} />.
        ${invitation.expired && ' Ask the person who invited you to send it again.'}</p>
      ${invitation.organization_suspended && html`<p class="hint">The organization is suspended, so no one can join it at present.</p>`}
      ${!invitation.inviter_authorized && !invitation.expired && html`<p class="hint">It cannot be accepted at present: its sender can no longer grant this role. Ask an administrator of the organization to send it again.</p>`}
      <div class="actions">
        ${!invitation.expired && !invitation.organization_suspended && invitation.inviter_authorized && html`<button class="primary" onClick=${busy ? null : accept.run} aria-disabled=${busy}>Accept</button>`}
        <button onClick=${busy ? null : decline.run} aria-disabled=${busy}>Decline</button>
      </div>
      <${Notice} problem=${accept.problem ?? decline.problem} reload=${async () => (await reload(), clear())} keep=${clear} />
    </div>`;
}
