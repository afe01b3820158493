// The role objects as they apply in the organization.
import { useApp, useLoad, useOrg } from '../../use.js';

export function useRoleObjects() {
  const { api } = useApp();
  const { id } = useOrg();
  return useLoad(
    async (signal) => (await api.GET('/v1/organizations/{org}/role-objects', { path: { org: id }, signal })).items,
    [api, id],
  );
}

/**
 * Reads the role again after a refusal that can mean that it is gone.
 *
 * @param {Pick<Types.Load<unknown>, 'reload'>} load
 * @returns {(problem: Types.Trouble) => never}
 */
export const checkRole = (load) => (problem) => {
  // After the end of the action, whose form can then be gone.
  if (problem.slug === 'no-such-role') setTimeout(load.reload);
  throw problem;
};
