/** Asks the server of this container whether it answers: exit code 0 when it does. */
const { HOST = '', PORT = '3000' } = process.env;
const everywhere = { '': '127.0.0.1', '0.0.0.0': '127.0.0.1', '::': '[::1]' };
const host = everywhere[HOST] ?? (HOST.includes(':') ? `[${HOST}]` : HOST);

try {
  const answer = await fetch(`http://${host}:${PORT || '3000'}/healthz`, { signal: AbortSignal.timeout(8_000) });
  process.exitCode = answer.ok ? 0 : 1;
  if (!answer.ok) console.error(`/healthz answered ${answer.status}`);
} catch (error) {
  console.error(`/healthz did not answer: ${error.cause?.message ?? error.message}`);
  process.exitCode = 1;
}
