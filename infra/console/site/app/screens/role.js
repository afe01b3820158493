import { html } from '../../vendor/ui.js';
import { Page } from '../parts.js';

export const RoleScreen = () => html`<${Page} title="RoleScreen" />`;
