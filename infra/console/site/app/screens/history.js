import { html } from '../../vendor/ui.js';
import { Page } from '../parts.js';

export const History = () => html`<${Page} title="History" />`;
