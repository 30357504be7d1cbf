import { describeChart } from '../support/chart.ts';
import { sleighChecks } from './checks/sleigh.ts';

describeChart(sleighChecks);
