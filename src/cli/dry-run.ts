import { statusWords } from '#core/envelope';
import type { PlannedWrite, SendPlan } from '#core/plan';
import type { DryRun } from '#flow/desk';
import { print, printTable } from './command.ts';

/** What a dry run found, for reading. */
export function printDryRun({ deal, decision, writes, steps }: DryRun, asked: boolean): void {
  print(`${deal.name} (deal ${deal.id}) stands at "${deal.stage}".${asked ? ' This is what Send for signature would do.' : ''}\n`);
  if (!decision.send) {
    print('Nothing would be sent:');
    for (const reason of decision.reasons) print(`  - ${reason.say}${reason.path ? `  [${reason.path}]` : ''}`);
    if (!asked && decision.rule === null) print('\nWhat a person would send who presses Send for signature: the same command with --request.');
    return;
  }
  const { plan } = decision;
  printPlan(plan);
  print('\nWould write back:');
  for (const { status, writes: some } of writes) for (const write of some) printWrite(status, write, plan);
  if (steps.length > 0) print('\nWould follow in the journey:');
  for (const { status, when, say, withheld } of steps)
    print(`  ${statusWords(status)}: ${when === undefined ? '' : `${when}: `}${say}${withheld === undefined ? '' : ` (left out: ${withheld})`}`);
  print('\nNothing was sent, and nothing was written.');
}

function printPlan(plan: SendPlan): void {
  print(`Would send "${plan.template.name}" by rule ${plan.rule}: ${plan.subject}\n`);
  printTable([['ORDER', 'ROLE', 'NAME', 'E-MAIL'], ...plan.recipients.toSorted((a, b) => a.order - b.order).map((one) => [String(one.order), one.role, one.name, one.email])]);
  print();
  if (plan.fields.length === 0) return print('The mapping fills no field of this template.');
  printTable([['ROLE', 'FIELD', 'VALUE'], ...plan.fields.map((field) => [field.role, field.label, field.value])]);
}

function printWrite(status: DryRun['writes'][number]['status'], { record, set, once }: PlannedWrite, { recipients }: SendPlan): void {
  const name = recipients.find(({ contact }) => contact === record.id)?.name;
  print(`\n  ${statusWords(status)}: ${record.type} ${name === undefined ? record.id : `${name} (${record.id})`}`);
  const isEmpty = (value: unknown) => value === null || value === '';
  const filled = Object.entries(set).filter(([, value]) => !isEmpty(value));
  printTable(filled.map(([field, value]) => [`    ${field}`, `${String(value)}${once.includes(field) ? '  (only while empty)' : ''}`]));
  const emptied = Object.keys(set).filter((field) => isEmpty(set[field]));
  if (emptied.length > 0) print(`    emptied: ${emptied.join(', ')}`);
}
