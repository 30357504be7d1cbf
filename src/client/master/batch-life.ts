import {
  batchMachine,
  type BatchCommand,
  type BatchEvent,
  type BatchTag,
} from '../../machines/pool/batch.ts';
import { LifeCycle, LifeCycleTable } from '../life-cycle.ts';

const TABLE = new LifeCycleTable(batchMachine);

/** The life of a batch, or of one call of `submit`: what is allowed when. See machines/pool/batch. */
export class BatchLife extends LifeCycle<BatchEvent, BatchCommand, BatchTag> {
  constructor(commands: Readonly<Record<BatchCommand, () => void>>) {
    super(TABLE, commands);
  }
}
