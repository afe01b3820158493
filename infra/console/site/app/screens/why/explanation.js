// The answer: the decision, each path from the person to the action, and who could change it.
import { html, useEffect, useRef } from '../../../vendor/ui.js';
import { Badge, Level, Person, Section } from '../../parts.js';
import { Link } from '../../router.js';
import { useApp, useOrg } from '../../use.js';
import { actionName, areaName, personName } from '../../words.js';

/** @param {string} text */
// The organization is the one that is open, so it exists.
const sentence = (text) => text.replace(', or the organization does not exist', '');

/**
 * What an answer of `GET …/explanations` says about the `org` of the question.
 *
 * @param {Props.WhyExplanation} props
 */
export function Explanation({ answer, org }) {
  const { person, asked, decision, action, explanation } = answer;
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => heading.current?.focus(), [answer]);
  const name = person.name || person.email ? personName(person) : asked;
  const area = explanation.role_object && areaName(explanation.role_object);
  // Of a person who is no member, the API may keep the decision to itself.
  const open = decision !== true && decision !== false;
  const paths = explanation.paths?.length ? explanation.paths : [null];
  return html`
    <section class="section" aria-labelledby="decision">
      <div class="verdict ${open ? '' : decision ? 'good' : 'bad'}">
        <h2 id="decision" tabindex="-1" ref=${heading}>
          <bdi>${name}</bdi>${open ? '' : decision ? ' may do this' : ' may not do this'}: ${actionName(action)}${area && ` (${area})`}</h2>
        <p>${sentence(explanation.reason)}</p>
      </div>
      ${!open && paths.map((path) => html`<${Path} key="${path?.path} ${path?.organization_id}" path=${path} answer=${answer} name=${name} org=${org} />`)}
    </section>
    ${explanation.who_could_grant && html`<${WhoCouldGrant} who=${explanation.who_could_grant} org=${org} />`}
  `;
}

/** @param {Props.WhyExplanation} props */
const Step = ({ label, tone, children }) => html`
  <li class=${tone}><span class="step-label">${label}</span><div>${children}</div></li>
`;

/**
 * The way from the person by one membership to the level that the action needs.
 *
 * @param {Props.WhyExplanation} props
 */
function Path({ path, answer, name, org }) {
  const { person, decision, explanation } = answer;
  const granted = path ? path.granted : decision;
  return html`
  <ol class="steps" aria-label=${path ? `The path through ${path.organization_name}` : 'The path'}>
    <${Step} label="Person">${person.name || person.email ? html`<${Person} person=${person} />` : name}<//>
    ${path
      ? html`<${PathSteps} path=${path} object=${explanation.role_object} org=${org} />`
      : html`<${Step} label="Membership" tone="bad">${explanation.code === 'invited' ? 'Invited, not a member yet' : `None that leads to ${org.name}`}<//>`}
    ${explanation.level_needed
      ? html`<${Step} label=${granted ? 'Needed: reached' : 'Needed: not reached'} tone=${granted ? 'good' : 'bad'}>
          <${Level} level=${explanation.level_needed} /> on ${areaName(explanation.role_object ?? '')}<//>`
      : html`<${Step} label="Ends here" tone="bad">${sentence((path ?? explanation).reason)}<//>`}
  </ol>
  ${path && path.reason !== explanation.reason && html`<p class="hint">${sentence(path.reason)}</p>`}`;
}

/** @type {Record<NonNullable<Types.Path['path']>, (path: Types.Path) => string>} */
const PATHS = {
  member: ({ organization_name }) => `Member of ${organization_name}`,
  ancestor: ({ organization_name }) => `Member of ${organization_name}, which is above`,
  partner: ({ organization_name }) => `Member of the partner ${organization_name}`,
};

/** @param {{ path: Types.Path, object?: Types.Schemas['RoleObject'] | null, org: Types.OrgView }} props */
function PathSteps({ path, object, org }) {
  const { me } = useApp();
  const can = useOrg()?.can;
  const readable = path.organization_id === org.id && can ? can('role_management', 'view_only') : me.operator;
  const role = path.role_id && readable
    ? html`<${Link} to="/organizations/${path.organization_id}/roles/${path.role_id}">${path.role_name}<//>`
    : path.role_name ?? 'A role that was deleted';
  return html`
    <${Step} label="Membership">${PATHS[path.path](path)}<//>
    <${Step} label="Role">${role}<//>
    ${object && html`<${Step} label="Level" tone=${path.granted ? 'good' : undefined}><${Level} level=${path.level_held} /> on ${areaName(object)}<//>`}
  `;
}

const WHO = { members: 'Members', operators: 'Operators of the platform', subject: 'The person', no_one: 'No one' };
const BUILT_IN = { super_admin: 'Super Admin', admin: 'Admin', user: 'User', mdf_admin: 'MDF Admin', partner_user: 'Partner User' };

/** @param {Props.WhyExplanation} props */
function WhoCouldGrant({ who, org }) {
  const { me } = useApp();
  const home = who.organization_id ?? org.id;
  const roles = who.built_in_roles ?? [];
  const filter = roles.map((role) => `role_id=${role}`).join('&');
  return html`<${Section} title="Who could change this">
    <div class="panel">
      <p><b>${WHO[who.who]}</b>. ${sentence(who.reason)}</p>
      ${who.levels && html`<ul class="plain-list">${Object.entries(who.levels).map(([object, level]) => html`
        <li><${Level} level=${level} /> on ${areaName(object)}</li>`)}</ul>`}
      ${roles.length > 0 && html`<p>Always: ${roles.map((role) => html`<${Badge}>${BUILT_IN[role] ?? role}<//> `)}</p>`}
      ${who.who === 'members' && (home === org.id || me.operator) && filter && html`<p><${Link} to="/organizations/${home}/users?${filter}&status=active">Show them<//></p>`}
      ${who.who === 'operators' && me.operator && html`<p><${Link} to="/operator/organizations/${org.id}">Open ${org.name} as an operator<//></p>`}
    </div>
  <//>`;
}
