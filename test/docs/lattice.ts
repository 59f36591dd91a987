import {
  ENVELOPE_RANK,
  ENVELOPE_STATUSES,
  isFinal,
  isSettled,
  moveEnvelope,
  moveRecipient,
  RECIPIENT_RANK,
  RECIPIENT_STATUSES,
  type EnvelopeStatus,
  type RecipientStatus,
} from '#core/envelope';

interface Lattice<Status extends string> {
  open: string;
  statuses: readonly Status[];
  rank: Readonly<Record<Status, number>>;
  final: (status: Status) => boolean;
  move: (now: Status, heard: Status) => Status;
}

const envelope: Lattice<EnvelopeStatus> = { open: 'out', statuses: ENVELOPE_STATUSES, rank: ENVELOPE_RANK, final: isFinal, move: moveEnvelope };
const recipient: Lattice<RecipientStatus> = { open: 'asked', statuses: RECIPIENT_STATUSES, rank: RECIPIENT_RANK, final: isSettled, move: moveRecipient };

/** The lattice as a picture. Steps may be skipped, so the arrows inside the box mean "or any later one". */
function picture<Status extends string>({ open, statuses, rank, final }: Lattice<Status>): string[] {
  const steps = statuses.filter((status) => !final(status)).sort((a, b) => rank[a] - rank[b]);
  const ends = statuses.filter(final);
  const chain = steps.slice(1).map((status, index) => `    ${String(steps[index])} --> ${status}`);
  return [
    '```mermaid',
    'stateDiagram-v2',
    `  [*] --> ${open}`,
    `  state ${open} {`,
    `    [*] --> ${String(steps[0])}`,
    ...chain,
    '  }',
    ...ends.map((end) => `  ${open} --> ${end}`),
    ...ends.map((end) => `  ${end} --> [*]`),
    '```',
  ];
}

/** What is after hearing the column while being in the row; a dot where nothing moves. Worked out by the product's own function. */
function table<Status extends string>({ statuses, move }: Lattice<Status>): string[] {
  const row = (now: Status) => statuses.map((heard) => (move(now, heard) === now ? '·' : move(now, heard))).join(' | ');
  return [`| is \\ hears | ${statuses.join(' | ')} |`, `| --- |${' --- |'.repeat(statuses.length)}`, ...statuses.map((now) => `| **${now}** | ${row(now)} |`)];
}

const chapter = <Status extends string>(title: string, lattice: Lattice<Status>): string[] => [`#### ${title}`, '', ...picture(lattice), '', ...table(lattice)];

export const renderLattice = (): string => [...chapter('Envelope', envelope), '', ...chapter('Recipient', recipient)].join('\n');
