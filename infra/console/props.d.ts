// The properties of components, one interface for the components of a module. Only `tsc` reads this file: htm does not check
// what a template gives to a component, so each component says here what it is given.
declare namespace Props {
  // Of parts.js: one interface for each part.

  interface Page {
    title: string;
    intro?: Types.View;
    actions?: Types.View;
    children?: Types.View;
  }

  interface Section {
    title: string;
    intro?: Types.View;
    actions?: Types.View;
    children?: Types.View;
    id?: string;
  }

  interface Notice {
    problem?: Partial<Types.Trouble> | null;
    reload?: () => unknown;
    keep?: () => void;
    again?: boolean;
    next?: (problem: Partial<Types.Trouble>) => Types.View;
    errors?: { pointer: string, detail: string }[];
  }

  interface Empty {
    title: string;
    children?: Types.View;
  }

  interface Form {
    onSubmit: (values: Types.FormValues, event: Event) => unknown;
    changes?: (values: Types.FormValues) => object;
    submit?: string;
    danger?: boolean;
    onCancel?: () => void;
    reload?: (problem: Types.Trouble | null) => unknown;
    next?: (problem: Partial<Types.Trouble>) => Types.View;
    children?: Types.View;
    disabled?: boolean;
    stays?: boolean;
    asks?: boolean | null;
  }

  interface Field {
    label: string;
    hint?: Types.View;
    name?: string;
    value?: string | number | null;
    options?: readonly Types.Choice[];
    rows?: number | string;
    type?: string;
    children?: Types.View;
    [property: string]: any;
  }

  interface Check {
    label: string;
    hint?: Types.View;
    name?: string;
    checked?: boolean;
    [property: string]: any;
  }

  interface Dialog {
    title: string;
    onClose: () => void;
    wide?: boolean;
    children?: Types.View;
  }

  interface Confirm {
    title: string;
    children?: Types.View;
    submit: string;
    onConfirm: () => unknown;
    onClose: () => void;
    typed?: string;
    typedLabel?: string;
    reload?: () => unknown;
  }

  interface Table<Row> {
    label: string;
    /** With `condition && column` for one that is not always there. */
    columns: (Types.Column<Row> | Types.Nothing)[];
    rows: Row[];
    keyOf?: (row: Row) => string;
  }

  interface More {
    list: Types.Pages<unknown>;
    noun?: string;
  }

  interface Menu {
    label: string;
    actions: readonly (Types.MenuAction | false | undefined)[];
    start?: boolean;
    children?: Types.View;
  }

  interface Badge {
    tone?: 'plain' | 'info' | 'good' | 'warn' | 'bad';
    children?: Types.View;
  }

  interface Level {
    level: Types.Schemas['Level'];
  }

  interface Person {
    person?: Types.Named | null;
  }

  interface When {
    at?: string | null;
    empty?: string;
  }

  interface SearchField {
    label: string;
    value?: string | null;
    onSearch: (text: string) => void;
    placeholder?: string;
    hint?: string;
    isShown?: boolean;
  }

  // Of the frame and the screens.

  interface Frame {
    nav?: Types.View;
    children?: Types.View;
  }

  interface SubOrganizationsDialogs {
    parent: Types.OrgView;
    onClose: () => void;
    onDone: () => unknown;
    org: Types.OrgView;
  }

  interface SubOrganizationsTree {
    nodes: Types.TreeNode[];
    create: Types.CreateBelow;
    join: Types.JoinBelow;
    node: Types.TreeNode;
    org: Types.Schemas['SubOrganization'];
  }

  interface Users {
    filtered: boolean;
    mayInvite: boolean;
    list: Types.Pages<Types.Schemas['User']>;
    open: (content: Function, props?: object) => void;
    subtree: boolean;
    row: Types.Schemas['User'];
  }

  interface RoleField {
    current?: [string, string];
    except?: string[];
    hint?: string;
    /** Further properties of the field. */
    [property: string]: any;
  }

  /** What members and invitations have in common. */
  type UserChanges = Pick<Types.Schemas['UpdateMemberRequest'], 'role_id' | 'access_expires_at'>;

  interface UsersEdit {
    user: Pick<Types.Schemas['Member'], 'role_id' | 'role_name' | 'access_expires_at'>;
    load: Pick<Types.Load<unknown>, 'reload'>;
    roles: Types.Load<{ id: string; name: string }[]>;
    fixedRole?: Types.View;
    hint?: string;
    changes: (values: Types.FormValues) => UserChanges;
    write: (body: UserChanges, ifMatch?: string | null) => Promise<unknown>;
    onSaved: () => void;
    onClose: () => void;
    children?: Types.View;
  }

  interface UsersInvite {
    draft: { read: () => { text?: string; role_id?: string }; keep: (draft: { text?: string; role_id?: string }) => void };
    done: (message: string) => void;
    /** Opens an invitation, which `name` names. */
    show: (invitation: { id: string; name: string }) => void;
    onClose: () => void;
    reload: () => unknown;
    outcomes: Types.Outcome[];
    /** The portions that are not sent, or whose sending failed. */
    rest: Types.Portion[];
    problem?: Types.Trouble | null;
    correct: (rows: Types.Outcome[]) => unknown;
    send: (portions: Types.Portion[], before?: Types.Outcome[]) => unknown;
  }

  interface UsersInvitation {
    id: string;
    name: string;
    /** Shows the changed fields in the list at once. */
    put: (user: Types.Schemas['Invitation']) => unknown;
    done: (message: string) => void;
    onClose: () => void;
    invitation: Types.Schemas['Invitation'];
    reload: () => unknown;
    /** Whether the person may send it again, change and revoke it. */
    manages: boolean;
  }

  interface UsersMember {
    id: string;
    name: string;
    /** Shows the changed fields in the list at once. */
    put: (user: Types.Schemas['Member']) => unknown;
    roleFixed: boolean;
    done: (message: string) => void;
    onClose: () => void;
    member: Types.Schemas['Member'];
    reload: () => unknown;
  }

  interface UsersService {
    done: (message: string) => void;
    onClose: () => void;
    value?: string | null;
  }

  interface HistoryPerson {
    person: string;
    only: string;
    choose: (person: string) => void;
    setOnly: (only: string) => void;
    events: Types.HistoryEvent[];
  }

  interface HistoryActions {
    value: string;
    onChange: (value: string) => void;
  }

  interface HistoryEntry {
    event: Types.HistoryEvent;
    rows: ReturnType<typeof import('./site/app/event_values.js').changes>;
    below: boolean;
    about: (person: string) => void;
  }

  interface History {
    events: Types.HistoryEvent[];
    below: boolean;
    about: (person: string) => void;
  }

  interface Operator {
    at: string;
    org: string;
  }

  interface OperatorPersonActs {
    organizations: { id: string, name: string }[];
    person: Types.FoundPerson;
    name: string;
    superAdminOf: Types.Place[];
    onClose: () => void;
    reload: () => unknown;
    /** Shows how the act has ended. */
    onEnd: (result: Types.Schemas['Offboarded'] | 'erased') => void;
    result: Types.Schemas['Offboarded'] | 'erased';
    place: Types.Place & { membership: Types.Schemas['Member'] };
  }

  interface OperatorPerson {
    person: Types.FoundPerson;
    reload: () => unknown;
    name: string;
    onReconnect: (place: Types.Place) => void;
  }

  interface OperatorOrganizations {
    onClose: () => void;
  }

  interface OperatorOrganization {
    org: Types.OperatorOrganization;
    above: Types.OperatorOrganization[];
    below: Types.Schemas['SubOrganization'][];
    security?: Types.Schemas['Security'];
    reload: () => unknown;
  }

  interface OperatorActs {
    /** Opens at the button where the address of the page ends so. */
    id?: string;
    title: string;
    intro: Types.View;
    button: string;
    danger?: boolean;
    disabled?: boolean;
    dialog: (close: () => void) => Types.View;
    org: Types.OperatorOrganization;
    reload: () => unknown;
    security?: Types.Schemas['Security'];
    below: unknown[];
  }

  interface OperatorPeople {
    email: string | null;
    userId: string | null;
  }

  interface OperatorCustomers {
    org: Types.OperatorOrganization;
    onClose: () => void;
    reload: () => unknown;
    link: Types.Schemas['CustomerLink'];
  }

  interface OperatorParts {
    title: string;
    submit: string;
    act: (values: Types.FormValues) => unknown;
    onClose: () => void;
    reload?: () => unknown;
    fields?: Types.View;
    typed?: string;
    typedLabel?: string;
    reasonHint?: string;
    plain?: boolean;
    children?: Types.View;
    org: { kind?: string, suspension?: object | null, deletion?: { ended_at: string | null }, super_admin?: object | null };
    label: string;
    name: string;
    hint?: string;
    find: (text: string, signal: AbortSignal) => Promise<(readonly string[])[]>;
    deps: unknown[];
    none: string;
    search: string;
    searchHint: string;
    accept?: (org: Types.OperatorOrganization) => boolean;
  }

  interface JoinRequests {
    request: Types.Schemas['JoinRequest'];
    onClose: () => void;
    reload: () => unknown;
  }

  interface SettingsMembership {
    person: Types.Schemas['User'];
    onClose: () => void;
    reload: () => unknown;
  }

  interface SettingsSecurity {
    security: Types.Schemas['Security'];
    reload: () => unknown;
    items: string[];
    onConfirm: () => unknown;
    onClose: () => void;
  }

  interface SettingsAlerts {
    reload: () => unknown;
    alert: Types.Schemas['CriticalAlertUser'];
    onClose: () => void;
  }

  interface SettingsDomains {
    approved: Types.Schemas['ApprovedDomain'][];
    reload: () => unknown;
    domain: string;
    onClose: () => void;
  }

  interface SettingsGeneral {
    org: Types.OrgView;
  }

  interface SettingsLinks {
    partner: Types.Schemas['LinkedOrganization'];
    onClose: () => void;
    reload: () => unknown;
  }

  interface WhyExplanation {
    answer: Types.Schemas['ExplainedDecision'] & { asked: string };
    org: Types.OrgView;
    label: string;
    tone?: string;
    children?: Types.View;
    path: NonNullable<Types.Schemas['Explanation']['paths']>[number] | null;
    name: string;
    who: NonNullable<Types.Schemas['Explanation']['who_could_grant']>;
  }

  interface WhyQuestion {
    org: Types.OrgView;
    email?: string | null;
    userId?: string | null;
    value?: string | null;
  }

  interface Organization {
    id: string;
    at: string;
  }

  interface RolesCompare {
    roles: Types.Schemas['Role'][];
    onClose: () => void;
    objects: Types.RoleObject[];
  }

  interface RolesDeletion {
    role: Types.Schemas['Role'];
    target?: string;
    onGone: () => void;
  }

  interface Roles {
    list: Types.Pages<Types.Schemas['Role']>;
    below: boolean;
    filtered: unknown;
    role: Types.Schemas['Role'];
    target?: string;
    onGone: () => unknown;
    show: () => void;
    permissions: Types.Schemas['Role']['permissions'];
    of: keyof Types.Schemas['Role']['users'];
    filter: Record<string, string>;
    noun: string;
  }

  interface Invitation {
    org: string;
    inv: string;
    invitation: Types.Schemas['ReceivedInvitation'];
    path: { org: string, inv: string };
    reload: () => unknown;
    follow: (to: string) => unknown;
  }

  interface Role {
    objects: Types.RoleObject[];
    userRole: Types.RoleView | undefined;
    source: Types.Schemas['Role'];
    levels: Types.Levels;
    id: string;
    role: Types.Schemas['Role'];
  }

  interface RoleRemove {
    role: Types.Schemas['Role'];
    onClose: () => void;
    load: Types.Load<Types.Schemas['Role']>;
  }

  interface RoleEditor {
    objects: Types.RoleObject[];
    grantable: Types.Levels;
    start: Types.RoleDraft;
    children?: Types.View;
    role: Types.Schemas['Role'];
    load: Types.Load<unknown>;
  }

  interface RoleMatrix {
    objects: Types.RoleObject[];
    levels: Types.Levels;
    object: Types.RoleObject;
    level: Types.Level | undefined;
    onChange: (levels: Types.Levels) => void;
    grantable: Types.Levels;
    own: Types.Levels;
    errorOf: (key: Types.RoleKey) => string | undefined;
    error?: string;
    set: (key: Types.Schemas['RoleObject'], level: Types.Level) => void;
  }

  interface Home {
    items: Types.Schemas['ReceivedInvitation'][];
    org: Types.Schemas['JoinableOrganization'];
    onClose: () => void;
    reload: () => unknown;
  }

  interface SignIn {
    problem: Partial<Types.Trouble> | null;
  }
}
