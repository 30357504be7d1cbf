import type { ActorState } from '../actors/actor.ts';
import type { RecordReader } from '../store/record.ts';

/** The state of an actor in a field of a record. */
export function actorStateIn(record: RecordReader, name: string): ActorState {
  const state = record.inner(name);
  return { value: state.stateValue('value'), context: { ...state.inner('context').fields } };
}
