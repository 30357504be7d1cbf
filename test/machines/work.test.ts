import { describeChart } from '../support/chart.ts';
import { workChecks } from './checks/work.ts';

describeChart(workChecks);
