import { SaxesParser, type SaxesTagNS } from 'saxes';
import { Problem } from '#core/problem';

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
const OUTBOUND = 'http://soap.sforce.com/2005/09/outbound';
const INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';
const RECORD = 'urn:sobject.enterprise.soap.sforce.com';

/** Where our values stand in the tree; everything else is passed over. */
const ORGANIZATION = ['Envelope', 'Body', 'notifications', 'OrganizationId'].join('/');
const NOTIFICATION = ['Envelope', 'Body', 'notifications', 'Notification'].join('/');
const NOTIFICATION_ID = `${NOTIFICATION}/Id`;
const RECORD_PATH = `${NOTIFICATION}/sObject`;

/** Salesforce puts no more into one message, and nests no deeper than seven. */
const MOST_NOTIFICATIONS = 100;
const DEEPEST = 12;
const LONGEST_VALUE = 255;
/** Fields of the record that are read; a message may carry any other that its admin chose, people's among them. */
const FIELDS = ['Id', 'StageName', 'LastStageChangeDate', 'SystemModstamp', 'LastModifiedDate'];

export interface OutboundMessage {
  org: string;
  notifications: Notification[];
}
export interface Notification {
  id: string;
  /** Of the record, such as `Opportunity`. */
  type: string;
  /** As text; absent where the message does not carry it. */
  fields: Map<string, string>;
}

/**
 * Reads the SOAP body of an Outbound Message. A document type is refused before anything of it could be meant, so there are no entities but XML's own five;
 * depth, number and lengths are bounded, and a value that stands twice is refused, since two readers could take it in two ways.
 * @throws Problem `delivery.malformed`
 */
export function readOutboundMessage(body: Uint8Array): OutboundMessage {
  const reader = createReader();
  try {
    const parser = new SaxesParser({ xmlns: true, position: false });
    parser.on('xmldecl', ({ encoding }) => {
      if (encoding !== undefined && !/^utf-?8$/i.test(encoding)) throw malformed('It is not in UTF-8.');
    });
    parser.on('doctype', () => {
      throw malformed('It has a document type.');
    });
    parser.on('processinginstruction', () => {
      throw malformed('It has a processing instruction.');
    });
    parser.on('error', (cause) => {
      throw malformed('It is not well-formed XML.', cause);
    });
    parser.on('opentag', (tag) => reader.open(tag));
    parser.on('text', (text) => reader.text(text));
    parser.on('cdata', (text) => reader.text(text));
    parser.on('closetag', () => reader.close());
    parser.write(new TextDecoder('utf-8', { fatal: true }).decode(body)).close();
  } catch (thrown) {
    throw thrown instanceof Problem ? thrown : malformed('It is not XML in UTF-8.', thrown);
  }
  return reader.message();
}

function createReader() {
  /** Local names from the root on, null for an element that is not of the message's own namespaces. */
  const path: (string | null)[] = [];
  let org: string | null = null;
  let lists = 0;
  const notifications: { id: string | null; type: string | null; fields: Map<string, string> }[] = [];
  let value: string | null = null;

  function enter(at: string, tag: SaxesTagNS): void {
    if (at === 'Envelope/Body/notifications' && ++lists > 1) throw malformed('It holds two lists.');
    if (at === NOTIFICATION) {
      if (notifications.length === MOST_NOTIFICATIONS) throw malformed(`It holds more than ${MOST_NOTIFICATIONS} notifications.`);
      notifications.push({ id: null, type: null, fields: new Map() });
    }
    const current = notifications.at(-1);
    if (at === RECORD_PATH && current) {
      if (current.type !== null) throw malformed('A notification holds two records.');
      current.type = typeOf(tag);
    }
    if (isValue(at)) value = '';
  }

  function leave(at: string, text: string): void {
    const current = notifications.at(-1);
    if (at === ORGANIZATION) {
      if (org !== null) throw malformed('It names two orgs.');
      org = text;
    } else if (at === NOTIFICATION_ID && current) {
      if (current.id !== null) throw malformed('A notification has two ids.');
      current.id = text;
    } else if (current) {
      const field = at.slice(RECORD_PATH.length + 1);
      if (current.fields.has(field)) throw malformed('A field stands twice.');
      current.fields.set(field, text);
    }
  }

  return {
    open(tag: SaxesTagNS) {
      if (value !== null) throw malformed('A value holds elements.');
      path.push(namespaceAt(path) === tag.uri ? tag.local : null);
      if (path.length > DEEPEST) throw malformed('It is nested too deeply.');
      if (!path.includes(null)) enter(path.join('/'), tag);
    },
    text(text: string) {
      if (value === null) return;
      value += text;
      if (value.length > LONGEST_VALUE) throw malformed('A value is too long.');
    },
    close() {
      const at = path.join('/');
      path.pop();
      const text = value?.trim();
      value = null;
      if (text !== undefined) leave(at, text);
    },
    message(): OutboundMessage {
      if (org === null) throw malformed('It names no org.');
      return { org, notifications: notifications.map(whole) };
    },
  };
}

function isValue(at: string): boolean {
  return at === ORGANIZATION || at === NOTIFICATION_ID || FIELDS.some((field) => at === `${RECORD_PATH}/${field}`);
}

/** Envelope and body are SOAP's, the message Salesforce's, the fields the org's. */
function namespaceAt(parents: readonly (string | null)[]): string {
  if (parents.length < 2) return SOAP;
  return parents.length > 4 && parents[4] === 'sObject' ? RECORD : OUTBOUND;
}

/** `xsi:type="sf:Opportunity"`, whatever prefix stands for the org's objects. */
function typeOf({ attributes, ns }: SaxesTagNS): string {
  const type = Object.values(attributes).find(({ uri, local }) => uri === INSTANCE && local === 'type')?.value ?? '';
  const [, prefix, name] = /^(\w{1,40}):(\w{1,80})$/.exec(type) ?? [];
  if (prefix === undefined || name === undefined || ns[prefix] !== RECORD) throw malformed('A record has no type.');
  return name;
}

function whole({ id, type, fields }: { id: string | null; type: string | null; fields: Map<string, string> }): Notification {
  if (id === null || type === null) throw malformed('A notification has no id or no record.');
  return { id, type, fields };
}

function malformed(why: string, cause?: unknown): Problem {
  return new Problem('delivery.malformed', { say: `The body is not an Outbound Message. ${why}`, ...(cause !== undefined && { cause }) });
}
