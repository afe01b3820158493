// The role objects as they apply in the organization.
import { everyItem } from '../../api.js';
import { useApp, useLoad, useOrg } from '../../use.js';

export function useRoleObjects() {
  const { api } = useApp();
  const { id } = useOrg();
  return useLoad(
    (signal) => everyItem((cursor) => api.GET('/v1/organizations/{org}/role-objects', { path: { org: id }, query: { cursor }, signal })),
    [api, id],
  );
}
