import { regionOf } from '../../packages/topology/region.js';

/** Where a stage is: on a laptop, or in a region of AWS, by default where it would be deployed to. */
export type StagePlace = { stage: string; region?: string | undefined };

/** The options with which any command means the same stage, wherever it is typed. */
export const stageOptions = ({ stage, region }: StagePlace): string =>
  stage === 'local' ? '' : ` --stage ${stage} --region ${regionOf(region)}`;

/** A command of this tool as it is typed for a stage. */
export const commandFor = (place: StagePlace, command: string): string =>
  `\`fanfold ${command}${stageOptions(place)}\``;

/** Where an operation is found that was ordered. */
export const trailOf = (place: StagePlace, operationId: string): string =>
  `In the audit trail: ${operationId}. ${commandFor(place, `trace ${operationId}`)} shows it.`;
