import { useQuery } from '@tanstack/react-query';
import { addressOf } from '../../api/client';
import { read } from '../../api/queries';
import type { ReviewDetail } from '../../api/schema';
import { CopyText } from '../../ui/CopyText';
import { Facts } from '../../ui/Facts';
import { formatByteChange, formatBytes } from '../../ui/format';
import { Moment } from '../../ui/Moment';
import { Section } from '../../ui/Section';
import { Loaded, LoadingState } from '../../ui/states';
import { Tag } from '../../ui/Tag';

/** The package and who signed it: key, digests, sizes, release notes. */
export function KeySection({ review }: { review: ReviewDetail }) {
  const { changes, package_id, version_code } = review;
  if (changes === null || version_code === null) return null;
  return <Package packageId={package_id} versionCode={version_code} changes={changes} />;
}

interface PackageProps {
  packageId: string;
  versionCode: number;
  changes: NonNullable<ReviewDetail['changes']>;
}

function Package({ packageId, versionCode, changes }: PackageProps) {
  const path = { package_id: packageId, version_code: versionCode };
  const version = useQuery(read('GET /v1/apps/{package_id}/versions/{version_code}', { path }));
  const { signing_key: key, package_size: size, min_mosis_version: minimum } = changes;
  return (
    <Section
      title="Package and signature"
      tone={key.changed || !key.is_active ? 'warn' : undefined}
      aside={
        <a href={addressOf('GET /v1/apps/{package_id}/versions/{version_code}/package', path)} download>
          Download the package
        </a>
      }
    >
      <Loaded query={version} loading={<LoadingState rows={4} />}>
        {({ package_sha256, release_notes }) => (
          <Facts
            facts={[
              [
                'Signing key',
                <>
                  {key.name} <CopyText value={key.after} noun="fingerprint of the key" shownLength={16} />{' '}
                  {key.changed && <Tag tone="warn">another key than before</Tag>}{' '}
                  {!key.is_active && <Tag tone="bad">not active any more</Tag>}
                </>,
              ],
              ['Registered', <Moment at={key.registered_at} />],
              [
                'Key before',
                key.changed && key.before ? (
                  <CopyText value={key.before} noun="fingerprint of the key before" shownLength={16} />
                ) : null,
              ],
              [
                'Size',
                size.before === null
                  ? formatBytes(size.after)
                  : `${formatBytes(size.after)} (${formatByteChange(size.after - size.before)})`,
              ],
              [
                'Needs Mosis',
                minimum.before !== null && minimum.before !== minimum.after
                  ? `${minimum.after} (was ${minimum.before})`
                  : minimum.after,
              ],
              ['Release notes', release_notes],
              ['Package', <CopyText value={package_sha256} noun="digest of the package" shownLength={16} />],
            ]}
          />
        )}
      </Loaded>
    </Section>
  );
}
