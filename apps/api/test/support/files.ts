import { watch } from 'node:fs';

/** Resolves once it is so; looks whenever something in the folder or below it changes. */
export async function untilChange(folder: string, isSo: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!isSo()) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(folder, { recursive: true }, look);
    look();
  });
}
