import { createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';

/** `mosis package keygen|build|verify`. */
export function addPackageCommand(program: Command): void {
  const packages = program.command('package').description('signed packages (.mosis)');
  packages
    .command('keygen')
    .description('make an Ed25519 signing key')
    .argument('[file]', 'where the private key goes; the public one goes beside it as FILE.pub', 'signing-key.pem')
    .option('--out <file>', 'the same as the argument')
    .option('--force', 'overwrite what is there')
    .action(async (argument: string, options: { out?: string; force?: boolean }) => {
      const file = options.out ?? argument;
      const publicFile = `${file}.pub`;
      for (const target of [file, publicFile]) {
        if (existsSync(target) && !options.force)
          throw new Error(`${target} exists. A lost key cannot be made again: move it away, or say --force.`);
      }
      const { generateSigningKey } = await import('@mosis/package');
      const key = generateSigningKey();
      writeFileSync(file, key.privateKeyPem, { mode: 0o600 });
      writeFileSync(publicFile, key.publicKeyPem, { mode: 0o644 });
      process.stdout.write(
        `private key  ${file}  (keep it secret, and keep a copy)\npublic key   ${publicFile}  (register it with POST /v1/signing-keys)\nfingerprint  ${key.fingerprint}\n`,
      );
    });
  packages
    .command('build')
    .description('build and sign a package of a folder that holds manifest.json')
    .argument('<folder>', 'what goes into the package')
    .requiredOption('--key <file>', 'private key (PEM)')
    .option('--out <file>', 'the package; by default <id>-<version>.mosis')
    .action(async (folder: string, options: { key: string; out?: string }) => {
      const out = options.out ?? defaultName(folder);
      const { buildPackage } = await import('@mosis/package');
      const { sha256, sizeBytes } = await buildPackage(folder, out, createPrivateKey(readFileSync(options.key)));
      process.stdout.write(`${out}  ${sizeBytes} bytes\nsha256  ${sha256}\n`);
    });
  packages
    .command('verify')
    .description('check a package as the server does')
    .argument('<file>', 'a .mosis file')
    .requiredOption('--public-key <file>', 'public key (PEM) that must have signed it')
    .option('--json', 'print what was found as JSON')
    .action(async (file: string, options: { publicKey: string; json?: boolean }) => {
      const { fingerprint, parsePublicKeyPem, verifyPackage } = await import('@mosis/package');
      const publicKey = parsePublicKeyPem(readFileSync(options.publicKey, 'utf8'));
      const verified = await verifyPackage(file, { keys: [{ id: fingerprint(publicKey), publicKey }] });
      const { manifest, entries, sha256, sizeBytes, checks, notes } = verified;
      if (options.json) {
        process.stdout.write(
          `${JSON.stringify({ sha256, size_bytes: sizeBytes, signed_by: verified.signedBy, manifest, entries, checks, notes }, null, 2)}\n`,
        );
        return;
      }
      process.stdout.write(
        `${manifest.id} ${manifest.version} (${manifest.version_code}) is good: ${entries.length} files, ${sizeBytes} bytes\nsha256     ${sha256}\nsigned by  ${verified.signedBy}\n`,
      );
      for (const note of notes) process.stdout.write(`note: ${note.detail}\n`);
    });
}

function defaultName(folder: string): string {
  try {
    const { id, version } = JSON.parse(readFileSync(`${folder}/manifest.json`, 'utf8')) as {
      id: string;
      version: string;
    };
    return `${id}-${version}.mosis`;
  } catch (error) {
    throw new Error(`manifest-missing: ${folder}/manifest.json cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
