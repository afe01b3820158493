import { html } from '../../vendor/ui.js';
import { Page } from '../parts.js';

export const Operator = () => html`<${Page} title="Operator" />`;
