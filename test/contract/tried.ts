import type { ConsentTopic } from '#core/consent';
import type { EnvelopeId } from '#core/ids';
import type { Connector } from '#ports/connector';
import type { Member } from '#ports/crm';
import type { RawDelivery } from '#ports/inbound';
import type { EnvelopeRequest } from '#ports/sign';
import type { Connected, Opening, Place } from './place.ts';

/** How a connector is tried: how its sandbox is opened, and what people at the vendor do there. A capability of the connector has its part here. */
export interface TriedVendor {
  connector: Connector;
  open(more?: Partial<Opening>): Promise<Place>;
  /** The account's admin withdraws the permission. */
  revoke(place: Place): void;
  /** A call, below the account's root, that wants a token. */
  guarded: { method: 'GET' | 'POST'; path: string };
  /** Pages of its sandbox, and how it names the calls that it counts. */
  pages: string[];
  counts: RegExp;
  /** Whether samples of what the vendor sends and answers lie beside the connector. */
  samples: boolean;
  webhooks?: TriedWebhooks;
  crm?: TriedCrm;
  lists?: TriedLists;
  events?: TriedEvents;
  envelopes?: TriedSigning;
  consents?: TriedConsents;
  card?: TriedCard;
}
/** What the vendor tells by itself, and by what it is known. */
export interface TriedWebhooks {
  body: 'json' | 'xml';
  /** A signature over the body, or an address that nobody else knows and the account's id in the body. */
  protection: Signed | Unsigned;
  /** Makes the vendor tell of something: at least one webhook each time, each of another event. */
  happen(place: Place, connected: Connected): Promise<void>;
  /** Names and addresses of everybody in the account. */
  people(place: Place): string[];
}
export interface Signed {
  by: 'signature';
  /** What the signature stands in and covers beside the body. */
  headers: RegExp;
  time: string | null;
  coversUrl: boolean;
  /** The same body signed with another secret, at another time, as the vendor would. */
  sign(delivery: RawDelivery, secret: string, at: number): RawDelivery;
}
export interface Unsigned {
  by: 'address';
  /** An account that is not the one that was connected. */
  another: string;
  /** The same message as the account `to` would send it. */
  from(delivery: RawDelivery, to: string): RawDelivery;
}
/** What a person does in the CRM, and fields that may be tried on a deal. */
export interface TriedCrm {
  /** Whether `prepare` makes what is missing; else it looks and complains. */
  prepares: boolean;
  /** At least six. The first two are in one of `stages`. */
  deals(place: Place): string[];
  /** An id of no deal, of the form that ids have. */
  nobody: string;
  /** Stages in which a deal may be. */
  stages: string[];
  stage(place: Place, deal: string): string | null;
  move(place: Place, deal: string, stage: string): void;
  text: string;
  other: string;
  once: string;
  unknown: string;
  /** What the CRM holds now. */
  value(place: Place, deal: string, field: string): string | null;
  tasks(place: Place, deal: string): number;
}
/** Lists that people join. */
export interface TriedLists {
  /** Four or more who may join. */
  contacts(place: Place): string[];
  /** As the journey is told of them. */
  memberOf(contact: string): Member;
  /** One who cannot join, not being there. */
  nobody: Member;
  /** Contacts on the list of that name. */
  members(place: Place, list: string): string[];
}
/** Events that a journey begins with. */
export interface TriedEvents {
  name: string;
  /** Names that the vendor refuses; none where it takes whatever it is told. */
  refused: string[];
  member: Member;
  data: Record<string, string>;
  /** False where the vendor counts the same event twice and whoever listens tells them apart by our key. */
  once?: false;
  /** How many it was told so far. */
  told(place: Place): number;
}
export interface KnownPerson {
  contact: string;
  email: string | null;
}
/** What people agreed to, as the vendor keeps it. */
export interface TriedConsents {
  /** A dozen or more who never said anything, each with an address. */
  people(place: Place): KnownPerson[];
  /** An id of nobody, of the form that ids have. */
  nobody: string;
  /** What the vendor keeps, and what it has no place for. */
  topic: ConsentTopic;
  placeless: ConsentTopic[];
  stands(place: Place, person: KnownPerson, topic: ConsentTopic): 'in' | 'out' | 'unsaid';
  /** A person objects there, without us; to every purpose where the topic names none. */
  object(place: Place, person: KnownPerson, topic: ConsentTopic): void;
  /** How much the vendor keeps of anybody, and of one person about the topic. */
  records(place: Place): number;
  recordsOf(place: Place, person: KnownPerson): number;
}
/** What signers do, and what the provider holds. */
export interface TriedSigning {
  request(envelope: EnvelopeId): EnvelopeRequest;
  sign(place: Place, remote: string, role: string): void;
  decline(place: Place, remote: string, role: string): void;
  /** Ids of what carries our id, bin and all. */
  carrying(place: Place, envelope: EnvelopeId): string[];
  /** Where the provider tells what was ticked: a request of a template with two boxes for one role, and a field that carries a text through the signature. */
  asks?: {
    request(envelope: EnvelopeId): EnvelopeRequest;
    role: string;
    boxes: [ticked: string, empty: string];
    carried: { label: string; value: string };
    sign(place: Place, remote: string, role: string, ticked: string[]): void;
  };
}
/** A request of a card, as the vendor makes it. */
export interface TriedCard {
  request(place: Place, who: Asking | null): RawDelivery;
  who: Asking;
  /** Another account. */
  another: string;
  /** Where it stands who asks, as names of headers or of parts of the query. */
  names: string[];
  /** Whether a request is good for a while only. */
  expires: boolean;
  /** The same request, which says who asks twice. */
  twice(delivery: RawDelivery): RawDelivery;
  /** The same request with the user's address in it, where the vendor could put one. */
  withAddress(delivery: RawDelivery, address: string): RawDelivery;
}
export interface Asking {
  account: string;
  user: string;
}
