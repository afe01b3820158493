// The Excel file of the users that the filters show.
import { html } from '../../../vendor/ui.js';
import { Dialog, Notice } from '../../parts.js';
import { useAction, useApp, useOrg } from '../../use.js';

/** @param {{ filters: ReturnType<typeof import('./filters.js').listQuery> }} props */
export function ExportButton({ filters }) {
  const { api, announce } = useApp();
  const { id } = useOrg();
  const save = useAction(async () => {
    const { status, kind, ...others } = filters;
    const body = { ...others, status: many(status), kind: many(kind) };
    const answer = await api.POST('/v1/organizations/{org}/member-exports', { path: { org: id }, body });
    if (answer instanceof Response) download(URL.createObjectURL(await answer.blob()), fileName(answer));
    else download(answer.url, '');
    announce('The file is ready. Your browser saves it.');
  });
  return html`
    <button onClick=${save.run} aria-disabled=${save.busy}>${save.busy ? 'Preparing the file…' : 'Export'}</button>
    ${save.problem && html`<${Dialog} title="The export" onClose=${save.clear}><${Notice} problem=${save.problem} reload=${save.run} /><//>`}
  `;
}

/**
 * @template Value
 * @param {Value | undefined} value
 */
const many = (value) => (value ? [value] : undefined);

/** @param {Response} response */
const fileName = (response) => /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1] ?? 'users.xlsx';

/**
 * Saves the file at `url`.
 *
 * @param {string} url
 * @param {string} name
 */
export function download(url, name) {
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  if (url.startsWith('blob:')) setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
