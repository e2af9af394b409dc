import { generateSigningKey } from '@mosis/package';
import { sessionOf, type RealServer } from './server.ts';

const PASSWORD = 'a password for benchmarks';

/** A developer who may publish: verified, signed in, with a signing key. */
export interface BenchDeveloper {
  cookie: string;
  privateKeyPem: string;
}

/** Registers a developer over HTTP and has the server's account verify it. @throws when anything is refused */
export async function makeDeveloper(server: RealServer, name: string): Promise<BenchDeveloper> {
  const email = `${name}@example.com`;
  await must(server.send('POST', '/v1/auth/register', { email, name, password: PASSWORD }, ''), 202);
  const login = await must(server.send('POST', '/v1/auth/login', { email, password: PASSWORD }, ''), 200);
  const cookie = sessionOf(login);
  const { developer } = (await login.json()) as { developer: { id: string } };
  await must(server.send('PATCH', `/v1/admin/developers/${developer.id}`, { verified: true }), 200);
  const { privateKeyPem, publicKeyPem } = generateSigningKey();
  await must(server.send('POST', '/v1/signing-keys', { name: 'bench', public_key: publicKeyPem }, cookie), 201);
  return { cookie, privateKeyPem };
}

async function must(sent: Promise<Response>, status: number): Promise<Response> {
  const answer = await sent;
  if (answer.status !== status) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
  return answer;
}
