/**
 * The baseline of the store: Fastify and better-sqlite3 with prepared statements, asking the same file the same questions
 * and doing nothing else: no keys, no limits, no schema of the answer, no near misses.
 */
import Fastify from 'fastify';
import { StoreAnswers } from './store-answers.ts';

const { dataDir } = JSON.parse(process.argv[2] ?? '{}') as { dataDir: string };
const answers = new StoreAnswers(dataDir);

const app = Fastify();
app.get<{ Querystring: { email: string } }>('/developer', (request) => answers.developer(request.query.email));
app.get<{ Querystring: { developer: string } }>('/apps', (request) => answers.apps(request.query.developer));
app.get<{ Params: { id: string } }>('/app/:id', (request) => answers.app(request.params.id));
app.get<{ Querystring: { q: string } }>('/search', (request) => answers.search(request.query.q));
const address = await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.({ port: Number(new URL(address).port) });
process.on('disconnect', () => process.exit(0));
