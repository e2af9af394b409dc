import { useQuery } from '@tanstack/react-query';
import { addressOf, call } from '../../api/client';
import { Notice } from '../../ui/Notice';
import { Loaded, LoadingState } from '../../ui/states';
import classes from './FileView.module.css';
import { ImageView } from './ImageView';
import { LinesView } from './LinesView';
import { decodeText, diffLines, wholeText, type DiffLine } from './text-diff';

const READ_FILE = 'GET /v1/apps/{package_id}/versions/{version_code}/files/{path}';
/** Beyond this a file is downloaded and not shown. */
const SHOWN_LIMIT_BYTES = 1024 * 1024;
const IMAGE = /\.(png|jpe?g|gif|webp)$/i;

interface FileViewProps {
  packageId: string;
  path: string;
  beforeCode: number | undefined;
  afterCode: number | undefined;
  /** Nothing was approved before: it is shown as it is, not as a change. */
  isFirst: boolean;
  sizeBytes: number;
}

type Content =
  | { kind: 'text'; lines: DiffLine[] }
  | { kind: 'texts-too-different'; before: DiffLine[]; after: DiffLine[] }
  | { kind: 'image'; before: Blob | undefined; after: Blob | undefined }
  | { kind: 'binary' };

/** One file: what changed in its text, its pictures side by side, or where to get it. */
export function FileView({ packageId, path, beforeCode, afterCode, isFirst, sizeBytes }: FileViewProps) {
  const isShown = sizeBytes <= SHOWN_LIMIT_BYTES;
  const content = useQuery({
    queryKey: ['file', packageId, path, beforeCode, afterCode],
    // Versions never change after they are submitted.
    staleTime: Infinity,
    enabled: isShown,
    queryFn: async ({ signal }): Promise<Content> => {
      const fetchSide = async (code: number | undefined) =>
        code === undefined
          ? undefined
          : call(READ_FILE, { path: { package_id: packageId, version_code: code, path }, signal });
      const [before, after] = await Promise.all([fetchSide(beforeCode), fetchSide(afterCode)]);
      return readContent(path, before, after, isFirst ? 'same' : 'added');
    },
  });
  return (
    <div className={classes.view}>
      <p className={classes.links}>
        <Download label="Download" packageId={packageId} code={afterCode} path={path} />
        <Download label="Download the approved one" packageId={packageId} code={beforeCode} path={path} />
      </p>
      {isShown ? (
        <Loaded query={content} loading={<LoadingState rows={3} />}>
          {(data) => <ContentView content={data} path={path} />}
        </Loaded>
      ) : (
        <p>It is too large to be shown here.</p>
      )}
    </div>
  );
}

function Download({
  label,
  code,
  packageId,
  path,
}: {
  label: string;
  code: number | undefined;
  packageId: string;
  path: string;
}) {
  if (code === undefined) return null;
  return (
    <a href={addressOf(READ_FILE, { package_id: packageId, version_code: code, path })} download>
      {label}
    </a>
  );
}

async function readContent(
  path: string,
  before: Blob | undefined,
  after: Blob | undefined,
  kindOfNew: 'same' | 'added',
): Promise<Content> {
  if (IMAGE.test(path)) return { kind: 'image', before, after };
  const [old, now] = await Promise.all(
    [before, after].map(async (side) => side && decodeText(new Uint8Array(await side.arrayBuffer()))),
  );
  if (before && after) {
    if (old === undefined || now === undefined) return { kind: 'binary' };
    const lines = diffLines(old, now);
    if (lines) return { kind: 'text', lines };
    return { kind: 'texts-too-different', before: wholeText(old, 'removed'), after: wholeText(now, 'added') };
  }
  const only = old ?? now;
  if (only === undefined) return { kind: 'binary' };
  return { kind: 'text', lines: wholeText(only, before ? 'removed' : kindOfNew) };
}

function ContentView({ content, path }: { content: Content; path: string }) {
  switch (content.kind) {
    case 'text':
      return <LinesView lines={content.lines} label={path} />;
    case 'texts-too-different':
      return (
        <>
          <Notice tone="info">
            <p>The two differ too much to be compared by lines: first the approved one, then the new one.</p>
          </Notice>
          <LinesView lines={content.before} label={`${path}, approved`} />
          <LinesView lines={content.after} label={`${path}, new`} />
        </>
      );
    case 'image':
      return (
        <div className={classes.images}>
          {content.before && <ImageView image={content.before} label={`${path}, approved`} />}
          {content.after && <ImageView image={content.after} label={`${path}, new`} />}
        </div>
      );
    case 'binary':
      return <p>It is not text. Download it to look into it.</p>;
  }
}
