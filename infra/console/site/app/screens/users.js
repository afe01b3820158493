import { html } from '../../vendor/ui.js';
import { Page } from '../parts.js';

export const Users = () => html`<${Page} title="Users" />`;
