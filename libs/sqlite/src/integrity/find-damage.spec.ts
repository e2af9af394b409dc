import { join } from 'node:path';
import { temporaryDirectory } from '../../test/support/temporary.js';
import { findDamage } from './find-damage.js';
import { openReader, openWriter } from '../open.js';

describe('the damage of a file', () => {
  const file = join(temporaryDirectory(), 'core.db');

  it('is also a row that breaks a CHECK, which only a connection that may write can see', () => {
    const writer = openWriter(file);
    writer.exec(`CREATE TABLE apps (id INTEGER PRIMARY KEY, status TEXT NOT NULL CHECK (status IN ('draft'))) STRICT;
      CREATE INDEX apps_status ON apps (status); INSERT INTO apps VALUES (1, 'draft')`);
    expect(findDamage(writer)).toEqual({ structure: [], rows: [] });
    // Stays on: the look turns it off by itself.
    writer.pragma('ignore_check_constraints = ON');
    writer.exec(`INSERT INTO apps VALUES (2, 'lost')`);
    expect(findDamage(writer)).toEqual({ structure: [], rows: ['CHECK constraint failed in apps'] });
    writer.unsafeMode(true);
    writer.exec(`PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = 'CREATE INDEX apps_status ON apps (id)' WHERE name = 'apps_status'`);
    writer.close();
    const again = openWriter(file);
    expect(findDamage(again).structure).toContain('row 1 missing from index apps_status');
    again.close();
    const reader = openReader(file);
    expect(() => findDamage(reader)).toThrow('does not see broken CHECKs');
    reader.close();
  });
});
