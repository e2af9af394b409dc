import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { randomBase62 } from '../../common/secrets.js';

interface CreateOptions {
  email: string;
  name: string;
  password?: string;
  passwordStdin?: boolean;
}

/** `mosis admin create|link`. */
export function addAdminCommand(program: Command): void {
  const admin = program.command('admin').description('people who run the store');
  admin
    .command('create')
    .description('create a verified admin, or make one of an account that exists')
    .requiredOption('--email <address>', 'e-mail address')
    .option('--name <name>', 'shown name', 'Administrator')
    .option('--password <password>', 'password (better: --password-stdin, which leaves no trace in the shell)')
    .option('--password-stdin', 'read the password from standard input')
    .action(async (options: CreateOptions) => {
      const { setupSchema } = await import('../../accounts/accounts.schemas.js');
      const { runAsOwner } = await import('../run-as-owner.js');
      const given = options.passwordStdin ? await readFirstLine() : options.password;
      const password = given ?? randomBase62(20);
      const { email, name } = setupSchema
        .omit({ token: true })
        .parse({ email: options.email, name: options.name, password });
      const developer = await runAsOwner('admin.create', { email, name, password });
      process.stdout.write(`Admin ${developer.email} (${developer.id}) is ready.\n`);
      if (given === undefined) process.stdout.write(`Password: ${password}\n`);
    });
  admin
    .command('link')
    .description('print a new one-time link that creates the first admin')
    .action(async () => {
      const { runAsOwner } = await import('../run-as-owner.js');
      const { link } = await runAsOwner('admin.link', {});
      process.stdout.write(
        link ? `${link}\n` : 'There is an admin already. Another one: mosis admin create --email …\n',
      );
    });
}

async function readFirstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) return line;
  throw new Error('Standard input was empty: --password-stdin wants the password there.');
}
