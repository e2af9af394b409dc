import { Button } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import type { ReviewDetail } from '../../api/schema';
import { formatByteChange, formatBytes, plural } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { Section } from '../../ui/Section';
import { LoadingState } from '../../ui/states';
import { Tag } from '../../ui/Tag';
import { listChangedFiles, type ChangedFile } from './changed-files';
import classes from './FilesSection.module.css';

const FileView = lazy(() => import('./FileView').then(({ FileView }) => ({ default: FileView })));
/** A package may have ten thousand files; a page that shows them all at once would not move. */
const SHOWN_AT_FIRST = 100;

/** What the package holds that the last approved one did not: added, changed, removed, each with its text. A first version: all. */
export function FilesSection({ review }: { review: ReviewDetail }) {
  const [shown, setShown] = useState(SHOWN_AT_FIRST);
  if (review.changes === null || review.version_code === null) return null;
  const { against, files } = review.changes;
  const changed = listChangedFiles(files);
  const isFirst = against === null;
  const counts = `${files.added.length} added, ${files.changed.length} changed, ${files.removed.length} removed, ${files.unchanged} as before`;
  return (
    <Section title="Files" aside={isFirst ? plural(changed.length, 'file') : counts}>
      {isFirst && (
        <p className={classes.first}>First version: there is nothing to compare with, so every file is new to you.</p>
      )}
      {changed.length === 0 && <p>Every file is as in {against?.version_name}.</p>}
      <ul className={classes.files}>
        {changed.slice(0, shown).map((file) => (
          <FileRow
            key={file.path}
            file={file}
            packageId={review.package_id}
            versionCode={review.version_code!}
            againstCode={against?.version_code}
            isFirst={isFirst}
          />
        ))}
      </ul>
      {changed.length > shown && (
        <Button mt="sm" variant="default" onClick={() => setShown(shown + 10 * SHOWN_AT_FIRST)}>
          Show {plural(Math.min(changed.length - shown, 10 * SHOWN_AT_FIRST), 'more file', 'more files')}
        </Button>
      )}
    </Section>
  );
}

const STATES = { added: 'good', changed: 'info', removed: 'bad' } as const;

interface FileRowProps {
  file: ChangedFile;
  packageId: string;
  versionCode: number;
  againstCode: number | undefined;
  isFirst: boolean;
}

function FileRow({ file, packageId, versionCode, againstCode, isFirst }: FileRowProps) {
  const [isOpen, setOpen] = useState(false);
  const { path, state, before, after } = file;
  const size = after ?? before ?? 0;
  return (
    <li>
      <button type="button" className={classes.row} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon name={isOpen ? 'down' : 'next'} />
        {!isFirst && <Tag tone={STATES[state]}>{state}</Tag>}
        <span className={classes.path}>{path}</span>
        <span className={classes.size}>
          {formatBytes(size)}
          {state === 'changed' && ` (${formatByteChange(size - (before ?? 0))})`}
        </span>
      </button>
      {isOpen && (
        <Suspense fallback={<LoadingState rows={3} />}>
          <FileView
            path={path}
            packageId={packageId}
            beforeCode={before === undefined ? undefined : againstCode}
            afterCode={after === undefined ? undefined : versionCode}
            isFirst={isFirst}
            sizeBytes={Math.max(before ?? 0, after ?? 0)}
          />
        </Suspense>
      )}
    </li>
  );
}
