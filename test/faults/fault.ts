import type { Figure } from '../bench/figures.ts';
import type { Faults } from './books.ts';
import type { Engine } from './stage.ts';

export interface FaultOptions {
  rounds: number;
  seed: number;
  engine: Engine;
  say: (line: string) => void;
}
export interface FaultReport {
  figures: Figure[];
  /** Promises that did not hold. */
  faults: Faults;
}
/** Breaks something of a real product under load, and looks into the books. */
export type Fault = (options: FaultOptions) => Promise<FaultReport>;
