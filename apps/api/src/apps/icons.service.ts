import { Injectable } from '@nestjs/common';
import type { Actor } from '../access/actor.js';
import { notFound } from '../common/app-error.js';
import { VerifiedObjectsService } from '../objects/verified-objects.service.js';
import { AppsRepository } from './apps.repository.js';
import { AppsService } from './apps.service.js';

/** No icon that we store is larger: they are re-encoded from at most 1024 × 1024 pixels. */
export const MAX_ICON_BYTES = 8 * 1024 * 1024;

/** Icons for those who may see an app. */
@Injectable()
export class IconsService {
  constructor(
    private readonly apps: AppsService,
    private readonly repository: AppsRepository,
    private readonly objects: VerifiedObjectsService,
  ) {}

  /** The bytes of an icon of this app, to its owner and to staff. @throws AppError `not-found` */
  async readOfApp(actor: Actor, packageId: string, sha256: string): Promise<Buffer> {
    const app = await this.apps.getReadable(actor, packageId);
    if (!/^[0-9a-f]{64}$/.test(sha256) || !(await this.repository.hasIcon(app.id, sha256))) throw notFound('icon');
    return this.objects.readIcon(sha256, MAX_ICON_BYTES);
  }
}
