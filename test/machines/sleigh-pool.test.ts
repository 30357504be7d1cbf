import { describeChart } from '../support/chart.ts';
import { sleighPoolChecks } from './checks/sleigh-pool.ts';

describeChart(sleighPoolChecks);
