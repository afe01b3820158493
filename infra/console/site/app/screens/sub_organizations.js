import { html } from '../../vendor/ui.js';
import { Page } from '../parts.js';

export const SubOrganizations = () => html`<${Page} title="SubOrganizations" />`;
