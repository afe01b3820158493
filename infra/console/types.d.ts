// The types of the console: of the API, from the OpenAPI document, and of what its modules share. Only `tsc` reads them.
// They are global, so that modules need no imports which a browser would load as comments.
import type { components, paths } from '../client/src/schema.js';

declare global {
  namespace Types {
    /** The types of requests and answers, by their names in the OpenAPI document. */
    export type Schemas = components['schemas'];

    type Methods = { GET: 'get'; POST: 'post'; PUT: 'put'; PATCH: 'patch'; DELETE: 'delete' };
    type PathOf<Method extends keyof Methods> = {
      [Path in keyof paths]: paths[Path] extends Record<Methods[Method], { responses: unknown }> ? Path : never;
    }[keyof paths];
    type Operation<Method extends keyof Methods, Path extends PathOf<Method>> = paths[Path] extends Record<Methods[Method], infer It>
      ? It
      : never;

    type Parameters<It, Place extends string> = It extends { parameters: { [Key in Place]?: infer Values } }
      ? [Values] extends [never]
        ? never
        : NonNullable<Values>
      : never;

    /** A value of a query. Those that say nothing are left out, and a list may be one value. */
    type QueryValue<Value> = (Value extends readonly (infer One)[] ? One | readonly One[] : Value) | '' | null | undefined;
    type Query<Values> = [Values] extends [never] ? { query?: never } : { query?: { [Name in keyof Values]?: QueryValue<Values[Name]> } };
    type PathValues<Values> = [Values] extends [never] ? { path?: never } : { path: Values };

    type RequestBody<It> = It extends { requestBody?: infer It_ } ? NonNullable<It_> : never;
    type Body<It> = [RequestBody<It>] extends [never]
      ? { body?: undefined }
      : RequestBody<It> extends { content: infer Content }
        ? It extends { requestBody: object }
          ? BodyOf<Content>
          : Partial<BodyOf<Content>>
        : never;
    type BodyOf<Content> = {
      [Type in keyof Content]: Type extends 'application/json'
        ? { body: Content[Type]; contentType?: undefined }
        : { body: string; contentType: Type };
    }[keyof Content];

    /** What a request takes: the values of the path, of the query and of the body. */
    export type Options<Method extends keyof Methods, Path extends PathOf<Method>> = PathValues<
      Parameters<Operation<Method, Path>, 'path'>
    > &
      Query<Parameters<Operation<Method, Path>, 'query'>> &
      Body<Operation<Method, Path>> & {
        /** The version that a change replaces, from `etag`. */
        ifMatch?: string | null;
        signal?: AbortSignal;
      };

    /** What a request resolves to: the body of a success, null without one, or the response with a file. */
    export type Answer<Method extends keyof Methods, Path extends PathOf<Method>> =
      Operation<Method, Path> extends { responses: infer Responses }
        ? { [Status in keyof Responses & (200 | 201 | 202 | 204)]: Success<Responses[Status]> }[keyof Responses & (200 | 201 | 202 | 204)]
        : never;
    type Success<Response_> = Response_ extends { content: infer Content }
      ? { [Type in keyof Content]: Type extends 'application/json' ? Content[Type] : Response }[keyof Content]
      : null;

    type Arguments<Value> = Partial<Value> extends Value ? [options?: Value] : [options: Value];

    /** The methods of the API. Each throws a `Problem` for a refusal. */
    export type Api = {
      [Method in keyof Methods]: <Path extends PathOf<Method>>(
        path: Path,
        ...options: Arguments<Options<Method, Path>>
      ) => Promise<Answer<Method, Path>>;
    };

    /** A page of a list. */
    export interface Page<Item> {
      items: Item[];
      next_cursor: string | null;
      total?: number | null;
    }

    /** What went wrong: a `Problem` of the API, or an error of the browser. */
    export type Trouble = Error & Partial<import('./site/app/api.js').Problem>;

    /** What `useLoad` returns. `data` is there after the first success. */
    export interface Load<Data> {
      data?: Data;
      problem?: Trouble;
      loading: boolean;
      reload(): Promise<void>;
    }

    /** What `usePages` returns. */
    export interface Pages<Item> {
      items: Item[];
      /** Shows other fields of an item, until the list is read again. */
      put(is: (item: Item) => boolean, fields: Partial<Item>): void;
      loaded: boolean;
      total: number | null;
      hasMore: boolean;
      more(): Promise<unknown>;
      loading: boolean;
      problem?: Trouble | null;
      reload(): Promise<void>;
    }

    /** The file config.json: see README.md. */
    export interface Config {
      api: string;
      product?: string;
      logo?: string | null;
      sign_in: 'local' | SignIn;
    }
    export interface SignIn {
      issuer: string;
      client_id: string;
      scope?: string;
      parameters?: Record<string, string>;
      token?: 'access_token' | 'id_token';
    }

    /** What every screen can use. Before the sign-in there is no `me`: only the header and the sign-in render then. */
    export interface App {
      api: Api;
      config: Config;
      me: Schemas['Me'];
      reloadMe(): Promise<void>;
      announce(text: string): void;
    }

    /** What the screens of one organization can use. */
    export interface Org {
      id: string;
      org: OrgView;
      access: Schemas['Permissions'];
      /** The membership of the person. An operator may have none. */
      membership?: Schemas['Membership'];
      /** Whether the person is an operator without a membership, who reads everything and changes nothing. */
      onlyReads: boolean;
      can(object: Schemas['RoleObject'], level: Schemas['Level']): boolean;
      reload(): Promise<void>;
    }

    /** An organization: its membership alone, for people who may not read it. */
    export type OrgView = Pick<Schemas['OrganizationDetails'], 'id' | 'name'> & Partial<Schemas['OrganizationDetails']>;

    /** A name to show: of a member, an invitee, or a person of an event. */
    export interface Named {
      display_name?: string | null;
      name?: string | null;
      email?: string | null;
    }

    /** The values of a form by the names of its fields. A box that is not checked has none. */
    export type FormValues = Record<string, string>;

    /** What a condition leaves that does not hold: `condition && value`. */
    export type Nothing = false | null | undefined;

    /** A choice of a form: the value, and what it is called. */
    export type Choice = readonly [value: string, label: string];

    /** What a template makes, and what a component takes between its tags. */
    export type View = import('preact').ComponentChildren;

    /** A column of a table. The one with `head` names the row. */
    export interface Column<Row> {
      label: string;
      cell(row: Row): View;
      head?: boolean;
      number?: boolean;
      /** Whether the label is for screen readers alone. */
      hidden?: boolean;
    }

    /** An action of a menu: a button that runs it, or a link. */
    export interface MenuAction {
      label?: string;
      run?(): unknown;
      danger?: boolean;
      link?: View;
    }

    /** An event of a field, and one of a form. */
    export type FieldEvent = Event & { target: HTMLInputElement };
    export type FormEvent = Event & { target: HTMLFormElement };

    /** What a form gives to its fields: the error of each, and the end of a hold (`useHold`). */
    export interface FormContext {
      errorOf?: (name?: string) => string | undefined;
      release?: (isReady: boolean) => void;
    }

    /** A role; its id, name and levels alone for people who may not list roles. */
    export type RoleView = Pick<Schemas['Role'], 'id' | 'name' | 'permissions'> & Partial<Schemas['Role']>;

    /** A person as an operator finds them, and what one organization knows about them. */
    export type FoundPerson = Schemas['People']['items'][number];
    export type Place = FoundPerson['organizations'][number];

    /** An organization as an operator sees it. */
    export type OperatorOrganization = Schemas['Organization'];

    /** An event of the history, with the values of every action. */
    export type HistoryEvent = Omit<Schemas['HistoryEvent'], 'old' | 'new'> & { old?: Values | null; new?: Values | null };
    export type Values = Record<string, any>;
    export type Action = Schemas['EventAction'];
    /** The actions of a group: the label of each in the filter, and what makes its sentence. */
    export type Sayings = { [action in Action]?: [label: string, say: (words: EventWords) => View] };

    export type Level = Schemas['Level'];
    export type Levels = Schemas['Levels'];
    export type RoleKey = Schemas['RoleObject'];
    export type RoleObject = Schemas['RoleObjectDetails'];

    /** A role in an editor. */
    export interface RoleDraft {
      name: string;
      description: string;
      levels: Levels;
    }

    /** An organization of a tree, with those below it, and what can be done with it. */
    export interface TreeNode {
      org: Schemas['SubOrganization'];
      below: TreeNode[];
    }
    export type JoinBelow = (org: Schemas['SubOrganization']) => void;
    export type CreateBelow = (org: Schemas['SubOrganization']) => JoinBelow | false;

    /** What a request takes, without the types of the paths. */
    export interface AnyOptions {
      path?: Record<string, string>;
      query?: Record<string, unknown>;
      body?: unknown;
      contentType?: string;
      ifMatch?: string | null;
      signal?: AbortSignal;
    }

    /** A role object of the catalogue, with the actions that each level adds, and those that no level gives. */
    export interface CatalogueEntry {
      label: string;
      section: string;
      actions: { [Level in Types.Level | 'never']?: string[] };
    }

    /** A role object with its actions. */
    export interface Area {
      key: string;
      label: string;
      section: string;
      shown: boolean;
      hidden_because?: string | null;
      actions: string[];
    }

    /** The query of the list of users. */
    export interface UserQuery {
      q?: string;
      match?: 'contains';
      status?: 'active' | 'pending';
      role_id?: string[];
      kind?: 'person' | 'service';
      sort?: 'email' | '-email' | 'joined_at' | '-joined_at' | 'name' | '-name' | 'role_name' | '-role_name';
      scope?: 'subtree';
      organization_id?: string[];
    }

    /** The filter by organizations: this one, all below it, or some. */
    export type Organizations = 'own' | 'subtree' | string[];

    /** The filters of the history, as its address has them. */
    export interface HistoryFilters {
      from: string;
      to: string;
      action: string;
      person: string;
      only: string;
      organizations: Organizations;
    }
    export interface HistoryQuery {
      from?: string;
      to?: string;
      action?: Action[];
      actor?: string;
      member_id?: string;
      scope?: 'subtree';
      organization_id?: string[];
    }

    /** What a sentence about an event is made of. */
    export interface EventWords {
      event: HistoryEvent;
      by: View;
      on: View;
      old: Values;
      now: Values;
    }

    /** The outcome of an invitation in a batch. */
    export type Outcome = Schemas['BatchInviteResult']['outcomes'][number] & Row & { repeatsLine?: number };

    /** A row of a list of invitations, or an address, with the number of its line. */
    export interface Row {
      line: number;
      text: string;
    }

    /** A part of a list of invitations, as one request takes it. */
    export type Portion = ReturnType<typeof import('./site/app/screens/users/portions.js').asPortions>[number];

    /** A path of an explanation. */
    export type Path = NonNullable<Schemas['Explanation']['paths']>[number];
  }
}
