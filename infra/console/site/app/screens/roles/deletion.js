// The progress of a role that is being deleted. The work goes on without the browser.
import { html, useEffect, useState } from '../../../vendor/ui.js';
import { Problem } from '../../api.js';
import { useApp, useOrg } from '../../use.js';
import { count } from '../../words.js';

const INTERVAL = 3000;

/**
 * The numbers of users of a role in words.
 *
 * @param {Types.Schemas['UserCount']} users
 */
export function usersInWords({ active, pending, services }) {
  const parts = [active > 0 && count(active, 'member'), pending > 0 && `${pending} invited`, services > 0 && count(services, 'service')];
  return parts.filter(Boolean).join(', ') || 'no users';
}

/**
 * Shows how many users a role still has, until it is gone: then calls `onGone`.
 *
 * @param {Props.RolesDeletion} props
 */
export function Deletion({ role, target, onGone }) {
  const { api } = useApp();
  const { id } = useOrg();
  const [now, setNow] = useState(role);
  const own = role.organization_id === id;
  useEffect(() => {
    if (!own) return undefined;
    const path = { org: id, role: role.id };
    const timer = setInterval(async () => {
      if (document.hidden) return;
      try {
        setNow(await api.GET('/v1/organizations/{org}/roles/{role}', { path }));
      } catch (problem) {
        if (!(problem instanceof Problem) || problem.status !== 404) return;
        clearInterval(timer);
        onGone();
      }
    }, INTERVAL);
    return () => clearInterval(timer);
  }, [api, id, role.id, own]);
  return html`<span class="hint">Its users get the role ${target ? html`<b>${target}</b>` : 'that was chosen for them'}:
    ${' '}<span role="status">${usersInWords(now.users)} left</span>.</span>`;
}
