import { html } from '../../vendor/ui.js';
import { Page } from '../parts.js';

export const Roles = () => html`<${Page} title="Roles" />`;
