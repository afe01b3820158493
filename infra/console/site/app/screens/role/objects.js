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
