import type { MappingKind } from '#flow/desk';

export const KINDS = ['send', 'writeback', 'journey'] as const satisfies MappingKind[];
export const KIND_WORDS: Record<MappingKind, readonly [string, string]> = {
  send: ['Send', 'Which stage or request sends which template, to whom, and under which conditions.'],
  writeback: ['Write-back', 'What each status of an envelope writes into which field of which record.'],
  journey: ['Journey', 'What each status sets on people, which lists they join and which tasks it makes.'],
};
