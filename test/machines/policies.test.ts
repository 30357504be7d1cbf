import { describeChart } from '../support/chart.ts';
import { backoffChecks, recoveryChecks } from './checks/recovery.ts';

describeChart(recoveryChecks);
describeChart(backoffChecks);
