import { Problem } from '#core/problem';
import type { Reason } from '#core/plan';
import { writePath, type Path } from './place.ts';

/** Why something is not sent. All reasons are told at once, so that a person mends them in one go. */
export type ReasonCode =
  | 'no-rule'
  | 'stage-renamed'
  | 'condition'
  | 'template-none'
  | 'template-missing'
  | 'role-unfilled'
  | 'role-unknown'
  | 'contact-missing'
  | 'owner-missing'
  | 'name-missing'
  | 'email-missing'
  | 'email-malformed'
  | 'same-person'
  | 'subject-empty'
  | 'subject-long'
  | 'consent-field'
  | 'consent-text'
  | 'mapping.failed'
  | 'writeback';

export class Reasons {
  readonly list: Reason[] = [];

  add(code: ReasonCode, path: Path, say: string): void {
    this.list.push({ code, say, path: writePath(path) });
  }

  /** The result, or undefined with a reason where an expression fails on this record. */
  attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      const problem = Problem.from(error);
      if (problem.code !== 'mapping.failed') throw error;
      this.list.push({ code: problem.code, say: `The mapping cannot be worked out for this deal: ${problem.message}`, path: String(problem.facts.path ?? '') });
      return undefined;
    }
  }
}
