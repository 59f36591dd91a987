import fc from 'fast-check';
import { expect, it } from 'vitest';
import { rememberLabels, renamedStage } from '#core/mapping/stages';
import type { SendMapping } from '#core/mapping/schema';
import type { CrmSchema } from '#core/records';
import { schema } from './ground.ts';

/** The account with one stage of its sales pipeline called otherwise. */
function called(label: string, id = 'contractsent'): CrmSchema {
  const [sales, ...others] = schema.pipelines;
  if (!sales) throw new Error('There is no pipeline.');
  return { ...schema, pipelines: [{ ...sales, stages: sales.stages.map((stage) => (stage.id === id ? { ...stage, label } : stage)) }, ...others] };
}
const starting = (stage: string, pipeline?: string) => ({ rules: [{ id: 'one', when: { stage, ...(pipeline === undefined ? {} : { pipeline }) } }] }) as unknown as SendMapping;
const AT = { pipeline: 'default', stage: 'contractsent' };
const labelsOf = (known: CrmSchema) => known.pipelines.flatMap(({ stages }) => stages.map(({ formerly = [] }) => formerly)).filter((labels) => labels.length > 0);

it('a stage that is called otherwise is known by what a rule calls it', () => {
  const now = rememberLabels(schema, called('Contract out'));
  expect(renamedStage(starting('contract SENT', 'Sales pipeline'), now, AT)).toMatchObject({ rule: { id: 'one' }, was: 'contract SENT', is: 'Contract out' });
  expect(renamedStage(starting('Contract sent', 'Renewals'), now, AT)).toBeNull();
  expect(renamedStage(starting('Contract sent'), now, { ...AT, stage: 'qualified' })).toBeNull();
  expect(renamedStage(starting('Contract out'), now, AT)).toBeNull();
  expect(renamedStage(starting('Contract sent'), called('Contract out'), AT)).toBeNull();
});

it('the name is the one of another stage as soon as that has it', () => {
  const now = rememberLabels(schema, called('Contract out'));
  const taken: CrmSchema = {
    ...now,
    pipelines: now.pipelines.map((one) => ({ ...one, stages: one.stages.map((stage) => (stage.id === 'qualified' ? { ...stage, label: 'Contract sent' } : stage)) })),
  };
  expect(renamedStage(starting('Contract sent'), taken, AT)).toBeNull();
});

it('nothing is remembered of what never changed, and nothing forgotten by looking again', () => {
  expect(labelsOf(rememberLabels(null, schema))).toEqual([]);
  expect(labelsOf(rememberLabels(schema, schema))).toEqual([]);
  const once = rememberLabels(schema, called('Contract out'));
  expect(labelsOf(rememberLabels(once, called('Contract out')))).toEqual([['Contract sent']]);
  expect(labelsOf(rememberLabels(once, schema))).toEqual([['Contract out']]);
});

it('whatever a stage was called, its last five other names are known, and never the one that it has', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), { minLength: 1, maxLength: 20 }), (labels) => {
      const last = labels.reduce((known: CrmSchema, label) => rememberLabels(known, called(label)), schema);
      const [formerly = []] = labelsOf(last);
      expect(formerly.length).toBeLessThanOrEqual(5);
      expect(formerly).not.toContain(labels.at(-1));
      const others = new Set(labels.filter((label) => label !== labels.at(-1)));
      if (others.size < 5) for (const label of others) expect(formerly).toContain(label);
    }),
  );
});
