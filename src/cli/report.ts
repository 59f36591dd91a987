import { Option, type Command } from 'commander';
import { MODELS } from '#core/attribution-models';
import { sayMoney } from '#core/money';
import { buildReport, REPORT_BY, type Report, type Spread } from '#core/report';
import { STOPS } from '#core/report-story';
import { lastDay, readAsk, sayDuration, writeDay, type ReportAsk } from '#core/report-ask';
import { reportCsv } from '#http/console/report-csv';
import { reportJson } from '#http/console/report-json';
import { STOP_WORDS } from '#http/console/report-tables.tsx';
import { readReport, type ReportBasis } from '#store/view';
import { chooseTenant, print, printJson, printTable, withWorld } from './command.ts';

interface ReportOptions {
  by: string;
  model: string;
  from?: string;
  to?: string;
  tenant?: string;
  json?: boolean;
  csv?: boolean;
}

export function reportCommand(program: Command): void {
  program
    .command('report')
    .description('How long envelopes take, where they stop, and what brought the signed value, from the frozen attribution rows.')
    .addOption(new Option('--by <group>', 'what the rows are').choices(REPORT_BY).default('source'))
    .addOption(new Option('--model <model>', 'how the signed value is shared among touchpoints').choices(MODELS).default('first'))
    .option('--from <day>', 'the first day of sending, such as 2026-03-01; 90 days back by default')
    .option('--to <day>', 'the last day of sending; today by default')
    .option('--tenant <id>', 'of which tenant, where there are several')
    .addOption(new Option('--json', 'one JSON object, for machines').conflicts('csv'))
    .option('--csv', 'the rows alone, for a spreadsheet')
    .action(async (options: ReportOptions) => {
      const { ask, basis } = await withWorld(async (world) => {
        const tenant = await chooseTenant(world, options.tenant);
        const asked = readAsk(options, Date.now());
        return { ask: asked, basis: await readReport(world.db, tenant, asked, asked.model !== 'first' && asked.model !== 'last') };
      });
      const report = buildReport(ask, basis.envelopes, basis.touches);
      if (options.json) return printJson(reportJson(ask, report, basis));
      if (options.csv) return void process.stdout.write(reportCsv(report));
      printReport(ask, report, basis);
    });
}

const took = ({ count, medianMs, p90Ms }: Spread): string => (count === 0 ? '–' : `${sayDuration(medianMs)} (90 %: ${sayDuration(p90Ms)})`);

function printReport(ask: ReportAsk, { rows, total, stops }: Report, { frozen, corrections, head, cut }: ReportBasis): void {
  print(`Sent from ${writeDay(ask.from)} until ${lastDay(ask)}, by ${ask.by}, value by the model "${ask.model}".`);
  if (total.sent === 0) print('Nothing was sent in that time.');
  else {
    const line = (name: string, row: Report['total']) => [
      name,
      ...[row.sent, row.viewed, row.signed].map(String),
      took(row.touchToSend),
      took(row.sendToView),
      took(row.viewToSign),
      row.value.map(sayMoney).join(' + ') || '–',
    ];
    print();
    printTable([
      [ask.by.toUpperCase(), 'SENT', 'VIEWED', 'SIGNED', 'FIRST TOUCH TO SENT', 'SENT TO VIEWED', 'VIEWED TO SIGNED', 'SIGNED VALUE'],
      ...rows.map((row) => line(row.key || '(not told)', row)),
      line('together', total),
    ]);
    print();
    for (const stop of STOPS) print(`${STOP_WORDS[stop]}: ${stops[stop].open} still out, ${stops[stop].declined} declined, ${stops[stop].ended} expired or voided.`);
  }
  print();
  print(`${frozen} frozen rows, ${corrections} corrections, head ${head.seq} ${head.hash}${cut ? '; older envelopes of the period were left out' : ''}`);
}
