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

/** Has a version submitted, approved by the server's account, and published. @throws when anything is refused */
export async function publish(
  server: RealServer,
  { cookie }: BenchDeveloper,
  packageId: string,
  versionCode: number,
): Promise<{ package_sha256: string }> {
  const version = `/v1/apps/${packageId}/versions/${versionCode}`;
  await must(server.send('POST', `${version}/submit`, undefined, cookie), 200);
  const queue = await must(server.send('GET', `/v1/admin/reviews?status=pending&q=${packageId}`), 200);
  const [review] = ((await queue.json()) as { items: { id: string }[] }).items;
  if (!review) throw new Error(`Nothing of ${packageId} waits for a review.`);
  await must(server.send('POST', `/v1/admin/reviews/${review.id}/decision`, { decision: 'approve' }), 200);
  const published = await must(server.send('POST', `${version}/publish`, undefined, cookie), 200);
  return (await published.json()) as { package_sha256: string };
}

async function must(sent: Promise<Response>, status: number): Promise<Response> {
  const answer = await sent;
  if (answer.status !== status) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
  return answer;
}
