import type { InstallId, TenantId } from '#core/ids';
import type { World } from '../world.ts';
import type { PageSeen, Visitor } from './visitor.ts';

/** What a deal tells of its envelope, whatever its fields are called. */
export type Told = 'status' | 'envelope' | 'reason' | 'waitingFor' | 'firstTouch';

/** A tour's CRM: what people and admins do there, and what it then holds. Deals are named by a part of their name. */
export interface TourCrm {
  id: 'hubspot' | 'salesforce';
  name: string;
  /** Where the consent page's form goes, and the answer that allows. */
  consent: { action: string; values: Record<string, string> };
  /** The deals that play the parts of the story. */
  deals: Record<'first' | 'byButton' | 'declined' | 'expired' | 'blocked' | 'back', string>;
  stages: { sent: string; before: string };
  /** What an admin does in the CRM once it is connected, if anything. */
  settle(about: { world: World; tenant: TenantId; install: InstallId }): Promise<void>;
  /** Whether what the connector writes to is there; in words. */
  prepared(): string | null;
  idOf(deal: string): string;
  told(deal: string, what: Told): string | null;
  move(deal: string, stage: string): void;
  /** What the journey says of the deal's first signer. */
  journey(deal: string): string | null;
  members(list: string): number;
  /** Subjects of the tasks about a deal. */
  tasks(deal: string): string[];
  /** Opens a deal's "Send for signature", once it can be answered; null before. */
  openCard(visitor: Visitor, address: string, deal: string): Promise<PageSeen | null>;
  pressSend(visitor: Visitor, form: PageSeen, deal: string): Promise<PageSeen>;
}
