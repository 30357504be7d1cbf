import { describeChart } from '../support/chart.ts';
import { backoffChecks, recoveryChecks } from './checks/recovery.ts';
import { speculationChecks } from './checks/stragglers.ts';

describeChart(recoveryChecks);
describeChart(backoffChecks);
describeChart(speculationChecks);
