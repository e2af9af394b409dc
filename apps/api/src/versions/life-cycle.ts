import type { VersionStatus } from '@mosis/db';
import { AppError } from '../common/app-error.js';
import type { ProblemCode } from '../common/problems.js';

/** What can be done to a version. */
export type VersionAction =
  'edit' | 'delete' | 'submit' | 'withdraw' | 'approve' | 'reject' | 'publish' | 'yank' | 'unyank';

interface Transition {
  from: VersionStatus;
  /** Where it leads; the same state for actions that change something else. */
  to: VersionStatus;
  refusal: ProblemCode;
  advice: string;
}

/**
 * The life of a version, in one place:
 *
 *     draft ──submit──▶ review ──approve──▶ approved ──publish──▶ published
 *       ▲                 │  └──reject──▶ rejected
 *       └────withdraw─────┘
 *
 * The triggers of core.db hold the same table for whoever writes past this code.
 */
export const LIFE_CYCLE: Record<VersionAction, Transition> = {
  edit: {
    from: 'draft',
    to: 'draft',
    refusal: 'version-not-draft',
    advice: 'Only a draft can be changed. Withdraw the submission, or upload a new version.',
  },
  delete: {
    from: 'draft',
    to: 'draft',
    refusal: 'version-not-draft',
    advice: 'Only a draft can be deleted. Withdraw the submission first, or yank what is published.',
  },
  submit: { from: 'draft', to: 'review', refusal: 'version-not-draft', advice: 'Only a draft can be submitted.' },
  withdraw: {
    from: 'review',
    to: 'draft',
    refusal: 'version-not-in-review',
    advice: 'Only a version in review can be withdrawn.',
  },
  approve: {
    from: 'review',
    to: 'approved',
    refusal: 'version-not-in-review',
    advice: 'Only a version in review can be approved.',
  },
  reject: {
    from: 'review',
    to: 'rejected',
    refusal: 'version-not-in-review',
    advice: 'Only a version in review can be rejected.',
  },
  publish: {
    from: 'approved',
    to: 'published',
    refusal: 'version-not-approved',
    advice: 'Only an approved version can be published. Submit it and wait for the decision.',
  },
  yank: {
    from: 'published',
    to: 'published',
    refusal: 'version-not-published',
    advice: 'Only a published version can be yanked.',
  },
  unyank: {
    from: 'published',
    to: 'published',
    refusal: 'version-not-published',
    advice: 'Only a published version can be unyanked.',
  },
};

/**
 * The state that an action leads to.
 *
 * @throws AppError with the action's own code when the version is in another state
 */
export function transition(status: VersionStatus, action: VersionAction): VersionStatus {
  const { from, to, refusal, advice } = LIFE_CYCLE[action];
  if (status !== from) throw new AppError(refusal, `The version is ${describe(status)}. ${advice}`);
  return to;
}

function describe(status: VersionStatus): string {
  return { draft: 'a draft', review: 'in review', approved: 'approved', published: 'published', rejected: 'rejected' }[
    status
  ];
}
