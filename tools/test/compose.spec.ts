import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readSettings, settingFields } from '../../apps/api/src/config/settings.js';
import { root } from '../lib/workspace.mjs';

interface Service {
  [key: string]: unknown;
  image: string;
  environment: Record<string, string>;
  volumes: string[];
  ports: string[];
  stop_grace_period: string;
  networks: string[];
}
interface Compose {
  services: Record<string, Service>;
  networks: Record<string, { ipam: { config: { subnet: string; gateway: string }[] } }>;
}

const read = (file: string) => readFileSync(join(root, 'docker', file), 'utf8');
/** The keys of the Compose Specification that these files use; another one is a slip of the pen. */
const KEYS =
  'image build container_name restart stop_grace_period mem_limit env_file environment volumes ports networks read_only tmpfs security_opt cap_drop cap_add logging'.split(
    ' ',
  );
const SECRET = /PASSWORD|SECRET|ACCESS_KEY|SMTP_URL/;
const example = () =>
  read('mosis.env.example')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.indexOf('=')));

describe.each(['compose.yaml', 'compose.s3.yaml'])('%s', (file) => {
  const compose = parse(read(file), { strict: true, uniqueKeys: true }) as Compose;
  const service = compose.services.mosis!;

  it('has one service, made of keys that Compose knows, each of the type that it wants', () => {
    expect(Object.keys(compose).sort()).toEqual(['name', 'networks', 'services']);
    expect(Object.keys(compose.services)).toEqual(['mosis']);
    expect(Object.keys(service).filter((key) => !KEYS.includes(key))).toEqual([]);
    expect(Object.values(service.environment).filter((value) => typeof value !== 'string')).toEqual([]);
    for (const list of ['volumes', 'ports', 'tmpfs', 'cap_add', 'cap_drop', 'security_opt', 'networks'])
      expect((service[list] as unknown[]).every((item) => typeof item === 'string')).toBe(true);
    expect(service.networks).toEqual(Object.keys(compose.networks));
  });

  it('names an exact image, whose version is ours', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(service.image).toBe(`mosis-platform:${version}`);
    expect(service.build).toMatchObject({ dockerfile: 'docker/Dockerfile' });
  });

  it('sets only settings that there are, with values that a start accepts', () => {
    const settings = Object.keys(service.environment).filter((name) => name !== 'PUID' && name !== 'PGID');
    expect(settings.filter((name) => !(name in settingFields))).toEqual([]);
    const secrets = {
      S3_ACCESS_KEY_ID: 'a',
      S3_SECRET_ACCESS_KEY: 'b',
      BACKUP_S3_ACCESS_KEY_ID: 'c',
      BACKUP_S3_SECRET_ACCESS_KEY: 'd',
    };
    expect(readSettings({ ...service.environment, ...secrets })).toMatchObject({
      secureCookies: true,
      dataDir: '/data',
    });
  });

  it('has no secret in it: those are in the env file, which knows them all', () => {
    expect(Object.keys(service.environment).filter((name) => SECRET.test(name))).toEqual([]);
    expect(service.env_file).toBe('/volume1/docker/mosis/mosis.env');
    expect(example().filter((name) => !(name in settingFields))).toEqual([]);
    expect(Object.keys(settingFields).filter((name) => SECRET.test(name) && !example().includes(name))).toEqual([]);
  });

  it('keeps data on /volume1 and mounts what its settings name', () => {
    const mounts = service.volumes.map((volume) => volume.split(':'));
    expect(mounts.filter(([from = '']) => !from.startsWith('/volume1/'))).toEqual([]);
    const inside = mounts.map(([, to]) => to);
    expect(inside).toContain(service.environment.DATA_DIR);
    const backup = service.environment.BACKUP_URL!;
    if (backup.startsWith('file://')) expect(inside).toContain(backup.slice('file://'.length));
  });

  it('is closed: read-only, no rights but to hand over the folders, reached by the proxy alone, limited', () => {
    expect(service).toMatchObject({
      read_only: true,
      restart: 'unless-stopped',
      mem_limit: '1g',
      cap_drop: ['ALL'],
      cap_add: ['CHOWN', 'DAC_OVERRIDE', 'SETGID', 'SETPCAP', 'SETUID'],
      security_opt: ['no-new-privileges:true'],
    });
    expect((service.tmpfs as string[])[0]).toMatch(/^\/tmp:/);
    expect(service.ports).toEqual(['127.0.0.1:3000:3000']);
    expect(compose.networks.mosis!.ipam.config[0]!.gateway).toBe(service.environment.TRUST_PROXY);
    expect(Number(/^(\d+)s$/.exec(service.stop_grace_period)?.[1])).toBeGreaterThan(20 + 10);
  });
});
