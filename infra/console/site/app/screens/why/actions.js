// The areas of an organization and their actions.
import { CATALOGUE } from '../../catalogue.js';

/** @returns {Types.Area[]} */
const fromCatalogue = () => Object.entries(CATALOGUE).map(([key, { label, section, actions }]) => ({
  key, label, section, shown: true, actions: Object.values(actions).flat(),
}));

/**
 * The role objects as they apply in the organization, each with its actions. People who may not read them get
 * the whole catalogue. The catalogue also has the actions that no level gives.
 *
 * @param {Types.Api} api
 * @param {string} org
 * @param {boolean} mayRead
 * @param {AbortSignal} signal
 * @returns {Promise<Types.Area[]>}
 */
export async function readAreas(api, org, mayRead, signal) {
  if (!mayRead) return fromCatalogue();
  const page = await api.GET('/v1/organizations/{org}/role-objects', { path: { org }, signal });
  return page.items.map(({ levels, ...area }) => ({
    ...area,
    actions: [...levels.flatMap(({ actions }) => actions), ...(CATALOGUE[area.key]?.actions.never ?? [])],
  }));
}
