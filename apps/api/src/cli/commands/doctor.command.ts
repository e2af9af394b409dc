import type { Command } from 'commander';
import { readProcessSettings } from '../../config/settings.js';
import type { Finding } from '../../doctor/finding.js';

const DETAIL_COLUMN = 24;

/** `mosis doctor`. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('look for what makes a server fail or lose data; changes nothing, while a server runs or not')
    .option('--deep', 'have SQLite check every page of both databases, which reads them whole')
    .option('--json', 'as JSON')
    .action(async (options: { deep?: boolean; json?: boolean }) => {
      const { examine } = await import('../../doctor/doctor.js');
      const { DATABASES, migrationTarget } = await import('../migrate.js');
      const findings = await examine({
        readSettings: readProcessSettings,
        databasesOf: (settings) => DATABASES.map((database) => migrationTarget(settings, database)),
        deep: options.deep === true,
      });
      const failed = findings.some(({ status }) => status === 'fail');
      process.stdout.write(
        options.json ? `${JSON.stringify({ ok: !failed, findings }, null, 2)}\n` : describeFindings(findings),
      );
      if (failed) process.exitCode = 1;
    });
}

/** Findings as a table; what is to be done stands below what was found. */
export function describeFindings(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ check, status, detail, advice }) => [
    `${status.padEnd(6)}${check.padEnd(DETAIL_COLUMN - 6)}${indent(detail)}`,
    ...(advice === undefined ? [] : [`${' '.repeat(DETAIL_COLUMN)}→ ${indent(advice)}`]),
  ]);
  const count = (status: Finding['status']) => findings.filter((finding) => finding.status === status).length;
  return `${lines.join('\n')}\n\n${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failed.\n`;
}

function indent(text: string): string {
  return text.split('\n').join(`\n${' '.repeat(DETAIL_COLUMN)}`);
}
