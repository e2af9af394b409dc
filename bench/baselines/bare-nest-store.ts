/**
 * The bare server of the store once more, its routes Nest's: what the framework leaves of the bare routes, before the platform
 * has done anything. Decorators are called by hand, because Node runs this file as it is.
 */
import 'reflect-metadata';
import { Controller, Get, Module, Param, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { StoreAnswers } from './store-answers.ts';

const { dataDir } = JSON.parse(process.argv[2] ?? '{}') as { dataDir: string };
const answers = new StoreAnswers(dataDir);

class BareController {
  developer(email: string): unknown {
    return answers.developer(email);
  }
  apps(developerId: string): unknown {
    return answers.apps(developerId);
  }
  app(packageId: string): unknown {
    return answers.app(packageId);
  }
  search(word: string): unknown {
    return answers.search(word);
  }
}

const ROUTES: [name: keyof BareController, path: string, argument: ParameterDecorator][] = [
  ['developer', 'developer', Query('email')],
  ['apps', 'apps', Query('developer')],
  ['app', 'app/:id', Param('id')],
  ['search', 'search', Query('q')],
];
for (const [name, path, argument] of ROUTES) {
  Get(path)(
    BareController.prototype,
    name,
    Object.getOwnPropertyDescriptor(BareController.prototype, name) as PropertyDescriptor,
  );
  argument(BareController.prototype, name, 0);
}
Controller()(BareController);
class BareModule {}
Module({ controllers: [BareController] })(BareModule);

const app = await NestFactory.create<NestFastifyApplication>(BareModule, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
process.send?.({ port: Number(new URL(await app.getUrl()).port) });
process.on('disconnect', () => process.exit(0));
