import type { ActStatus } from '#core/consent';
import type { ConsentChange } from '#ports/consents';

/** What we write where Salesforce asks how a consent was captured. */
const MARK = /^Countersign: (granted|declined|withdrawn), (\w{1,60})$/;

export interface Mark {
  status: ActStatus;
  /** Our id of the act. */
  key: string;
}
export const markOf = ({ status, key }: Pick<ConsentChange, 'status' | 'key'>): string => `Countersign: ${status}, ${key}`;

/**
 * The act of ours that a record still stands for; null where it never was ours, or says something else now than what we wrote: then a person, or another program, has said so
 * since. The user who saved it last tells less, for people share the connected user.
 */
export function markIn(source: unknown, privacyStatus: unknown): Mark | null {
  const [, status, key] = (typeof source === 'string' && MARK.exec(source)) || [];
  if (status === undefined || key === undefined || STATUS[status as ActStatus] !== privacyStatus) return null;
  return { status: status as ActStatus, key };
}

export const STATUS = { granted: 'OptIn', declined: 'OptOut', withdrawn: 'OptOut' } as const satisfies Record<ActStatus, string>;
/** One that is on its way out counts as out. */
export const isOut = (privacyStatus: unknown): boolean => privacyStatus === 'OptOut' || privacyStatus === 'OptOutPending';
