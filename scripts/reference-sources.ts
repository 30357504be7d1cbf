/** The tables from which the reference is made. */
export { CLI_ERRORS } from '../src/cli/errors.ts';
export { CLIENT_ERRORS } from '../src/client/errors/catalogue.ts';
export { CLUSTER } from '../src/cluster/errors.ts';
export { STORED } from '../src/store/errors.ts';
export { SERVER } from '../src/transport/errors.ts';
export { PROBLEM } from '../src/web/problems.ts';
export { READS, VIEWS, WRITES } from '../src/web/routes.ts';
export { BOUNDS } from '../src/wire/bounds.ts';
export { LIMITS } from '../src/wire/limits.ts';
export { REFUSALS } from '../src/wire/refusals.ts';
