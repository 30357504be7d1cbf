import { describeChart } from '../support/chart.ts';
import { localityChecks } from './checks/placement.ts';
import { backoffChecks, recoveryChecks } from './checks/recovery.ts';
import { speculationChecks } from './checks/stragglers.ts';

describeChart(recoveryChecks);
describeChart(backoffChecks);
describeChart(speculationChecks);
describeChart(localityChecks);
